//! `dangling-foreign-key`: a foreign key that leads to no table or no key.

use crate::kdl::project::Severity;
use crate::lint::access::{foreign_key_at, foreign_keys, names};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "dangling-foreign-key",
        summary: "A foreign key leads to no table, or to columns that are no key.",
        why: "SQLite lets it be made. As soon as foreign keys are enforced, every statement that has to look there fails: `no such table`, or `foreign key mismatch` (https://sqlite.org/foreignkeys.html#fk_indexes).",
        instead: "Point it to a primary key or to columns with a unique rule, add that rule to the parent, or drop the foreign key.",
        example: r#"foreign-key mail references="users(email)" dangling=#true    // users has no unique email"#,
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
            let message = format!("{} points to {to}, which is no key", names(&fk.columns));
            Finding::new(
                foreign_key_at(table, fk),
                fk.origin,
                message,
                "give the parent a unique rule on these columns, or drop the foreign key",
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
        assert_eq!(found(&RULE, kdl, Dialect::Sqlite), ["table.t.foreign-key.b: b points to gone(x), which is no key"]);
    }
}
