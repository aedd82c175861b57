//! What a busy table gets after the transaction, so that nobody waits for its rows: rules are validated, NOT NULL is set
//! by way of a condition, keys and indexes are built beside the writers
//! (<https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>). Every statement stands
//! for itself, and every step can be run again from its start.

use crate::diff::Attribute;
use std::collections::BTreeSet;

use super::super::names::quote;
use super::super::{ddl, default_name};
use super::indexes::{self, Fate, fates, may_wait};
use super::resource::Resource;
use super::rules::Op;
use super::tables::Altered;
use super::{World, done, locks};
use crate::plan::{Action, Statement, Step, Transaction, Work};
use crate::schema::{Case, Check, Column, Ident, Index, IndexPart, PartKey, PrimaryKey, Unique};

/// A key or unique rule, as far as its index goes.
pub(super) trait Key {
    fn name(&self) -> Option<&Ident>;
    fn words(&self) -> &'static str;
    fn index(&self, name: Ident) -> Index;
    fn deferrable(&self) -> &'static str;
    fn comment(&self) -> Option<&str>;
}

fn index(name: Ident, parts: &[crate::schema::KeyPart], include: &[Ident], nulls_not_distinct: bool) -> Index {
    let parts = parts.iter().map(|p| IndexPart::new(PartKey::Column(p.column.clone()))).collect();
    Index { unique: true, parts, include: include.to_vec(), nulls_not_distinct, ..Index::new(name) }
}

impl Key for PrimaryKey {
    fn name(&self) -> Option<&Ident> {
        self.name.as_ref()
    }
    fn words(&self) -> &'static str {
        "PRIMARY KEY"
    }
    fn index(&self, name: Ident) -> Index {
        index(name, &self.parts, &self.include, false)
    }
    fn deferrable(&self) -> &'static str {
        ddl::deferrable(self.deferrable)
    }
    fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }
}

impl Key for Unique {
    fn name(&self) -> Option<&Ident> {
        self.name.as_ref()
    }
    fn words(&self) -> &'static str {
        "UNIQUE"
    }
    fn index(&self, name: Ident) -> Index {
        index(name, &self.parts, &self.include, self.nulls_not_distinct)
    }
    fn deferrable(&self) -> &'static str {
        ddl::deferrable(self.deferrable)
    }
    fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }
}

/// Whether a key comes after the transaction. One that replaces another comes in it: a foreign key may hold on to the old
/// one.
pub(super) fn is_late<T: Key>(table: &Altered<'_>, op: &Op<T>) -> bool {
    let Op::Add { item } = op else { return false };
    table.busy && !hands_over(table, &item.index(table.edits.after.name.name.clone()))
}

/// Whether an index that comes waits until after the transaction.
pub(super) fn is_late_index(table: &Altered<'_>, index: &Index) -> bool {
    table.busy && !hands_over(table, index)
}

/// Whether a unique index or rule comes where the other kind goes, over the same columns: both at once, or rows could be
/// doubled in between.
pub(super) fn hands_over(table: &Altered<'_>, index: &Index) -> bool {
    let columns = |index: &Index| index.parts.iter().map(|p| p.column().cloned()).collect::<Option<Vec<Ident>>>();
    let live = &table.edits.live;
    let named = |name: &Ident| live.indexes.get(name).filter(|i| i.unique && !i.invalid);
    let going = fates(table).into_iter().filter_map(|fate| match fate {
        Fate::Goes(old) => named(old).and_then(columns),
        _ => None,
    });
    let dropped = |op: &Op<Unique>| match op {
        Op::Drop { name } => live.uniques.iter().find(|u| u.name.as_ref().is_some_and(|n| n.matches(name))),
        _ => None,
    };
    let rules = table.rules.uniques.iter().filter_map(dropped).filter_map(|u| columns(&u.index(table.edits.after.name.name.clone())));
    let wanted = columns(index);
    index.unique && wanted.is_some() && going.chain(rules).any(|c| Some(c) == wanted)
}

/// The column lists of the keys that come after the transaction.
pub(super) fn late_keys(table: &Altered<'_>) -> Vec<Vec<Ident>> {
    let keys = table.rules.keys.iter().filter(|op| is_late(table, op)).filter_map(Op::come).map(|k| &k.parts);
    let uniques = table.rules.uniques.iter().filter(|op| is_late(table, op)).filter_map(Op::come).map(|u| &u.parts);
    let rules = keys.chain(uniques).map(|parts| parts.iter().map(|p| p.column.clone()).collect());
    rules.chain(late_indexes(table)).collect()
}

/// The columns of unique indexes that come so late: a foreign key may point to them.
fn late_indexes(table: &Altered<'_>) -> Vec<Vec<Ident>> {
    let unique = |fate: Fate<'_>| match fate {
        Fate::Comes(i) if is_late_index(table, i) && i.unique => i.parts.iter().map(|p| p.column().cloned()).collect(),
        _ => None,
    };
    fates(table).into_iter().filter_map(unique).collect()
}

