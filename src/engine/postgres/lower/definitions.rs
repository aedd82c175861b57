//! Objects that SQL defines as a whole: created, changed in place where `CREATE OR REPLACE` can, and otherwise
//! dropped and re-created. Those that a change of their table would take along are re-created unchanged.

use std::collections::BTreeSet;

use super::super::words::words;
use super::super::{ddl, kinds};
use super::tables::Altered;
use super::{LoweringContext, edited, rename};
use crate::diff::{Attribute, Delta, Edit};
use crate::plan::{Action, Code, Footprint, Hazard, Level, Resource, Statement, Step};
use crate::schema::{Address, Definition, ObjectName, Schema};

pub(super) fn lower(context: &LoweringContext<'_>, alters: &[Altered<'_>]) -> Vec<Step> {
    let mut steps: Vec<Step> = context.changes.definitions().flat_map(|delta| steps(context, delta)).collect();
    for definition in taken_along(context, alters) {
        let after = context.desired.definitions.of(definition.kind).get(&definition.name).unwrap_or(definition);
        steps.push(drop(context, definition, after.address(), Action::Carry));
        steps.push(created_again(context, definition, after, Action::Carry));
    }
    steps
}

fn steps(context: &LoweringContext<'_>, delta: &Delta<Definition>) -> Vec<Step> {
    match delta {
        Delta::Create(after) => vec![created(context, after)],
        Delta::Drop(before) => vec![drop(context, before, before.address(), Action::Destroy)],
        Delta::Alter { before, after, edits } if is_replaced(before, after, edits) => {
            let dropped = drop(context, before, after.address(), Action::Replace);
            vec![dropped, created_again(context, before, after, Action::Replace)]
        }
        Delta::Alter { before, after, edits } => vec![in_place(context, before, after, edits)],
    }
}

/// Returns whether a changed object must be dropped and re-created.
fn is_replaced(before: &Definition, after: &Definition, edits: &[Edit]) -> bool {
    edited(edits, Attribute::Definition) && !kinds::row(after.kind).is_some_and(|row| (row.replaces)(before, after))
}

/// Returns the live objects that do not differ but would be lost with a column that is re-created.
fn taken_along<'c>(context: &'c LoweringContext<'_>, alters: &[Altered<'_>]) -> Vec<&'c Definition> {
    let changed: BTreeSet<(_, &ObjectName)> = context.changes.definitions().filter_map(Delta::before).map(|d| (d.kind, &d.name)).collect();
    let is_lost = |definition: &&Definition| {
        let on = alters.iter().find(|a| definition.table.as_ref().is_some_and(|t| context.names.same(t, &a.edits.live.name)));
        let named = || words(&definition.body.text);
        on.filter(|a| !a.recreated.is_empty()).is_some_and(|a| a.recreated.iter().any(|c| named().contains(c.as_str())))
    };
    let live = context.current.definitions.values().filter(|d| !changed.contains(&(d.kind, &d.name)));
    live.filter(is_lost).collect()
}

/// Returns the resource of an object.
pub(super) fn resource(context: &LoweringContext<'_>, definition: &Definition) -> Resource {
    let schema = context.names.schema(&definition.name);
    let own = ObjectName { schema: None, ..definition.name.clone() };
    Resource::Defined { kind: definition.kind, key: format!("{schema}.{own}") }
}

/// Returns the relations of a schema that a text may name.
fn relations<'s>(schema: &'s Schema, text: &str) -> impl Iterator<Item = &'s ObjectName> {
    let named = words(text);
    schema.heads_of(crate::schema::Kind::has_rows).map(|(_, head)| &head.name).filter(move |name| named.contains(name.name.as_str()))
}

fn created(context: &LoweringContext<'_>, after: &Definition) -> Step {
    let mut step = create(context, after, Action::Create);
    let own = kinds::unmanaged(after, None);
    if let Some(there) = context.current.unmanaged.iter().find(|u| u.kind == after.kind && u.name == own.name) {
        let why = there.reason.as_deref().unwrap_or("it is listed as unmanaged");
        let message = format!("{} exists already and is not managed: {why}", after.address());
        let advice = "drop it first, or remove it from the schema";
        step.hazards.push(Hazard::new(Code::NotSupported, Level::Blocks, after.address(), message, advice));
    }
    step
}

