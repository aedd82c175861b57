//! What all parts of the lowering need: the two schemas, the facts, the names of resources, and the types
//! that are re-created.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::super::facts::Facts;
use super::super::inspect::ident;
use super::super::names::Names;
use super::super::words::{calls, reads, words};
use super::super::{default_name, renamed_types, types as pg_types};
use super::aside::Asides;
use super::definitions;
use super::ground::{domains_of, ground};
use super::types::{self, Moved};
use crate::diff::{Change, Changes, TableChange};
use crate::plan::{Footprint, Resource};
use crate::schema::{Case, Ident, Kind, ObjectName, Schema, Type};

/// The live and the desired schema, and what is known about them.
pub(super) struct LoweringContext<'a> {
    pub(super) changes: &'a Changes,
    pub(super) current: &'a Schema,
    pub(super) desired: &'a Schema,
    pub(super) facts: &'a Facts,
    pub(super) online: bool,
    pub(super) names: Names,
    /// The types that are re-created, by their new names.
    pub(super) moved: BTreeMap<String, Moved>,
    /// The types and sequences that are dropped.
    pub(super) dropped: BTreeSet<Resource>,
    /// The row types of the tables that are dropped.
    pub(super) dropped_rows: BTreeSet<Resource>,
    /// The objects that SQL defines as a whole and that are dropped and re-created.
    pub(super) replaced: BTreeSet<Resource>,
    /// Types that are only renamed: old and new.
    pub(super) renamed_types: BTreeMap<String, String>,
    /// The temporary names of live objects whose names other objects take.
    pub(super) asides: Asides,
    /// See [`LoweringContext::is_kept`].
    kept: OnceCell<BTreeSet<String>>,
    /// See [`LoweringContext::is_carried`].
    carried: OnceCell<BTreeSet<String>>,
    /// See [`LoweringContext::is_grouped`].
    grouped: OnceCell<BTreeSet<String>>,
}

impl<'a> LoweringContext<'a> {
    pub(super) fn new(changes: &'a Changes, current: &'a Schema, desired: &'a Schema, facts: &'a Facts, online: bool) -> Self {
        let names = Names::new(facts.default_schema.clone());
        let (moved, renamed_types, dropped) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let dropped_rows = changes.tables().filter_map(|c| if let TableChange::Drop(t) = c { Some(&t.name) } else { None });
        let dropped_rows = dropped_rows.map(|name| Resource::Type(names.key(name))).collect();
        let mut context = LoweringContext {
            changes,
            current,
            desired,
            facts,
            online,
            names,
            moved,
            dropped,
            replaced: BTreeSet::new(),
            dropped_rows,
            renamed_types,
            asides: Asides::new(),
            kept: OnceCell::new(),
            carried: OnceCell::new(),
            grouped: OnceCell::new(),
        };
        context.dropped = context.dropped();
        let replaced = changes.definitions().filter(|d| definitions::is_re_created(d)).filter_map(|d| d.before());
        context.replaced = replaced.map(|d| definitions::resource(&context.names, d.kind, &d.name)).collect();
        context.renamed_types = renamed_types::renamed(changes, &context.names);
        context.moved = types::moved(&context);
        context
    }

    fn dropped(&self) -> BTreeSet<Resource> {
        let dropped = self.changes.objects.iter().filter(|c| c.after().is_none());
        let resource = |c: &Change| match c.kind() {
            Kind::Enum | Kind::Domain => Some(self.ty(&c.head().name)),
            Kind::Sequence => Some(self.relation(&c.head().name)),
            Kind::Defined(kind) => Some(definitions::resource(&self.names, kind, &c.head().name)),
            _ => None,
        };
        dropped.filter_map(resource).collect()
    }

    /// Returns the name of a live relation while the steps run.
    pub(super) fn at_run(&self, live: &ObjectName) -> ObjectName {
        match self.asides.get(&self.relation(live)) {
            Some(temporary) => self.names.sibling(live, temporary),
            None => live.clone(),
        }
    }

    /// Returns the same in SQL.
    pub(super) fn now(&self, live: &ObjectName) -> String {
        self.names.sql(&self.at_run(live))
    }

