//! `timestamp-without-zone`: a point in time without its zone.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Schema, Type};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "timestamp-without-zone",
        summary: "A column is a timestamp without time zone.",
        why: "It holds what a clock on some wall shows, and not which wall. What it means depends on who reads it, and an hour comes twice when the clocks go back. `timestamptz` holds a moment, takes the same 8 bytes, and is shown in the reader's zone (https://wiki.postgresql.org/wiki/Don%27t_Do_This).",
        instead: "Write `timestamptz`, with `using` where rows exist. A local time that is meant as one (opening hours, a birthday party) is right as it is: allow it.",
        example: r#"column sent_at timestamptz { using "sent_at AT TIME ZONE 'UTC'" }"#,
    },
    level: Severity::Warning,
    dialect: Some(Dialect::Postgres),
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter(|(_, c)| matches!(c.ty, Type::Timestamp));
    meant
        .map(|(t, c)| {
            let message = format!("{} is a timestamp without time zone", c.name);
            Finding::new(
                column_at(t, &c.name),
                c.origin,
                message,
                "write timestamptz, with `using \"COLUMN AT TIME ZONE 'UTC'\"` where rows exist",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        let kdl = "table t { column a timestamp; column b timestamptz; column c date; }";
        assert_eq!(at(&RULE, kdl), ["table.t.column.a"]);
    }
}
