//! `length-not-enforced`: a length that SQLite does not enforce.

use crate::engine::affinity::Affinity;
use crate::engine::product_of;
use crate::engine::scanner::{Token, lex};
use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::names::in_sql;
use crate::lint::rule::{Finding, Rule, Text};
use crate::lint::types;
use crate::schema::{Column, Dialect, Ident, Schema, Table};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "length-not-enforced",
        summary: "SQLite does not enforce the length of a varchar or char.",
        why: "SQLite ignores the length: a `varchar(10)` accepts text of any length (https://sqlite.org/faq.html#q9). Applications that rely on the limit fail elsewhere, and PostgreSQL would reject such rows.",
        instead: "If the length matters, add a check constraint; otherwise write `text`.",
        example: r#"column name "varchar(50)" { check "length(name) <= 50" }"#,
    },
    level: Severity::Note,
    applies: |engine| !engine.enforces_varchar_length,
    check,
};

fn check(schema: &Schema, dialect: Dialect) -> Vec<Finding> {
    let limited = columns(schema).filter_map(|(t, c)| Some((t, c, length(t, c, dialect)?))).filter(|(t, c, _)| !is_checked(t, c));
    limited
        .map(|(t, c, n)| {
            let message = format!("SQLite does not enforce the length of {} ({})", c.name, c.ty);
            let condition = crate::kdl::quoted(&format!("length({}) <= {n}", in_sql(&c.name)));
            let advice = format!("add `check {condition}`, or write text");
            Finding::new(column_at(t, &c.name), c.origin, message, advice)
        })
        .collect()
}

/// Returns the length in a text type; the types of a STRICT table have none.
fn length(table: &Table, column: &Column, dialect: Dialect) -> Option<u32> {
    let (_, sizes) = types::declared(&column.ty.to_string());
    let text = product_of(dialect).affinity(column, table) == Some(Affinity::Text);
    sizes.first().copied().filter(|_| text)
}

/// Returns whether a check of the table limits the length of the column or its values.
fn is_checked(table: &Table, column: &Column) -> bool {
    table.checks.iter().any(|check| bounds(&check.expr.text, &column.name))
}

fn bounds(sql: &str, column: &Ident) -> bool {
    let tokens = lex(sql);
    let is_column = |t: &Token| column.matches(&t.value(sql));
    let measures = |t: &Token| ["length", "char_length", "character_length", "octet_length"].iter().any(|f| t.is(sql, f));
    let measured = tokens.windows(2).enumerate().any(|(i, pair)| {
        let arguments = tokens[i + 2..].iter().take_while(|t| !t.is_op(sql, ")"));
        measures(&pair[0]) && pair[1].is_op(sql, "(") && arguments.into_iter().any(is_column)
    });
    measured || tokens.windows(2).any(|pair| is_column(&pair[0]) && pair[1].is(sql, "in"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn a_check_is_a_limit() {
        let kdl = "table t {\n column a \"varchar(5)\"\n column b \"varchar(5)\" { check \"length(b) <= 5\" }\n column c text\n}";
        assert_eq!(found(&RULE, kdl, Dialect::Sqlite), ["table.t.column.a: SQLite does not enforce the length of a (varchar(5))"]);
        let kdl = "table t {\n column c \"NVARCHAR(5)\"\n column a text\n check \"c <> '' AND length(a) < 9\"\n}";
        assert_eq!(at(&RULE, kdl), ["table.t.column.c"]);
        let kdl = "table t {\n column c \"varchar(5)\"\n column d \"char(1)\"\n check \"length(trim(\\\"c\\\")) < 9\"\n check \"d IN ('a', 'b')\"\n}";
        assert!(at(&RULE, kdl).is_empty());
    }

    #[test]
    fn names_are_quoted_where_a_database_needs_it() {
        let kdl = "table t { column uName \"varchar(9)\"; column order \"char(9)\"; }";
        assert_eq!(
            advised(&RULE, kdl, Dialect::Sqlite),
            [r#"add `check "length(\"uName\") <= 9"`, or write text"#, r#"add `check "length(\"order\") <= 9"`, or write text"#]
        );
    }
}
