//! Foreign keys: they have steps of their own, so that tables that reference each other form no cycle.
//! Foreign keys whose columns or referenced key change are dropped and re-created.

mod stirred;

use std::collections::{BTreeMap, BTreeSet};

use super::super::names::quote;
use super::super::{ddl, default_name};
use super::rules::{Op, live_names, new_name, ops};
use super::tables::{Altered, by_name};
use super::{LoweringContext, done, edited, later, locks, rows};
use crate::diff::{Attribute, Delta, Edit, TableChange};
use crate::plan::{Action, Code, Hazard, Level, Probe, Resource, Statement, Step, Transaction, Work};
use crate::schema::{Case, ForeignKey, Ident, Kind, ObjectName, Table};
use stirred::{left_without_key, target, why_stirred};

type Alters<'t, 'a> = BTreeMap<String, &'t Altered<'a>>;

/// A table with foreign keys, before and after the change.
struct Child<'t> {
    live: &'t Table,
    before: &'t Table,
    after: &'t Table,
    deltas: &'t [Delta<ForeignKey>],
    /// Names that a new foreign key cannot have.
    taken: BTreeSet<String>,
}

pub(super) fn lower(context: &LoweringContext<'_>, alters: &[Altered<'_>]) -> Vec<Step> {
    let alters = by_name(context, alters);
    let mut steps = Vec::new();
    for change in context.changes.tables() {
        match change {
            TableChange::Create(table) => {
                steps.extend(table.foreign_keys.iter().map(|fk| come(context, &alters, None, table, fk, Action::Create)));
            }
            TableChange::Drop(table) => {
                let cut = table.foreign_keys.iter().filter(|fk| is_cut(context, table, fk));
                let name =
                    |fk: &ForeignKey| fk.name.as_ref().map_or_else(|| default_name::foreign_key(&table.name, fk), ToString::to_string);
                steps.extend(cut.map(|fk| go(context, table, &name(fk), Some(&fk.table), Action::Destroy)));
            }
            TableChange::Alter(_) => {}
        }
    }
    let changed: BTreeSet<String> = alters.values().map(|a| context.names.key(&a.edits.live.name)).collect();
    for table in alters.values() {
        let edits = &table.edits;
        let child =
            Child { live: &edits.live, before: &edits.before, after: &edits.after, deltas: &edits.foreign_keys, taken: live_names(edits) };
        steps.extend(of_child(context, &alters, Some(table), &child));
    }
    let gone = |t: &&Table| context.changes.tables().any(|c| matches!(c, TableChange::Drop(d) if d.name == t.name));
    for live in context.current.tables.values().filter(|t| !changed.contains(&context.names.key(&t.name)) && !gone(t)) {
        let after = context.desired.tables.get(&live.name).unwrap_or(live);
        let child = Child { live, before: live, after, deltas: &[], taken: BTreeSet::new() };
        steps.extend(of_child(context, &alters, None, &child));
    }
    steps
}

/// Returns whether a foreign key is part of a cycle of dropped tables, of which none could be dropped first.
pub(super) fn is_cut(context: &LoweringContext<'_>, table: &Table, fk: &ForeignKey) -> bool {
    let gone: Vec<&Table> = context.changes.tables().filter_map(|c| if let TableChange::Drop(t) = c { Some(t) } else { None }).collect();
    let find = |name: &ObjectName| gone.iter().copied().find(|t| context.names.same(&t.name, name));
    let (mut seen, mut open) = (BTreeSet::new(), vec![&fk.table]);
    while let Some(name) = open.pop() {
        if context.names.same(name, &table.name) {
            return !context.names.same(&fk.table, &table.name);
        }
        if let Some(parent) = find(name).filter(|_| seen.insert(context.names.key(name))) {
            open.extend(parent.foreign_keys.iter().map(|f| &f.table));
        }
    }
    false
}

