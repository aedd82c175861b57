//! `check-not-kept`: the check of a domain that does not exist on SQLite.

use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "check-not-kept",
        summary: "SQLite does not enforce a check constraint of a domain.",
        why: "SQLite has no domains: a column of a domain gets the base type of the domain and those of its check constraints that mean the same in SQLite. A constraint with an operator such as ~, or with a function that only PostgreSQL has, is left out, so SQLite accepts values that PostgreSQL rejects.",
        instead: "Write the constraint with comparisons and functions that both databases have, or add a separate one for SQLite to the column.",
        example: r#"column zip zip { check "zip NOT GLOB '*[^0-9]*'" only=sqlite }"#,
    },
    level: Severity::Warning,
    applies: |engine| !engine.has_domains,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let finding = |n: &crate::schema::NotKept| {
        let message = format!("SQLite does not enforce {} on column {}", n.what, n.address.last());
        Finding::new(n.address.clone(), n.origin, message, "write it so that SQLite understands it, or add a check with only=sqlite")
    };
    schema.not_kept.iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn checks_that_only_postgresql_reads() {
        let kdl = "domain zip text { check \"VALUE ~ '^[0-9]+$'\"; check \"length(VALUE) = 5\"; }\ntable t { column id serial primary-key; column z zip; }";
        assert_eq!(at(&RULE, kdl), ["table.t.column.z"]);
    }
}
