//! Tables that become logged or unlogged. A permanent table must never reference an unlogged one, so
//! referenced tables become permanent first and unlogged last
//! (<https://www.postgresql.org/docs/current/sql-altertable.html>). Does not look at tables that the plan
//! does not change.

use std::collections::BTreeSet;

use super::resource::Resource;
use super::{World, edited};
use crate::diff::{Attribute, TableChange, TableEdits};

/// Returns whether a table becomes unlogged (`true`) or logged (`false`), or `None` if that does not change.
pub(super) fn becomes(edits: &TableEdits) -> Option<bool> {
    edited(&edits.options, Attribute::Unlogged).then_some(edits.after.unlogged)
}

/// Returns the resource of a table that has become logged or unlogged as the schema specifies.
pub(super) fn done(world: &World<'_>, edits: &TableEdits) -> Option<String> {
    becomes(edits).map(|_| Resource::Logged(world.names.key(&edits.after.name)).into())
}

/// Returns what must be done before this table's step. Foreign keys that form a cycle are dropped meanwhile.
pub(super) fn needs(world: &World<'_>, edits: &TableEdits) -> Vec<String> {
    let Some(unlogged) = becomes(edits) else { return Vec::new() };
    let is_before = |other: &&TableEdits| {
        let points = if unlogged { points(world, other, edits) } else { points(world, edits, other) };
        points && !is_circle(world, edits, other)
    };
    alike(world, unlogged).filter(is_before).filter_map(|other| done(world, other)).collect()
}

/// Returns whether both become logged or both unlogged, and each references the other, perhaps through
/// further tables that become so too.
pub(super) fn is_circle(world: &World<'_>, one: &TableEdits, other: &TableEdits) -> bool {
    let Some(unlogged) = becomes(one).filter(|u| becomes(other) == Some(*u)) else { return false };
    one.live.name != other.live.name && reaches(world, one, other, unlogged) && reaches(world, other, one, unlogged)
}

fn reaches(world: &World<'_>, from: &TableEdits, to: &TableEdits, unlogged: bool) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(child) = open.pop() {
        if points(world, child, to) {
            return true;
        }
        open.extend(alike(world, unlogged).filter(|t| points(world, child, t) && seen.insert(world.names.key(&t.live.name))));
    }
    false
}

/// Returns the tables that become logged, or those that become unlogged.
fn alike<'w>(world: &World<'w>, unlogged: bool) -> impl Iterator<Item = &'w TableEdits> {
    let altered = world.changes.tables().filter_map(|c| if let TableChange::Alter(edits) = c { Some(&**edits) } else { None });
    altered.filter(move |edits| becomes(edits) == Some(unlogged))
}

/// Returns whether a live foreign key references the second table from the first.
fn points(world: &World<'_>, child: &TableEdits, parent: &TableEdits) -> bool {
    let same = |a, b| world.names.same(a, b);
    !same(&child.live.name, &parent.live.name) && child.live.foreign_keys.iter().any(|f| same(&f.table, &parent.live.name))
}
