//! Compares unmanaged objects by name and digest. An entry in the file follows its table through renames and
//! is removed with it. Nothing here changes the database.

use std::collections::BTreeMap;

use super::Changes;
use crate::schema::{AnyKind, DefinedKind, Head, Ident, Kind, Names, ObjectName, Schema, Table, Unmanaged};

/// How an unmanaged object differs from its entry in the schema file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Difference {
    /// It is in both, but its definition is not the one that the file recorded.
    Changed,
    /// It is in the database but not in the file.
    Undeclared,
    /// It is in the file but not in the database.
    Missing,
}

impl Difference {
    /// Returns the word for it in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Difference::Changed => "changed",
            Difference::Undeclared => "undeclared",
            Difference::Missing => "missing",
        }
    }
}

/// An unmanaged object that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct UnmanagedDifference {
    /// How it differs.
    pub difference: Difference,
    /// `function`, `policy`, …
    pub kind: AnyKind,
    /// The name.
    pub name: String,
}

/// The names after renames, taken from the `was` of a schema in which objects have their new names.
struct Renamed<'s>(&'s Schema);

impl Renamed<'_> {
    fn new_name(&self, name: &ObjectName, is_one: fn(Kind) -> bool) -> ObjectName {
        let declared = self.0.has(is_one, name);
        let called = |head: &Head| head.name.schema == name.schema && head.was.contains(&name.name);
        let mut all = self.0.heads_of(is_one).map(|(_, head)| head);
        let found = if declared { None } else { all.find(|head| called(head)) };
        found.map_or_else(|| name.clone(), |head| head.name.clone())
    }
}

impl Renamed<'_> {
    /// Returns the new name of an index whose table is not known.
    fn index_anywhere(&self, name: &ObjectName) -> ObjectName {
        let in_schema = self.0.tables.values().filter(|t| t.name.schema == name.schema);
        let found = in_schema.filter_map(|t| new_index_name(t, &name.name)).next();
        found.map_or_else(|| name.clone(), |index| name.renamed(index))
    }
}

/// Returns the new name of an index, or of a constraint that has one, if the table renames it.
fn new_index_name(table: &Table, name: &Ident) -> Option<Ident> {
    let indexes = table.indexes.values().map(|i| (Some(&i.name), &i.was));
    let uniques = table.uniques.iter().map(|u| (u.name.as_ref(), &u.was));
    let all = || indexes.clone().chain(uniques.clone()).chain(table.exclusions.iter().map(|e| (e.name.as_ref(), &e.was)));
    let declared = all().any(|(own, _)| own == Some(name));
    all().find(|(_, was)| !declared && was.contains(name)).and_then(|(own, _)| own.cloned())
}

impl Names for Renamed<'_> {
    fn relation(&self, name: &ObjectName) -> ObjectName {
        let found = self.new_name(name, Kind::is_relation);
        if found != *name { found } else { self.index_anywhere(name) }
    }

    fn index(&self, relation: &ObjectName, name: &Ident) -> Ident {
        self.0.tables.get(relation).and_then(|t| new_index_name(t, name)).unwrap_or_else(|| name.clone())
    }

    fn column(&self, relation: &ObjectName, name: &Ident) -> Ident {
        let Some(table) = self.0.tables.get(relation).filter(|t| !t.columns.contains_key(name)) else { return name.clone() };
        table.columns.values().find(|c| c.was.contains(name)).map_or_else(|| name.clone(), |c| c.name.clone())
    }

    fn ty(&self, name: &ObjectName) -> ObjectName {
        self.new_name(name, Kind::is_type)
    }
}

/// Returns the unmanaged objects of one side by their identity after the renames.
fn by_identity<'s>(side: &'s Schema, wanted: &Schema) -> BTreeMap<(AnyKind, String), Vec<&'s Unmanaged>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    side.unmanaged.iter().for_each(|u| found.entry(u.key(&Renamed(wanted))).or_default().push(u));
    found
}

/// Both sides, matched.
struct Matched<'s> {
    live: &'s Schema,
    wanted: &'s Schema,
    /// The objects in the database by identity. There may be several: two roles may have granted the same
    /// privilege.
    there: BTreeMap<(AnyKind, String), Vec<&'s Unmanaged>>,
}

impl<'s> Matched<'s> {
    fn of(live: &'s Schema, wanted: &'s Schema) -> Self {
        Matched { live, wanted, there: by_identity(live, wanted) }
    }

    fn key(&self, unmanaged: &Unmanaged) -> (AnyKind, String) {
        unmanaged.key(&Renamed(self.wanted))
    }

