//! Functions and procedures (<https://www.postgresql.org/docs/current/sql-createfunction.html>). Their text is
//! that of `pg_get_functiondef` after the name.

use super::super::canon;
use super::super::scan::{Kind, Piece, scan};
use super::{Attempt, Catalog, Parts, Row, arguments};
use crate::schema::{DefinedKind, Definition, statement};

pub(super) const FUNCTION: Row = Row {
    kind: DefinedKind::Function,
    class: "pg_proc",
    catalog: |version| catalog(version, "FUNCTION", "p.prokind IN ('f', 'w')"),
    replaces,
    attempt: Attempt::Temporary(may_be_tried),
    parts,
};

pub(super) const PROCEDURE: Row = Row {
    kind: DefinedKind::Procedure,
    class: "pg_proc",
    catalog: |version| catalog(version, "PROCEDURE", "p.prokind = 'p'"),
    replaces,
    attempt: Attempt::Temporary(may_be_tried),
    parts,
};

/// The languages whose functions the server may create in a plan: with `check_function_bodies` off, their
/// validators read nothing of a body. The validator of C loads a library.
const LANGUAGES: [&str; 2] = ["sql", "plpgsql"];

fn catalog(version: i64, kind: &str, condition: &str) -> Catalog {
    let sql_body = if version >= 140_000 { "pg_get_function_sqlbody(p.oid)" } else { "NULL" };
    Catalog {
        oid: "p.oid",
        name: "p.proname",
        arguments: "oidvectortypes(p.proargtypes)",
        relation: "NULL",
        statement: "pg_get_functiondef(p.oid)",
        head: format!("'CREATE OR REPLACE {kind} ' || quote_ident(n.nspname) || '.' || quote_ident(p.proname)"),
        kept: kept(kind),
        reason: "NULL::text".to_owned(),
        digest: format!(
            "l.lanname, p.prosrc, p.probin, {sql_body}, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), p.provolatile, \
             p.proisstrict, p.prosecdef, p.proleakproof, p.proparallel, p.procost, p.prorows, p.proconfig::text"
        ),
        from: format!(
            "pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang WHERE {condition} \
             AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')"
        ),
    }
}

/// Returns the statements that restore the owner and the privileges of a routine that is re-created: those that
/// a new one has by default are revoked first.
fn kept(kind: &str) -> String {
    let to = "CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END";
    let option = "CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END";
    let defaults = "SELECT FROM pg_default_acl d WHERE d.defaclobjtype = 'f' AND d.defaclnamespace IN (0, p.pronamespace)";
    format!(
        "ARRAY(SELECT k.sql FROM ( \
         SELECT 1 AS place, format('ALTER {kind} %%s OWNER TO %I', pg_get_userbyid(p.proowner)) AS sql WHERE pg_get_userbyid(p.proowner) <> current_user \
         UNION ALL SELECT 2, 'REVOKE ALL ON {kind} %s FROM PUBLIC' WHERE p.proacl IS NOT NULL OR EXISTS ({defaults}) \
         UNION ALL SELECT DISTINCT 3, format('REVOKE ALL ON {kind} %%s FROM %s', {to}) FROM pg_default_acl d, aclexplode(d.defaclacl) g \
         WHERE d.defaclobjtype = 'f' AND d.defaclnamespace IN (0, p.pronamespace) AND g.grantee NOT IN (0, p.proowner) \
         UNION ALL SELECT 4, format('GRANT EXECUTE ON {kind} %%s TO %s%s', {to}, {option}) \
         FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g WHERE p.proacl IS NOT NULL OR EXISTS ({defaults}) \
         ) k ORDER BY k.place, k.sql)::text[]"
    )
}

/// What `CREATE OR REPLACE` must not change.
struct Signature {
    arguments: Vec<arguments::Argument>,
    /// The clause `RETURNS …` in one spelling.
    returns: String,
}

/// Words that begin the clause after `RETURNS …`.
const CLAUSES: [&str; 19] = [
    "as",
    "begin",
    "called",
    "cost",
    "external",
    "immutable",
    "language",
    "leakproof",
    "not",
    "parallel",
    "return",
    "rows",
    "security",
    "set",
    "stable",
    "strict",
    "support",
    "transform",
    "volatile",
];

fn signature(body: &str) -> Option<Signature> {
    let list = statement::arguments(body)?;
    let pieces = scan(body)?;
    let is = |p: &Piece, word: &str| p.is(body, word);
    let mut depth = 0_i32;
    let mut returns: Option<(usize, usize)> = None;
    for (at, piece) in pieces.iter().enumerate() {
        match piece.kind {
            Kind::Symbol('(') => depth += 1,
            Kind::Symbol(')') => depth -= 1,
            _ => {}
        }
        if depth > 0 {
            continue;
        }
        let next = pieces.get(at + 1);
        match returns {
            None if is(piece, "returns") && !next.is_some_and(|p| is(p, "null")) => returns = Some((piece.end, body.len())),
            Some((start, end))
                if end == body.len() && (CLAUSES.iter().any(|c| is(piece, c)) || is(piece, "window") || is(piece, "returns")) =>
            {
                returns = Some((start, piece.start));
            }
            _ => {}
        }
    }
    let returns = returns.map_or("", |(start, end)| &body[start..end]);
    Some(Signature { arguments: arguments::read(list, "public")?, returns: result(returns) })
}

