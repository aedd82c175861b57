//! `padded-char`: char(n), which pads with spaces.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::lint::types;
use crate::schema::{Dialect, Schema, Type};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "padded-char",
        summary: "A column has the type char(n) or bpchar.",
        why: "PostgreSQL pads shorter values with spaces and stores the padding, but ignores it in comparisons, though not in LIKE or regular expressions. `bpchar` without a length does not pad, but compares in the same way. These types are neither faster nor smaller than text (https://www.postgresql.org/docs/current/datatype-character.html).",
        instead: "Use `text`, with a check constraint if the length is fixed.",
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
            let message = format!("{} is a {}, which ignores trailing spaces in comparisons", c.name, c.ty);
            Finding::new(column_at(t, &c.name), c.origin, message, "use text, with a check on its length")
        })
        .collect()
}

fn is_padded(ty: &Type) -> bool {
    matches!(types::meant(ty).base.as_str(), "char" | "bpchar")
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