fn of_child(context: &LoweringContext<'_>, alters: &Alters<'_, '_>, own: Option<&Altered<'_>>, child: &Child<'_>) -> Vec<Step> {
    let name_of = |fk: &ForeignKey| fk.name.as_ref().map_or_else(|| default_name::foreign_key(&child.live.name, fk), ToString::to_string);
    let stirred = |fk: &ForeignKey| why_stirred(context, alters, own, child, fk).is_some();
    let live = |name: &str| child.live.foreign_keys.iter().find(|f| name_of(f) == name);
    let reason = |op: &Op<ForeignKey>| match op {
        // One that differs itself is shown with its differences.
        Op::Replace { item, .. } if child.deltas.iter().filter_map(Delta::after).any(|d| d == item) => None,
        Op::Replace { name, .. } => {
            let fk = live(name)?;
            let why = why_stirred(context, alters, own, child, fk)?;
            let columns = fk.columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Some(format!("foreign key ({columns}) is re-created, because {why}"))
        }
        _ => None,
    };
    let kept = [Attribute::Name, Attribute::Comment, Attribute::Deferrable, Attribute::NotValid];
    let all = ops(&child.before.foreign_keys, &child.live.foreign_keys, child.deltas, &child.after.foreign_keys, &name_of, &kept, &stirred);
    let mut steps = Vec::new();
    let mut taken = child.taken.clone();
    for (op, name) in all.iter().filter_map(|op| Some((op, op.gone()?))) {
        taken.remove(name);
        let mut step = go(context, child.live, name, live(name).map(|f| &f.table), Action::Alter);
        step.address = child.after.address();
        step.reason = reason(op).unwrap_or_default();
        steps.push(step);
    }
    for op in &all {
        match op {
            Op::Add { item } | Op::Replace { item, .. } => {
                let mut fk = item.clone();
                let default = default_name::foreign_key(&child.after.name, &fk);
                let name = fk.name.get_or_insert_with(|| Ident::new(default_name::free(&default, |n| taken.contains(n)), Case::Exact));
                taken.insert(name.to_string());
                let carried = reason(op);
                let mut step = come(context, alters, own, child.after, &fk, Action::Alter);
                if carried.is_some() && context.desired.ignores(Kind::Table, &child.live.name) {
                    step.hazards.extend(left_without_key(context, alters, child.live, &fk));
                }
                step.reason = carried.unwrap_or_default();
                steps.push(step);
                steps.extend(validation(context, own, child, &fk, alters));
            }
            Op::Edit { name, after, edits } => {
                let mut fk = after.clone();
                if edits.iter().any(|e| e.attribute == Attribute::Name && e.after.is_none()) {
                    let default = default_name::foreign_key(&child.after.name, &fk);
                    let is_taken = |n: &str| n != name && taken.contains(n);
                    fk.name.get_or_insert_with(|| Ident::new(default_name::free(&default, is_taken), Case::Exact));
                }
                steps.extend(edit(context, own, child, name, &fk, edits));
            }
            Op::Drop { .. } => {}
        }
    }
    steps
}

/// Returns the step that drops a foreign key, under live names.
fn go(context: &LoweringContext<'_>, live: &Table, name: &str, parent: Option<&ObjectName>, action: Action) -> Step {
    let (table, now) = (context.now(&live.name), context.constraint_now(&live.name, name));
    let mut step = Step::new(
        live.address(),
        if action == Action::Destroy { Action::Destroy } else { Action::Alter },
        vec![Statement::of_catalog(format!("ALTER TABLE {table} DROP CONSTRAINT {}", quote(now)))],
    );
    step.footprint.drops.push(context.constraint(&live.name, name));
    step.footprint.frees.push(context.shape(&live.name));
    step.footprint.frees.extend(parent.iter().map(|p| context.shape(p)));
    step.locks.push(locks::exclusive(context, &live.name));
    step.locks.extend(parent.iter().map(|p| locks::exclusive(context, p)));
    step
}

/// Returns whether the key that a foreign key references is created after the transaction.
fn is_late(context: &LoweringContext<'_>, alters: &Alters<'_, '_>, fk: &ForeignKey) -> bool {
    let Some(parent) = alters.get(&context.names.key(&fk.table)) else { return false };
    let to = target(fk, &parent.edits.after);
    later::late_keys(parent).iter().any(|key| key.iter().collect::<BTreeSet<_>>() == to.iter().collect())
}

