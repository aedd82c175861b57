//! The differences of tables, part by part.

use indexmap::IndexMap;

use super::delta::{Delta, Edit, deltas};
use super::moves::{Declared, Names, moves};
use super::object::{Object, table_options};
use super::pairs::{altered_rule, rule_deltas};
use super::rename::{Renames, columns_one_by_one};
use crate::schema::{Check, Column, Exclusion, ForeignKey, Ident, Index, ObjectName, PartKey, PrimaryKey, Schema, Table, Unique};

/// A table that is created, dropped or altered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // a plan holds few of them
#[non_exhaustive]
pub enum TableChange {
    /// It does not exist yet.
    Create(Table),
    /// It is no longer declared.
    Drop(Table),
    /// It exists and differs.
    Alter(Box<TableEdits>),
}

impl TableChange {
    /// Returns the desired table, or the current one if it is dropped.
    pub fn table(&self) -> &Table {
        match self {
            TableChange::Create(t) | TableChange::Drop(t) => t,
            TableChange::Alter(edits) => &edits.after,
        }
    }

    /// Returns the current table, under its old names; none if it is created.
    pub fn before(&self) -> Option<&Table> {
        match self {
            TableChange::Create(_) => None,
            TableChange::Drop(t) => Some(t),
            TableChange::Alter(edits) => Some(&edits.live),
        }
    }

    /// Returns the desired table; none if it is dropped.
    pub fn after(&self) -> Option<&Table> {
        match self {
            TableChange::Create(t) => Some(t),
            TableChange::Drop(_) => None,
            TableChange::Alter(edits) => Some(&edits.after),
        }
    }

    /// Returns the attributes of the table itself that differ.
    pub fn edits(&self) -> &[Edit] {
        match self {
            TableChange::Create(_) | TableChange::Drop(_) => &[],
            TableChange::Alter(edits) => &edits.options,
        }
    }
}

/// All differences in one table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableEdits {
    /// The current table, under its old names.
    pub live: Table,
    /// The current table, under its new names.
    pub before: Table,
    /// The desired table, with existing columns in their live order and new ones last.
    pub after: Table,
    /// The old name, if it is renamed.
    pub renamed_from: Option<ObjectName>,
    /// The temporary name that it has in between, if tables exchange names in a cycle.
    pub renamed_via: Option<ObjectName>,
    /// Old and new names of renamed columns, as if done at once. [`TableEdits::column_renames`] orders them.
    pub renamed_columns: Vec<(Ident, Ident)>,
    /// Old and new names of renamed indexes, as if done at once. [`TableEdits::index_renames`] orders them.
    pub renamed_indexes: Vec<(Ident, Ident)>,
    /// Columns that are added, dropped or altered.
    pub columns: Vec<Delta<Column>>,
    /// The primary key.
    pub primary_key: Option<Delta<PrimaryKey>>,
    /// UNIQUE constraints.
    pub uniques: Vec<Delta<Unique>>,
    /// CHECK constraints.
    pub checks: Vec<Delta<Check>>,
    /// Foreign keys.
    pub foreign_keys: Vec<Delta<ForeignKey>>,
    /// Exclusion constraints.
    pub exclusions: Vec<Delta<Exclusion>>,
    /// Indexes.
    pub indexes: Vec<Delta<Index>>,
    /// The table's own attributes.
    pub options: Vec<Edit>,
}

impl TableEdits {
    /// Returns the desired column for a live name; `None` if it is dropped.
    pub(crate) fn column_after(&self, live: &Ident) -> Option<&Column> {
        let new = self.renamed_columns.iter().find(|(old, _)| old == live).map_or(live, |(_, new)| new);
        self.after.columns.get(new)
    }

    /// Returns whether nothing differs.
    pub fn is_empty(&self) -> bool {
        !self.changes_table() && self.indexes.is_empty() && self.renamed_indexes.is_empty() && !self.renames()
    }

    /// Returns whether the table or a column is renamed.
    pub fn renames(&self) -> bool {
        self.renamed_from.is_some() || !self.renamed_columns.is_empty()
    }

    /// Returns the renames of columns one by one, each to a name that is free by then. Cycles use a temporary
    /// name.
    pub fn column_renames(&self) -> Vec<(Ident, Ident)> {
        columns_one_by_one(&self.renamed_columns, |n| self.live.columns.contains_key(n))
    }

    /// Returns the same for indexes; `is_taken` says which names must not be used as temporary ones.
    pub fn index_renames(&self, is_taken: impl Fn(&Ident) -> bool) -> Vec<(Ident, Ident)> {
        columns_one_by_one(&self.renamed_indexes, is_taken)
    }

    /// Returns the name of an existing column before the change.
    pub fn old_column<'n>(&'n self, new: &'n Ident) -> &'n Ident {
        self.renamed_columns.iter().find(|(_, n)| n == new).map_or(new, |(old, _)| old)
    }

