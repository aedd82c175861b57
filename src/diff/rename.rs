//! Renames: those that `was=` requests, and what the database changes elsewhere when it does them.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::change::rename_others;
use super::moves::{Declared, Moves, Names, Spare, moves, one_by_one};
use super::object::Object;
use crate::schema::{
    Body, Definition, Exchanged, Expr, Ident, IndexPart, Kind, ObjectName, Of, Part, PartKey, Problem, Schema, Span, Table, is_done,
};

/// The renames of one change, as if those of each kind were done at once, with old and new names.
#[derive(Debug, Default)]
pub(super) struct Renames {
    /// Old and new name.
    pub(super) tables: Vec<(ObjectName, ObjectName)>,
    /// The table's new name, the column's old name and its new one.
    pub(super) columns: Vec<(ObjectName, Ident, Ident)>,
    /// Old and new name.
    pub(super) sequences: Vec<(ObjectName, ObjectName)>,
    /// Whether objects without rows are renamed.
    bodies: bool,
    /// Whether each `was=` is known to be the object's current name, as in a rollback.
    exact: bool,
}

/// The renames of tables and columns one by one, in an order in which each name is free when it is taken.
/// Cycles use a temporary name, which is no longer in use at the end.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct OrderedRenames {
    /// Old and new names of tables.
    pub tables: Vec<(ObjectName, ObjectName)>,
    /// For each table, by its new name: old and new names of columns.
    pub columns: IndexMap<ObjectName, Vec<(Ident, Ident)>>,
}

impl OrderedRenames {
    /// Returns whether nothing is renamed.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.columns.is_empty()
    }
}

impl Renames {
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.columns.is_empty() && self.sequences.is_empty() && !self.bodies
    }

    /// Returns the renames of a table's columns, as if done at once; `table` is its new name.
    pub(super) fn of_table(&self, table: &ObjectName) -> Vec<(Ident, Ident)> {
        self.columns.iter().filter(|(t, _, _)| t == table).map(|(_, old, new)| (old.clone(), new.clone())).collect()
    }

    /// Returns the same, one by one.
    pub(super) fn ordered(&self, live: &Schema) -> OrderedRenames {
        let mut columns: IndexMap<ObjectName, Vec<(Ident, Ident)>> = IndexMap::new();
        for (table, old, new) in &self.columns {
            columns.entry(table.clone()).or_default().push((old.clone(), new.clone()));
        }
        for (name, pairs) in &mut columns {
            let old = self.tables.iter().find(|(_, new)| new == name).map_or(name, |(old, _)| old);
            *pairs = columns_one_by_one(pairs, |n| live.tables.get(old).is_some_and(|t| t.columns.contains_key(n)));
        }
        OrderedRenames { tables: tables_one_by_one(&self.tables, live), columns }
    }
}

/// Returns renames of columns one by one.
pub(super) fn columns_one_by_one(pairs: &[(Ident, Ident)], is_taken: impl Fn(&Ident) -> bool) -> Vec<(Ident, Ident)> {
    let Some((like, _)) = pairs.first() else { return Vec::new() };
    let mut spare = Spare::new(like.case(), |n: &Ident| is_taken(n) || pairs.iter().any(|(_, new)| new == n));
    one_by_one(pairs, || spare.name())
}

fn tables_one_by_one(pairs: &[(ObjectName, ObjectName)], live: &Schema) -> Vec<(ObjectName, ObjectName)> {
    let Some((like, _)) = pairs.first() else { return Vec::new() };
    let mut spare = Spare::new(like.name.case(), |n: &Ident| has_table(live, n) || pairs.iter().any(|(_, new)| new.name == *n));
    let mut spare = || like.renamed(spare.name());
    let ordered = one_by_one(pairs, &mut spare);
    // The case of a table's name cannot be changed in one step: SQLite reports that the table exists already.
    let respelled = |(old, new): (ObjectName, ObjectName)| match old == new {
        true => {
            let meanwhile = spare();
            vec![(old, meanwhile.clone()), (meanwhile, new)]
        }
        false => vec![(old, new)],
    };
    ordered.into_iter().flat_map(respelled).collect()
}

/// Returns whether a table in any schema has this name.
fn has_table(schema: &Schema, name: &Ident) -> bool {
    schema.tables.keys().any(|t| t.name == *name) || schema.hidden_names.contains(&name.as_str().to_lowercase())
}

/// Returns the renames that were found. A table that is dropped first gets a temporary name, so that its
/// dependents are not mistaken for those of its successor.
fn with_vacated(found: Moves, is_taken: impl Fn(&Ident) -> bool) -> Vec<(ObjectName, ObjectName)> {
    let mut pairs = found.pairs;
    let Some(like) = found.vacated.first() else { return pairs };
    let mut spare = Spare::new(like.name.case(), is_taken);
    pairs.extend(found.vacated.iter().map(|old| (old.clone(), old.renamed(spare.name()))));
    pairs
}

