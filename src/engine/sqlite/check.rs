//! Detects what SQLite does not support in a schema file, without a database, and reports it at its line.

use std::collections::BTreeSet;

use super::lexer::{Kind, Token, lex};
use super::{types, value};
use crate::diff::{Attribute, Changes, Delta, TableChange};
use crate::engine::operators;
use crate::schema::{Column, Expr, Ident, Index, Literal, Origin, PartKey, Problem, Schema, Table, Type};

/// The collations built into SQLite; others belong to the application that defines them.
const COLLATIONS: [&str; 3] = ["BINARY", "NOCASE", "RTRIM"];

/// Returns all problems of a schema for SQLite.
pub fn problems(schema: &Schema) -> Vec<Problem> {
    let mut found = Vec::new();
    for table in schema.tables.values() {
        table.columns.values().for_each(|c| column(c, table, &mut found));
        table.indexes.values().for_each(|i| index(i, &mut found));
        for check in &table.checks {
            expression("the check condition", &check.expr, &mut found);
        }
        let parts = table.uniques.iter().flat_map(|u| &u.parts).chain(table.primary_key.iter().flat_map(|k| &k.parts));
        for collate in parts.filter_map(|p| p.collate.as_ref()).filter(|c| !known_collation(c)) {
            found.push(unknown_collation(collate, collate.origin()));
        }
        for unique in table.uniques.iter().filter(|u| u.nulls_not_distinct) {
            found.push(needs_only("nulls-not-distinct", unique.origin));
        }
        table.exclusions.iter().for_each(|e| found.push(needs_only("exclude", e.origin)));
        table_rules(table, &mut found);
    }
    schema.views.values().for_each(|v| query(&v.query, &mut found));
    schema.triggers().values().for_each(|t| trigger(&t.body, &mut found));
    schema.virtual_tables.values().for_each(|v| expression("the module of a virtual table", &v.using, &mut found));
    reserved_names(schema, &mut found);
    found
}

fn needs_only(what: &str, origin: Origin) -> Problem {
    Problem::new(format!("SQLite does not support `{what}`"), origin.0, "not supported on SQLite")
        .help("restrict it to PostgreSQL with only=postgres")
}

fn reserved_names(schema: &Schema, found: &mut Vec<Problem>) {
    let objects = schema.heads().map(|(_, head)| (&head.name.name, head.origin));
    let indexes = schema.tables.values().flat_map(|t| t.indexes.values().map(|i| (&i.name, i.origin)));
    for (name, origin) in objects.chain(indexes) {
        let lower = name.as_str().to_ascii_lowercase();
        if lower.starts_with("sqlite_") || lower.starts_with("_rosey") {
            let owner = if lower.starts_with("sqlite_") { "SQLite" } else { "rosey" };
            found
                .push(Problem::new(format!("the name `{name}` is reserved for {owner}"), origin.0, "reserved").help("choose another name"));
        } else if super::inspect::is_reserved(name.as_str()) {
            let problem = Problem::new(format!("`{name}` belongs to another migration tool; rosey never changes it"), origin.0, "here");
            found.push(problem.help("remove it from the schema"));
        }
    }
}

fn column(column: &Column, table: &Table, found: &mut Vec<Problem>) {
    let at = column.origin.0;
    let single = table.single_key().is_some_and(|c| c.name == column.name);
    if (column.ty.is_serial() || column.identity.is_some()) && !single {
        let word = if column.identity.is_some() { "identity".to_owned() } else { column.ty.to_string() };
        found.push(
            Problem::new(
                format!("`{word}` on column `{}`, which is not the primary key", column.name),
                at,
                "SQLite generates values only for the primary key",
            )
            .help("use `integer`, make it the primary key, or restrict it to PostgreSQL with only=postgres"),
        );
    }
    if let Type::Other(name) = &column.ty
        && !is_type_name(name.as_str())
    {
        let problem = Problem::new(format!("`{}` is not a type", name.as_str()), column.type_origin.0.or(at), "not a single type");
        found.push(problem.help("write a type name, with any length or precision in parentheses: \"varchar(50)\""));
    } else if let Type::Other(name) = &column.ty
        && table.strict
        && !["INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"].iter().any(|t| name.as_str().eq_ignore_ascii_case(t))
    {
        let shown = if name.as_str().is_empty() { "no type".to_owned() } else { format!("type `{}`", name.as_str()) };
        found.push(
            Problem::new(
                format!("column `{}` of strict table `{}` has {shown}", column.name, table.name),
                column.type_origin.0.or(at),
                "not allowed in a strict table",
            )
            .help("use integer, real, text, blob or any"),
        );
    }
    if let Some(collate) = column.collate.as_ref().filter(|c| !known_collation(c) && column.only.0.is_none()) {
        found.push(unknown_collation(collate, collate.origin()));
    }
    for (what, expr) in [("backfill", &column.backfill), ("using", &column.using)] {
        expr.iter().for_each(|e| expression(what, e, found));
    }
    if let Some(generated) = &column.generated {
        expression("generated=", &generated.expr, found);
    }
    if let Some(Literal::Expr(e)) = column.default.as_ref().map(|d| &d.value) {
        expression("default=", e, found);
    }
}

