//! Where a schema is gone back to, a rule without a name is to have the one that PostgreSQL gives. A rename of its table or
//! column leaves that name as it was, so after the rename back it is the right one again, and nothing is to be done.

use super::default_name;
use crate::diff::{Changes, Delta, TableChange, TableEdits};

/// Takes out the edits of names that are the given ones already.
pub(super) fn keep_given(changes: &mut Changes) {
    for change in &mut changes.tables {
        if let TableChange::Alter(edits) = change {
            of_table(edits);
        }
    }
    changes.tables.retain(|c| !matches!(c, TableChange::Alter(edits) if edits.is_empty()));
}

fn of_table(edits: &mut TableEdits) {
    let table = &edits.after;
    let name = &table.name;
    let mut key: Vec<_> = edits.primary_key.take().into_iter().collect();
    settle(&mut key, |k| default_name::primary_key(name, k));
    edits.primary_key = key.pop();
    settle(&mut edits.uniques, |u| default_name::unique(name, u));
    settle(&mut edits.checks, |c| default_name::check(table, c));
    settle(&mut edits.foreign_keys, |f| default_name::foreign_key(name, f));
    settle(&mut edits.exclusions, |e| default_name::exclusion(name, e));
}

/// `given` tells the name that PostgreSQL gives to a rule.
fn settle<T>(deltas: &mut Vec<Delta<T>>, given: impl Fn(&T) -> String) {
    deltas.retain_mut(|delta| {
        let Delta::Alter { after, edits, .. } = delta else { return true };
        let name = given(after);
        edits.retain(|e| e.attribute != "name" || e.after.is_some() || e.before.as_deref() != Some(name.as_str()));
        !edits.is_empty()
    });
}