/// Returns the current schema after the renames, with the views and triggers that the database itself has
/// rewritten.
pub(super) fn done(before: &Schema, wanted: &Schema, renames: &Renames, rewritten: &Schema) -> Schema {
    let mut live = before.clone();
    apply(&mut live, renames);
    for (name, view) in &rewritten.views {
        live.views.entry(name.clone()).and_modify(|v| v.clone_from(view));
    }
    for definition in rewritten.definitions.values() {
        live.definitions.of_mut(definition.kind).entry(definition.name.clone()).and_modify(|d| d.clone_from(definition));
    }
    rename_others(&mut live, wanted);
    live.sequences = moved(std::mem::take(&mut live.sequences), &renames.sequences);
    live
}

/// Finds the renames that the file requests.
pub(super) fn resolve(live: &Schema, wanted: &Schema) -> Result<Renames, Vec<Problem>> {
    let bodies = wanted.heads().any(|(kind, head)| !kind.holds_values() && !head.was.is_empty());
    // A rollback specifies the current name of an object, whatever was done before.
    let nothing = Exchanged::new();
    let done = if wanted.names_are_exact { &nothing } else { &live.renames_done };
    let mut problems = Vec::new();
    let known = if wanted.names_are_exact { Names::Exact } else { Names::Remembered };
    let declared: Vec<Declared> = wanted.tables.values().map(|t| Declared::new(&t.name, &t.was)).collect();
    let tables = moves(live.tables.keys(), &declared, known, |old, new| {
        live.tables.get(new).is_some_and(|t| is_done(done, &t.address(), &old.name))
    });
    for (old, new) in &tables.both {
        let at = wanted.tables.get(new).and_then(|t| t.origin.0);
        problems.push(both_live("table", &old.name, &new.name, at));
    }
    let declared: Vec<Declared> = wanted.sequences.values().map(|s| Declared::new(&s.name, &s.was)).collect();
    let sequences = moves(live.sequences.keys(), &declared, known, |old, new| {
        live.sequences.get(new).is_some_and(|s| is_done(done, &s.address(), &old.name))
    });
    let sequences = with_vacated(sequences, |n| live.sequences.keys().any(|s| s.name == *n));
    let tables = with_vacated(tables, |n| has_table(live, n));
    let mut renames = Renames { tables, sequences, bodies, exact: wanted.names_are_exact, columns: Vec::new() };
    let olds: HashMap<ObjectName, ObjectName> = renames.tables.iter().map(|(old, new)| (new.clone(), old.clone())).collect();
    let gone: HashSet<ObjectName> = olds.values().cloned().collect();
    for table in wanted.tables.values() {
        let old = match olds.get(&table.name) {
            Some(old) => old,
            // The object that has this name now is renamed.
            None if gone.contains(&table.name) => continue,
            None => &table.name,
        };
        if let Some(before) = live.tables.get(old) {
            resolve_columns(before, table, done, &mut renames, &mut problems);
        }
    }
    if problems.is_empty() { Ok(renames) } else { Err(problems) }
}

fn resolve_columns(before: &Table, after: &Table, done: &Exchanged, renames: &mut Renames, problems: &mut Vec<Problem>) {
    if after.columns.values().all(|c| c.was.is_empty()) {
        return;
    }
    let bare = |name: &Ident| ObjectName::bare(name.clone());
    let exact = renames.exact;
    let declared =
        after.columns.values().map(|c| Declared { is_filled: c.backfill.is_some() && !exact, ..Declared::new(&bare(&c.name), &c.was) });
    let declared: Vec<Declared> = declared.collect();
    let there: Vec<ObjectName> = before.columns.values().map(|c| bare(&c.name)).collect();
    let address = before.address();
    let known = if exact { Names::Exact } else { Names::Remembered };
    let found = moves(there.iter(), &declared, known, |old, new| {
        let column = before.columns.get(&new.name).map(|c| address.child(Part::Column, &c.name));
        column.is_some_and(|column| is_done(done, &column, &old.name))
    });
    for (old, new) in &found.both {
        let at = after.columns.get(&new.name).and_then(|c| c.origin.0);
        problems.push(both_live("column", &old.name, &new.name, at));
    }
    let pairs = with_vacated(found, |n| before.columns.contains_key(n) || after.columns.contains_key(n));
    renames.columns.extend(pairs.into_iter().map(|(old, new)| (after.name.clone(), old.name, new.name)));
}

fn both_live(kind: &str, old: &Ident, new: &Ident, at: Option<Span>) -> Problem {
    Problem::new(format!("{kind} `{new}` is declared as a rename of `{old}`, but the database has both"), at, "ambiguous").help(format!(
        "to keep both, declare `{old}` as well; to drop `{old}` and keep `{new}`, remove was={old}; to drop `{new}` and give its \
         name to `{old}`, first rename `{new}` (declare a {kind} with was={new}), then drop it in a later apply"
    ))
}

