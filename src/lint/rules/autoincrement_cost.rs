//! `autoincrement-cost`: AUTOINCREMENT, which is seldom needed.

use crate::kdl::project::Severity;
use crate::lint::access::key_origin;
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Part, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "autoincrement-cost",
        summary: "A primary key uses AUTOINCREMENT.",
        why: "A rowid key is numbered without AUTOINCREMENT, which only prevents the numbers of deleted rows from being reused. For that, every insert also reads and writes the table sqlite_sequence (https://sqlite.org/autoinc.html).",
        instead: "Remove it, unless the ids of deleted rows are still stored somewhere else. In that case, add an `allow` with the reason.",
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
            let address = t.single_key().map_or(t.address(), |c| t.address().child(Part::Column, &c.name));
            let message = format!("the primary key of {} has autoincrement, so each insert also writes to sqlite_sequence", t.name);
            Finding::new(address, key_origin(t), message, "remove it, unless the ids of deleted rows must not be reused")
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
