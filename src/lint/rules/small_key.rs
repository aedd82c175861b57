//! `small-key`: a numbered key that may run out.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Schema, Type};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "small-key",
        summary: "A key that the database numbers has 16 or 32 bits.",
        why: "A 32-bit key ends at 2,147,483,647, and numbers of failed and rolled back inserts are gone too. When it is reached, every insert fails, and widening the column rewrites the table and its indexes while nobody may read or write.",
        instead: "Write `bigint … identity` or `bigserial` in tables that grow. A small table may stay as it is.",
        example: "column id bigint primary-key identity",
    },
    level: Severity::Note,
    dialect: Some(Dialect::Postgres),
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter(|(t, c)| {
        t.single_key().is_some_and(|k| k.name == c.name)
            && (c.ty.is_serial() || c.identity.is_some())
            && matches!(c.ty, Type::Serial | Type::Integer | Type::SmallInt)
    });
    meant
        .map(|(t, c)| {
            let message = format!("key {} has {} bits", c.name, if c.ty == Type::SmallInt { 16 } else { 32 });
            Finding::new(column_at(t, &c.name), c.origin, message, "write `bigint … identity` or bigserial if the table grows")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        let kdl = "table t { column a serial primary-key; }\ntable u { column a bigserial primary-key; }\ntable v { column a integer primary-key; }";
        assert_eq!(at(&RULE, kdl), ["table.t.column.a"]);
    }
}