    /// Returns the name of a live enum or domain in SQL while the steps run.
    pub(super) fn type_now(&self, live: &ObjectName) -> String {
        let temporary = self.asides.get(&self.ty(live)).map(|t| self.names.sibling(live, t));
        self.names.sql(temporary.as_ref().unwrap_or(live))
    }

    /// Returns the name of a live constraint while the steps run.
    pub(super) fn constraint_now<'n>(&'n self, table: &ObjectName, name: &'n str) -> &'n str {
        self.asides.get(&self.constraint(table, name)).map_or(name, Ident::as_str)
    }

    /// Returns the resource of a constraint's name, which is unique in its table.
    pub(super) fn constraint(&self, table: &ObjectName, name: &str) -> Resource {
        Resource::Constraint { table: self.names.key(table), name: name.to_owned() }
    }

    /// Returns the resource of a table, view, sequence or index: they share one namespace.
    pub(super) fn relation(&self, name: &ObjectName) -> Resource {
        Resource::Relation(self.names.key(name))
    }

    /// Returns the resource of a table's columns: dependents that read them are dropped before they change.
    pub(super) fn shape(&self, name: &ObjectName) -> Resource {
        Resource::Shape(self.names.key(name))
    }

    /// Returns the resource of an enum or domain.
    pub(super) fn ty(&self, name: &ObjectName) -> Resource {
        Resource::Type(self.names.key(name))
    }

    /// Adds what an object needs to be created in a schema: the schema, and extensions, which may contain
    /// types and functions.
    pub(super) fn comes(&self, footprint: &mut Footprint, name: &ObjectName) {
        footprint.needs.push(Resource::Schema(self.names.schema(name).to_string()));
        footprint.needs.push(Resource::ExtensionsReady);
    }

    /// Adds what an object frees when it is dropped from a schema: the schema, and the extensions that it may
    /// have used.
    pub(super) fn goes(&self, footprint: &mut Footprint, name: &ObjectName) {
        footprint.frees.push(Resource::Schema(self.names.schema(name).to_string()));
        footprint.frees.push(Resource::ExtensionsUnused);
        footprint.frees.extend(self.moved.keys().map(|key| Resource::OldType(key.to_string())));
    }

    /// Does the same for an enum or domain: the old version of a domain over it must be dropped before it.
    pub(super) fn type_goes(&self, footprint: &mut Footprint, name: &ObjectName) {
        self.goes(footprint, name);
        let over = |key: &str| {
            let live = self.renamed_types.iter().find(|(_, new)| *new == key).map_or(key, |(old, _)| old);
            let domain = self.current.domains.values().find(|d| self.names.key(&d.name) == live);
            domain.is_some_and(|d| {
                let under = pg_types::named(&ground(self, self.current, &d.ty), &self.names).map(|(key, _)| key);
                under == Some(self.names.key(name))
                    || domains_of(self, self.current, &d.ty).iter().any(|b| self.names.same(&b.domain.name, name))
            })
        };
        footprint.frees.retain(|r| !matches!(r, Resource::OldType(key) if over(key)));
    }

    /// Returns the names of the types that are re-created, new and live, without their schemas.
    pub(super) fn moved_names(&self) -> BTreeSet<String> {
        let bare = |key: &String| key.split_once('.').map_or(key.clone(), |(_, name)| name.to_owned());
        let live = self.renamed_types.iter().filter(|(_, new)| self.moved.contains_key(*new)).map(|(old, _)| bare(old));
        self.moved.keys().map(bare).chain(live).collect()
    }

    /// Returns the resource of a column's type, if the type has a name.
    pub(super) fn type_of(&self, ty: &Type) -> Option<Resource> {
        pg_types::named(ty, &self.names).map(|(key, _)| Resource::Type(key.to_string()))
    }

