//! Two normalised schemas → changes. Pure: no database, no opinion about what a change costs.
//!
//! All rules of equality are normalisation's; here equal means equal. Renames are resolved first, on a copy of the
//! current schema, as the database itself will do them, so that what depends on a renamed column is no difference.

mod attribute;
mod change;
mod delta;
mod moves;
mod object;
mod pairs;
mod rename;
mod table;
mod unmanaged;

use std::borrow::Cow;

use crate::schema::{Ignore, Normalized, ObjectName, Problem, Schema, Table};

pub use attribute::Attribute;
pub use change::{Change, Changes};
pub use delta::{Delta, Edit};
pub use object::Object;
pub(crate) use object::show_default;
pub use rename::Sequel;
pub use table::{TableChange, TableEdits};
pub(crate) use unmanaged::beside;
pub use unmanaged::{Difference, UnmanagedDifference, unmanaged};

/// Compares what is with what is to be.
///
/// # Errors
/// Renames that cannot be meant: an old name and a new one that are both live, while the file declares only the new.
pub fn diff(current: &Normalized, desired: &Normalized) -> Result<Changes, Vec<Problem>> {
    diff_over(current, desired, &Schema::default())
}

/// Compares as [`diff()`] does. `rewritten` has the views and triggers that the database rewrites when it does the
/// renames, under the names that they have before the change.
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

/// What differs still once a change is done: its renames are, so that an exchange of names is no difference.
pub fn remaining(current: &Normalized, desired: &Normalized) -> Changes {
    let ignores = &desired.schema().ignores;
    let wanted = managed(desired.schema(), ignores);
    let before = managed(current.schema(), ignores);
    compared(&before, &wanted, &rename::Renames::default(), &Schema::default())
}

/// The renames that [`diff()`] finds, one by one.
///
/// # Errors
/// As [`diff()`].
pub fn renames(current: &Normalized, desired: &Normalized) -> Result<Sequel, Vec<Problem>> {
    let ignores = &desired.schema().ignores;
    let before = managed(current.schema(), ignores);
    Ok(rename::resolve(&before, &managed(desired.schema(), ignores))?.sequel(&before))
}

fn compared(before: &Schema, wanted: &Schema, renames: &rename::Renames, rewritten: &Schema) -> Changes {
    let live = if renames.is_empty() { Cow::Borrowed(before) } else { Cow::Owned(rename::done(before, wanted, renames, rewritten)) };
    let tables = table::diff_tables(before, &live, wanted, renames).into_iter().map(Change::Table);
    let objects = tables.chain(change::of_others(before, &live, wanted)).collect();
    Changes { objects, lacking: unmanaged::lacking(&live, wanted) }
}

/// The differences between two lists of conditions: a domain's, which are compared as a whole elsewhere.
pub(crate) fn check_changes(current: &[crate::schema::Check], desired: &[crate::schema::Check]) -> Vec<Delta<crate::schema::Check>> {
    pairs::rule_deltas(current, desired, false)
}

/// A table that is to be changed though nothing of it differs.
pub(crate) fn untouched(live: &Table, after: &Table) -> TableEdits {
    table::compared(live, after)
}

/// Whether two states of a table are one, foreign keys to a parent's key spelled out or not, indexes left aside.
pub(crate) fn is_same_table(a: &Table, b: &Table) -> bool {
    table::is_same(a, b)
}

/// The schema without what an `ignore` covers. A trigger goes with its table.
fn managed<'s>(schema: &'s Schema, ignores: &[Ignore]) -> Cow<'s, Schema> {
    if ignores.is_empty() {
        return Cow::Borrowed(schema);
    }
    let covers = |kind: &str, name: &ObjectName| ignores.iter().any(|i| i.covers(kind, name));
    let mut kept = schema.clone();
    kept.retain(|kind, head| !covers(kind.word(), &head.name));
    for table in kept.tables.values_mut() {
        let schema = &table.head.name.schema;
        table.indexes.retain(|name, _| !covers("index", &ObjectName { schema: schema.clone(), name: name.clone() }));
    }
    kept.triggers.retain(|_, t| {
        let on = t.table.clone().map(ObjectName::bare);
        !on.is_some_and(|on| covers("table", &on) || covers("view", &on))
    });
    Cow::Owned(kept)
}
