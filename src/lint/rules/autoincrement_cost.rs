//! `autoincrement-cost`: AUTOINCREMENT, which is seldom needed.

use crate::kdl::project::Severity;
use crate::lint::access::key_origin;
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "autoincrement-cost",
        summary: "A key has AUTOINCREMENT.",
        why: "A rowid key is numbered without it. AUTOINCREMENT only keeps the numbers of deleted rows from being used again, and for that every insert reads and writes the table sqlite_sequence as well (https://sqlite.org/autoinc.html).",
        instead: "Take it out, unless something outside remembers ids of rows that are gone. Then allow it and say so.",
        example: r#"column id serial primary-key autoincrement {
    allow autoincrement-cost "ids go into e-mails"
}"#,
    },
    level: Severity::Note,
    applies: |engine| engine.has_rowid,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let numbered = schema.tables.values().filter(|t| t.primary_key.as_ref().is_some_and(|k| k.autoincrement));
    numbered
        .map(|t| {
            let address = t.single_key().map_or(t.address(), |c| t.address().child("column", &c.name));
            let message = format!("the key of {} has autoincrement, so each insert writes sqlite_sequence too", t.name);
            Finding::new(address, key_origin(t), message, "take it out, unless ids of deleted rows must not come back")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn only_autoincrement() {
        let kdl = "table a { column id serial primary-key autoincrement; }\ntable b { column id serial primary-key; }";
        assert_eq!(at(&RULE, kdl), ["table.a.column.id"]);
    }
}
