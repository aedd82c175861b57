//! `inexact-decimal`: a decimal that SQLite stores as a float.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::lint::types;
use crate::schema::{Dialect, Schema, Type};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "inexact-decimal",
        summary: "SQLite has no exact decimal type: a decimal column stores floats.",
        why: "In SQLite, `decimal(10,2)` has NUMERIC affinity, and 0.10 is stored as the nearest 64-bit float (https://sqlite.org/floatingpoint.html). Sums of amounts accumulate rounding errors: 0.1 + 0.2 is not 0.3. Neither precision nor scale is enforced.",
        instead: "Store the amount as an integer in the smallest unit (cents), or store the digits as text.",
        example: r#"column price_cents integer not-null    // not: column price "decimal(10,2)""#,
    },
    level: Severity::Warning,
    applies: |engine| !engine.has_exact_decimals,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let decimals = columns(schema).filter(|(_, c)| is_decimal(&c.ty));
    decimals
        .map(|(t, c)| {
            let message = format!("SQLite stores fractional values of {} as floats", c.name);
            Finding::new(column_at(t, &c.name), c.origin, message, "store an integer in the smallest unit, or text")
        })
        .collect()
}

/// Returns whether it is any of the SQL names for a decimal, which SQLite all treats alike.
fn is_decimal(ty: &Type) -> bool {
    let (words, _) = types::declared(&ty.to_string());
    words.first().is_some_and(|w| ["DECIMAL", "NUMERIC", "DEC", "NUMBER"].contains(&w.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn decimals() {
        assert_eq!(
            at(
                &RULE,
                "table t {\n column a \"decimal(10,2)\"\n column b double\n column c \"decimal(5)\"\n column d \"NUMERIC(10)\"\n column e numeric\n}"
            ),
            ["table.t.column.a", "table.t.column.c", "table.t.column.d", "table.t.column.e"]
        );
    }
}