/// Re-keys objects without rows by their new names, so that each is compared with its successor. The object
/// keeps its old name, which is the difference. Objects that are already as desired are not moved.
pub(super) fn rekey<T: Object + Body>(live: &mut IndexMap<ObjectName, T>, wanted: &IndexMap<ObjectName, T>) {
    if wanted.values().all(|o| o.was.is_empty() || o.kind().holds_values()) {
        return;
    }
    let declared: Vec<Declared> = wanted.values().map(|o| Declared::new(&o.name, &o.was)).collect();
    let fits = |name: &ObjectName| live.get(name).zip(wanted.get(name)).is_some_and(|(live, wanted)| live.is_like(wanted));
    let pairs = moves(live.keys(), &declared, Names::Remembered, |_, new| fits(new)).pairs;
    *live = moved(std::mem::take(live), &pairs);
}

/// Returns the objects under their new keys. An object that keeps a key that another one takes must be
/// removed by the caller.
fn moved<T>(live: IndexMap<ObjectName, T>, pairs: &[(ObjectName, ObjectName)]) -> IndexMap<ObjectName, T> {
    if pairs.is_empty() {
        return live;
    }
    let new = |name: &ObjectName| pairs.iter().find(|(old, _)| old == name).map_or_else(|| name.clone(), |(_, new)| new.clone());
    live.into_iter().map(|(name, object)| (new(&name), object)).collect()
}

/// Does the renames on the current schema as `ALTER TABLE … RENAME` does them: references to renamed objects
/// follow.
fn apply(live: &mut Schema, renames: &Renames) {
    let ordered = renames.ordered(live);
    for (old, new) in &ordered.tables {
        if let Some(mut table) = live.tables.shift_remove(old) {
            table.name = new.clone();
            live.tables.insert(new.clone(), table);
        }
        let pointing = live.tables.values_mut().flat_map(|t| &mut t.foreign_keys).filter(|f| f.table == *old);
        pointing.for_each(|f| f.table = new.clone());
        rename_in_bodies(live, &old.name, &new.name);
    }
    for (table, columns) in &ordered.columns {
        for (old, new) in columns {
            if let Some(t) = live.tables.get_mut(table) {
                rename_column(t, old, new);
            }
            // The database stores the column itself, and shows it under its new name.
            let follows = |d: &&mut Definition| d.follows_columns() && d.table.as_ref() == Some(table);
            live.definitions.values_mut().filter(follows).for_each(|d| d.body.rename(old, new));
            let pointing = live.tables.values_mut().flat_map(|t| &mut t.foreign_keys).filter(|f| f.table == *table);
            pointing.flat_map(|f| &mut f.to).filter(|c| *c == old).for_each(|c| *c = new.clone());
        }
    }
}

fn rename_in_bodies(live: &mut Schema, old: &Ident, new: &Ident) {
    let bodies = live.texts_mut().filter(|(kind, ..)| *kind != Kind::VirtualTable);
    bodies.for_each(|(_, _, text)| text.rename(old, new));
    for table in live.definitions.values_mut().filter_map(|d| d.table.as_mut()).filter(|t| t.name == *old) {
        table.name = new.clone();
    }
    let is_on = |name: &ObjectName| name.on().is_some_and(|on| on.relation == *old);
    if live.definitions.values().any(|d| is_on(&d.name)) {
        live.rename_each(|_, name| {
            if let Of::Relation(on) = &mut name.of
                && on.relation == *old
            {
                on.relation = new.clone();
            }
        });
    }
}

fn rename_column(table: &mut Table, old: &Ident, new: &Ident) {
    let columns = std::mem::take(&mut table.columns);
    for (name, mut column) in columns {
        let name = if name == *old { new.clone() } else { name };
        column.name = name.clone();
        if let Some(generated) = &mut column.generated {
            generated.expr.rename(old, new);
        }
        table.columns.insert(name, column);
    }
    let swap = |c: &mut Ident| {
        if c == old {
            *c = new.clone();
        }
    };
    let swap_expr = |e: &mut Expr| e.rename(old, new);
    table.primary_key.iter_mut().flat_map(|k| &mut k.parts).for_each(|p| swap(&mut p.column));
    for unique in &mut table.uniques {
        unique.parts.iter_mut().for_each(|p| swap(&mut p.column));
        unique.include.iter_mut().for_each(swap);
    }
    table.foreign_keys.iter_mut().flat_map(|f| &mut f.columns).for_each(swap);
    if let Some(key) = &mut table.primary_key {
        key.include.iter_mut().for_each(swap);
    }
    table.checks.iter_mut().for_each(|c| swap_expr(&mut c.expr));
    let swap_part = |part: &mut IndexPart| match &mut part.key {
        PartKey::Column(c) => swap(c),
        PartKey::Expr(e) => swap_expr(e),
    };
    for exclusion in &mut table.exclusions {
        exclusion.parts.iter_mut().for_each(|(part, _)| swap_part(part));
        exclusion.predicate.iter_mut().for_each(swap_expr);
        exclusion.include.iter_mut().for_each(swap);
    }
    for index in table.indexes.values_mut() {
        index.parts.iter_mut().for_each(swap_part);
        index.predicate.iter_mut().for_each(swap_expr);
        index.include.iter_mut().for_each(swap);
    }
}
