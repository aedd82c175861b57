//! `padded-char`: char(n), which pads with spaces.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::lint::types;
use crate::schema::{Dialect, Schema, Type};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "padded-char",
        summary: "A column is a char(n), or a bpchar.",
        why: "PostgreSQL fills shorter texts up with spaces, stores them, and then leaves them out of comparisons, though not of LIKE or regular expressions; `bpchar` without a length fills nothing up and compares the same way. It is no faster than text and saves no room (https://www.postgresql.org/docs/current/datatype-character.html).",
        instead: "Write `text`, with a check where the length is exact.",
        example: r#"column country text { check "length(country) = 2" }"#,
    },
    level: Severity::Warning,
    applies: |engine| engine.pads_char,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter(|(_, c)| is_padded(&c.ty));
    meant
        .map(|(t, c)| {
            let message = format!("{} is a {}, which does not compare the spaces at its end", c.name, c.ty);
            Finding::new(column_at(t, &c.name), c.origin, message, "write text, with a check on its length")
        })
        .collect()
}

fn is_padded(ty: &Type) -> bool {
    matches!(types::postgres(ty).base.as_str(), "char" | "bpchar")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        let kdl = "table t { column a \"char(2)\"; column b \"varchar(2)\"; column c bpchar; column d \"character(3)\"; column e \"CHAR(2)[]\"; column f \"\\\"char\\\"\"; }";
        assert_eq!(at(&RULE, kdl), ["a", "c", "d", "e"].map(|c| format!("table.t.column.{c}")));
    }
}