/// Returns why the column cannot store its default, if so. A STRICT table may have such a default, but
/// rejects every row that omits the column (<https://sqlite.org/stricttables.html>).
pub(crate) fn unfit_default(column: &Column, table: &Table) -> Option<String> {
    let default = column.default.as_ref().filter(|_| table.strict)?;
    let declared = types::declared(&column.ty, true).to_ascii_uppercase();
    let unfit = !value::fits_strict(&default.value, &declared);
    unfit
        .then(|| format!("the default of column `{}` is not of type {declared}, which strict table `{}` requires", column.name, table.name))
}

/// Returns the defaults that a change adds to existing tables and that SQLite would reject for their rows.
pub(crate) fn unfit_defaults(changes: &Changes) -> Vec<Problem> {
    let mut found = Vec::new();
    for change in changes.tables() {
        let TableChange::Alter(edits) = change else { continue };
        let touches = |d: &&Delta<Column>| match d {
            Delta::Alter { edits, .. } => edits.iter().any(|e| [Attribute::Default, Attribute::Type].contains(&e.attribute)),
            _ => true,
        };
        let made = edits.columns.iter().filter(touches).filter_map(Delta::after);
        let all = edits.after.columns.values().filter(|_| edits.after.strict && !edits.before.strict);
        let columns: BTreeSet<&Ident> = made.chain(all).map(|c| &c.name).collect();
        for column in columns.into_iter().filter_map(|name| edits.after.columns.get(name)) {
            if let Some(message) = unfit_default(column, &edits.after) {
                found.push(Problem::new(message, column.origin.0, "cannot be stored").help("use a default of the column's type"));
            }
        }
    }
    found
}

fn table_rules(table: &Table, found: &mut Vec<Problem>) {
    if let Some(key) = table.primary_key.as_ref().filter(|k| k.autoincrement) {
        let counted = table.single_key().is_some_and(|c| c.ty.is_serial() || c.identity.is_some() || c.ty == Type::Integer);
        if !counted && types::rowid_key(table).is_none() {
            let problem =
                Problem::new("`autoincrement` on a key that is not a single integer column", key.origin.0, "SQLite does not allow this");
            found.push(problem.help("write `column id serial primary-key autoincrement`"));
        } else if table.without_rowid {
            let problem = Problem::new("`autoincrement` in a table without rowid", key.origin.0, "SQLite does not allow this");
            found.push(problem.help("keep either `autoincrement` or `without-rowid`"));
        }
    }
    if table.without_rowid && table.primary_key.is_none() {
        found.push(
            Problem::new(
                format!("table `{}` is without rowid, but has no primary key", table.name),
                table.origin.0,
                "a primary key is required",
            )
            .help("add primary-key, or remove without-rowid"),
        );
    }
    // In other tables SQLite allows NULL, a bug that it keeps for compatibility
    // (<https://sqlite.org/lang_createtable.html#the_primary_key>).
    let refuses_null = (table.strict || table.without_rowid) && types::rowid_key(table).is_none();
    for column in table.columns.values().filter(|c| refuses_null && table.in_key(&c.name) && !c.not_null) {
        let what = if table.strict { "strict" } else { "without rowid" };
        let message = format!("primary key column `{}` cannot be nullable: the table is {what}", column.name);
        found.push(Problem::new(message, column.origin.0, "SQLite does not allow NULL here").help("remove nullable"));
    }
    let stored = table.columns.values().filter(|c| c.generated.is_none()).count();
    if stored == 0 && !table.columns.is_empty() {
        found.push(
            Problem::new(
                format!("all columns of table `{}` are generated", table.name),
                table.origin.0,
                "at least one column must not be generated",
            )
            .help("add a column without generated="),
        );
    }
    for column in table.columns.values().filter(|c| c.generated.is_some() && table.in_key(&c.name)) {
        found.push(
            Problem::new(
                format!("generated column `{}` is part of the primary key", column.name),
                column.origin.0,
                "SQLite does not allow this",
            )
            .help("use another column as the key, or remove generated="),
        );
    }
}