/// Returns the step that creates a foreign key, under new names; on a busy table without checking its rows.
fn come(
    context: &LoweringContext<'_>,
    alters: &Alters<'_, '_>,
    own: Option<&Altered<'_>>,
    table: &Table,
    fk: &ForeignKey,
    action: Action,
) -> Step {
    let name = context.names.sql(&table.name);
    // Until then, the name of a new table belongs to another table.
    let live = live_name(context, own, &table.name);
    let busy = own.map_or_else(|| live.as_ref().is_some_and(|name| context.is_busy(name)), |t| t.busy);
    let not_valid = if fk.not_valid || busy { " NOT VALID" } else { "" };
    let given = fk.name.as_ref();
    let body = format!("ALTER TABLE {name} ADD {}{not_valid}", ddl::named(given, &ddl::foreign_key(fk, &context.names)));
    let default = default_name::foreign_key(&table.name, fk);
    let called = given.map_or(default.as_str(), Ident::as_str);
    let come = Statement::new(body).unless(done::has_constraint(&name, called));
    let mut step = Step::new(table.address(), action, vec![come]);
    step.statements.extend(fk.comment.as_ref().map(|_| comment(&name, called, fk)));
    step.footprint.creates.push(context.constraint(&table.name, called));
    step.footprint.needs = vec![context.relation(&table.name), context.relation(&fk.table)];
    step.footprint.needs.push(Resource::Keys(context.names.key(&fk.table)));
    if is_late(context, alters, fk) {
        step.transaction = Transaction::After;
    }
    if let Some(live) = &live {
        let work = if not_valid.is_empty() { Work::Scan } else { Work::None };
        step.locks.push(locks::rows_exclusive(context, live, work));
        step.hazards.extend(orphans(context, alters, own, live, table, fk));
    }
    if let Some(live) = live_name(context, alters.get(&context.names.key(&fk.table)).copied(), &fk.table) {
        step.locks.push(locks::rows_exclusive(context, &live, Work::None));
    }
    step
}

/// Returns the name that a table has before the change; `None` if it is new.
fn live_name(context: &LoweringContext<'_>, own: Option<&Altered<'_>>, table: &ObjectName) -> Option<ObjectName> {
    match own {
        Some(own) => Some(own.edits.live.name.clone()),
        None => context.current.tables.get(table).map(|t| t.name.clone()).filter(|_| !context.is_new(table)),
    }
}

fn comment(table: &str, name: &str, fk: &ForeignKey) -> Statement {
    Statement::of_catalog(ddl::comment(&format!("CONSTRAINT {} ON {table}", quote(name)), fk.comment.as_deref()))
}

/// Returns the step that validates a foreign key while writers continue.
fn validation(
    context: &LoweringContext<'_>,
    own: Option<&Altered<'_>>,
    child: &Child<'_>,
    fk: &ForeignKey,
    alters: &Alters<'_, '_>,
) -> Option<Step> {
    let busy = own.map_or_else(|| context.is_busy(&child.live.name), |t| t.busy);
    let name = fk.name.as_ref().filter(|_| busy && !fk.not_valid)?;
    let mut step = validate(context, child, name.as_str());
    step.transaction = Transaction::After;
    step.footprint.needs = vec![context.constraint(&child.after.name, name.as_str())];
    if is_late(context, alters, fk) {
        step.footprint.needs.push(Resource::Keys(context.names.key(&fk.table)));
    }
    Some(step)
}

fn validate(context: &LoweringContext<'_>, child: &Child<'_>, name: &str) -> Step {
    let sql = format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", context.names.sql(&child.after.name), quote(name));
    let mut step = Step::new(child.after.address(), Action::Alter, vec![Statement::new(sql)]);
    step.reason = "rows are checked without blocking writes".to_owned();
    step.footprint.needs.push(context.relation(&child.after.name));
    let lock = locks::rows_exclusive(context, &child.live.name, Work::Scan);
    step.locks.push(crate::plan::Lock { mode: "SHARE UPDATE EXCLUSIVE", ..lock });
    step
}

