//! `no-primary-key`: a table without a primary key.

use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "no-primary-key",
        summary: "A table has no primary key.",
        why: "Identical rows cannot be told apart, so none of them can be updated or deleted individually. PostgreSQL's logical replication rejects UPDATE and DELETE on such a table, and VACUUM may renumber SQLite's hidden rowids (https://sqlite.org/lang_vacuum.html).",
        instead: "Add a primary key: a column of its own, or `primary-key a b` for columns that are unique together.",
        example: r#"table votes {
    column poll integer not-null
    column user integer not-null
    primary-key poll user
}"#,
    },
    level: Severity::Warning,
    applies: everywhere,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let keyless = schema.tables.values().filter(|t| t.primary_key.is_none());
    keyless
        .map(|t| {
            let message = format!("table {} has no primary key", t.name);
            let has_id = t.columns.keys().any(|c| c.as_str().eq_ignore_ascii_case("id"));
            let own = if has_id {
                "a column such as `column key bigint primary-key identity`"
            } else {
                "`column id bigint primary-key identity`"
            };
            Finding::new(
                t.address(),
                t.origin,
                message,
                format!("add {own}, or `primary-key COLUMN…` for columns that are unique and not null"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn tables_without_a_key() {
        assert_eq!(at(&RULE, "table a { column x text; }\ntable b { column x text primary-key; }"), ["table.a"]);
    }
}