/// The condition that stands for NOT NULL until it has been validated; none where NOT NULL is set at once. A column that
/// counts must refuse NULL before it does, and one whose rows are written anew has been read by then.
pub(super) fn not_null_name(table: &Altered<'_>, before: &Column, after: &Column) -> Option<String> {
    let counts = after.identity.is_some() && before.identity.is_none();
    let written = table.retyped.iter().any(|r| r.rewrites);
    let base = || default_name::clip(&format!("rosey_nn_{}", after.name), 60).to_owned();
    let declared = super::rules::named(&table.edits.after);
    let is_taken = |n: &str| declared.iter().any(|(rule, _)| rule == n);
    (table.busy && !counts && !written).then(|| default_name::free(&base(), is_taken))
}

/// The steps after the transaction.
pub(super) fn steps(world: &World<'_>, table: &Altered<'_>) -> Vec<Step> {
    if !table.busy {
        return Vec::new();
    }
    let mut steps: Vec<Step> = validated(world, table).into_iter().chain(not_null(world, table)).collect();
    for op in table.rules.keys.iter().filter(|op| is_late(table, op)) {
        steps.extend(op.come().map(|k| key(world, table, k)));
    }
    for op in table.rules.uniques.iter().filter(|op| is_late(table, op)) {
        steps.extend(op.come().map(|u| key(world, table, u)));
    }
    for fate in fates(table) {
        steps.extend(match fate {
            Fate::Comes(i) if is_late_index(table, i) => {
                let mut step = build(world, table, i);
                if i.unique {
                    step.footprint.creates.push(Resource::Keys(world.names.key(&table.edits.after.name)).into());
                }
                Some(step)
            }
            Fate::Changes(old, i) if may_wait(world, table, old) => Some(swap(world, table, old, i)),
            // What an apply that was cut off has built for a key is dropped where that key's index is built.
            Fate::Goes(old) if may_wait(world, table, old) && !late_names(table).contains(old.as_str()) => Some(drop(world, table, old)),
            _ => None,
        });
    }
    steps
}

/// The names of the keys that come after the transaction.
pub(super) fn late_names(table: &Altered<'_>) -> BTreeSet<String> {
    let keys = table.rules.keys.iter().filter(|op| is_late(table, op)).filter_map(Op::come).map(Key::name);
    let uniques = table.rules.uniques.iter().filter(|op| is_late(table, op)).filter_map(Op::come).map(Key::name);
    keys.chain(uniques).flatten().map(ToString::to_string).collect()
}

fn later(world: &World<'_>, table: &Altered<'_>, statements: Vec<Statement>, why: &str, work: Work) -> Step {
    let mut step = Step::new(table.edits.after.address(), Action::Alter, statements);
    step.transaction = Transaction::After;
    step.reason = why.to_owned();
    step.footprint.needs.push(world.relation(&table.edits.after.name));
    step.locks.push(locks::shared(world, table, work));
    step
}

/// Conditions that came without a look at the rows.
fn validated(world: &World<'_>, table: &Altered<'_>) -> Option<Step> {
    let name = |op: &Op<Check>| match op {
        Op::Add { item } | Op::Replace { item, .. } => item.name.clone().filter(|_| !item.not_valid),
        Op::Edit { name, after, edits } => {
            let now = after.name.clone().unwrap_or_else(|| Ident::new(name.as_str(), Case::Exact));
            edits.iter().any(|e| e.attribute == Attribute::NotValid).then_some(now)
        }
        Op::Drop { .. } => None,
    };
    let names = table.rules.checks.iter().filter_map(name);
    let statements: Vec<Statement> = names.map(|n| table.after(&format!("VALIDATE CONSTRAINT {}", quote(n.as_str())))).collect();
    (!statements.is_empty()).then(|| later(world, table, statements, "rows are checked without blocking writes", Work::Scan))
}

/// NOT NULL, which a validated condition spares its own look at the rows.
fn not_null(world: &World<'_>, table: &Altered<'_>) -> Option<Step> {
    let mut statements = Vec::new();
    for after in table.edits.after.columns.values().filter(|c| c.not_null) {
        let delta = table.edits.columns.iter().find(|d| d.after().is_some_and(|c| c.name == after.name));
        let before = match delta {
            Some(crate::diff::Delta::Alter { before, .. }) if !before.not_null && !table.recreated.contains(&after.name) => before.clone(),
            Some(crate::diff::Delta::Create(c)) if super::columns::is_filled(table, c) => super::columns::bare(c),
            _ => continue,
        };
        let Some(rule) = not_null_name(table, &before, after) else { continue };
        let validated = done::has_no_open_constraint(&table.new, &rule);
        statements.push(table.after(&format!("VALIDATE CONSTRAINT {}", quote(&rule))).unless(validated));
        statements.push(table.after(&format!("ALTER COLUMN {} SET NOT NULL", quote(after.name.as_str()))));
        statements.push(table.after(&format!("DROP CONSTRAINT IF EXISTS {}", quote(&rule))));
    }
    let mut step = later(world, table, statements, "NOT NULL is set once the rows have been checked", Work::Scan);
    step.footprint.creates.push(Resource::Filled(world.names.key(&table.edits.after.name)).into());
    (!step.statements.is_empty()).then_some(step)
}

