//! `double-quoted-string`: a string in double quotes, which SQLite takes for a name first.

use crate::dialect::sqlite::lexer::{Kind, Token, lex};
use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Address, Dialect, Expr, Literal, PartKey, Schema, Table};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "double-quoted-string",
        summary: "A text in double quotes is no name of the table, so SQLite takes it for a string.",
        why: "Double quotes are for names. Where no name fits, SQLite falls back to a string (https://sqlite.org/quirks.html#dblquote), so the day a column of that name comes, the condition means something else; a misspelt name is no error but a constant. Builds of SQLite with that quirk switched off refuse such a schema.",
        instead: "Write strings in single quotes.",
        example: r#"check "status IN ('open', 'done')"    // not: \"open\""#,
    },
    level: Severity::Warning,
    dialect: Some(Dialect::Sqlite),
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    schema.tables.values().flat_map(of_table).collect()
}

/// The expressions of a table. A view or trigger may name what only the database knows, so it is not looked at.
fn of_table(table: &Table) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut look = |address: Address, expr: &Expr, names: bool| {
        for text in strings(&expr.text, |name| names && is_name(table, name)) {
            let message = format!("\"{text}\" is no column of {}, so SQLite takes it for a string", table.name);
            let advice = format!("write '{}', or the column's name as it is", text.replace('\'', "''"));
            found.push(Finding::new(address.clone(), expr.origin, message, advice));
        }
    };
    for column in table.columns.values() {
        let address = table.address().child("column", &column.name);
        if let Some(Literal::Expr(expr)) = column.default.as_ref().map(|d| &d.value) {
            look(address.clone(), expr, false);
        }
        column.generated.iter().for_each(|g| look(address.clone(), &g.expr, true));
    }
    for check in &table.checks {
        look(table.check_at(check), &check.expr, true);
    }
    for index in table.indexes.values() {
        let address = table.address().child("index", &index.name);
        let parts = index.parts.iter().filter_map(|p| if let PartKey::Expr(e) = &p.key { Some(e) } else { None });
        parts.chain(&index.predicate).for_each(|e| look(address.clone(), e, true));
    }
    found
}

fn is_name(table: &Table, name: &str) -> bool {
    let rowid = ["rowid", "oid", "_rowid_"].iter().any(|r| r.eq_ignore_ascii_case(name));
    rowid || table.name.name.matches(name) || table.columns.keys().any(|c| c.matches(name))
}

/// What stands in double quotes and is neither a name nor part of a path or call.
fn strings(sql: &str, is_name: impl Fn(&str) -> bool) -> Vec<String> {
    let tokens = lex(sql);
    let op = |t: Option<&Token>, ops: &[&str]| t.is_some_and(|t| ops.iter().any(|o| t.is_op(sql, o)));
    let mut found = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let quoted = token.kind == Kind::Quoted && token.text(sql).starts_with('"');
        let before = i.checked_sub(1).and_then(|n| tokens.get(n));
        let part = op(before, &["."]) || op(tokens.get(i + 1), &[".", "("]) || before.is_some_and(|t| t.is(sql, "collate"));
        let value = token.value(sql);
        if quoted && !part && !is_name(&value) {
            found.push(value.into_owned());
        }
    }
    found
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
                "table.t.column.status: \"open\" is no column of t, so SQLite takes it for a string",
                "table.t.check.(status IN (\"open\", 'done') AND \"odd name\" > '' AND \"T\".\"status\" <> ''): \"open\" is no column of t, so SQLite takes it for a string",
                "table.t.index.i: \"x y\" is no column of t, so SQLite takes it for a string",
            ]
        );
    }
}
