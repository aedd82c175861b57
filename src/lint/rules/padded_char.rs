//! `padded-char`: char(n), which pads with spaces.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Schema, Type};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "padded-char",
        summary: "A column is a char(n).",
        why: "PostgreSQL fills shorter texts up with spaces, stores them, and then leaves them out of comparisons, though not of LIKE or regular expressions. It is no faster than text and saves no room (https://www.postgresql.org/docs/current/datatype-character.html).",
        instead: "Write `text`, with a check where the length is exact.",
        example: r#"column country text { check "length(country) = 2" }"#,
    },
    level: Severity::Warning,
    dialect: Some(Dialect::Postgres),
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter(|(_, c)| matches!(c.ty, Type::Char(_)));
    meant
        .map(|(t, c)| {
            let message = format!("{} is a {}, which is filled up with spaces", c.name, c.ty);
            Finding::new(column_at(t, &c.name), c.origin, message, "write text, with a check on its length")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        let kdl = "table t { column a \"char(2)\"; column b \"varchar(2)\"; }";
        assert_eq!(at(&RULE, kdl), ["table.t.column.a"]);
    }
}
