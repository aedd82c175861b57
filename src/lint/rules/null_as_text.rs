//! `null-as-text`: a default that is the word NULL.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Column, Dialect, Literal, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "null-as-text",
        summary: "A default is the text 'NULL'.",
        why: "default=\"NULL\" is a string of four letters, and no NULL: `IS NULL` does not find it. It is nearly always a slip.",
        instead: "Leave the default out: a column without one is NULL. Or write default=#null.",
        example: r#"column nick text    // not: default="NULL""#,
    },
    level: Severity::Warning,
    dialect: None,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter(|(_, c)| is_null_word(c));
    meant
        .map(|(t, c)| {
            let message = format!("the default of {} is the text 'NULL'", c.name);
            Finding::new(column_at(t, &c.name), c.origin, message, "leave it out, or write default=#null")
        })
        .collect()
}

fn is_null_word(column: &Column) -> bool {
    matches!(column.default.as_ref().map(|d| &d.value), Some(Literal::String(s)) if s.trim().eq_ignore_ascii_case("null"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        let kdl = "table t { column a text default=\"NULL\"; column b text default=#null; column c text default=\"\"; }";
        assert_eq!(at(&RULE, kdl), ["table.t.column.a"]);
    }
}
