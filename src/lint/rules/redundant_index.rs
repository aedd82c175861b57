//! `redundant-index`: an index that is a prefix of another.

use crate::kdl::project::Severity;
use crate::lint::access::{Access, relations};
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::schema::{Dialect, Index, Part, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "redundant-index",
        summary: "The columns of an index are the first columns of another index, the primary key or a unique constraint.",
        why: "The longer index can serve the same queries, and the shorter one still has to be updated for every write.",
        instead: "Drop the shorter index. If it is much smaller and read far more often, it may be worth keeping: add an `allow`.",
        example: r#"index idx_a a            // redundant: idx_a_b serves the same queries
index idx_a_b a b"#,
    },
    level: Severity::Warning,
    applies: everywhere,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (relation, all) in relations(schema) {
        for access in &all {
            let Some(index) = access.index().filter(|i| !i.unique && i.include.is_empty()) else { continue };
            if let Some(longer) = all.iter().find(|other| is_beginning(access, index, other)) {
                let message = format!("the columns of index {} are the first columns of {}", index.name, longer.name);
                let address = relation.child(Part::Index, &index.name);
                findings.push(Finding::new(address, index.origin, message, format!("drop index {}", index.name)));
            }
        }
    }
    findings
}

fn is_beginning(access: &Access, index: &Index, other: &Access) -> bool {
    let alike =
        other.index().map_or(index.predicate.is_none(), |o| index.predicate == o.predicate && index.method == o.method && !o.invalid);
    // The parts of indexes with other methods are not a sort order.
    let sorted = index.method.is_none();
    alike && sorted && other.parts.len() > access.parts.len() && other.parts.starts_with(&access.parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn beginnings_only() {
        let table = |rest: &str| format!("table t {{\n column a text\n column b text\n column c text\n primary-key a b\n{rest}\n}}");
        for (rest, wanted) in [
            ("index i a", "table.t.index.i"),
            ("index i b", ""),
            ("index i a b", ""),
            ("index i c\n index j c b", "table.t.index.i"),
            ("index i c unique=#true\n index j c b", ""),
            ("index i c where=\"a > ''\"\n index j c b", ""),
            ("index i { part c order=desc; }\n index j c b", ""),
        ] {
            assert_eq!(at(&RULE, &table(rest)).join(" "), wanted, "{rest}");
        }
    }

    #[test]
    fn of_materialised_views_too() {
        let kdl = "materialized-view v { as \"SELECT 1 AS a, 2 AS b\"; index i a; index j a b; }";
        assert_eq!(
            found(&RULE, kdl, Dialect::Postgres),
            ["materialized-view.v.index.i: the columns of index i are the first columns of index j"]
        );
    }
}