    /// Returns the name of a live column after the change.
    pub(crate) fn new_column<'n>(&'n self, old: &'n Ident) -> &'n Ident {
        self.renamed_columns.iter().find(|(o, _)| o == old).map_or(old, |(_, new)| new)
    }

    /// Returns a dropped column as it is in the live table, where it may still have another name.
    pub fn dropped<'c>(&'c self, column: &'c Column) -> &'c Column {
        self.live.columns.get(self.old_column(&column.name)).unwrap_or(column)
    }

    /// Returns whether the table itself changes, beyond names and indexes.
    pub fn changes_table(&self) -> bool {
        !self.columns.is_empty()
            || self.primary_key.is_some()
            || !self.uniques.is_empty()
            || !self.checks.is_empty()
            || !self.foreign_keys.is_empty()
            || !self.exclusions.is_empty()
            || !self.options.is_empty()
    }
}

pub(super) fn diff_tables(before: &Schema, live: &Schema, wanted: &Schema, renames: &Renames) -> Vec<TableChange> {
    let mut changes = Vec::new();
    let ordered = renames.ordered(before);
    for (name, after) in &wanted.tables {
        match live.tables.get(name) {
            None => changes.push(TableChange::Create(after.clone())),
            Some(current) => {
                let renamed_from = renames.tables.iter().find(|(_, new)| new == name).map(|(old, _)| old.clone());
                let original = before.tables.get(renamed_from.as_ref().unwrap_or(name)).unwrap_or(current);
                let mut edits = diff_table(original, current, after, renamed_from, renames, wanted.names_are_exact);
                edits.renamed_via = edits.renamed_from.as_ref().and_then(|old| through(old, &edits.after.name, &ordered.tables));
                if !edits.is_empty() {
                    changes.push(TableChange::Alter(Box::new(edits)));
                }
            }
        }
    }
    let gone = live.tables.iter().filter(|(name, _)| !wanted.tables.contains_key(*name));
    // A table whose name another table takes is dropped under its current name.
    let original = |name: &ObjectName| renames.tables.iter().find(|(_, new)| new == name).and_then(|(old, _)| before.tables.get(old));
    changes.extend(gone.map(|(name, t)| TableChange::Drop(original(name).unwrap_or(t).clone())));
    changes
}

/// Returns the temporary name of a table between its old name and its new one.
fn through(old: &ObjectName, new: &ObjectName, ordered: &[(ObjectName, ObjectName)]) -> Option<ObjectName> {
    let (_, first) = ordered.iter().find(|(from, _)| from == old)?;
    (first != new).then(|| first.clone())
}

fn diff_table(
    live: &Table,
    before: &Table,
    after: &Table,
    renamed_from: Option<ObjectName>,
    renames: &Renames,
    exact_names: bool,
) -> TableEdits {
    let renamed_columns = renames.of_table(&after.name);
    let mut old_indexes = before.indexes.clone();
    let renamed_indexes = rename_indexes(&mut old_indexes, after);
    let mut arranged = if exact_names { in_live_order(before, spelled(before, after)) } else { arrange(before, after) };
    for (_, new) in &renamed_indexes {
        // Use the spelling of the file.
        arranged.indexes.entry(new.clone()).and_modify(|i| i.name = new.clone());
    }
    let primary_key = match (&before.primary_key, &after.primary_key) {
        (None, None) => None,
        (None, Some(key)) => Some(Delta::Create(key.clone())),
        (Some(key), None) => Some(Delta::Drop(key.clone())),
        (Some(old), Some(new)) => altered_rule(old, new, exact_names),
    };
    TableEdits {
        live: live.clone(),
        renamed_from,
        renamed_via: None,
        renamed_columns,
        renamed_indexes,
        columns: deltas(&before.columns, &after.columns),
        primary_key,
        uniques: rule_deltas(&before.uniques, &after.uniques, exact_names),
        checks: rule_deltas(&before.checks, &after.checks, exact_names),
        foreign_keys: rule_deltas(&before.foreign_keys, &after.foreign_keys, exact_names),
        exclusions: rule_deltas(&before.exclusions, &after.exclusions, exact_names),
        indexes: deltas(&old_indexes, &after.indexes),
        options: table_options(before, after),
        before: before.clone(),
        after: arranged,
    }
}

/// Compares two versions of a table without renames.
pub(super) fn compared(live: &Table, after: &Table) -> TableEdits {
    diff_table(live, live, after, None, &Renames::default(), false)
}

/// Keeps existing columns in their live order and puts new ones last, in the order of the file: the order of
/// columns is never a difference.
fn in_live_order(before: &Table, mut table: Table) -> Table {
    let kept = before.columns.keys().filter_map(|name| table.columns.get(name));
    let new = table.columns.values().filter(|c| !before.columns.contains_key(&c.name));
    table.columns = kept.chain(new).map(|c| (c.name.clone(), c.clone())).collect();
    table
}