    /// Returns the types and sequences that a text names, and the routines that it calls.
    pub(super) fn named_in(&self, sql: &str) -> BTreeSet<Resource> {
        let found = words(sql);
        let both = [self.current, self.desired];
        let of = |name: &&ObjectName| found.contains(name.name.as_str());
        let types = both.iter().flat_map(|s| s.enums.keys().chain(s.domains.keys())).filter(of).map(|n| self.ty(n));
        let sequences = both.iter().flat_map(|s| s.sequences.keys()).filter(of).map(|n| self.relation(n));
        let called = calls(sql);
        let routines = both.iter().flat_map(|s| s.heads_of(Kind::is_routine));
        let routines = routines.filter(|(_, head)| called.contains(head.name.name.as_str()));
        let routines = routines.filter_map(|(kind, head)| match kind {
            Kind::Defined(kind) => Some(definitions::resource(&self.names, kind, &head.name)),
            _ => None,
        });
        types.chain(sequences).chain(routines).collect()
    }

    /// Returns whether an object that a new definition seems to name exists after the change. A dropped
    /// sequence does not: the word means something else, such as a column.
    pub(super) fn is_there_then(&self, named: &Resource) -> bool {
        !matches!(named, Resource::Relation(_) | Resource::Defined { .. }) || !self.dropped.contains(named)
    }

    /// Returns whether what a live definition names is dropped, for good or to be re-created.
    pub(super) fn goes_away(&self, named: &Resource) -> bool {
        self.dropped.contains(named) || self.replaced.contains(named)
    }

    /// Returns the names of the routines that are dropped and re-created, without their schemas.
    pub(super) fn replaced_names(&self) -> BTreeSet<String> {
        let deltas = self.changes.definitions().filter(|d| definitions::is_re_created(d));
        deltas.filter_map(|d| d.before()).filter(|d| Kind::from(d.kind).is_routine()).map(|d| d.name.name.to_string()).collect()
    }

    /// Returns the relations that a query reads.
    pub(super) fn read_by(&self, sql: &str) -> BTreeSet<String> {
        reads(sql).into_iter().map(|(schema, name)| self.names.key_of(schema.as_deref(), &name)).collect()
    }

    /// Returns whether the live table has rows that must not be locked for long.
    pub(super) fn is_busy(&self, live: &ObjectName) -> bool {
        self.online && self.facts.holds_rows(live)
    }

    /// Returns whether the change creates the table. Until then, another table may have its name.
    pub(super) fn is_new(&self, table: &ObjectName) -> bool {
        self.changes.tables().any(|c| matches!(c, TableChange::Create(t) if self.names.same(&t.name, table)))
    }

    /// Returns the live sequence of a serial or identity column.
    pub(super) fn sequence_of(&self, live: &ObjectName, column: &Ident) -> ObjectName {
        let known = self.facts.sequences.iter().find(|((t, c), _)| self.names.same(t, live) && c == column);
        known.map_or_else(
            || self.names.sibling(live, &Ident::new(default_name::sequence(live, column), Case::Exact)),
            |(_, sequence)| sequence.clone(),
        )
    }

    /// Returns whether another relation has the name after the plan: one that the schema names or ignores.
    pub(super) fn is_kept(&self, name: &ObjectName) -> bool {
        self.kept.get_or_init(|| self.kept_names()).contains(&self.names.key(name))
    }

    fn kept_names(&self) -> BTreeSet<String> {
        let (now, then) = (self.current, self.desired);
        let mut names: BTreeSet<String> =
            then.heads().filter(|(kind, _)| kind.is_relation()).map(|(_, head)| self.names.key(&head.name)).collect();
        let mut add = |of: &ObjectName, name: &Ident| names.extend([self.names.key(&self.names.sibling(of, name))]);
        for table in then.tables.values() {
            table.indexes.keys().for_each(|i| add(&table.name, i));
            let uniques = table.uniques.iter().filter_map(|u| u.name.as_ref());
            let exclusions = table.exclusions.iter().filter_map(|e| e.name.as_ref());
            let keys = table.primary_key.iter().filter_map(|k| k.name.as_ref());
            keys.chain(uniques).chain(exclusions).for_each(|n| add(&table.name, n));
        }
        then.indexes_of_views().for_each(|(view, index)| add(view, &index.name));
        for table in now.tables.values().filter(|t| then.ignores(Kind::Table, &t.name)) {
            add(&table.name, &table.name.name);
            table.indexes.keys().for_each(|i| add(&table.name, i));
        }
        for table in now.unmanaged.iter().filter(|u| u.kind.is_table()) {
            let (schema, name) = table.name.split_once('.').map_or((None, table.name.as_str()), |(s, n)| (Some(s), n));
            names.insert(self.names.key(&ObjectName::new(schema.map(ident), ident(name))));
        }
        names
    }

