//! `double-quoted-string`: a string in double quotes, which SQLite reads as a name if one matches.

use std::collections::BTreeSet;

use crate::engine::scanner::{Kind, Token, lex};
use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Address, Dialect, Expr, Ident, Literal, Part, PartKey, Schema, Table};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "double-quoted-string",
        summary: "A double-quoted word is not a name, so SQLite treats it as a string.",
        why: "Double quotes are for names. If no name matches, SQLite falls back to a string literal (https://sqlite.org/quirks.html#dblquote). A misspelled column name is then a constant instead of an error, and if a column of that name is added later, the expression changes its meaning. SQLite builds that disable this quirk reject such a schema.",
        instead: "Write string literals in single quotes.",
        example: r#"check "status IN ('open', 'done')"    // not: \"open\""#,
    },
    level: Severity::Warning,
    applies: |engine| engine.reads_quoted_names_as_strings,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let tables = schema.tables.values().flat_map(of_table);
    let views = schema.views.values().map(|v| (v.address(), &v.query));
    let bodies = views.chain(schema.triggers().values().map(|t| (t.address(), &t.body)));
    let known = Known::of(schema);
    let bodies = bodies.flat_map(|(address, body)| of_body(address, body, &known));
    tables.chain(bodies).collect()
}

/// Checks the expressions of a table.
fn of_table(table: &Table) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut look = |address: Address, expr: &Expr, is_name: &dyn Fn(&str) -> bool, else_name: &str| {
        for text in strings(&expr.text, is_name) {
            let message = format!("\"{text}\" is not a column of {}, so SQLite treats it as a string", table.name);
            found.push(finding(address.clone(), expr, &text, message, else_name));
        }
    };
    let name = |name: &str| is_name(table, name);
    for column in table.columns.values() {
        let address = table.address().child(Part::Column, &column.name);
        if let Some(Literal::Expr(expr)) = column.default.as_ref().map(|d| &d.value) {
            look(address.clone(), expr, &|_| false, PLAIN);
        }
        column.generated.iter().for_each(|g| look(address.clone(), &g.expr, &name, PLAIN));
        // These see the table before the change.
        let was = |old: &str| name(old) || table.columns.values().any(|c| c.was.iter().any(|w| w.matches(old)));
        column
            .backfill
            .iter()
            .chain(&column.using)
            .for_each(|e| look(address.clone(), e, &was, "[NAME] if it is a column that is dropped"));
    }
    for check in &table.checks {
        look(table.check_at(check), &check.expr, &name, PLAIN);
    }
    for index in table.indexes.values() {
        let address = table.address().child(Part::Index, &index.name);
        let parts = index.parts.iter().filter_map(|p| if let PartKey::Expr(e) = &p.key { Some(e) } else { None });
        parts.chain(&index.predicate).for_each(|e| look(address.clone(), e, &name, PLAIN));
    }
    found
}

const PLAIN: &str = "the column name without quotes";

fn finding(address: Address, expr: &Expr, text: &str, message: String, else_name: &str) -> Finding {
    let advice = format!("write '{}', or {}", text.replace('\'', "''"), else_name.replace("NAME", text));
    Finding::new(address, expr.origin, message, advice)
}

fn is_name(table: &Table, name: &str) -> bool {
    is_rowid(name) || table.name.name.matches(name) || table.columns.keys().any(|c| c.matches(name))
}

fn is_rowid(name: &str) -> bool {
    ["rowid", "oid", "_rowid_"].iter().any(|r| r.eq_ignore_ascii_case(name))
}

/// All names in a schema, in lower case.
struct Known {
    relations: BTreeSet<String>,
    columns: BTreeSet<String>,
    /// Whether there are tables whose columns the schema does not list.
    open: bool,
}

impl Known {
    fn of(schema: &Schema) -> Known {
        let folded = |name: &Ident| name.as_str().to_ascii_lowercase();
        let relations = schema.tables.keys().chain(schema.views.keys()).map(|n| folded(&n.name)).collect();
        let columns = schema.tables.values().flat_map(|t| t.columns.keys()).map(folded);
        let views = schema.views.values().flat_map(|v| v.columns.iter().map(folded));
        let open = !(schema.ignores.is_empty() && schema.unmanaged.is_empty() && schema.virtual_tables.is_empty());
        Known { relations, columns: columns.chain(views).collect(), open }
    }
}

/// Checks a view or trigger if all that it reads is in the schema; otherwise it may use names that only the
/// database knows.
fn of_body(address: Address, body: &Expr, known: &Known) -> Vec<Finding> {
    let sql = body.text.as_str();
    let tokens = lex(sql);
    let value = |t: &Token| t.value(sql).to_ascii_lowercase();
    let is = |t: &Token, words: &[&str]| words.iter().any(|w| t.is(sql, w));
    let named: BTreeSet<String> =
        tokens.windows(2).filter(|t| is(&t[1], &["as"]) || is(&t[0], &["as"])).flat_map(|t| [value(&t[0]), value(&t[1])]).collect();
    let mut read = tokens.windows(2).filter(|t| is(&t[0], &["from", "join", "into", "update", "on"]) && t[1].kind != Kind::Op);
    let foreign = |t: &[Token]| {
        !is(&t[0], &["on"])
            && !is(&t[1], &["of", "or", "on", "set"])
            && !known.relations.contains(&value(&t[1]))
            && !named.contains(&value(&t[1]))
    };
    if known.open || read.any(foreign) {
        return Vec::new();
    }
    let is_name = |name: &str| {
        let name = name.to_ascii_lowercase();
        is_rowid(&name) || known.columns.contains(&name) || known.relations.contains(&name) || named.contains(&name)
    };
    let found = strings(sql, is_name).into_iter();
    found
        .map(|text| finding(address.clone(), body, &text, format!("\"{text}\" is not a column, so SQLite treats it as a string"), PLAIN))
        .collect()
}

