//! Names that the plan gives to new objects although live objects keep them: those of tables that the schema
//! ignores, of constraints that remain, and of objects that rosey does not manage. The server would reject
//! such a name only during the apply. And before an index is built without blocking writers, whatever an
//! interrupted apply left under its name is dropped.
//!
//! Considers only names that the schema file specifies; for the others the server chooses a free one.

use std::collections::{BTreeMap, BTreeSet};

use super::super::default_name;
use super::super::facts::Facts;
use super::super::inspect::ident;
use super::LoweringContext;
use super::aside::{Holder, What, holders};
use crate::diff::{Changes, Delta, TableChange};
use crate::plan::{Action, Resource, Step};
use crate::schema::{Address, AnyKind, Column, Ident, Kind, ObjectName, Origin, Problem, Schema, UnmanagedKind};

/// Returns a problem for each name in the schema file that a live object keeps.
pub(crate) fn problems(steps: &[Step], changes: &Changes, current: &Schema, desired: &Schema, facts: &Facts) -> Vec<Problem> {
    let context = LoweringContext::new(changes, current, desired, facts, false);
    let released: BTreeSet<&Resource> = steps.iter().flat_map(|s| &s.footprint.drops).collect();
    let creators = steps.iter().flat_map(|s| s.footprint.creates.iter().map(move |r| (r, s)));
    let creators: BTreeMap<&Resource, &Step> = creators.filter(|(r, _)| !released.contains(r)).collect();
    let mut live = holders(&context);
    live.extend(unmanaged(&context));
    live.retain(|h| h.resources.iter().any(|r| creators.contains_key(r)) && !is_left_over(&context, h));
    let new = new_sequences(&context);
    if live.is_empty() && new.is_empty() {
        return Vec::new();
    }
    let holder_of = |name: &Declared<'_>| live.iter().find(|h| h.resources.contains(&name.resource));
    let mut found = Vec::new();
    for name in declared(&context) {
        let holder = holder_of(&name).zip(creators.get(&name.resource));
        let holder = holder.filter(|(holder, step)| !is_itself(&context, holder, step, &name)).map(|(holder, _)| holder);
        let first = || new.iter().find(|h| h.table == name.table && h.resources.contains(&name.resource));
        let taken = holder.or_else(first).filter(|holder| !is_kept(&context, holder, &name));
        found.extend(taken.map(|holder| problem(&name, holder, is_ignored(&context, holder))));
    }
    found
}

/// A name in the schema file.
struct Declared<'a> {
    kind: &'static str,
    name: &'a Ident,
    resource: Resource,
    origin: Origin,
    /// The table of an index or constraint.
    table: Option<&'a ObjectName>,
}

/// Returns the names that the schema file specifies and that share a namespace with others.
fn declared<'a>(context: &LoweringContext<'a>) -> Vec<Declared<'a>> {
    let desired = context.desired;
    let mut found = Vec::new();
    for (kind, head) in desired.heads() {
        let (name, origin) = (&head.name.name, head.origin);
        if kind.is_relation() {
            found.push(Declared { kind: kind.word(), name, resource: context.relation(&head.name), origin, table: None });
        } else if kind.is_type() {
            found.push(Declared { kind: kind.word(), name, resource: context.ty(&head.name), origin, table: None });
        }
    }
    let beside = |of: &ObjectName, name: &Ident| context.relation(&context.names.sibling(of, name));
    for (view, index) in desired.indexes_of_views() {
        found.push(Declared { kind: "index", name: &index.name, resource: beside(view, &index.name), origin: index.origin, table: None });
    }
    for table in desired.tables.values() {
        let mut add =
            |kind, name, origin| found.push(Declared { kind, name, resource: beside(&table.name, name), origin, table: Some(&table.name) });
        table.indexes.values().for_each(|i| add("index", &i.name, i.origin));
        table.primary_key.iter().for_each(|k| k.name.iter().for_each(|n| add("primary key", n, k.origin)));
        table.uniques.iter().for_each(|u| u.name.iter().for_each(|n| add("unique constraint", n, u.origin)));
        table.exclusions.iter().for_each(|e| e.name.iter().for_each(|n| add("exclusion constraint", n, e.origin)));
    }
    found
}