/// Returns the step that creates an object with its comment.
fn create(context: &LoweringContext<'_>, after: &Definition, action: Action) -> Step {
    let mut statements = vec![Statement::new(kinds::create(after, &context.names, false))];
    statements.extend(after.comment.as_ref().map(|_| comment(context, after)));
    let mut step = Step::new(after.address(), action, statements);
    needs(context, after, &mut step.footprint);
    step.footprint.creates.push(resource(context, after));
    step
}

/// Returns the step that creates an object that was dropped, with what belongs to it.
fn created_again(context: &LoweringContext<'_>, before: &Definition, after: &Definition, action: Action) -> Step {
    let mut step = create(context, after, action);
    let called = kinds::called(&after.name, &context.names);
    let kept = context.facts.definitions.get(&(before.kind, before.name.clone())).map(|beside| beside.kept.as_slice());
    step.statements.extend(kept.unwrap_or_default().iter().map(|sql| Statement::of_catalog(sql.replace("%s", &called))));
    step
}

/// Adds what an object needs to exist: the relations, types, sequences and routines that its text names.
fn needs(context: &LoweringContext<'_>, after: &Definition, footprint: &mut Footprint) {
    let own = resource(context, after);
    let text = &after.body.text;
    let named = context.named_in(text).into_iter().filter(|r| *r != own && context.is_there_then(r));
    footprint.needs = relations(context.desired, text).map(|name| context.relation(name)).chain(named).collect();
    context.comes(footprint, &after.name);
}

/// Returns the step that drops an object; `address` is where it is shown.
fn drop(context: &LoweringContext<'_>, before: &Definition, address: Address, action: Action) -> Step {
    let sql = format!("DROP {} {}", before.kind.sql(), called_now(context, before));
    let mut step = Step::new(address, action, vec![Statement::of_catalog(sql)]);
    let (own, text) = (resource(context, before), &before.body.text);
    let read = relations(context.current, text).flat_map(|name| [context.relation(name), context.shape(name)]);
    let dropped = context.named_in(text).into_iter().filter(|r| *r != own && context.dropped.contains(r));
    step.footprint.frees = read.chain(dropped).collect();
    context.goes(&mut step.footprint, &before.name);
    step.footprint.drops.push(own);
    step
}

/// Returns the name of a live object while the steps run: its table may have a temporary name.
fn called_now(context: &LoweringContext<'_>, before: &Definition) -> String {
    match before.name.relation() {
        Some(relation) => format!("{} ON {}", super::quote(before.name.name.as_str()), context.now(&relation)),
        None => kinds::called(&before.name, &context.names),
    }
}

/// Returns the step that changes an object in place.
fn in_place(context: &LoweringContext<'_>, before: &Definition, after: &Definition, edits: &[Edit]) -> Step {
    let (kind, own) = (after.kind.sql(), resource(context, after));
    let mut statements = Vec::new();
    if before.name.name.as_str() != after.name.name.as_str() {
        statements.push(rename(kind, &called_now(context, before), after.name.name.as_str()));
    }
    let redefined = edited(edits, Attribute::Definition);
    statements.extend(redefined.then(|| Statement::new(kinds::create(after, &context.names, true))));
    statements.extend(edited(edits, Attribute::Comment).then(|| comment(context, after)));
    let mut step = Step::new(after.address(), Action::Alter, statements);
    if redefined {
        needs(context, after, &mut step.footprint);
    }
    let old = resource(context, before);
    step.footprint.drops.extend(Some(old).filter(|old| *old != own));
    step.footprint.creates.push(own);
    step
}

fn comment(context: &LoweringContext<'_>, after: &Definition) -> Statement {
    let on = format!("{} {}", after.kind.sql(), kinds::called(&after.name, &context.names));
    Statement::of_catalog(ddl::comment(&on, after.comment.as_deref()))
}