/// Returns a result in one spelling: a type, or the columns of a table.
fn result(text: &str) -> String {
    let (set, ty) = match text.trim().get(..6) {
        Some(word) if word.eq_ignore_ascii_case("setof ") => ("setof ", &text.trim()[6..]),
        _ => ("", text.trim()),
    };
    if ty.is_empty() || ty.to_lowercase().starts_with("table") {
        canon::canon(ty)
    } else {
        format!("{set}{}", arguments::shown(ty, "public"))
    }
}

/// Returns whether `CREATE OR REPLACE` can change one into the other: it keeps the type of the result and the names of
/// arguments, and removes no default.
fn replaces(before: &Definition, after: &Definition) -> bool {
    let (Some(old), Some(new)) = (signature(&before.body.text), signature(&after.body.text)) else { return false };
    let fits = |(a, b): (&arguments::Argument, &arguments::Argument)| {
        let same_name = a.name == b.name || (a.is_input && a.name.is_none());
        a.is_input == b.is_input && a.ty == b.ty && same_name && (b.has_default || !a.has_default)
    };
    old.returns == new.returns && old.arguments.len() == new.arguments.len() && old.arguments.iter().zip(&new.arguments).all(fits)
}

/// Returns whether the server may create the routine in a plan, which runs nothing of it. Judged by the clause
/// `LANGUAGE`, which has to be there once and in plain words.
fn may_be_tried(body: &str) -> bool {
    let Some(pieces) = scan(body) else { return false };
    let mut depth = 0_i32;
    let mut languages = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        match piece.kind {
            Kind::Symbol('(') => depth += 1,
            Kind::Symbol(')') => depth -= 1,
            _ => {}
        }
        if depth == 0 && piece.is(body, "language") {
            let next = pieces.get(at + 1).filter(|p| matches!(p.kind, Kind::Word | Kind::Name | Kind::Text));
            languages.push(next.map_or("", |p| body[p.start..p.end].trim_matches(['\'', '"'])).to_lowercase());
        }
    }
    languages.iter().all(|language| LANGUAGES.contains(&language.as_str()))
}

/// Splits a definition: the body in quotes is only read when the routine runs; all else has to exist before it.
fn parts(text: &str) -> Parts {
    let pieces = scan(text).unwrap_or_default();
    let (mut needed, mut late) = (String::new(), String::new());
    for (at, piece) in pieces.iter().enumerate().filter(|(_, p)| p.kind != Kind::OpenComment) {
        let own = &text[piece.start..piece.end];
        let follows_as = at.checked_sub(1).and_then(|i| pieces.get(i)).is_some_and(|p| p.is(text, "as"));
        match follows_as && piece.kind == Kind::Text {
            true => late.push_str(unquoted(own)),
            false => needed.push_str(own),
        }
        needed.push(' ');
    }
    Parts { needed, late }
}

/// Returns what is between the quotes of a string.
fn unquoted(text: &str) -> &str {
    let dollars = text.strip_prefix('$').and_then(|rest| rest.find('$')).map(|at| at + 2);
    let quotes = dollars.unwrap_or_else(|| text.find('\'').map_or(0, |at| at + 1));
    let end = text.len().saturating_sub(dollars.unwrap_or(1));
    text.get(quotes..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Case, Expr, Ident, ObjectName};

    fn function(body: &str) -> Definition {
        Definition::new(DefinedKind::Function, ObjectName::bare(Ident::new("f", Case::Exact)), Expr::new(body))
    }

    #[test]
    fn what_can_be_replaced() {
        let before = "(a integer, b text DEFAULT 'x'::text)\n RETURNS character varying\n LANGUAGE sql\n IMMUTABLE\nAS $function$ select 1 $function$";
        for (after, can) in [
            ("(a int, b text DEFAULT 'y') RETURNS varchar LANGUAGE plpgsql AS $$ begin end $$", true),
            ("(a int, b text) RETURNS varchar LANGUAGE sql AS ''", false),
            ("(a int, c text DEFAULT 'x') RETURNS varchar LANGUAGE sql AS ''", false),
            ("(a int, b text DEFAULT 'x') RETURNS text LANGUAGE sql AS ''", false),
            ("(a int, b text DEFAULT 'x') LANGUAGE sql RETURNS NULL ON NULL INPUT RETURNS varchar AS ''", true),
            ("(a int, b text DEFAULT 'x') RETURNS SETOF varchar LANGUAGE sql AS ''", false),
        ] {
            assert_eq!(replaces(&function(before), &function(after)), can, "{after}");
        }
    }

    #[test]
    fn what_the_server_may_create_in_a_plan() {
        for (body, may) in [
            ("() RETURNS int LANGUAGE sql AS 'select 1'", true),
            ("(language text) RETURNS int LANGUAGE 'PLpgSQL' AS $$ language c $$", true),
            ("() RETURNS int RETURN 1", true),
            ("() RETURNS int LANGUAGE c AS '/tmp/x', 'y'", false),
            ("() RETURNS int LANGUAGE U&\"\\0063\" AS '/tmp/x', 'y'", false),
            ("() RETURNS int LANGUAGE sql LANGUAGE c AS '/tmp/x', 'y'", false),
            ("() RETURNS int LANGUAGE /* sql */ c AS '/tmp/x'", false),
        ] {
            assert_eq!(may_be_tried(body), may, "{body}");
        }
    }

    #[test]
    fn what_a_routine_names_when_it_runs() {
        let body = "(a mood) RETURNS int LANGUAGE sql SET search_path = 'app' AS $f$ select t $f$";
        let Parts { needed, late } = parts(body);
        assert_eq!(needed.trim(), "( a mood ) RETURNS int LANGUAGE sql SET search_path = 'app' AS");
        assert_eq!(late, " select t ");
        assert_eq!(parts("() AS 'select t'").late, "select t");
    }
}