/// Returns the relations and types that rosey does not manage.
fn unmanaged<'a>(context: &LoweringContext<'a>) -> Vec<Holder<'a>> {
    let holder = |u: &crate::schema::Unmanaged| {
        let name = match u.name.split_once('.') {
            Some((schema, name)) => ObjectName::new(Some(ident(schema)), ident(name)),
            None => ObjectName::bare(ident(&u.name)),
        };
        let resources = match &u.kind {
            AnyKind::Unmanaged(UnmanagedKind::Type) => vec![context.ty(&name)],
            kind if kind.is_table() || kind.is_sequence() => vec![context.relation(&name), context.ty(&name)],
            _ => return None,
        };
        Some(Holder { what: What::Unmanaged, name, table: None, address: Address::top(&u.kind, &u.name), resources })
    };
    context.current.unmanaged.iter().filter_map(holder).collect()
}

/// Returns the sequences of new serial and identity columns. They are created before the indexes and
/// constraints of their table, which cannot have their names; for other objects, the server chooses another
/// name for the sequence.
fn new_sequences<'a>(context: &LoweringContext<'a>) -> Vec<Holder<'a>> {
    let mut found = Vec::new();
    for change in context.changes.tables() {
        let (table, columns): (_, Vec<&Column>) = match change {
            TableChange::Create(table) => (table, table.columns.values().collect()),
            TableChange::Alter(edits) => {
                (&edits.after, edits.columns.iter().filter_map(|d| if let Delta::Create(c) = d { Some(c) } else { None }).collect())
            }
            TableChange::Drop(_) => continue,
        };
        for column in columns.into_iter().filter(|c| c.ty.is_serial() || c.identity.is_some()) {
            let name = context.names.sibling(&table.name, &ident(&default_name::sequence(&table.name, &column.name)));
            let (address, resources) = (table.address(), vec![context.relation(&name)]);
            found.push(Holder { what: What::Object(Kind::Sequence), name, table: Some(&table.name), address, resources });
        }
    }
    found
}

/// Returns whether this is an index that has the name and keeps it: what takes the name is the sequence of a
/// new column, for which the server chooses another one.
fn is_kept(context: &LoweringContext<'_>, holder: &Holder<'_>, declared: &Declared<'_>) -> bool {
    let table = holder.table.filter(|_| holder.what != What::Unmanaged && declared.kind == "index");
    table.and_then(|t| context.current.tables.get(t)).is_some_and(|t| t.indexes.contains_key(declared.name))
}

/// Returns whether the step changes the very object that has the name.
fn is_itself(context: &LoweringContext<'_>, holder: &Holder<'_>, step: &Step, declared: &Declared<'_>) -> bool {
    matches!(holder.what, What::Object(kind) if kind.word() == declared.kind)
        && step.address == holder.address
        && step.action != Action::Create
        && !is_ignored(context, holder)
}

/// Returns whether this is an index that an interrupted apply left: it is dropped before it is built again.
fn is_left_over(context: &LoweringContext<'_>, holder: &Holder<'_>) -> bool {
    let index = holder.table.and_then(|t| context.current.tables.get(t)).and_then(|t| t.indexes.get(&holder.name.name));
    index.is_some_and(|i| i.invalid) && !is_ignored(context, holder)
}

fn is_ignored(context: &LoweringContext<'_>, holder: &Holder<'_>) -> bool {
    let kind = if let What::Object(kind) = holder.what { kind } else { Kind::Table };
    context.desired.ignores(kind, holder.table.unwrap_or(&holder.name))
}

fn problem(declared: &Declared<'_>, holder: &Holder<'_>, is_ignored: bool) -> Problem {
    let ignored = if is_ignored { ", which the schema ignores," } else { "" };
    let owner = match (holder.what, holder.table) {
        (What::Object(kind), _) => format!("{} `{}`{ignored}", kind.word().replace('-', " "), holder.name),
        (What::Unmanaged, _) => format!("{} `{}`, which rosey does not manage,", holder.address.kind(), holder.name),
        (_, Some(table)) => format!("an index or constraint of table `{table}`{ignored}"),
        (_, None) => format!("an index of materialized view `{}`", holder.address.last()),
    };
    let message = format!("cannot create {} `{}`: {owner} has this name", declared.kind.replace('-', " "), declared.name);
    Problem::new(message, declared.origin.0, "this name is in use").help("choose another name, or rename the other object first")
}