/// Returns what is in double quotes and is neither a name nor part of a path or call, nor names a type, a
/// collation, a table, or what precedes it.
fn strings(sql: &str, is_name: impl Fn(&str) -> bool) -> Vec<String> {
    let tokens = lex(sql);
    let op = |t: Option<&Token>, ops: &[&str]| t.is_some_and(|t| ops.iter().any(|o| t.is_op(sql, o)));
    let mut found = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let quoted = token.kind == Kind::Quoted && token.text(sql).starts_with('"');
        let before = i.checked_sub(1).and_then(|n| tokens.get(n));
        let part = op(before, &["."]) || op(tokens.get(i + 1), &[".", "("]) || before.is_some_and(|t| names_next(sql, t));
        let raised =
            i.checked_sub(2).and_then(|n| tokens.get(n)).is_some_and(|t| ["abort", "fail", "rollback"].iter().any(|w| t.is(sql, w)));
        let value = token.value(sql);
        if quoted && !part && !raised && !is_name(&value) {
            found.push(value.into_owned());
        }
    }
    found
}

/// Returns whether the token is followed by a name: of a type, a collation, a table, or as an alias of the
/// value that ends here.
fn names_next(sql: &str, before: &Token) -> bool {
    let takes_value = [
        "select",
        "distinct",
        "all",
        "where",
        "having",
        "on",
        "and",
        "or",
        "not",
        "in",
        "is",
        "like",
        "glob",
        "between",
        "when",
        "then",
        "else",
        "case",
        "by",
        "limit",
        "offset",
        "escape",
        "from",
        "match",
        "regexp",
        "returning",
    ];
    match before.kind {
        Kind::Op => before.is_op(sql, ")"),
        Kind::Word => before.is(sql, "from") || !takes_value.iter().any(|w| before.is(sql, w)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn strings_that_look_like_names() {
        let kdl = r##"table t {
            column id serial primary-key
            column status text default=(sql)"\"open\""
            column "odd name" text
            check "status IN (\"open\", 'done') AND \"odd name\" > '' AND \"T\".\"status\" <> ''"
            index i id where="status = \"x y\""
        }"##;
        assert_eq!(
            found(&RULE, kdl, Dialect::Sqlite),
            [
                "table.t.column.status: \"open\" is not a column of t, so SQLite treats it as a string",
                "table.t.check.(status IN (\"open\", 'done') AND \"odd name\" > '' AND \"T\".\"status\" <> ''): \"open\" is not a column of t, so SQLite treats it as a string",
                "table.t.index.i: \"x y\" is not a column of t, so SQLite treats it as a string",
            ]
        );
    }

    #[test]
    fn names_of_types_are_no_strings() {
        let kdl = r##"table t { column a text; check "CAST(a AS \"TEXT\") COLLATE \"nocase\" > ''" }"##;
        assert!(at(&RULE, kdl).is_empty());
    }

    #[test]
    fn what_a_backfill_reads() {
        let kdl = |backfill: &str| format!("table t {{ column a text was=old {{ backfill {backfill:?}; }}; column b text; }}");
        assert!(at(&RULE, &kdl("\"old\" || \"b\"")).is_empty());
        assert_eq!(advised(&RULE, &kdl("\"open\""), Dialect::Sqlite), ["write 'open', or [open] if it is a column that is dropped"]);
    }

    #[test]
    fn views_and_triggers_over_known_tables() {
        let kdl = |rest: &str| format!("table t {{ column id serial primary-key; column \"odd name\" text; }}\n{rest}");
        for (sql, wanted) in [
            (r#"SELECT "odd name" FROM t WHERE "odd name" = "open""#, "\"open\""),
            (r#"SELECT id "the id", id AS "x" FROM "t" "u" WHERE "u".id > 0 ORDER BY "x""#, ""),
            (r#"WITH q AS (SELECT id FROM t) SELECT "yes" FROM q"#, "\"yes\""),
            (r#"SELECT "name" FROM sqlite_schema"#, ""),
            (r#"SELECT "value" FROM json_each('[]')"#, ""),
        ] {
            let found = found(&RULE, &kdl(&format!("view v {{ as {sql:?} }}")), Dialect::Sqlite);
            assert_eq!(found.len(), usize::from(!wanted.is_empty()), "{sql} {found:?}");
            assert!(found.iter().all(|f| f.contains(wanted)), "{found:?}");
        }
        let trigger = |what: &str| format!("trigger g {{ as {:?} }}", format!("AFTER UPDATE OF id ON t BEGIN {what}; END"));
        assert_eq!(at(&RULE, &kdl(&trigger("UPDATE t SET \"odd name\" = \"x\" WHERE id = new.\"id\""))), ["trigger.g"]);
        assert!(at(&RULE, &kdl(&trigger("SELECT RAISE(ABORT, \"no\")"))).is_empty());
        assert!(at(&RULE, &kdl("view v { as \"SELECT \\\"a\\\" FROM gone\" }\nignore gone")).is_empty());
    }
}
