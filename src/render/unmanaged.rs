//! Unmanaged objects that differ from the schema file, one per line; if there are many, one line with their
//! numbers.

use std::collections::BTreeMap;

use crate::diff::{Difference, UnmanagedDifference};
use crate::plan::counted;

/// The most objects that are listed by name.
const NAMED: usize = 5;

/// Returns the lines of a plan. With `all`, lists each object by name, however many there are.
pub(super) fn lines(differences: &[UnmanagedDifference], all: bool) -> Vec<String> {
    told(differences, all, |difference| match difference {
        Difference::Changed => "recorded differently in the schema file; `rosey inspect` prints its current line",
        Difference::Undeclared => "not in the schema file",
        Difference::Missing => "in the schema file but not in the database",
    })
}

/// Returns the lines of a drift.
pub(super) fn since(differences: &[UnmanagedDifference], all: bool) -> Vec<String> {
    told(differences, all, |difference| match difference {
        Difference::Changed => "changed",
        Difference::Undeclared => "created",
        Difference::Missing => "dropped",
    })
}

fn told(differences: &[UnmanagedDifference], all: bool, verb: impl Fn(Difference) -> &'static str) -> Vec<String> {
    let mut lines = Vec::new();
    for difference in [Difference::Changed, Difference::Undeclared, Difference::Missing] {
        let found: Vec<&UnmanagedDifference> = differences.iter().filter(|d| d.difference == difference).collect();
        if all || found.len() <= NAMED {
            lines.extend(found.iter().map(|d| format!("unmanaged: {} {} {}", d.kind, d.name, verb(difference))));
            continue;
        }
        let mut kinds: BTreeMap<&str, i64> = BTreeMap::new();
        found.iter().for_each(|d| *kinds.entry(d.kind.word()).or_default() += 1);
        let kinds: Vec<String> = kinds.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
        let objects = counted(found.len() as i64, "object");
        lines.push(format!("unmanaged: {objects} {} ({}); use --verbose to list them", verb(difference), kinds.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::DefinedKind;

    #[test]
    fn many_are_counted() {
        let one = |n: usize| UnmanagedDifference {
            difference: Difference::Undeclared,
            kind: DefinedKind::Function.into(),
            name: format!("f{n}()"),
        };
        let many: Vec<UnmanagedDifference> = (0..6).map(one).collect();
        assert_eq!(lines(&many[..1], false), ["unmanaged: function f0() not in the schema file"]);
        assert_eq!(lines(&many, false), ["unmanaged: 6 objects not in the schema file (function 6); use --verbose to list them"]);
        assert_eq!(lines(&many, true).len(), 6);
    }
}
