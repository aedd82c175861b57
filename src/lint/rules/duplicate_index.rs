//! `duplicate-index`: two equal indexes.

use crate::kdl::project::Severity;
use crate::lint::access::{Access, Kind, names, relations};
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::schema::{Address, Dialect, Part, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "duplicate-index",
        summary: "An index or unique constraint has the same columns as another index, the primary key or another unique constraint.",
        why: "Both are updated for every write, and one of them is not needed: a primary key and a unique constraint already have an index. A deferrable constraint does not replace one that is not deferrable, because `ON CONFLICT` and foreign keys require a constraint that is checked immediately.",
        instead: "Drop one of the two.",
        example: r#"column email text unique
index idx_email email       // the unique constraint already has an index"#,
    },
    level: Severity::Warning,
    applies: everywhere,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (relation, all) in relations(schema) {
        for (i, access) in all.iter().enumerate() {
            // Of two equal indexes the later one is reported; a unique index is not a duplicate of one that
            // is not.
            let double =
                all.iter().enumerate().find(|(j, other)| *j != i && says_all(other, access) && (*j < i || !says_all(access, other)));
            findings.extend(double.and_then(|(_, other)| finding(&relation, access, other)));
        }
    }
    findings
}

fn finding(relation: &Address, this: &Access, other: &Access) -> Option<Finding> {
    let message = format!("{} has the same columns as {}", this.name, other.name);
    match this.kind {
        Kind::Key(_) => None,
        Kind::Unique(rule) => {
            let columns = names(rule.parts.iter().map(|p| &p.column));
            let advice = format!("remove the unique constraint on {columns}");
            Some(Finding::new(relation.child(Part::Unique, &columns), rule.origin, message, advice))
        }
        Kind::Index(index) => {
            Some(Finding::new(relation.child(Part::Index, &index.name), index.origin, message, format!("drop index {}", index.name)))
        }
    }
}

/// Returns whether `other` covers everything that `this` does. A constraint also makes a guarantee, which an
/// index does not.
fn says_all(other: &Access, this: &Access) -> bool {
    let alike = match (this.kind, other.kind) {
        (Kind::Key(_), _) | (Kind::Unique(_), Kind::Index(_)) => false,
        (Kind::Unique(a), Kind::Unique(b)) => a.nulls_not_distinct == b.nulls_not_distinct && a.conflict == b.conflict,
        (Kind::Unique(a), Kind::Key(b)) => a.conflict.is_none() || a.conflict == b.conflict,
        (Kind::Index(a), Kind::Index(b)) => {
            let same = a.predicate == b.predicate && a.method == b.method && a.nulls_not_distinct == b.nulls_not_distinct;
            same && !b.invalid
        }
        (Kind::Index(a), _) => a.predicate.is_none() && a.method.is_none() && !a.nulls_not_distinct,
    };
    // A deferrable constraint is not a duplicate of an immediate one, nor vice versa.
    let refuses = !this.unique || (other.unique && other.deferrable == this.deferrable);
    alike && refuses && other.parts == this.parts && (this.include().is_empty() || other.include() == this.include())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn one_of_two_is_told() {
        let table = |rest: &str| format!("table t {{\n column a text primary-key\n column b text unique\n column c text\n{rest}\n}}");
        for (rest, wanted) in [
            ("index i c", ""),
            ("index i a", "table.t.index.i"),
            ("index i b", "table.t.index.i"),
            ("index i c\n index j c", "table.t.index.j"),
            ("index i c\n index j c unique=#true", "table.t.index.i"),
            ("index i c unique=#true\n index j c", "table.t.index.j"),
            ("index i c\n index j c where=\"c > ''\"", ""),
            ("index i b where=\"b > ''\"", ""),
            ("unique a", "table.t.unique.a"),
            ("unique c\n unique c", "table.t.unique.c"),
            ("unique c a\n unique a c", ""),
            ("unique c on-conflict=ignore\n unique c on-conflict=replace", ""),
            ("index i { part c collate=nocase; }\n index j c", ""),
            ("index i { part c collate=binary; }\n index j c", "table.t.index.j"),
        ] {
            assert_eq!(at(&RULE, &table(rest)).join(" "), wanted, "{rest}");
        }
    }

    #[test]
    fn what_is_checked_late_is_something_else() {
        let table = |rest: &str| format!("table t {{\n column a text primary-key\n column b text\n{rest}\n}}");
        for (rest, wanted) in [
            ("unique b deferrable=initially-deferred\n index i b unique=#true", 0),
            ("unique b deferrable=initially-deferred\n unique b", 0),
            ("unique b deferrable=initially-deferred\n index i b", 1),
            ("unique b\n index i b unique=#true", 1),
        ] {
            assert_eq!(found(&RULE, &table(rest), Dialect::Postgres).len(), wanted, "{rest}");
        }
    }

    #[test]
    fn of_materialised_views_too() {
        let kdl = "materialized-view v { as \"SELECT 1 AS a\"; index i a; index j a; }";
        assert_eq!(found(&RULE, kdl, Dialect::Postgres), ["materialized-view.v.index.j: index j has the same columns as index i"]);
    }
}
