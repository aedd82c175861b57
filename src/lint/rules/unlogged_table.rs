//! `unlogged-table`: a table whose rows do not survive a crash.

use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "unlogged-table",
        summary: "A table is unlogged.",
        why: "Its rows are written to no log: after a crash of the server the table is empty, and no replica or backup of the log ever has them (https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-UNLOGGED).",
        instead: "Take `unlogged` out; the change writes all rows anew. Where the rows can be made again, allow it.",
        example: r#"table sessions unlogged {
    allow unlogged-table "after a crash everybody logs in again"
    column id text primary-key
}"#,
    },
    level: Severity::Note,
    applies: |engine| engine.has_unlogged_tables,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let unlogged = schema.tables.values().filter(|t| t.unlogged);
    unlogged
        .map(|t| {
            let message = format!("after a crash of the server table {} is empty", t.name);
            Finding::new(t.address(), t.origin, message, "take out `unlogged`, or allow this with the reason")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        let kdl = "table a unlogged { column id serial primary-key; }\ntable b { column id serial primary-key; }";
        assert_eq!(at(&RULE, kdl), ["table.a"]);
    }
}
