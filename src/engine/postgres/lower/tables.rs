//! Tables: those that are created or dropped, and what is determined about altered ones before their
//! statements are generated.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::super::names::quote;
use super::super::{ddl, default_name};
use super::retype::{self, Retyped, live_column};
use super::rules::{Rules, live_names, rules};
use super::{LoweringContext, columns, foreign_keys, later};
use crate::diff::{TableChange, TableEdits};
use crate::engine::advice::rename_or_ignore;
use crate::plan::{Action, Code, Hazard, Level, Probe, Resource, Statement, Step};
use crate::schema::{Case, Column, Ident, Table};

/// A table that is altered.
pub(super) struct Altered<'a> {
    pub(super) edits: Cow<'a, TableEdits>,
    pub(super) retyped: Vec<Retyped>,
    pub(super) recreated: BTreeSet<Ident>,
    pub(super) rules: Rules,
    /// The names of the types that are re-created.
    pub(super) moved_names: BTreeSet<String>,
    /// Whether it has rows.
    pub(super) rows: bool,
    /// Whether it has rows and no client may have to wait for a scan of them.
    pub(super) busy: bool,
    /// Whether a view that is created or changed reads it and groups its rows.
    pub(super) grouped: bool,
    /// Whether live foreign keys reference it.
    pub(super) referenced: bool,
    /// The live name in SQL, for queries before the plan runs.
    pub(super) old: String,
    /// The name in SQL when its step begins.
    pub(super) now: String,
    /// The new name in SQL.
    pub(super) new: String,
}

impl Altered<'_> {
    /// Returns `ALTER TABLE` with the name that it has when its step begins.
    pub(super) fn before(&self, what: &str) -> Statement {
        Statement::new(format!("ALTER TABLE {} {what}", self.now))
    }

    /// Returns `ALTER TABLE` with the new name.
    pub(super) fn after(&self, what: &str) -> Statement {
        Statement::new(format!("ALTER TABLE {} {what}", self.new))
    }

    /// Returns whether the column changes its type or is re-created.
    pub(super) fn stirs(&self, column: &Ident) -> bool {
        self.recreated.contains(column) || self.retyped.iter().any(|r| r.column == *column)
    }

    /// Returns the columns, by their live names, that no view may read during the change.
    pub(super) fn disturbed(&self) -> BTreeSet<&Ident> {
        let dropped = self.edits.before.columns.keys().filter(|c| !self.edits.after.columns.contains_key(*c));
        let recreated = self.recreated.iter().filter(|c| self.edits.before.columns.contains_key(*c));
        let retyped = self.retyped.iter().map(|r| &r.live);
        dropped.chain(recreated).map(|c| live_column(&self.edits, c)).chain(retyped).collect()
    }

    /// Returns the live column, by its new name.
    pub(super) fn column(&self, column: &Ident) -> Option<&Column> {
        self.edits.before.columns.get(column)
    }
}

/// Returns all tables that are altered, and those with a column whose type is re-created.
pub(super) fn altered<'a>(context: &LoweringContext<'a>) -> Vec<Altered<'a>> {
    let declared = context.changes.tables().filter_map(|c| match c {
        TableChange::Alter(edits) => Some(Cow::Borrowed(&**edits)),
        _ => None,
    });
    let changed: BTreeSet<String> = context.changes.tables().map(|c| context.names.key(live_name(c))).collect();
    let others = context.current.tables.values().filter(|t| !changed.contains(&context.names.key(&t.name)));
    let any = !context.moved.is_empty() || !context.renamed_types.is_empty();
    let same = others.filter(|_| any).map(|t| Cow::Owned(untouched(t, context.desired.tables.get(&t.name))));
    let all = declared.chain(same).map(|edits| analysed(context, edits));
    let is_touched = |a: &Altered<'_>| {
        let named = || texts(&a.edits.live).iter().any(|t| retype::names_moved(context, t));
        !a.edits.is_empty() || !a.retyped.is_empty() || !a.recreated.is_empty() || named()
    };
    all.filter(is_touched).collect()
}

fn live_name(change: &TableChange) -> &crate::schema::ObjectName {
    match change {
        TableChange::Create(t) | TableChange::Drop(t) => &t.name,
        TableChange::Alter(edits) => &edits.live.name,
    }
}

