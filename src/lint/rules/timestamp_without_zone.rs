//! `timestamp-without-zone`: a point in time without its time zone.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::names::in_sql;
use crate::lint::rule::{Finding, Rule, Text};
use crate::lint::types;
use crate::schema::{Column, Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "timestamp-without-zone",
        summary: "A column is a timestamp without time zone.",
        why: "It stores a date and time of day, but not the time zone. Its meaning depends on the reader, and one hour occurs twice when daylight saving time ends. `timestamptz` stores a point in time, takes the same 8 bytes, and is displayed in the time zone of the session (https://wiki.postgresql.org/wiki/Don%27t_Do_This).",
        instead: "Use `timestamptz`, with a `using` if the table has rows; `only=postgres` on the `using` leaves the values on SQLite as they are. If a local time is intended (opening hours, a birthday party), add an `allow`.",
        example: r#"column sent_at timestamptz { using "sent_at AT TIME ZONE 'UTC'" only=postgres }"#,
    },
    level: Severity::Warning,
    applies: |engine| engine.has_timestamps_with_zone,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter(|(_, c)| types::meant(&c.ty).base == "timestamp");
    meant
        .map(|(t, c)| {
            let message = format!("{} is a timestamp without time zone", c.name);
            Finding::new(column_at(t, &c.name), c.origin, message, advice(c))
        })
        .collect()
}

fn advice(column: &Column) -> String {
    let meant = types::meant(&column.ty);
    let size = meant.size.map(|n| format!("({n})")).unwrap_or_default();
    if meant.array {
        return format!("write {}", crate::kdl::string_repr(&format!("timestamptz{size}[]")));
    }
    let ty = crate::kdl::string_repr(&format!("timestamptz{size}"));
    let using = crate::kdl::quoted(&format!("{} AT TIME ZONE 'UTC'", in_sql(&column.name)));
    format!("write {ty}, and if the table has rows, `using {using} only=postgres` with the time zone of the values")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        let kdl = "table t { column a timestamp; column b timestamptz; column c date; column d \"TIMESTAMP(3)\"; column e \"timestamp without time zone\"; column f \"timestamp[]\"; }";
        assert_eq!(at(&RULE, kdl), ["table.t.column.a", "table.t.column.d", "table.t.column.e", "table.t.column.f"]);
    }

    #[test]
    fn what_is_advised() {
        let kdl = "table t { column sentAt \"timestamp(3)\"; }";
        assert_eq!(
            advised(&RULE, kdl, Dialect::Postgres),
            [
                r#"write "timestamptz(3)", and if the table has rows, `using "\"sentAt\" AT TIME ZONE 'UTC'" only=postgres` with the time zone of the values"#
            ]
        );
    }
}
