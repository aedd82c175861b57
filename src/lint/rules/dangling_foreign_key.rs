//! `dangling-foreign-key`: a foreign key that references a table or key that does not exist.

use crate::kdl::project::Severity;
use crate::lint::access::{foreign_key_at, foreign_keys, names};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "dangling-foreign-key",
        summary: "A foreign key references a table that does not exist, or columns that are not a key.",
        why: "SQLite accepts the definition. If foreign keys are enforced, every statement that has to check the reference fails with `no such table` or `foreign key mismatch` (https://sqlite.org/foreignkeys.html#fk_indexes).",
        instead: "Reference a primary key or columns with a unique constraint, add such a constraint to the parent table, or drop the foreign key.",
        example: r#"foreign-key mail references="users(email)" dangling=#true    // users.email is not unique"#,
    },
    level: Severity::Error,
    applies: |engine| !engine.checks_foreign_key_definitions,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let dangling = foreign_keys(schema).filter(|(_, fk)| fk.dangling);
    dangling
        .map(|(table, fk)| {
            let to = if fk.to.is_empty() { fk.table.to_string() } else { format!("{}({})", fk.table, names(&fk.to)) };
            let message = format!("{} references {to}, which is not a key", names(&fk.columns));
            Finding::new(
                foreign_key_at(table, fk),
                fk.origin,
                message,
                "add a unique constraint on these columns to the parent table, or drop the foreign key",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn only_what_says_so() {
        let kdl = "table t {\n column a integer primary-key\n column b text\n foreign-key b references=\"gone(x)\" dangling=#true\n foreign-key a references=\"t(a)\"\n}";
        assert_eq!(found(&RULE, kdl, Dialect::Sqlite), ["table.t.foreign-key.b: b references gone(x), which is not a key"]);
    }
}
