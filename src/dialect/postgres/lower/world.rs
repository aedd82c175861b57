//! What all parts of the lowering look at: the two schemas, the facts, the names of resources, and the types that are
//! made anew.

use std::collections::{BTreeMap, BTreeSet};

use super::super::facts::Facts;
use super::super::names::Names;
use super::super::words::{reads, words};
use super::super::{default_name, types as pg_types};
use super::types::{self, Moved};
use crate::diff::Changes;
use crate::plan::Footprint;
use crate::schema::{Case, Ident, ObjectName, Schema, Type};

/// The two states and what is known about them.
pub(super) struct World<'a> {
    pub(super) changes: &'a Changes,
    pub(super) current: &'a Schema,
    pub(super) desired: &'a Schema,
    pub(super) facts: &'a Facts,
    pub(super) online: bool,
    pub(super) names: Names,
    /// The types that are made anew, by their new names.
    pub(super) moved: BTreeMap<String, Moved>,
    /// The types and sequences that go.
    pub(super) dropped: BTreeSet<String>,
    /// Types that only get another name: old and new.
    pub(super) renamed_types: BTreeMap<String, String>,
}

impl<'a> World<'a> {
    pub(super) fn new(changes: &'a Changes, current: &'a Schema, desired: &'a Schema, facts: &'a Facts, online: bool) -> Self {
        let names = Names::new(facts.default_schema.clone());
        let (moved, renamed_types, dropped) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut world = World { changes, current, desired, facts, online, names, moved, dropped, renamed_types };
        world.dropped = world.dropped();
        world.renamed_types = types::renamed(&world);
        world.moved = types::moved(&world);
        world
    }

    fn dropped(&self) -> BTreeSet<String> {
        let gone = |name: Option<&ObjectName>| name.map(|n| self.ty(n));
        let enums = self.changes.enums.iter().filter(|d| d.after().is_none()).map(|d| gone(d.before().map(|e| &e.name)));
        let domains = self.changes.domains.iter().filter(|d| d.after().is_none()).map(|d| gone(d.before().map(|d| &d.name)));
        let sequences = self.changes.sequences.iter().filter(|d| d.after().is_none());
        let sequences = sequences.map(|d| d.before().map(|s| self.relation(&s.name)));
        enums.chain(domains).chain(sequences).flatten().collect()
    }

    /// The resource of a table, view, sequence or index: they share one namespace.
    pub(super) fn relation(&self, name: &ObjectName) -> String {
        format!("relation:{}", self.names.key(name))
    }

    /// The resource that a table's columns are: who reads them goes before they change.
    pub(super) fn shape(&self, name: &ObjectName) -> String {
        format!("shape:{}", self.names.key(name))
    }

    /// The resource of an enum or domain.
    pub(super) fn ty(&self, name: &ObjectName) -> String {
        format!("type:{}", self.names.key(name))
    }

    /// What comes into a schema needs it, and extensions, which may bring types and functions.
    pub(super) fn comes(&self, footprint: &mut Footprint, name: &ObjectName) {
        footprint.needs.push(format!("schema:{}", self.names.schema(name)));
        footprint.needs.push("extensions:ready".to_owned());
    }

    /// What goes from a schema frees it, and the extensions that it may have used.
    pub(super) fn goes(&self, footprint: &mut Footprint, name: &ObjectName) {
        footprint.frees.push(format!("schema:{}", self.names.schema(name)));
        footprint.frees.push("extensions:unused".to_owned());
        footprint.frees.extend(self.moved.keys().map(|key| format!("aside:{key}")));
    }

    /// The resource of the type that a column has, if it has a name.
    pub(super) fn type_of(&self, ty: &Type) -> Option<String> {
        pg_types::named(ty, &self.names).map(|(key, _)| format!("type:{key}"))
    }

    /// The types and sequences that a text names.
    pub(super) fn named_in(&self, sql: &str) -> BTreeSet<String> {
        let found = words(sql);
        let both = [self.current, self.desired];
        let of = |name: &&ObjectName| found.contains(name.name.as_str());
        let types = both.iter().flat_map(|s| s.enums.keys().chain(s.domains.keys())).filter(of).map(|n| self.ty(n));
        let sequences = both.iter().flat_map(|s| s.sequences.keys()).filter(of).map(|n| self.relation(n));
        types.chain(sequences).collect()
    }

    /// The relations that a query reads.
    pub(super) fn read_by(&self, sql: &str) -> BTreeSet<String> {
        reads(sql).into_iter().map(|(schema, name)| self.names.key_of(schema.as_deref(), &name)).collect()
    }

    /// Whether the live table holds rows that must not be locked for long.
    pub(super) fn is_busy(&self, live: &ObjectName) -> bool {
        self.online && self.facts.holds_rows(live)
    }

    /// The live sequence behind a serial or identity column.
    pub(super) fn sequence_of(&self, live: &ObjectName, column: &Ident) -> ObjectName {
        let known = self.facts.sequences.iter().find(|((t, c), _)| self.names.same(t, live) && c == column);
        known.map_or_else(
            || self.names.sibling(live, &Ident::new(default_name::sequence(live, column), Case::Exact)),
            |(_, sequence)| sequence.clone(),
        )
    }

    /// Whether a live or wanted relation has the name.
    pub(super) fn is_taken(&self, name: &ObjectName) -> bool {
        [self.current, self.desired].iter().any(|s| {
            let own = [s.tables.keys().collect::<Vec<_>>(), s.views.keys().collect(), s.sequences.keys().collect()];
            own.into_iter().flatten().chain(s.materialized_views.keys()).any(|n| self.names.same(n, name))
        }) || self.facts.sequences.values().any(|n| self.names.same(n, name))
    }
}
