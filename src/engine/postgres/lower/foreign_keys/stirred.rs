//! Foreign keys that do not differ but must be re-created, because their columns or the key that they reference change.

use std::collections::BTreeSet;

use super::super::super::default_name;
use super::super::tables::Altered;
use super::super::{LoweringContext, logging};
use super::{Alters, Child};
use crate::diff::Delta;
use crate::plan::{Code, Hazard, Level};
use crate::schema::{ForeignKey, Ident, Table};

/// Returns why a live foreign key must be re-created, if so: its columns change, or the key that it references.
pub(super) fn why_stirred(
    context: &LoweringContext<'_>,
    alters: &Alters<'_, '_>,
    own: Option<&Altered<'_>>,
    child: &Child<'_>,
    live: &ForeignKey,
) -> Option<String> {
    let at = child.live.foreign_keys.iter().position(|f| f == live)?;
    let fk = child.before.foreign_keys.get(at)?;
    if let Some(column) = own.and_then(|t| fk.columns.iter().find(|c| t.stirs(c))) {
        return Some(format!("column {column} changes"));
    }
    let parent = alters.get(&context.names.key(&fk.table))?;
    let name = &parent.edits.after.name;
    if own.is_some_and(|t| logging::is_circle(context, &t.edits, &parent.edits)) {
        return Some(format!("{} and {name} reference each other, and both change whether they are logged", child.after.name));
    }
    let to = target(fk, &parent.edits.before);
    if let Some(column) = to.iter().find(|c| parent.stirs(c)) {
        return Some(format!("column {column} of {name} changes"));
    }
    loses_key(parent, &to).then(|| format!("the key of {name} changes"))
}

/// Returns the columns that a foreign key references.
pub(super) fn target(fk: &ForeignKey, parent: &Table) -> Vec<Ident> {
    let key = || parent.primary_key.iter().flat_map(|k| &k.parts).map(|p| p.column.clone()).collect();
    if fk.to.is_empty() { key() } else { fk.to.clone() }
}

/// Reports a foreign key of an unmanaged table that cannot be re-created because the key that it references
/// is dropped.
pub(super) fn left_without_key(context: &LoweringContext<'_>, alters: &Alters<'_, '_>, child: &Table, fk: &ForeignKey) -> Option<Hazard> {
    let parent = &alters.get(&context.names.key(&fk.table))?.edits;
    let to: BTreeSet<Ident> = target(fk, &parent.before).into_iter().collect();
    let after = &parent.after;
    let key = after.primary_key.iter().map(|k| k.parts.iter().map(|p| p.column.clone()).collect());
    let uniques = after.uniques.iter().map(|u| u.parts.iter().map(|p| p.column.clone()).collect());
    let indexes = after.indexes.values().filter(|i| i.unique && i.predicate.is_none());
    let indexes = indexes.filter_map(|i| i.parts.iter().map(|p| p.column().cloned()).collect());
    if key.chain(uniques).chain(indexes).any(|columns: BTreeSet<Ident>| columns == to) {
        return None;
    }
    let name = fk.name.as_ref().map_or_else(|| default_name::foreign_key(&child.name, fk), ToString::to_string);
    let message = format!(
        "foreign key {name} of table {} references a key of {} that is dropped, but its table is not managed",
        child.name, after.name
    );
    let advice = "drop the foreign key first, or keep the key";
    Some(Hazard::new(Code::BreaksIgnored, Level::Blocks, after.address(), message, advice))
}

/// Returns whether a key over exactly these columns is dropped.
fn loses_key(parent: &Altered<'_>, to: &[Ident]) -> bool {
    let same = |columns: &mut dyn Iterator<Item = &Ident>| columns.collect::<BTreeSet<_>>() == to.iter().collect::<BTreeSet<_>>();
    let before = &parent.edits.before;
    let key = before.primary_key.iter().any(|k| same(&mut k.parts.iter().map(|p| &p.column)));
    let index = |i: &crate::schema::Index| i.unique && same(&mut i.parts.iter().filter_map(|p| p.column()));
    let unique = before.uniques.iter().any(|u| same(&mut u.parts.iter().map(|p| &p.column)));
    (key && parent.rules.keys.iter().any(|op| op.gone().is_some()))
        || (unique && parent.rules.uniques.iter().any(|op| op.gone().is_some()))
        || parent.edits.indexes.iter().filter_map(Delta::before).any(index)
}
