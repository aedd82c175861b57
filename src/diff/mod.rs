//! Compares two normalized schemas. Pure: it accesses no database and does not judge what a change costs.
//!
//! What counts as equal is decided by normalization. Renames are resolved first, on a copy of the current
//! schema, in the way the database does them, so that what depends on a renamed column does not differ.

mod attribute;
mod change;
mod delta;
mod in_words;
mod moves;
mod object;
mod pairs;
mod rename;
mod table;
mod unmanaged;

use std::borrow::Cow;

use crate::schema::{AnyKind, Ignore, Kind, Normalized, ObjectName, Part, Problem, Schema, Table};

pub use attribute::Attribute;
pub use change::{Change, Changes};
pub use delta::{Delta, Edit};
pub(crate) use in_words::in_words;
pub use object::Object;
pub(crate) use object::show_default;
pub use rename::OrderedRenames;
pub use table::{TableChange, TableEdits};
pub(crate) use unmanaged::beside;
pub use unmanaged::{Difference, UnmanagedDifference, unmanaged};

/// Compares the current schema with the desired one.
///
/// # Errors
/// If a rename is ambiguous: both names are live, but the file declares only the new one.
pub fn diff(current: &Normalized, desired: &Normalized) -> Result<Changes, Vec<Problem>> {
    diff_over(current, desired, &Schema::default())
}

/// Compares like [`diff()`]. `rewritten` contains the views and triggers that the database rewrites during
/// the renames, under their names before the change.
///
/// # Errors
/// As [`diff()`].
pub(crate) fn diff_over(current: &Normalized, desired: &Normalized, rewritten: &Schema) -> Result<Changes, Vec<Problem>> {
    let ignores = &desired.schema().ignores;
    let wanted = managed(desired.schema(), ignores);
    let before = managed(current.schema(), ignores);
    let renames = rename::resolve(&before, &wanted)?;
    Ok(compared(&before, &wanted, &renames, rewritten))
}

/// Returns what still differs after a change. Its renames have been done, so that swapped names are not a
/// difference.
pub fn remaining(current: &Normalized, desired: &Normalized) -> Changes {
    let ignores = &desired.schema().ignores;
    let wanted = managed(desired.schema(), ignores);
    let before = managed(current.schema(), ignores);
    compared(&before, &wanted, &rename::Renames::default(), &Schema::default())
}

/// Returns the renames that [`diff()`] finds, one by one.
///
/// # Errors
/// As [`diff()`].
pub fn renames(current: &Normalized, desired: &Normalized) -> Result<OrderedRenames, Vec<Problem>> {
    let ignores = &desired.schema().ignores;
    let before = managed(current.schema(), ignores);
    Ok(rename::resolve(&before, &managed(desired.schema(), ignores))?.ordered(&before))
}

fn compared(before: &Schema, wanted: &Schema, renames: &rename::Renames, rewritten: &Schema) -> Changes {
    let live = if renames.is_empty() { Cow::Borrowed(before) } else { Cow::Owned(rename::done(before, wanted, renames, rewritten)) };
    let tables = table::diff_tables(before, &live, wanted, renames).into_iter().map(Change::Table);
    let objects = tables.chain(change::of_others(before, &live, wanted)).collect();
    Changes { objects, lacking: unmanaged::lacking(&live, wanted) }
}

/// Compares two lists of checks. For domains, which are otherwise compared as a whole.
pub(crate) fn check_changes(current: &[crate::schema::Check], desired: &[crate::schema::Check]) -> Vec<Delta<crate::schema::Check>> {
    pairs::rule_deltas(current, desired, false)
}

/// Returns the edits of a table that must be altered although it does not differ.
pub(crate) fn untouched(live: &Table, after: &Table) -> TableEdits {
    table::compared(live, after)
}

/// Returns whether two versions of a table are equal, apart from indexes and from whether foreign keys spell
/// out the key they reference.
pub(crate) fn is_same_table(a: &Table, b: &Table) -> bool {
    table::is_same(a, b)
}

/// Returns the schema without ignored objects. A trigger is ignored with its table.
fn managed<'s>(schema: &'s Schema, ignores: &[Ignore]) -> Cow<'s, Schema> {
    if ignores.is_empty() {
        return Cow::Borrowed(schema);
    }
    let covers = |kind: AnyKind, name: &ObjectName| ignores.iter().any(|i| i.covers(&kind, name));
    let mut kept = schema.clone();
    kept.retain(|kind, head| !covers(kind.into(), &head.name));
    for table in kept.tables.values_mut() {
        let schema = &table.head.name.schema;
        table.indexes.retain(|name, _| !covers(Part::Index.into(), &ObjectName::new(schema.clone(), name.clone())));
    }
    let is_ignored = |on: &ObjectName| covers(Kind::Table.into(), on) || covers(Kind::View.into(), on);
    for (_, all) in kept.definitions.kinds_mut() {
        all.retain(|_, d| !d.table.as_ref().is_some_and(is_ignored));
    }
    Cow::Owned(kept)
}
