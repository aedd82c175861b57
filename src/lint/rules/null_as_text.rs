//! `null-as-text`: a default that is the string NULL.

use crate::engine::scanner::{Kind, lex};
use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::schema::{Column, Dialect, Literal, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "null-as-text",
        summary: "A default is the text 'NULL'.",
        why: "default=\"NULL\" is a string of four letters, not NULL: `IS NULL` does not match it. This is almost always a mistake.",
        instead: "Omit the default: a column without a default is NULL. Or write default=#null.",
        example: r#"column nick text    // not: default="NULL""#,
    },
    level: Severity::Warning,
    applies: everywhere,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter(|(_, c)| is_null_word(c));
    meant
        .map(|(t, c)| {
            let message = format!("the default of {} is the text 'NULL'", c.name);
            Finding::new(column_at(t, &c.name), c.origin, message, "remove it, or write default=#null")
        })
        .collect()
}

fn is_null_word(column: &Column) -> bool {
    let is_null = |text: &str| text.trim().eq_ignore_ascii_case("null");
    match column.default.as_ref().map(|d| &d.value) {
        Some(Literal::String(text)) => is_null(text),
        Some(Literal::Expr(expr)) => string(&expr.text).is_some_and(|text| is_null(&text)),
        _ => false,
    }
}

/// Returns the string if the expression is just one, even in parentheses or with a cast.
fn string(sql: &str) -> Option<String> {
    let tokens = lex(sql);
    let at = tokens.iter().position(|t| !t.is_op(sql, "("))?;
    let (token, rest) = (tokens.get(at)?, tokens.get(at + 1..)?);
    let alone = rest.first().is_none_or(|t| [")", "::", ":"].iter().any(|o| t.is_op(sql, o)) || t.text(sql).starts_with(':'));
    (token.kind == Kind::String && alone).then(|| token.value(sql).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        let kdl = "table t { column a text default=\"NULL\"; column b text default=#null; column c text default=\"\"; column d text default=(sql)\"'NULL'\"; column e text default=(sql)\"('null'::text)\"; column f text default=(sql)\"NULL\"; column g text default=(sql)\"'NULL' || 'x'\"; }";
        assert_eq!(at(&RULE, kdl), ["a", "d", "e"].map(|c| format!("table.t.column.{c}")));
    }
}