fn index(index: &Index, found: &mut Vec<Problem>) {
    if let Some(method) = &index.method {
        found.push(needs_only(&format!("using={method}"), index.origin));
    }
    if index.nulls_not_distinct {
        found.push(needs_only("nulls-not-distinct", index.origin));
    }
    for part in &index.parts {
        let at = match &part.key {
            PartKey::Column(c) => c.origin(),
            PartKey::Expr(e) => e.origin,
        };
        if part.nulls.is_some() {
            found.push(needs_only("nulls=", Origin(at.0.or(index.origin.0))));
        }
        if let Some(collate) = part.collate.as_ref().filter(|c| !known_collation(c) && index.only.0.is_none()) {
            found.push(unknown_collation(collate, collate.origin()));
        }
        if let PartKey::Expr(e) = &part.key {
            expression("the index part", e, found);
        }
    }
    if let Some(predicate) = &index.predicate {
        expression("where=", predicate, found);
    }
}

/// Returns true if the collation is built into SQLite.
pub(crate) fn known_collation(name: &Ident) -> bool {
    COLLATIONS.iter().any(|c| name.matches(c))
}

fn unknown_collation(name: &Ident, origin: Origin) -> Problem {
    Problem::new(format!("collation `{name}` does not exist in SQLite"), origin.0, "not supported on SQLite")
        .help("SQLite has binary, nocase and rtrim; restrict others to PostgreSQL with only=postgres")
}

/// Checks that the text is exactly one expression: text from a schema file must not become a second
/// statement.
fn expression(what: &str, expr: &Expr, found: &mut Vec<Problem>) {
    let tokens = lex(&expr.text);
    let semicolon = tokens.iter().any(|t| t.is_op(&expr.text, ";"));
    if !semicolon && !tokens.is_empty() && ends_in_comment(&expr.text) {
        let problem = Problem::new(format!("{what} ends with a comment"), expr.origin.0, "would comment out what follows");
        found.push(problem.help("remove the comment; KDL comments start with //"));
        return;
    }
    let message = if semicolon {
        format!("{what} contains a `;`")
    } else if tokens.is_empty() {
        format!("{what} contains no SQL")
    } else if has_bare_comma(&expr.text, &tokens) {
        format!("{what} is more than one expression")
    } else if !is_closed(&expr.text, &tokens) {
        format!("{what} is not one complete expression")
    } else {
        return found.extend(operators::problem(what, expr));
    };
    found.push(
        Problem::new(message, expr.origin.0, "expected one expression")
            .help("close all brackets and quotes; nothing may follow the expression"),
    );
}

/// Returns true if a comment extends to the end of the text, so that it would include whatever is appended.
fn ends_in_comment(sql: &str) -> bool {
    let probed = format!("{sql};");
    lex(&probed).last().is_none_or(|t| t.end < probed.len())
}

/// Returns true for a `/*` without its `*/`.
fn has_open_comment(sql: &str) -> bool {
    ends_in_comment(&format!("{sql}\n"))
}

/// Returns true for a comma outside parentheses.
fn has_bare_comma(sql: &str, tokens: &[Token]) -> bool {
    let mut depth = 0i32;
    tokens.iter().any(|t| {
        depth += i32::from(t.is_op(sql, "(")) - i32::from(t.is_op(sql, ")"));
        depth == 0 && t.is_op(sql, ",")
    })
}