/// Returns the steps that change a foreign key in place.
fn edit(
    context: &LoweringContext<'_>,
    own: Option<&Altered<'_>>,
    child: &Child<'_>,
    name: &str,
    fk: &ForeignKey,
    edits: &[Edit],
) -> Vec<Step> {
    let table = context.names.sql(&child.after.name);
    let mut statements = Vec::new();
    let new = new_name(name, fk.name.as_ref(), edits);
    if let Some(new) = new {
        let old = context.constraint_now(&child.live.name, name);
        statements.push(Statement::of_catalog(format!("ALTER TABLE {table} RENAME CONSTRAINT {} TO {}", quote(old), quote(new.as_str()))));
    }
    let now = new.map_or(name, Ident::as_str);
    if edited(edits, Attribute::Deferrable) {
        let when = if fk.deferrable.is_some() { ddl::deferrable(fk.deferrable) } else { " NOT DEFERRABLE" };
        statements.push(Statement::new(format!("ALTER TABLE {table} ALTER CONSTRAINT {}{when}", quote(now))));
    }
    statements.extend(edited(edits, Attribute::Comment).then(|| comment(&table, now, fk)));
    let mut steps = Vec::new();
    if !statements.is_empty() {
        let mut step = Step::new(child.after.address(), Action::Alter, statements);
        step.footprint.creates.push(context.constraint(&child.after.name, now));
        step.footprint.drops.extend(new.map(|_| context.constraint(&child.live.name, name)));
        step.footprint.needs.push(context.relation(&child.after.name));
        step.locks.push(locks::exclusive(context, &child.live.name));
        steps.push(step);
    }
    if edited(edits, Attribute::NotValid) {
        let mut step = validate(context, child, now);
        step.footprint.needs.push(context.constraint(&child.after.name, now));
        if own.is_some_and(|t| t.busy) {
            step.transaction = Transaction::After;
        }
        step.hazards.extend(orphans(context, &BTreeMap::new(), own, &child.live.name, child.after, fk));
        steps.push(step);
    }
    steps
}

/// Reports rows that reference missing rows.
fn orphans(
    context: &LoweringContext<'_>,
    alters: &Alters<'_, '_>,
    own: Option<&Altered<'_>>,
    live: &ObjectName,
    table: &Table,
    fk: &ForeignKey,
) -> Option<Hazard> {
    if fk.not_valid || fk.to.is_empty() || !context.facts.holds_rows(live) {
        return None;
    }
    let child = own.map_or_else(|| context.names.sql(live), |t| rows::new_rows(context, t));
    let parent_change = alters.get(&context.names.key(&fk.table)).copied();
    let columns = fk.to.iter().map(|c| format!("NULL::text AS {}", quote(c.as_str()))).collect::<Vec<_>>().join(", ");
    let parent = rows::parent_rows(context, parent_change, &fk.table);
    let (parent, text) = parent.map_or_else(|| (format!("(SELECT {columns} WHERE false)"), "::text"), |rows| (rows, ""));
    let pairs = fk.columns.iter().zip(&fk.to);
    let matches: Vec<String> = pairs.map(|(c, to)| format!("p.{} = c.{}{text}", quote(to.as_str()), quote(c.as_str()))).collect();
    let filled: Vec<String> = fk.columns.iter().map(|c| format!("c.{} IS NOT NULL", quote(c.as_str()))).collect();
    let (matches, filled) = (matches.join(" AND "), filled.join(" AND "));
    let condition = format!("{filled} AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {matches})");
    let names = fk.columns.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
    let address = table.foreign_key_at(fk);
    let message = format!("{{count}} of {{total}} rows have a value of {names} that does not exist in `{}`", fk.table);
    // In a WHERE, so that the server can plan a join instead of looking up the parent for each row.
    let counted = format!("SELECT (SELECT count(*) FROM {child} AS c WHERE {condition}), (SELECT count(*) FROM {child} AS c)");
    let hazard = Hazard::new(Code::BreaksForeignKey, Level::Blocks, address, message, "fix or delete these rows first");
    // Not the parent: a schema file from somebody else must not reveal which values the parent contains.
    let hazard = hazard.counted(Probe::Query(counted)).reading([context.names.sql(live)]);
    Some(hazard.found_by(format!("SELECT * FROM {child} AS c WHERE {condition}")))
}
