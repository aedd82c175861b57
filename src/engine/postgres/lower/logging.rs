//! Tables that become logged or unlogged. A permanent table must never reference an unlogged one, so
//! referenced tables become permanent first and unlogged last
//! (<https://www.postgresql.org/docs/current/sql-altertable.html>). Does not consider tables that the plan
//! does not change.

use std::collections::BTreeSet;

use super::{LoweringContext, edited};
use crate::diff::{Attribute, TableChange, TableEdits};
use crate::plan::Resource;

/// Returns whether a table becomes unlogged (`true`) or logged (`false`), or `None` if that does not change.
pub(super) fn becomes(edits: &TableEdits) -> Option<bool> {
    edited(&edits.options, Attribute::Unlogged).then_some(edits.after.unlogged)
}

/// Returns the resource of a table that has become logged or unlogged as the schema specifies.
pub(super) fn done(context: &LoweringContext<'_>, edits: &TableEdits) -> Option<Resource> {
    becomes(edits).map(|_| Resource::Logged(context.names.key(&edits.after.name)))
}

/// Returns what must be done before this table's step. Foreign keys that form a cycle are dropped
/// temporarily.
pub(super) fn needs(context: &LoweringContext<'_>, edits: &TableEdits) -> Vec<Resource> {
    let Some(unlogged) = becomes(edits) else { return Vec::new() };
    let is_before = |other: &&TableEdits| {
        let points = if unlogged { points(context, other, edits) } else { points(context, edits, other) };
        points && !is_circle(context, edits, other)
    };
    alike(context, unlogged).filter(is_before).filter_map(|other| done(context, other)).collect()
}

/// Returns whether both become logged or both unlogged, and each references the other, possibly through
/// further such tables.
pub(super) fn is_circle(context: &LoweringContext<'_>, one: &TableEdits, other: &TableEdits) -> bool {
    let Some(unlogged) = becomes(one).filter(|u| becomes(other) == Some(*u)) else { return false };
    one.live.name != other.live.name && reaches(context, one, other, unlogged) && reaches(context, other, one, unlogged)
}

fn reaches(context: &LoweringContext<'_>, from: &TableEdits, to: &TableEdits, unlogged: bool) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(child) = open.pop() {
        if points(context, child, to) {
            return true;
        }
        open.extend(alike(context, unlogged).filter(|t| points(context, child, t) && seen.insert(context.names.key(&t.live.name))));
    }
    false
}

/// Returns the tables that become logged, or those that become unlogged.
fn alike<'w>(context: &LoweringContext<'w>, unlogged: bool) -> impl Iterator<Item = &'w TableEdits> {
    let altered = context.changes.tables().filter_map(|c| if let TableChange::Alter(edits) = c { Some(&**edits) } else { None });
    altered.filter(move |edits| becomes(edits) == Some(unlogged))
}

/// Returns whether a live foreign key references the second table from the first.
fn points(context: &LoweringContext<'_>, child: &TableEdits, parent: &TableEdits) -> bool {
    let same = |a, b| context.names.same(a, b);
    !same(&child.live.name, &parent.live.name) && child.live.foreign_keys.iter().any(|f| same(&f.table, &parent.live.name))
}