/// A key over an index that has been built beside the writers.
fn key(world: &World<'_>, table: &Altered<'_>, key: &impl Key) -> Step {
    let Some(name) = key.name() else { return later(world, table, Vec::new(), "", Work::None) };
    let quoted = quote(name.as_str());
    let mut statements = built(world, table, &key.index(name.clone()), name);
    statements.push(table.after(&format!("ADD CONSTRAINT {quoted} {} USING INDEX {quoted}{}", key.words(), key.deferrable())));
    let done = done::has_constraint(&table.new, name.as_str());
    statements = statements.into_iter().map(|s| s.unless(done.clone())).collect();
    statements.extend(key.comment().map(|text| super::alter::rule_comment(table, name.as_str(), Some(text))));
    let mut step = later(world, table, statements, "its index is built without blocking writes", Work::Build);
    step.footprint.creates.extend([taken(world, table, name), world.constraint(&table.edits.after.name, name.as_str())]);
    let key = world.names.key(&table.edits.after.name);
    step.footprint.needs.push(Resource::Filled(key.to_string()).into());
    step.footprint.creates.push(Resource::Keys(key.to_string()).into());
    step
}

/// What a broken build has left goes first.
fn built(world: &World<'_>, table: &Altered<'_>, index: &Index, name: &Ident) -> Vec<Statement> {
    let left = world.names.beside(&table.edits.after.name, name);
    vec![
        Statement::of_catalog(format!("DROP INDEX CONCURRENTLY IF EXISTS {left}")),
        Statement::new(ddl::create_index(index, name, &table.edits.after.name, true, &world.names)),
    ]
}

fn build(world: &World<'_>, table: &Altered<'_>, index: &Index) -> Step {
    let done = done::has_valid_index(&world.names.beside(&table.edits.after.name, &index.name));
    let built = built(world, table, index, &index.name);
    let mut statements: Vec<Statement> = built.into_iter().map(|s| s.unless(done.clone())).collect();
    statements.extend(index.comment.as_ref().map(|_| indexes::comment(world, table, index)));
    let mut step = later(world, table, statements, "the index is built without blocking writes", Work::Build);
    step.footprint.creates.push(taken(world, table, &index.name));
    step
}

/// The name that an index takes.
fn taken(world: &World<'_>, table: &Altered<'_>, index: &Ident) -> String {
    world.relation(&world.names.sibling(&table.edits.after.name, index))
}

/// The new index is there before the old one goes.
fn swap(world: &World<'_>, table: &Altered<'_>, old: &Ident, index: &Index) -> Step {
    let base = default_name::make(index.name.as_str(), None, "rosey_new");
    let is_taken = |n: &str| world.is_taken(&world.names.sibling(&table.edits.live.name, &Ident::new(n, Case::Exact)));
    let meanwhile = Ident::new(default_name::free(&base, is_taken), Case::Exact);
    let name = |n: &Ident| world.names.beside(&table.edits.after.name, n);
    let mut statements = built(world, table, index, &meanwhile);
    statements.push(Statement::of_catalog(format!("DROP INDEX CONCURRENTLY IF EXISTS {}", indexes::live_name(world, table, old))));
    statements.push(super::rename("INDEX", &name(&meanwhile), index.name.as_str()));
    statements.extend(index.comment.as_ref().map(|_| indexes::comment(world, table, index)));
    let mut step = later(world, table, statements, "the new index is built before the old one is dropped", Work::Build);
    if *old != index.name {
        step.footprint.drops.push(world.relation(&world.names.sibling(&table.edits.live.name, old)));
        step.footprint.creates.push(taken(world, table, &index.name));
    }
    step
}

fn drop(world: &World<'_>, table: &Altered<'_>, old: &Ident) -> Step {
    let name = indexes::live_name(world, table, old);
    let drop = Statement::of_catalog(format!("DROP INDEX CONCURRENTLY IF EXISTS {name}"));
    let mut step = later(world, table, vec![drop], "the index is dropped without blocking writes", Work::None);
    step.footprint.drops.push(world.relation(&world.names.sibling(&table.edits.live.name, old)));
    step
}
