//! `key-is-no-rowid`: an integer key of SQLite that is not the rowid.

use crate::dialect::sqlite::types::{declared, rowid_key};
use crate::kdl::project::Severity;
use crate::lint::access::{column_at, key_origin};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "key-is-no-rowid",
        summary: "An integer primary key is not the table's rowid.",
        why: "Only the exact type INTEGER is the rowid (https://sqlite.org/lang_createtable.html#rowid). With INT or BIGINT, or with `primary-key=desc`, the table has a hidden rowid as well and a second B-tree for the key, and nothing numbers the rows: an insert without a key is refused.",
        instead: "Write `serial`, `integer` or `bigserial`: on SQLite all of them hold 64 bits.",
        example: "column id serial primary-key    // not: column id bigint primary-key",
    },
    level: Severity::Warning,
    dialect: Some(Dialect::Sqlite),
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in schema.tables.values().filter(|t| !t.without_rowid && rowid_key(t).is_none()) {
        let Some(column) = table.single_key() else { continue };
        let name = declared(&column.ty, table.strict);
        // An identity is the rowid, whatever its type.
        if column.identity.is_none() && name.to_ascii_uppercase().contains("INT") {
            let desc = table.primary_key.as_ref().is_some_and(|k| k.inline_desc);
            let why = if desc { "primary-key=desc".to_owned() } else { format!("its type is {name}") };
            let message = format!("key {} is not the rowid, because {why}", column.name);
            let advice = format!("write `column {} serial primary-key`", column.name);
            findings.push(Finding::new(column_at(table, &column.name), key_origin(table), message, advice));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn integers_that_are_no_rowid() {
        for (column, wanted) in [
            ("bigint primary-key", 1),
            ("bigint primary-key identity", 0),
            ("INT primary-key", 1),
            ("integer primary-key=desc", 1),
            ("integer primary-key", 0),
            ("serial primary-key", 0),
            ("text primary-key", 0),
        ] {
            assert_eq!(at(&RULE, &format!("table t {{ column a {column}; }}")).len(), wanted, "{column}");
        }
    }
}