/// Returns the edits of a table without differences.
fn untouched(live: &Table, wanted: Option<&Table>) -> TableEdits {
    let mut after = live.clone();
    if let Some(wanted) = wanted {
        after.columns = live.columns.keys().filter_map(|c| Some((c.clone(), wanted.columns.get(c)?.clone()))).collect::<IndexMap<_, _>>();
    }
    TableEdits {
        live: live.clone(),
        before: live.clone(),
        after,
        renamed_from: None,
        renamed_via: None,
        renamed_columns: Vec::new(),
        renamed_indexes: Vec::new(),
        columns: Vec::new(),
        primary_key: None,
        uniques: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
        exclusions: Vec::new(),
        indexes: Vec::new(),
        options: Vec::new(),
    }
}

fn analysed<'a>(context: &LoweringContext<'a>, edits: Cow<'a, TableEdits>) -> Altered<'a> {
    let retyped = retype::retyped(context, &edits);
    let recreated = retype::recreated(context, &edits, &retyped);
    let stirred: BTreeSet<Ident> = retyped.iter().flat_map(|r| [r.column.clone(), r.live.clone()]).collect();
    let types = context.moved_names();
    let stirred: BTreeSet<Ident> = stirred.into_iter().chain(types.iter().map(|n| Ident::new(n.as_str(), Case::Exact))).collect();
    let again: BTreeSet<Ident> = recreated.iter().flat_map(|c| [c.clone(), live_column(&edits, c).clone()]).collect();
    // The names of its own constraints are distinguished from the others.
    let own = live_names(&edits);
    let is_relation = |name: &str| {
        let whole = context.names.sibling(&edits.after.name, &Ident::new(name, Case::Exact));
        context.is_kept(&whole) || (!own.contains(name) && context.is_carried(&whole))
    };
    let rules = rules(&edits, &stirred, &again, &is_relation);
    let (old, new) = (context.names.sql(&edits.live.name), context.names.sql(&edits.after.name));
    let now = context.now(&edits.live.name);
    let (rows, busy) = (context.facts.holds_rows(&edits.live.name), context.is_busy(&edits.live.name));
    let mut keys = context.current.tables.values().flat_map(|t| &t.foreign_keys);
    let referenced = keys.any(|f| context.names.same(&f.table, &edits.live.name));
    let grouped = context.is_grouped(&edits.after.name);
    Altered { edits, retyped, recreated, rules, moved_names: types, rows, busy, grouped, referenced, old, now, new }
}

pub(super) fn lower(context: &LoweringContext<'_>, alters: &[Altered<'_>]) -> Vec<Step> {
    let mut steps = Vec::new();
    for change in context.changes.tables() {
        match change {
            TableChange::Create(table) => steps.push(create(context, table)),
            TableChange::Drop(table) => steps.push(destroy(context, table)),
            TableChange::Alter(_) => {}
        }
    }
    for table in alters {
        let now = super::alter::step(context, table);
        let mut after = later::steps(context, table);
        // Even if everything can wait, the rows must be counted.
        if let (None, Some(first)) = (&now, after.first_mut()) {
            super::alter::counted(context, table, first);
        }
        steps.extend(now.into_iter().chain(after));
    }
    steps
}

fn create(context: &LoweringContext<'_>, declared: &Table) -> Step {
    let table = &under_free_names(context, declared);
    let name = context.names.sql(&table.name);
    let mut statements = vec![Statement::new(ddl::create_table(table, &context.names))];
    statements.extend(ddl::after_table(table, &context.names).into_iter().map(Statement::new));
    for index in table.indexes.values() {
        statements.push(Statement::new(ddl::create_index(index, Some(&index.name), &table.name, false, &context.names)));
    }
    statements.extend(columns::serial_options(context, table));
    statements.extend(comments(context, table, &name));
    let mut step = Step::new(table.address(), Action::Create, statements);
    step.footprint.creates.push(context.relation(&table.name));
    step.footprint.creates.extend(table.indexes.keys().map(|i| context.relation(&context.names.sibling(&table.name, i))));
    step.footprint.creates.extend(rule_relations(context, table));
    // A table is a type as well.
    step.footprint.creates.push(context.ty(&table.name));
    step.footprint.prefers = table.foreign_keys.iter().map(|f| context.relation(&f.table)).collect();
    // If another relation has a sequence's name, the server chooses a different name
    // once that relation exists.
    let sequences =
        counting(table).map(|c| context.sequence_of(&table.name, &c.name)).filter(|name| context.is_kept(name) || context.is_carried(name));
    let sequences: Vec<Resource> = sequences.map(|name| context.relation(&name)).collect();
    step.footprint.creates.retain(|name| !sequences.contains(name));
    step.footprint.prefers.extend(sequences);
    step.footprint.needs = needed(context, table).into_iter().filter(|r| context.is_there_then(r)).collect();
    context.comes(&mut step.footprint, &table.name);
    step
}