    /// Returns whether the name belongs to the index of a constraint or to the sequence of a column of a table that
    /// is renamed: they keep their names.
    pub(super) fn is_carried(&self, name: &ObjectName) -> bool {
        self.carried.get_or_init(|| self.carried_names()).contains(&self.names.key(name))
    }

    fn carried_names(&self) -> BTreeSet<String> {
        let edited = self.changes.tables().filter_map(|c| if let TableChange::Alter(edits) = c { Some(edits) } else { None });
        let mut names = BTreeSet::new();
        for edits in edited.filter(|edits| edits.live.name != edits.after.name) {
            let (live, after) = (&edits.live, &edits.after);
            let gone = edits.primary_key.iter().any(|d| d.after().is_none());
            let keys = live.primary_key.iter().filter(|_| !gone).map(|k| (&k.name, default_name::primary_key(&live.name, k)));
            let uniques = live.uniques.iter().filter(|_| !after.uniques.is_empty());
            let uniques = uniques.map(|u| (&u.name, default_name::unique(&live.name, u)));
            let exclusions = live.exclusions.iter().filter(|_| !after.exclusions.is_empty());
            let exclusions = exclusions.map(|e| (&e.name, default_name::exclusion(&live.name, e)));
            let named = keys.chain(uniques).chain(exclusions).map(|(given, usual)| given.as_ref().map_or(usual, Ident::to_string));
            names.extend(named.map(|n| self.names.key(&self.names.sibling(&live.name, &ident(&n)))));
            let counted = live.columns.values().filter(|c| c.ty.is_serial() || c.identity.is_some());
            names.extend(counted.map(|c| self.names.key(&self.sequence_of(&live.name, &c.name))));
        }
        names
    }

    /// Returns whether a view that is created or changed may group the rows of the table.
    pub(super) fn is_grouped(&self, table: &ObjectName) -> bool {
        self.grouped.get_or_init(|| self.grouped_tables()).contains(&self.names.key(table))
    }

    fn grouped_tables(&self) -> BTreeSet<String> {
        let changed: BTreeSet<(Kind, &ObjectName)> =
            self.changes.objects.iter().filter(|c| c.after().is_some()).map(|c| (c.kind(), &c.head().name)).collect();
        let views = self.desired.texts().filter(|(kind, head, _)| kind.is_view() && changed.contains(&(*kind, &head.name)));
        views.filter(|(.., query)| words(&query.text).contains("group")).flat_map(|(.., query)| self.read_by(&query.text)).collect()
    }

    /// Returns whether a live or desired relation has the name.
    pub(super) fn is_taken(&self, name: &ObjectName) -> bool {
        [self.current, self.desired].iter().any(|s| s.heads_of(Kind::is_relation).any(|(_, head)| self.names.same(&head.name, name)))
            || self.current.tables.values().any(|t| t.indexes.keys().any(|i| self.names.same(&self.names.sibling(&t.name, i), name)))
            || self.current.tables.values().any(|t| {
                super::rules::named(t)
                    .iter()
                    .any(|(rule, indexed)| *indexed && self.names.same(&self.names.sibling(&t.name, &ident(rule)), name))
            })
            || self
                .current
                .materialized_views
                .values()
                .any(|v| v.indexes.keys().any(|i| self.names.same(&self.names.sibling(&v.name, i), name)))
            || self.facts.sequences.values().any(|n| self.names.same(n, name))
            || self.current.tables.values().any(|t| {
                let mut counted = t.columns.values().filter(|c| c.ty.is_serial() || c.identity.is_some());
                counted.any(|c| self.names.same(&self.sequence_of(&t.name, &c.name), name))
            })
    }
}
