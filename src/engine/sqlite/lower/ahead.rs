//! Foreign keys that are written before a later step renames what they reference: for tables that reference
//! each other, no order is better. SQLite would apply that rename to the new name once more. Such a foreign
//! key first references the table that the later step builds, which gets its final name at the end. Changes
//! no step by itself.

use std::collections::BTreeSet;

use super::super::inspect::Live;
use super::path::Limits;
use crate::diff::{Changes, Delta, TableChange, TableEdits};
use crate::plan::{Action, Step};
use crate::schema::{ForeignKey, Kind, ObjectName, Table};

/// Returns the name of the table that a rebuild creates beside the old one.
pub(super) fn beside(table: &ObjectName, live: &Live) -> String {
    live.free_name(&format!("_rosey_new_{}", table.name))
}

fn lower_case(name: &ObjectName) -> String {
    name.name.as_str().to_ascii_lowercase()
}

/// Adds the foreign keys of this kind in ordered steps to the limits, and returns whether there are more than
/// before. Both tables are then rebuilt.
pub(crate) fn found(changes: &Changes, steps: &[Step], limits: &mut Limits) -> bool {
    let last = |name: &ObjectName| {
        let is_it = |s: &Step| *s.address.kind() == Kind::Table && name.name.matches(s.address.last()) && s.action != Action::Destroy;
        steps.iter().rposition(is_it)
    };
    let renamed: Vec<&TableEdits> = changes.tables().filter_map(altered).filter(|e| e.renames()).collect();
    let mut pairs = BTreeSet::new();
    for change in changes.tables() {
        let child = &change.table().name;
        let Some(at) = last(child) else { continue };
        let rebuilds = steps.get(at).is_some_and(|s| s.action == Action::Rebuild);
        let parents = written(change, rebuilds).into_iter().map(|k| &k.table).filter(|parent| *parent != child);
        let later = parents.filter(|p| last(p) > Some(at) && renamed.iter().any(|e| e.after.name == **p));
        pairs.extend(later.map(|parent| (lower_case(child), lower_case(parent))));
    }
    let before = limits.ahead.len();
    limits.ahead.extend(pairs);
    limits.ahead.len() > before
}

fn altered(change: &TableChange) -> Option<&TableEdits> {
    match change {
        TableChange::Alter(edits) => Some(edits),
        TableChange::Create(_) | TableChange::Drop(_) => None,
    }
}

/// Returns the foreign keys that a change writes.
fn written(change: &TableChange, rebuilds: bool) -> Vec<&ForeignKey> {
    match change {
        TableChange::Create(table) => table.foreign_keys.iter().collect(),
        TableChange::Alter(edits) if rebuilds => edits.after.foreign_keys.iter().collect(),
        TableChange::Alter(edits) => edits.foreign_keys.iter().filter_map(Delta::after).collect(),
        TableChange::Drop(_) => Vec::new(),
    }
}

/// Returns whether a table must be rebuilt because it has such a foreign key or is referenced by one.
pub(super) fn binds(limits: &Limits, table: &ObjectName) -> bool {
    let name = lower_case(table);
    limits.ahead.iter().any(|(child, parent)| *child == name || *parent == name)
}

/// Lets these foreign keys of a table reference the tables that later steps build.
pub(super) fn look_ahead(table: &mut Table, live: &Live, limits: &Limits) {
    let child = lower_case(&table.name);
    for key in &mut table.foreign_keys {
        if limits.ahead.contains(&(child.clone(), lower_case(&key.table))) {
            look_beside(key, live);
        }
    }
}

/// Lets a foreign key reference the table that a rebuild creates.
pub(super) fn look_beside(key: &mut ForeignKey, live: &Live) {
    key.table.name = super::super::cursor::ident(&beside(&key.table, live));
}
