//! `duplicate-index`: two indexes of the same.

use crate::kdl::project::Severity;
use crate::lint::access::{Access, accesses};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "duplicate-index",
        summary: "An index is sorted by just what another index, the key or a unique rule is sorted by.",
        why: "Both are written with every row, and one of them is never needed: a primary key and a unique rule have an index of their own.",
        instead: "Drop one of the two.",
        example: r#"column email text unique
index idx_email email       // the unique rule has one already"#,
    },
    level: Severity::Warning,
    dialect: None,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in schema.tables.values() {
        let all = accesses(table);
        for (i, access) in all.iter().enumerate() {
            let Some(index) = access.index else { continue };
            // Of two that are alike, the one that comes later is told; one that must be unique is not the other's double.
            let double =
                all.iter().enumerate().find(|(j, other)| *j != i && says_all(other, access) && (*j < i || !says_all(access, other)));
            if let Some((_, other)) = double {
                let message = format!("index {} is sorted by just what {} is sorted by", index.name, other.name);
                let address = table.address().child("index", &index.name);
                findings.push(Finding::new(address, index.origin, message, format!("drop index {}", index.name)));
            }
        }
    }
    findings
}

/// Whether what `this` does is done by `other` too.
fn says_all(other: &Access, this: &Access) -> bool {
    let Some(index) = this.index else { return false };
    let alike = other.index.map_or_else(
        || index.predicate.is_none() && index.method.is_none() && index.include.is_empty() && !index.nulls_not_distinct,
        |o| {
            let (a, b) = (index, o);
            a.predicate == b.predicate && a.method == b.method && a.include == b.include && a.nulls_not_distinct == b.nulls_not_distinct
        },
    );
    alike && other.parts == this.parts && (other.unique || !this.unique)
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
        ] {
            assert_eq!(at(&RULE, &table(rest)).join(" "), wanted, "{rest}");
        }
    }
}
