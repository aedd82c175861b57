//! `check-not-kept`: a domain's check that SQLite does not get.

use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "check-not-kept",
        summary: "A check of a domain is PostgreSQL's alone, so the column has no such check on SQLite.",
        why: "SQLite has no domains: a column of one gets the domain's type and those of its checks that SQLite reads in the same way. An operator like ~ or a function that only PostgreSQL has is not among them, and SQLite takes values that PostgreSQL refuses.",
        instead: "Write the check with comparisons and functions that both have, or add one for SQLite at the column.",
        example: r#"column zip zip { check "zip NOT GLOB '*[^0-9]*'" only=sqlite }"#,
    },
    level: Severity::Warning,
    applies: |engine| !engine.has_domains,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let finding = |n: &crate::schema::NotKept| {
        let message = format!("SQLite does not enforce {} on column {}", n.what, n.address.last());
        Finding::new(n.address.clone(), n.origin, message, "write it so that SQLite reads it, or add a check with only=sqlite")
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