/// Returns the columns that create a sequence.
fn counting(table: &Table) -> impl Iterator<Item = &Column> {
    table.columns.values().filter(|c| c.ty.is_serial() || c.identity.is_some())
}

/// Returns the table with a name for each constraint whose default name another relation has or gets: the
/// server would choose a free name only if that relation already existed.
fn under_free_names(context: &LoweringContext<'_>, table: &Table) -> Table {
    let mut named = table.clone();
    let is_kept = |n: &str| {
        let whole = context.names.sibling(&table.name, &Ident::new(n, Case::Exact));
        context.is_kept(&whole) || context.is_carried(&whole)
    };
    let mut given: BTreeSet<String> = BTreeSet::new();
    let mut name = |own: &mut Option<Ident>, default: String| {
        if own.is_none() && is_kept(&default) {
            let free = default_name::free(&default, |n| is_kept(n) || given.contains(n));
            given.insert(free.clone());
            *own = Some(Ident::new(free, Case::Exact));
        }
    };
    named.primary_key.iter_mut().for_each(|k| {
        let default = default_name::primary_key(&table.name, k);
        name(&mut k.name, default);
    });
    named.uniques.iter_mut().for_each(|u| {
        let default = default_name::unique(&table.name, u);
        name(&mut u.name, default);
    });
    named.exclusions.iter_mut().for_each(|e| {
        let default = default_name::exclusion(&table.name, e);
        name(&mut e.name, default);
    });
    named
}

/// Returns the indexes of primary keys, unique and exclusion constraints, and the sequences of serial and
/// identity columns: their names must be unique among all relations.
pub(super) fn rule_relations(context: &LoweringContext<'_>, table: &Table) -> Vec<Resource> {
    let called = |given: &Option<Ident>, default: String| given.as_ref().map_or(default, ToString::to_string);
    let key = table.primary_key.iter().map(|k| called(&k.name, default_name::primary_key(&table.name, k)));
    let uniques = table.uniques.iter().map(|u| called(&u.name, default_name::unique(&table.name, u)));
    let exclusions = table.exclusions.iter().map(|e| called(&e.name, default_name::exclusion(&table.name, e)));
    let relation = |name: String| context.relation(&context.names.sibling(&table.name, &Ident::new(name, Case::Exact)));
    let sequences = counting(table).map(|c| context.relation(&context.sequence_of(&table.name, &c.name)));
    key.chain(uniques).chain(exclusions).map(relation).chain(sequences).collect()
}

/// Returns the types and sequences that the table's columns and conditions name.
pub(super) fn needed(context: &LoweringContext<'_>, table: &Table) -> Vec<Resource> {
    let mut found: BTreeSet<Resource> = table.columns.values().filter_map(|c| context.type_of(&c.ty)).collect();
    found.extend(texts(table).iter().flat_map(|t| context.named_in(t)));
    found.remove(&context.relation(&table.name));
    found.into_iter().collect()
}

/// Returns all SQL in a table's definition.
fn texts(table: &Table) -> Vec<String> {
    let columns = table.columns.values();
    let defaults = columns.clone().filter_map(|c| c.default.as_ref()).map(|d| ddl::value(&d.value));
    let generated = columns.filter_map(|c| c.generated.as_ref()).map(|g| g.expr.text.clone());
    let checks = table.checks.iter().map(|c| c.expr.text.clone());
    let exclusions = table.exclusions.iter().map(ddl::exclusion);
    let indexes = table.indexes.values().flat_map(|i| {
        let parts = i.parts.iter().map(ToString::to_string);
        parts.chain(i.predicate.iter().map(|p| p.text.clone())).collect::<Vec<_>>()
    });
    defaults.chain(generated).chain(checks).chain(exclusions).chain(indexes).collect()
}

