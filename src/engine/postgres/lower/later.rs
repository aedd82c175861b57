//! What is done on a busy table after the transaction, so that no client waits while its rows are read:
//! constraints are validated, NOT NULL is set by means of a check constraint, keys and indexes are built
//! without blocking writers
//! (<https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>). Every
//! statement is independent, and every step can be restarted from its beginning.

use crate::diff::Attribute;
use std::collections::BTreeSet;

use super::super::names::quote;
use super::super::{ddl, default_name};
use super::indexes::{self, IndexChange, index_changes, may_wait};
use super::rules::Op;
use super::tables::Altered;
use super::{LoweringContext, done, locks};
use crate::plan::{Action, Resource, Statement, Step, Transaction, Work};
use crate::schema::{Case, Check, Column, Ident, Index, IndexPart, PartKey, PrimaryKey, Unique};

/// A primary key or unique constraint, reduced to what concerns its index.
pub(super) trait Key {
    fn name(&self) -> Option<&Ident>;
    fn words(&self) -> &'static str;
    fn index(&self, name: Ident) -> Index;
    fn deferrable(&self) -> &'static str;
    fn comment(&self) -> Option<&str>;
    /// Whether a query that is grouped by its columns may select others.
    fn is_grouping(&self) -> bool;
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
    fn is_grouping(&self) -> bool {
        self.deferrable.is_none()
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
    fn is_grouping(&self) -> bool {
        false
    }
}

/// Returns whether a key is created after the transaction. A key that replaces another is created in it,
/// because a foreign key may depend on the old one, and so is one by which a view of the plan may group.
pub(super) fn is_late<T: Key>(table: &Altered<'_>, op: &Op<T>) -> bool {
    let Op::Add { item } = op else { return false };
    let needed_at_once = item.is_grouping() && table.grouped;
    table.busy && !needed_at_once && !hands_over(table, &item.index(table.edits.after.name.name.clone()))
}

/// Returns whether a new index is created after the transaction.
pub(super) fn is_late_index(table: &Altered<'_>, index: &Index) -> bool {
    table.busy && !hands_over(table, index)
}

/// Returns whether a unique index replaces a unique constraint over the same columns, or vice versa: both
/// happen in the transaction, because duplicates could appear in between otherwise.
pub(super) fn hands_over(table: &Altered<'_>, index: &Index) -> bool {
    let columns = |index: &Index| index.parts.iter().map(|p| p.column().cloned()).collect::<Option<Vec<Ident>>>();
    let live = &table.edits.live;
    let named = |name: &Ident| live.indexes.get(name).filter(|i| i.unique && !i.invalid);
    let going = index_changes(table).into_iter().filter_map(|change| match change {
        IndexChange::Drop(old) => named(old).and_then(columns),
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

/// Returns the column lists of the keys that are created after the transaction.
pub(super) fn late_keys(table: &Altered<'_>) -> Vec<Vec<Ident>> {
    let keys = table.rules.keys.iter().filter(|op| is_late(table, op)).filter_map(Op::come).map(|k| &k.parts);
    let uniques = table.rules.uniques.iter().filter(|op| is_late(table, op)).filter_map(Op::come).map(|u| &u.parts);
    let rules = keys.chain(uniques).map(|parts| parts.iter().map(|p| p.column.clone()).collect());
    rules.chain(late_indexes(table)).collect()
}

/// Returns the columns of unique indexes that are created after the transaction: a foreign key may reference
/// them.
fn late_indexes(table: &Altered<'_>) -> Vec<Vec<Ident>> {
    let unique = |change: IndexChange<'_>| match change {
        IndexChange::Create(i) if is_late_index(table, i) && i.unique => i.parts.iter().map(|p| p.column().cloned()).collect(),
        _ => None,
    };
    index_changes(table).into_iter().filter_map(unique).collect()
}

/// Returns the name of the check constraint that replaces NOT NULL until it is validated, or `None` if NOT
/// NULL is set at once. An identity column must refuse NULL before it becomes one, and the rows of a
/// rewritten column are read anyway.
pub(super) fn not_null_name(table: &Altered<'_>, before: &Column, after: &Column) -> Option<String> {
    let counts = after.identity.is_some() && before.identity.is_none();
    let written = table.retyped.iter().any(|r| r.rewrites);
    let base = || default_name::clip(&format!("rosey_nn_{}", after.name), 60).to_owned();
    let declared = super::rules::named(&table.edits.after);
    let is_taken = |n: &str| declared.iter().any(|(rule, _)| rule == n);
    (table.busy && !counts && !written).then(|| default_name::free(&base(), is_taken))
}

/// Returns the steps after the transaction.
pub(super) fn steps(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Step> {
    if !table.busy {
        return Vec::new();
    }
    let filled = not_null(context, table);
    let waits = filled.is_some().then(|| Resource::Filled(context.names.key(&table.edits.after.name)));
    let mut steps: Vec<Step> = validated(context, table).into_iter().chain(filled).collect();
    for op in table.rules.keys.iter().filter(|op| is_late(table, op)) {
        steps.extend(op.come().map(|k| key(context, table, k, waits.clone())));
    }
    for op in table.rules.uniques.iter().filter(|op| is_late(table, op)) {
        steps.extend(op.come().map(|u| key(context, table, u, waits.clone())));
    }
    for change in index_changes(table) {
        steps.extend(match change {
            IndexChange::Create(i) if is_late_index(table, i) => {
                let mut step = build(context, table, i);
                if i.unique {
                    step.footprint.creates.push(Resource::Keys(context.names.key(&table.edits.after.name)));
                }
                Some(step)
            }
            IndexChange::Replace(old, i) if may_wait(context, table, old) => Some(swap(context, table, old, i)),
            // What an interrupted apply built for a key is dropped where that key's index is built.
            IndexChange::Drop(old) if may_wait(context, table, old) && !late_names(table).contains(old.as_str()) => {
                Some(drop(context, table, old))
            }
            _ => None,
        });
    }
    steps
}

/// Returns the names of the keys that are created after the transaction.
pub(super) fn late_names(table: &Altered<'_>) -> BTreeSet<String> {
    let keys = table.rules.keys.iter().filter(|op| is_late(table, op)).filter_map(Op::come).map(Key::name);
    let uniques = table.rules.uniques.iter().filter(|op| is_late(table, op)).filter_map(Op::come).map(Key::name);
    keys.chain(uniques).flatten().map(ToString::to_string).collect()
}

fn later(context: &LoweringContext<'_>, table: &Altered<'_>, statements: Vec<Statement>, why: &str, work: Work) -> Step {
    let mut step = Step::new(table.edits.after.address(), Action::Alter, statements);
    step.transaction = Transaction::After;
    step.reason = why.to_owned();
    step.footprint.needs.push(context.relation(&table.edits.after.name));
    step.locks.push(locks::shared(context, table, work));
    step
}

/// Validates check constraints that were added without checking the rows.
fn validated(context: &LoweringContext<'_>, table: &Altered<'_>) -> Option<Step> {
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
    (!statements.is_empty()).then(|| later(context, table, statements, "rows are checked without blocking writes", Work::Scan))
}

/// Sets NOT NULL: a validated check constraint saves it from reading the rows.
fn not_null(context: &LoweringContext<'_>, table: &Altered<'_>) -> Option<Step> {
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
    let mut step = later(context, table, statements, "NOT NULL is set once the rows have been checked", Work::Scan);
    step.footprint.creates.push(Resource::Filled(context.names.key(&table.edits.after.name)));
    (!step.statements.is_empty()).then_some(step)
}

/// Creates a key from an index that was built without blocking writers. It waits for what fills its columns.
fn key(context: &LoweringContext<'_>, table: &Altered<'_>, key: &impl Key, waits: Option<Resource>) -> Step {
    let Some(name) = key.name() else { return later(context, table, Vec::new(), "", Work::None) };
    let quoted = quote(name.as_str());
    let mut statements = built(context, table, &key.index(name.clone()), name);
    statements.push(table.after(&format!("ADD CONSTRAINT {quoted} {} USING INDEX {quoted}{}", key.words(), key.deferrable())));
    let done = done::has_constraint(&table.new, name.as_str());
    statements = statements.into_iter().map(|s| s.unless(done.clone())).collect();
    statements.extend(key.comment().map(|text| super::alter::rule_comment(table, name.as_str(), Some(text))));
    let mut step = later(context, table, statements, "its index is built without blocking writes", Work::Build);
    step.footprint.creates.extend([taken(context, table, name), context.constraint(&table.edits.after.name, name.as_str())]);
    let key = context.names.key(&table.edits.after.name);
    step.footprint.needs.extend(waits);
    step.footprint.creates.push(Resource::Keys(key.to_string()));
    step
}

/// Drops what an interrupted build left, and builds the index.
fn built(context: &LoweringContext<'_>, table: &Altered<'_>, index: &Index, name: &Ident) -> Vec<Statement> {
    let left = context.names.beside(&table.edits.after.name, name);
    vec![
        Statement::of_catalog(format!("DROP INDEX CONCURRENTLY IF EXISTS {left}")),
        Statement::new(ddl::create_index(index, Some(name), &table.edits.after.name, true, &context.names)),
    ]
}

fn build(context: &LoweringContext<'_>, table: &Altered<'_>, index: &Index) -> Step {
    let done = done::has_valid_index(&context.names.beside(&table.edits.after.name, &index.name));
    let built = built(context, table, index, &index.name);
    let mut statements: Vec<Statement> = built.into_iter().map(|s| s.unless(done.clone())).collect();
    statements.extend(index.comment.as_ref().map(|_| indexes::comment(context, table, index)));
    let mut step = later(context, table, statements, "the index is built without blocking writes", Work::Build);
    step.footprint.creates.push(taken(context, table, &index.name));
    step
}

/// Returns the resource of the name that an index takes.
fn taken(context: &LoweringContext<'_>, table: &Altered<'_>, index: &Ident) -> Resource {
    context.relation(&context.names.sibling(&table.edits.after.name, index))
}

/// Builds the new index before it drops the old one.
fn swap(context: &LoweringContext<'_>, table: &Altered<'_>, old: &Ident, index: &Index) -> Step {
    let base = default_name::make(index.name.as_str(), None, "rosey_new");
    let is_taken = |n: &str| context.is_taken(&context.names.sibling(&table.edits.live.name, &Ident::new(n, Case::Exact)));
    let meanwhile = Ident::new(default_name::free(&base, is_taken), Case::Exact);
    let name = |n: &Ident| context.names.beside(&table.edits.after.name, n);
    let mut statements = built(context, table, index, &meanwhile);
    statements.push(Statement::of_catalog(format!("DROP INDEX CONCURRENTLY IF EXISTS {}", indexes::live_name(context, table, old))));
    statements.push(super::rename("INDEX", &name(&meanwhile), index.name.as_str()));
    statements.extend(index.comment.as_ref().map(|_| indexes::comment(context, table, index)));
    let mut step = later(context, table, statements, "the new index is built before the old one is dropped", Work::Build);
    if *old != index.name {
        step.footprint.drops.push(context.relation(&context.names.sibling(&table.edits.live.name, old)));
        step.footprint.creates.push(taken(context, table, &index.name));
    }
    step
}

fn drop(context: &LoweringContext<'_>, table: &Altered<'_>, old: &Ident) -> Step {
    let name = indexes::live_name(context, table, old);
    let drop = Statement::of_catalog(format!("DROP INDEX CONCURRENTLY IF EXISTS {name}"));
    let mut step = later(context, table, vec![drop], "the index is dropped without blocking writes", Work::None);
    step.footprint.drops.push(context.relation(&context.names.sibling(&table.edits.live.name, old)));
    step
}