    /// Returns the entries of the file that the database lacks. A table that is listed as unmanaged may be
    /// one that rosey can read. What partitions inherit from their table is not listed for them.
    fn missing(&self) -> impl Iterator<Item = &'s Unmanaged> {
        let readable = |u: &Unmanaged| u.kind == Kind::Table && self.live.tables.keys().any(|t| t.name.matches(&u.name));
        let passed_on = |u: &Unmanaged| u.kind == DefinedKind::Trigger && u.relation().is_some_and(|r| self.is_partition(&r));
        self.wanted.unmanaged.iter().filter(move |u| !self.there.contains_key(&self.key(u)) && !readable(u) && !passed_on(u))
    }

    fn is_partition(&self, relation: &ObjectName) -> bool {
        self.live.unmanaged.iter().any(|u| u.is_partition() && u.name == relation.to_string())
    }

    /// Returns whether an entry of the file and the live object with the same identity are equal, as far as
    /// their definitions can be compared.
    fn is_alike(&self, line: &Unmanaged, there: &Unmanaged) -> bool {
        let definition = || line.digest.is_none() || there.digest.is_none() || line.digest == there.digest;
        line.setting() == there.setting() && (definition() || self.is_renamed(there))
    }

    /// Returns whether its relation, or a column of its relation, is about to be renamed: the definition
    /// contains their names, so the apply changes its digest.
    fn is_renamed(&self, there: &Unmanaged) -> bool {
        let Some(live) = there.relation() else { return false };
        let wanted = Renamed(self.wanted).relation(&live);
        let tables = self.live.tables.get(&live).zip(self.wanted.tables.get(&wanted));
        let goes = |column: &Ident, new: &Table| !new.columns.contains_key(column) && new.columns.values().any(|c| c.was.contains(column));
        live != wanted || tables.is_some_and(|(old, new)| old.columns.keys().any(|c| goes(c, new)))
    }

    /// Returns whether it belongs to a table that the file does not declare: it is dropped with that table,
    /// or was dropped before.
    fn goes_along(&self, unmanaged: &Unmanaged) -> bool {
        let Some(relation) = unmanaged.relation().map(|r| Renamed(self.wanted).relation(&r)) else { return false };
        let wanted = self.wanted;
        let is_table = |u: &Unmanaged| u.kind.is_table() && u.name == relation.to_string();
        let declared = wanted.has(Kind::is_relation, &relation);
        !declared && !wanted.unmanaged.iter().any(is_table) && !self.is_ignored_relation(&relation)
    }

    fn is_ignored_relation(&self, relation: &ObjectName) -> bool {
        Kind::ALL.iter().any(|k| k.has_rows() && self.wanted.ignores(*k, relation))
    }

    /// Returns whether the file ignores it or the relation that it belongs to.
    fn is_ignored(&self, unmanaged: &Unmanaged) -> bool {
        let relation = unmanaged.relation();
        let name = unmanaged.name.split('(').next().unwrap_or_default();
        let own = ObjectName::bare(Ident::new(name, crate::schema::Case::Exact));
        self.wanted.ignores(&unmanaged.kind, &own) || relation.is_some_and(|r| self.is_ignored_relation(&r))
    }
}

/// Returns the entries that the database lacks and that make an apply refuse. Entries of a schema that a
/// database had, partitions, which may be added and dropped, and properties of tables are not included.
pub(super) fn lacking(live: &Schema, wanted: &Schema) -> Vec<(AnyKind, String)> {
    if wanted.unmanaged.is_empty() || wanted.names_are_exact {
        return Vec::new();
    }
    let matched = Matched::of(live, wanted);
    let demanded = |u: &&Unmanaged| !u.is_partition() && !u.is_property() && !matched.goes_along(u);
    matched.missing().filter(demanded).map(|u| (u.kind.clone(), u.name.clone())).collect()
}

/// Returns all unmanaged objects that differ, sorted. What depends on a table that the file does not declare
/// is dropped with that table.
pub fn unmanaged(live: &Schema, wanted: &Schema) -> Vec<UnmanagedDifference> {
    if live.unmanaged.is_empty() && wanted.unmanaged.is_empty() {
        return Vec::new();
    }
    let matched = Matched::of(live, wanted);
    let one = |difference: Difference, u: &Unmanaged| UnmanagedDifference { difference, kind: u.kind.clone(), name: u.name.clone() };
    let mut found: Vec<UnmanagedDifference> =
        matched.missing().filter(|u| !u.is_partition()).map(|u| one(Difference::Missing, u)).collect();
    let said = by_identity(wanted, wanted);
    for (identity, lines) in &said {
        let Some(there) = matched.there.get(identity) else { continue };
        let lost = lines.iter().any(|l| !there.iter().any(|t| matched.is_alike(l, t)));
        found.extend(there.first().filter(|_| lost).map(|t| one(Difference::Changed, t)));
    }
    for there in &live.unmanaged {
        match said.get(&matched.key(there)) {
            Some(lines) if !lines.iter().any(|l| matched.is_alike(l, there)) => found.push(one(Difference::Changed, there)),
            Some(_) => {}
            None => {
                let of_partition = there.is_partition() || there.relation().is_some_and(|r| matched.is_partition(&r));
                if !of_partition && !matched.goes_along(there) && !matched.is_ignored(there) {
                    found.push(one(Difference::Undeclared, there));
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Returns the same for a plan, without those for which an apply is refused, which its steps name.
pub(crate) fn beside(changes: &Changes, live: &Schema, wanted: &Schema) -> Vec<UnmanagedDifference> {
    let mut found = unmanaged(live, wanted);
    let lacking = |d: &UnmanagedDifference| changes.lacking.iter().any(|(kind, name)| *kind == d.kind && *name == d.name);
    found.retain(|d| d.difference != Difference::Missing || !lacking(d));
    found
}