/// Keeps live names if the file specifies none, and the live spelling if it differs only in case.
fn arrange(before: &Table, after: &Table) -> Table {
    let mut arranged = in_live_order(before, spelled(before, after));
    if let (Some(new), Some(old)) = (&mut arranged.primary_key, &before.primary_key) {
        new.name = new.name.take().or_else(|| old.name.clone());
    }
    for check in &mut arranged.checks {
        let same = || before.checks.iter().find(|c| c.expr == check.expr).and_then(|c| c.name.clone());
        check.name = check.name.take().or_else(same);
    }
    for unique in &mut arranged.uniques {
        let same = || before.uniques.iter().find(|u| u.parts == unique.parts).and_then(|u| u.name.clone());
        unique.name = unique.name.take().or_else(same);
    }
    for fk in &mut arranged.foreign_keys {
        let same = || before.foreign_keys.iter().find(|f| f.columns == fk.columns && f.table == fk.table).and_then(|f| f.name.clone());
        fk.name = fk.name.take().or_else(same);
    }
    for exclusion in &mut arranged.exclusions {
        let same = || before.exclusions.iter().find(|e| e.parts == exclusion.parts).and_then(|e| e.name.clone());
        exclusion.name = exclusion.name.take().or_else(same);
    }
    arranged
}

/// Spells the table like the live one, as case is not a difference if names compare without case.
fn spelled(before: &Table, after: &Table) -> Table {
    let mut table = after.clone();
    let respell = |name: &mut Ident| {
        if let Some((live, _)) = before.columns.get_key_value(name) {
            *name = live.clone().at(name.origin());
        }
    };
    table.name = before.name.clone();
    for column in table.columns.values_mut() {
        respell(&mut column.name);
    }
    table.primary_key.iter_mut().flat_map(|k| &mut k.parts).for_each(|p| respell(&mut p.column));
    table.uniques.iter_mut().flat_map(|u| &mut u.parts).for_each(|p| respell(&mut p.column));
    for fk in &mut table.foreign_keys {
        fk.columns.iter_mut().for_each(respell);
        if let Some(live) = before.foreign_keys.iter().find(|f| f.columns == fk.columns && f.table == fk.table) {
            fk.table = live.table.clone();
            if fk.to == live.to {
                fk.to.clone_from(&live.to);
            }
        }
    }
    for index in table.indexes.values_mut() {
        if let Some((live, _)) = before.indexes.get_key_value(&index.name) {
            index.name = live.clone().at(index.name.origin());
        }
        for part in &mut index.parts {
            if let PartKey::Column(column) = &mut part.key {
                respell(column);
            }
        }
    }
    table
}

/// Re-keys indexes by their new names and returns the renames. An index that is already as desired is not
/// renamed: nothing else shows whether two indexes have swapped names.
fn rename_indexes(old: &mut IndexMap<Ident, Index>, after: &Table) -> Vec<(Ident, Ident)> {
    if after.indexes.values().all(|i| i.was.is_empty()) {
        return Vec::new();
    }
    let bare = |name: &Ident| ObjectName::bare(name.clone());
    let declared: Vec<Declared> = after.indexes.values().map(|i| Declared::new(&bare(&i.name), &i.was)).collect();
    let live: Vec<ObjectName> = old.values().map(|i| bare(&i.name)).collect();
    let is_like = |name: &Ident| old.get(name).zip(after.indexes.get(name)).is_some_and(|(a, b)| Index::edits(a, b).is_empty());
    let pairs: Vec<(Ident, Ident)> = moves(live.iter(), &declared, Names::Remembered, |_, new| is_like(&new.name))
        .pairs
        .into_iter()
        .map(|(o, n)| (o.name, n.name))
        .collect();
    let renamed = |name: &Ident| pairs.iter().find(|(o, _)| o == name).map_or_else(|| name.clone(), |(_, new)| new.clone());
    let moved = std::mem::take(old).into_iter().map(|(name, index)| (renamed(&name), index));
    *old = moved.map(|(name, index)| (name.clone(), Index { name, ..index })).collect();
    pairs
}

/// Returns whether only indexes differ. A foreign key without referenced columns is compared without them, as
/// they are only known with the whole schema.
pub(super) fn is_same(before: &Table, after: &Table) -> bool {
    let (mut a, mut b) = (before.clone(), after.clone());
    for (x, y) in [(&mut a, &b.clone()), (&mut b, before)] {
        for fk in &mut x.foreign_keys {
            let implied = y.foreign_keys.iter().any(|f| f.columns == fk.columns && f.table == fk.table && f.to.is_empty());
            if implied {
                fk.to.clear();
            }
        }
    }
    !diff_table(&a, &a, &b, None, &Renames::default(), false).changes_table()
}
