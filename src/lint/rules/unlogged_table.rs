//! `unlogged-table`: a table that is emptied by a crash.

use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "unlogged-table",
        summary: "A table is unlogged.",
        why: "Changes to its rows are not written to the write-ahead log. After a server crash the table is empty, and its rows are not replicated to standby servers and are not in backups made from the log (https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-UNLOGGED).",
        instead: "Remove `unlogged`; this rewrites all rows. If the rows can be regenerated, add an `allow`.",
        example: r#"table sessions unlogged {
    allow unlogged-table "users log in again after a crash"
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
            let message = format!("table {} is empty after a server crash", t.name);
            Finding::new(t.address(), t.origin, message, "remove `unlogged`, or add an `allow` with the reason")
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
