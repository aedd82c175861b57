//! `discouraged-type`: types that PostgreSQL keeps for compatibility.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::lint::types;
use crate::schema::{Dialect, Schema, Type};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "discouraged-type",
        summary: "A column has a type that the PostgreSQL project advises against.",
        why: "`money` does not store a currency, and the number of its decimal places depends on a server setting; `timetz` cannot determine the offset of its time zone without a date; `timestamp(0)` rounds up into the next second; `\"char\"` and `name` are internal types of the system catalogs (https://wiki.postgresql.org/wiki/Don%27t_Do_This).",
        instead: "Use `decimal(p,s)` for money, `timestamptz` for points in time and `text` for text.",
        example: r#"column price "decimal(12,2)"    // not: money"#,
    },
    level: Severity::Warning,
    applies: |engine| engine.enforces_types,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter(|(_, c)| discouraged(&c.ty));
    meant
        .map(|(t, c)| {
            let message = format!("{} is {}, which PostgreSQL advises against", c.name, c.ty);
            Finding::new(column_at(t, &c.name), c.origin, message, "see `rosey explain discouraged-type` for what to use instead")
        })
        .collect()
}

fn discouraged(ty: &Type) -> bool {
    let meant = types::meant(ty);
    match meant.base.as_str() {
        "money" | "timetz" | "\"char\"" | "name" => true,
        "timestamp" | "timestamptz" => meant.size.as_deref() == Some("0"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        let kdl = "table t { column a money; column b \"timestamp(0)\"; column c text; column d timetz; column e \"timetz(3)\"; column f \"TIME WITH TIME ZONE\"; column g \"timestamp(3)\"; }";
        let found = ["a", "b", "d", "e", "f"].map(|c| format!("table.t.column.{c}"));
        assert_eq!(at(&RULE, kdl), found);
    }
}