/// Returns all comments of a new table.
fn comments(context: &LoweringContext<'_>, table: &Table, name: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut say = |on: String, comment: &Option<String>| {
        if let Some(text) = comment {
            found.push(Statement::of_catalog(ddl::comment(&on, Some(text))));
        }
    };
    say(format!("TABLE {name}"), &table.comment);
    for column in table.columns.values() {
        say(format!("COLUMN {name}.{}", quote(column.name.as_str())), &column.comment);
    }
    for (rule, comment) in columns::rule_comments(table) {
        say(format!("CONSTRAINT {} ON {name}", quote(&rule)), &comment);
    }
    for index in table.indexes.values() {
        say(format!("INDEX {}", context.names.beside(&table.name, &index.name)), &index.comment);
    }
    found
}

fn destroy(context: &LoweringContext<'_>, table: &Table) -> Step {
    let name = context.names.sql(&table.name);
    let drop = Statement::of_catalog(format!("DROP TABLE {}", context.now(&table.name)));
    let mut step = Step::new(table.address(), Action::Destroy, vec![drop]);
    step.reason = "not declared in the schema".to_owned();
    let f = &mut step.footprint;
    f.drops = vec![context.relation(&table.name), context.shape(&table.name)];
    f.drops.extend(table.indexes.keys().map(|i| context.relation(&context.names.sibling(&table.name, i))));
    f.drops.extend(rule_relations(context, table));
    f.drops.push(context.ty(&table.name));
    // What it references has its live name: the table in the change follows renames.
    let live = context.current.tables.get(&table.name).unwrap_or(table);
    for fk in live.foreign_keys.iter().filter(|f| !foreign_keys::is_cut(context, live, f)) {
        f.frees.push(context.shape(&fk.table));
    }
    let own = context.shape(&table.name);
    f.frees.retain(|r| *r != own);
    f.frees.extend(needed(context, table).into_iter().filter(|r| context.dropped.contains(r)));
    f.frees.extend(row_types_dropped(context, live));
    context.goes(f, &table.name);
    step.rows_of = Some(name.clone());
    let message = format!("drops table {} ({{rows}})", table.name);
    let advice = how_to_keep(context, table);
    let mut hazard = Hazard::new(Code::DestroysTable, Level::Destroys, table.address(), message, advice);
    if context.facts.holds_rows(&table.name) {
        hazard = hazard.counted(Probe::Query(format!("SELECT count(*), NULL::bigint FROM {name}"))).reading([&name]);
    } else {
        hazard.count = Some(0);
    }
    step.hazards.push(hazard);
    step.locks.push(super::locks::exclusive(context, &table.name));
    step
}

/// Returns the altered tables by their new names.
pub(super) fn by_name<'t, 'a>(context: &LoweringContext<'_>, alters: &'t [Altered<'a>]) -> BTreeMap<String, &'t Altered<'a>> {
    alters.iter().map(|a| (context.names.key(&a.edits.after.name), a)).collect()
}

/// Returns the row types of dropped tables that columns of another table have: these columns go first.
pub(super) fn row_types_dropped(context: &LoweringContext<'_>, live: &Table) -> Vec<Resource> {
    let own = context.ty(&live.name);
    let types = live.columns.values().filter_map(|c| context.type_of(&c.ty));
    types.filter(|ty| *ty != own && context.dropped_rows.contains(ty)).collect()
}

/// Returns how to keep a table that is dropped. One that moved to another schema would be created empty there.
fn how_to_keep(context: &LoweringContext<'_>, table: &Table) -> String {
    let twin = |c: &&TableChange| matches!(c, TableChange::Create(t) if t.name.name == table.name.name);
    let Some(moved) = context.changes.tables().find(twin) else { return rename_or_ignore(&table.name.name) };
    let schema = context.names.schema(&moved.table().name);
    let sql = format!("ALTER TABLE {} SET SCHEMA {}", context.names.sql(&table.name), quote(schema.as_str()));
    format!("to move it to schema {schema} with its rows, run `{sql}` before the plan: rosey does not move tables between schemas")
}
