//! `small-key`: a key whose numbers may run out.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::lint::types;
use crate::schema::{Column, Dialect, Schema, Type};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "small-key",
        summary: "A generated key has only 16 or 32 bits.",
        why: "A 32-bit key ends at 2,147,483,647, and failed and rolled back inserts use up numbers too. When the limit is reached, every insert fails, and widening the column rewrites the table and its indexes while reads and writes are blocked.",
        instead: "Use `bigint … identity` or `bigserial` in tables that grow. A small table can stay as it is.",
        example: "column id bigint primary-key identity",
    },
    level: Severity::Note,
    applies: |engine| engine.has_integer_sizes,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter(|(t, c)| t.single_key().is_some_and(|k| k.name == c.name) && bits(c).is_some());
    meant
        .map(|(t, c)| {
            let message = format!("key {} has only {} bits", c.name, bits(c).unwrap_or_default());
            Finding::new(column_at(t, &c.name), c.origin, message, "use `bigint … identity` or bigserial if the table grows")
        })
        .collect()
}

/// Returns the number of bits of a generated number, if they are few.
fn bits(column: &Column) -> Option<u32> {
    let meant = types::meant(&column.ty);
    match meant.ty {
        Type::Serial => Some(32),
        Type::Integer if column.identity.is_some() => Some(32),
        Type::SmallInt if column.identity.is_some() => Some(16),
        _ => (meant.base == "smallserial" || meant.base == "serial2").then_some(16),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        let kdl = "table t { column a serial primary-key; }\ntable u { column a bigserial primary-key; }\ntable v { column a integer primary-key; }\ntable w { column a int4 primary-key identity; }";
        assert_eq!(at(&RULE, kdl), ["table.t.column.a", "table.w.column.a"]);
    }
}
