//! `length-not-enforced`: a length that SQLite does not look at.

use crate::dialect::sqlite::lexer::lex;
use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Column, Dialect, Schema, Table, Type};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "length-not-enforced",
        summary: "SQLite does not enforce the length of a varchar or char.",
        why: "The number is a word to SQLite: a `varchar(10)` takes a text of any length (https://sqlite.org/faq.html#q9). What relies on the limit breaks elsewhere, and PostgreSQL would refuse such rows.",
        instead: "Where the length matters, add a check; else write `text`.",
        example: r#"column name "varchar(50)" { check "length(name) <= 50" }"#,
    },
    level: Severity::Note,
    dialect: Some(Dialect::Sqlite),
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let limited = columns(schema).filter(|(t, c)| matches!(c.ty, Type::VarChar(_) | Type::Char(_)) && !is_checked(t, c));
    limited
        .map(|(t, c)| {
            let message = format!("SQLite does not enforce that {} is a {}", c.name, c.ty);
            let n = if let Type::VarChar(n) | Type::Char(n) = c.ty { n } else { 0 };
            let advice = format!("add `check \"length({}) <= {n}\"`, or write text", c.name);
            Finding::new(column_at(t, &c.name), c.origin, message, advice)
        })
        .collect()
}

/// Whether a condition of the table is about the column's length.
fn is_checked(table: &Table, column: &Column) -> bool {
    table.checks.iter().any(|check| {
        let sql = check.expr.text.as_str();
        let tokens = lex(sql);
        tokens.iter().any(|t| t.is(sql, "length")) && tokens.iter().any(|t| column.name.matches(&t.value(sql)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn a_check_is_a_limit() {
        let kdl = "table t {\n column a \"varchar(5)\"\n column b \"varchar(5)\" { check \"length(b) <= 5\" }\n column c text\n}";
        assert_eq!(found(&RULE, kdl, Dialect::Sqlite), ["table.t.column.a: SQLite does not enforce that a is a varchar(5)"]);
    }
}
