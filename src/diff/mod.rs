//! Two normalised schemas → changes. Pure: no database, no opinion about what a change costs.
//!
//! All rules of equality are normalisation's; here equal means equal. Renames are resolved first, on a copy of the
//! current schema, as the database itself will do them, so that what depends on a renamed column is no difference.

mod attribute;
mod delta;
mod moves;
mod object;
mod pairs;
mod rename;
mod table;
mod unmanaged;

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::schema::{
    Address, Domain, EnumType, Extension, Ignore, MaterializedView, Namespace, Normalized, ObjectName, Problem, Schema, Sequence, Table,
    Trigger, View, VirtualTable,
};

pub use attribute::Attribute;
pub use delta::{Delta, Edit};
pub use object::Object;
pub(crate) use object::show_default;
pub use rename::Sequel;
pub use table::{TableChange, TableEdits};
pub(crate) use unmanaged::beside;
pub use unmanaged::{Difference, UnmanagedDifference, unmanaged};

/// All differences between two schemas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// Tables, with their columns, keys, constraints and indexes.
    pub tables: Vec<TableChange>,
    /// Views.
    pub views: Vec<Delta<View>>,
    /// Triggers.
    pub triggers: Vec<Delta<Trigger>>,
    /// Virtual tables.
    pub virtual_tables: Vec<Delta<VirtualTable>>,
    /// PostgreSQL's schemas.
    pub namespaces: Vec<Delta<Namespace>>,
    /// Extensions.
    pub extensions: Vec<Delta<Extension>>,
    /// Enum types.
    pub enums: Vec<Delta<EnumType>>,
    /// Domains.
    pub domains: Vec<Delta<Domain>>,
    /// Sequences.
    pub sequences: Vec<Delta<Sequence>>,
    /// Materialised views.
    pub materialized_views: Vec<Delta<MaterializedView>>,
    /// What the file declares as unmanaged and the database lacks: kind and name.
    pub lacking: Vec<(String, String)>,
}

impl Changes {
    /// The address of each object that differs, before and after: a missing side where it comes or goes. The one walk over
    /// all kinds, so that a new kind cannot be forgotten in one of them.
    pub fn pairs(&self) -> Vec<(Option<Address>, Option<Address>)> {
        fn of<T>(deltas: &[Delta<T>], address: impl Fn(&T) -> Address) -> impl Iterator<Item = (Option<Address>, Option<Address>)> {
            deltas.iter().map(move |d| (d.before().map(&address), d.after().map(&address)))
        }
        let table = |t: &TableChange| match t {
            TableChange::Create(t) => (None, Some(t.address())),
            TableChange::Drop(t) => (Some(t.address()), None),
            TableChange::Alter(e) => {
                let old = e.renamed_from.as_ref().map_or_else(|| e.before.address(), |old| Address::top("table", old));
                (Some(old), Some(e.after.address()))
            }
        };
        let tables = self.tables.iter().map(table);
        tables
            .chain(of(&self.views, View::address))
            .chain(of(&self.triggers, Trigger::address))
            .chain(of(&self.virtual_tables, VirtualTable::address))
            .chain(of(&self.namespaces, Namespace::address))
            .chain(of(&self.extensions, Extension::address))
            .chain(of(&self.enums, EnumType::address))
            .chain(of(&self.domains, Domain::address))
            .chain(of(&self.sequences, Sequence::address))
            .chain(of(&self.materialized_views, MaterializedView::address))
            .collect()
    }

    /// Whether one object is dropped and another one takes its name.
    pub fn replaces(&self, address: &Address) -> bool {
        let named = |name: &ObjectName| name.name.as_str() == address.last();
        let dropped = |t: &TableChange| matches!(t, TableChange::Drop(t) if named(&t.name) && t.address() == *address);
        let taken = |t: &TableChange| !matches!(t, TableChange::Drop(_)) && named(&t.table().name) && t.table().address() == *address;
        let sequence = |s: &Sequence| named(&s.name) && s.address() == *address;
        (self.tables.iter().any(dropped) && self.tables.iter().any(taken))
            || (self.sequences.iter().any(|d| matches!(d, Delta::Drop(s) if sequence(s)))
                && self.sequences.iter().any(|d| d.after().is_some_and(sequence)))
    }

    /// What differs, each once.
    pub fn addresses(&self) -> BTreeSet<Address> {
        let lacking = self.lacking.iter().map(|(kind, name)| Address::top(kind, name));
        self.pairs().into_iter().filter_map(|(before, after)| after.or(before)).chain(lacking).collect()
    }

    /// True where the schemas are equal.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
            && self.views.is_empty()
            && self.triggers.is_empty()
            && self.virtual_tables.is_empty()
            && self.namespaces.is_empty()
            && self.extensions.is_empty()
            && self.enums.is_empty()
            && self.domains.is_empty()
            && self.sequences.is_empty()
            && self.materialized_views.is_empty()
            && self.lacking.is_empty()
    }
}

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
    Changes {
        tables: table::diff_tables(before, &live, wanted, renames),
        views: delta::with_respelled(
            delta::as_they_were(delta::deltas(&live.views, &wanted.views), &before.views, |v| &v.name),
            &live.views,
            &wanted.views,
            |v| (&v.name, &v.was),
        ),
        triggers: delta::with_respelled(
            delta::as_they_were(delta::deltas(&live.triggers, &wanted.triggers), &before.triggers, |t| &t.name),
            &live.triggers,
            &wanted.triggers,
            |t| (&t.name, &t.was),
        ),
        virtual_tables: delta::deltas(&live.virtual_tables, &wanted.virtual_tables),
        namespaces: delta::deltas(&live.namespaces, &wanted.namespaces),
        extensions: delta::deltas(&live.extensions, &wanted.extensions),
        enums: delta::deltas(&live.enums, &wanted.enums),
        domains: delta::deltas(&live.domains, &wanted.domains),
        sequences: delta::deltas(&live.sequences, &wanted.sequences),
        materialized_views: delta::deltas(&live.materialized_views, &wanted.materialized_views),
        lacking: unmanaged::lacking(&live, wanted),
    }
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
