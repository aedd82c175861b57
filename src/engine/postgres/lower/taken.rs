//! Names that the plan gives to new objects although live objects keep them: those of tables that the schema
//! ignores, of constraints that remain, and of objects that rosey does not manage. The server would reject
//! such a name only in the apply, and before an index is built without blocking writers, whatever an
//! interrupted apply left under its name is dropped.
//!
//! Looks only at names that the schema file spells out: for the others the server chooses a free one.

use std::collections::{BTreeMap, BTreeSet};

use super::super::facts::Facts;
use super::super::inspect::ident;
use super::LoweringContext;
use super::aside::{Holder, What, holders};
use crate::diff::Changes;
use crate::plan::{Action, Step};
use crate::schema::{Address, Ident, Kind, ObjectName, Origin, Problem, Schema};

/// Returns a problem for each name in the schema file that a live object keeps.
pub(crate) fn problems(steps: &[Step], changes: &Changes, current: &Schema, desired: &Schema, facts: &Facts) -> Vec<Problem> {
    let context = LoweringContext::new(changes, current, desired, facts, false);
    let released: BTreeSet<&str> = steps.iter().flat_map(|s| &s.footprint.drops).map(String::as_str).collect();
    let creators = steps.iter().flat_map(|s| s.footprint.creates.iter().map(move |r| (r.as_str(), s)));
    let creators: BTreeMap<&str, &Step> = creators.filter(|(r, _)| !released.contains(r)).collect();
    let mut live = holders(&context);
    live.extend(unmanaged(&context));
    live.retain(|h| h.resources.iter().any(|r| creators.contains_key(r.as_str())) && !is_left_over(&context, h));
    if live.is_empty() {
        return Vec::new();
    }
    let holder_of = |resource: &String| live.iter().find(|h| h.resources.contains(resource));
    let mut found = Vec::new();
    for name in declared(&context) {
        let (Some(step), Some(holder)) = (creators.get(name.resource.as_str()), holder_of(&name.resource)) else { continue };
        if !is_itself(&context, holder, step) {
            found.push(problem(&name, holder, is_ignored(&context, holder)));
        }
    }
    found
}

/// A name in the schema file.
struct Declared<'a> {
    kind: &'static str,
    name: &'a Ident,
    resource: String,
    origin: Origin,
}

/// Returns the names that the schema file spells out and that share a namespace with others.
fn declared<'a>(context: &LoweringContext<'a>) -> Vec<Declared<'a>> {
    let desired = context.desired;
    let mut found = Vec::new();
    for (kind, head) in desired.heads() {
        let (name, origin) = (&head.name.name, head.origin);
        if kind.is_relation() {
            found.push(Declared { kind: kind.word(), name, resource: context.relation(&head.name), origin });
        } else if matches!(kind, Kind::Enum | Kind::Domain) {
            found.push(Declared { kind: kind.word(), name, resource: context.ty(&head.name), origin });
        }
    }
    let beside = |of: &ObjectName, name: &Ident| context.relation(&context.names.sibling(of, name));
    for view in desired.materialized_views.values() {
        let index = |i: &'a crate::schema::Index| Declared {
            kind: "index",
            name: &i.name,
            resource: beside(&view.name, &i.name),
            origin: i.origin,
        };
        found.extend(view.indexes.values().map(index));
    }
    for table in desired.tables.values() {
        let mut add = |kind, name, origin| found.push(Declared { kind, name, resource: beside(&table.name, name), origin });
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
            Some((schema, name)) => ObjectName { schema: Some(ident(schema)), name: ident(name) },
            None => ObjectName::bare(ident(&u.name)),
        };
        let resources = match u.kind.as_str() {
            "type" => vec![context.ty(&name)],
            kind if kind.ends_with("table") || kind.ends_with("sequence") => vec![context.relation(&name), context.ty(&name)],
            _ => return None,
        };
        Some(Holder { what: What::Unmanaged, name, table: None, address: Address::top(&u.kind, &u.name), resources })
    };
    context.current.unmanaged.iter().filter_map(holder).collect()
}

/// Returns whether the step changes the very object that has the name.
fn is_itself(context: &LoweringContext<'_>, holder: &Holder<'_>, step: &Step) -> bool {
    matches!(holder.what, What::Object(_))
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
    let kind = if let What::Object(kind) = holder.what { kind.word() } else { "table" };
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