/// Returns true for names followed by one or two numbers in parentheses: what can follow a column's name as its
/// type and as nothing else (<https://www.sqlite.org/syntax/type-name.html>).
pub(crate) fn is_type_name(name: &str) -> bool {
    const CLAUSES: [&str; 11] =
        ["AS", "CHECK", "COLLATE", "CONSTRAINT", "DEFAULT", "GENERATED", "NOT", "NULL", "PRIMARY", "REFERENCES", "UNIQUE"];
    let tokens = lex(name);
    let open = tokens.iter().position(|t| t.is_op(name, "(")).unwrap_or(tokens.len());
    let (words, sizes) = tokens.split_at(open);
    let word = |t: &Token| match t.kind {
        Kind::Word => !CLAUSES.iter().any(|c| t.is(name, c)),
        Kind::Quoted | Kind::String => t.text(name).len() > 1 && ends_quoted(t.text(name)),
        _ => false,
    };
    let size = |tokens: &[Token]| match tokens {
        [sign, number] => (sign.is_op(name, "-") || sign.is_op(name, "+")) && number.kind == Kind::Number,
        [number] => number.kind == Kind::Number,
        _ => false,
    };
    let closed = match sizes {
        [] => true,
        [_, inner @ .., last] => {
            let all: Vec<&[Token]> = inner.split(|t| t.is_op(name, ",")).collect();
            last.is_op(name, ")") && all.len() <= 2 && all.into_iter().all(size)
        }
        [_] => false,
    };
    words.iter().all(word) && closed && !ends_in_comment(name)
}

/// Returns true if all parentheses and quotes are closed.
fn is_closed(sql: &str, tokens: &[Token]) -> bool {
    let mut depth = 0i32;
    for token in tokens {
        depth += i32::from(token.is_op(sql, "(")) - i32::from(token.is_op(sql, ")"));
        let text = token.text(sql);
        let quoted = matches!(token.kind, Kind::String | Kind::Quoted | Kind::Blob);
        let open_quote = quoted && !(text.len() > 1 && ends_quoted(text));
        if depth < 0 || open_quote {
            return false;
        }
    }
    depth == 0
}

fn ends_quoted(text: &str) -> bool {
    let text = text.trim_start_matches(['x', 'X']);
    let close = match text.as_bytes().first() {
        Some(b'[') => "]",
        Some(b'"') => "\"",
        Some(b'`') => "`",
        _ => "'",
    };
    let inner = &text[1..];
    inner.ends_with(close) && (close == "]" || inner[..inner.len() - 1].matches(close).count() % 2 == 0)
}

fn query(expr: &Expr, found: &mut Vec<Problem>) {
    let text = expr.text.trim_end().trim_end_matches(';');
    let tokens = lex(text);
    let selects = tokens.first().is_some_and(|t| ["SELECT", "WITH", "VALUES"].iter().any(|k| t.is(text, k)));
    if !selects || tokens.iter().any(|t| t.is_op(text, ";")) || !is_closed(text, &tokens) || has_open_comment(text) {
        found.push(Problem::new("a view must be one query", expr.origin.0, "not one SELECT").help("write as \"SELECT …\""));
    }
}

/// Checks for `… BEGIN …; END` with nothing after the END.
fn trigger(expr: &Expr, found: &mut Vec<Problem>) {
    let sql = expr.text.trim_end().trim_end_matches(';');
    let tokens = lex(sql);
    // After a dot, and as the name of the table, BEGIN and END are names.
    let is_name = |i: usize| i > 0 && (tokens[i - 1].is_op(sql, ".") || tokens[i - 1].is(sql, "ON"));
    let keyword = |i: usize, word: &str| tokens[i].is(sql, word) && !is_name(i);
    let mut depth = 0i32;
    let mut ends_at = None;
    for i in 0..tokens.len() {
        if keyword(i, "BEGIN") || (keyword(i, "CASE") && depth > 0) {
            depth += 1;
        } else if keyword(i, "END") && depth > 0 {
            depth -= 1;
            if depth == 0 {
                ends_at = ends_at.or(Some(i));
            }
        }
    }
    let body = (0..tokens.len()).find(|i| keyword(*i, "BEGIN")).unwrap_or(tokens.len());
    let heads: BTreeSet<bool> = tokens[..body].iter().map(|t| t.is_op(sql, ";")).collect();
    if ends_at != Some(tokens.len().saturating_sub(1)) || heads.contains(&true) || !is_closed(sql, &tokens) || has_open_comment(sql) {
        let problem = Problem::new("a trigger must end with the END of its body", expr.origin.0, "not one complete trigger");
        found.push(problem.help("write everything after the name: AFTER INSERT ON table BEGIN …; END"));
    }
}
