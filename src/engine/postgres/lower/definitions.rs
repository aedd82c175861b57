//! Objects that SQL defines as a whole: created, changed in place where `CREATE OR REPLACE` can, and otherwise
//! dropped and re-created. Those that a change of their table would take along are re-created unchanged.

use std::collections::BTreeSet;

use super::super::ddl;
use super::super::kinds::{self, Parts};
use super::super::names::Names;
use super::super::words::words;
use super::tables::Altered;
use super::{LoweringContext, edited, rename};
use crate::diff::{Attribute, Changes, Delta, Edit, TableChange};
use crate::plan::{Action, Code, Footprint, Hazard, Level, Resource, Statement, StatementKind, Step, Work};
use crate::schema::{Address, DefinedKind, Definition, Ident, Kind, ObjectName, Schema};

/// `others` are the steps of all other objects.
pub(super) fn lower(context: &LoweringContext<'_>, alters: &[Altered<'_>], others: &[Step]) -> Vec<Step> {
    let mut steps: Vec<Step> = context.changes.definitions().flat_map(|delta| steps(context, delta)).collect();
    for definition in taken_along(context, alters, others) {
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

/// A routine that is dropped, under its live name.
pub(crate) struct DroppedRoutine {
    pub(crate) name: ObjectName,
    pub(crate) is_re_created: bool,
    /// The object whose step does it.
    pub(crate) by: Address,
}

/// Returns the routines that are dropped, for good or to be re-created.
pub(crate) fn dropped_routines(changes: &Changes) -> Vec<DroppedRoutine> {
    let gone = changes.definitions().filter(|d| d.after().is_none() || is_re_created(d));
    let one = |delta: &Delta<Definition>| {
        let before = delta.before().filter(|d| Kind::from(d.kind).is_routine())?;
        Some(DroppedRoutine { name: before.name.clone(), is_re_created: delta.after().is_some(), by: delta.object().address() })
    };
    gone.filter_map(one).collect()
}

/// Returns whether a changed object must be dropped and re-created.
fn is_replaced(before: &Definition, after: &Definition, edits: &[Edit]) -> bool {
    edited(edits, Attribute::Definition) && !kinds::row(after.kind).is_some_and(|row| (row.replaces)(before, after))
}

/// Returns whether the object is dropped and re-created.
pub(super) fn is_re_created(delta: &Delta<Definition>) -> bool {
    matches!(delta, Delta::Alter { before, after, edits } if is_replaced(before, after, edits))
}

/// Returns the live objects that do not differ but would block a change, or be lost with it: what they are
/// on is dropped and re-created, or a column that they name is, or a routine that they call.
fn taken_along<'c>(context: &'c LoweringContext<'_>, alters: &[Altered<'_>], others: &[Step]) -> Vec<&'c Definition> {
    let changed: BTreeSet<(_, &ObjectName)> = context.changes.definitions().filter_map(Delta::before).map(|d| (d.kind, &d.name)).collect();
    let views = others.iter().filter(|s| s.statements.iter().any(|st| st.kind == StatementKind::DropsView));
    let views: BTreeSet<&Resource> = views.flat_map(|s| &s.footprint.drops).collect();
    let is_lost = |definition: &&Definition| {
        let calls = || context.named_in(&parts(definition).needed).iter().any(|r| context.replaced.contains(r));
        let on_view = definition.table.as_ref().is_some_and(|on| views.contains(&context.relation(on)));
        let altered = alters.iter().find(|a| definition.table.as_ref().is_some_and(|t| context.names.same(t, &a.edits.live.name)));
        on_view || altered.is_some_and(|table| names_disturbed(definition, table)) || calls()
    };
    let live = context.current.definitions.values().filter(|d| !changed.contains(&(d.kind, &d.name)));
    live.filter(is_lost).collect()
}

/// Returns whether the definition names a column that the change drops, re-creates or gives another type. Statistics
/// follow the type of a column; a trigger does not.
fn names_disturbed(definition: &Definition, table: &Altered<'_>) -> bool {
    let named = words(&definition.body.text);
    let disturbed: BTreeSet<&Ident> = match definition.name.relation() {
        Some(_) => table.disturbed(),
        None => table.recreated.iter().collect(),
    };
    disturbed.into_iter().any(|column| named.contains(column.as_str()))
}

/// Returns the resource of an object. Functions and procedures share one namespace.
pub(super) fn resource(names: &Names, kind: DefinedKind, name: &ObjectName) -> Resource {
    let own = ObjectName { schema: None, ..name.clone() };
    let kind = if kind == DefinedKind::Procedure { DefinedKind::Function } else { kind };
    Resource::Defined { kind, key: format!("{}.{own}", names.schema(name)) }
}

fn resource_of(context: &LoweringContext<'_>, definition: &Definition) -> Resource {
    resource(&context.names, definition.kind, &definition.name)
}

/// Returns the relations of a schema that a text may name.
fn relations<'s>(schema: &'s Schema, text: &str) -> impl Iterator<Item = &'s ObjectName> {
    let named = words(text);
    schema.heads_of(Kind::has_rows).map(|(_, head)| &head.name).filter(move |name| named.contains(name.name.as_str()))
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
    let mut statements = creating(context, after, false);
    statements.extend(after.comment.as_ref().map(|_| comment(context, after)));
    let mut step = Step::new(after.address(), action, statements);
    needs(context, after, &mut step.footprint);
    step.footprint.creates.push(resource_of(context, after));
    step.locks.extend(locked(context, after).map(|table| super::locks::rows_exclusive(context, &table, Work::None)));
    step
}

/// Returns the statement that creates an object. If its text is only read when it is used, and names something that
/// the plan changes as well, the server must not check the text yet.
fn creating(context: &LoweringContext<'_>, after: &Definition, or_replace: bool) -> Vec<Statement> {
    let create = Statement::of_catalog(kinds::create(after, &context.names, or_replace));
    let late = words(&parts(after).late);
    let mut changes = context.changes.objects.iter().map(|c| &c.head().name);
    let is_other = |name: &ObjectName| *name != after.name && late.contains(name.name.as_str());
    match changes.any(is_other) {
        true => vec![
            Statement::of_catalog("SET LOCAL check_function_bodies = off"),
            create,
            Statement::of_catalog("RESET check_function_bodies"),
        ],
        false => vec![create],
    }
}

/// Returns the parts of a definition.
fn parts(definition: &Definition) -> Parts {
    let text = &definition.body.text;
    kinds::row(definition.kind).map_or_else(|| Parts { needed: text.clone(), late: String::new() }, |row| (row.parts)(text))
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
    let own = resource_of(context, after);
    let Parts { needed, late } = parts(after);
    let named = |text: &str| context.named_in(text).into_iter().filter(|r| *r != own && context.is_there_then(r)).collect::<Vec<_>>();
    let read = |text: &str| relations(context.desired, text).map(|name| context.relation(name)).collect::<Vec<_>>();
    footprint.needs = [read(&needed), named(&needed)].concat();
    footprint.prefers = [read(&late), named(&late)].concat();
    context.comes(footprint, &after.name);
}

/// Returns the step that drops an object; `address` is where it is shown.
fn drop(context: &LoweringContext<'_>, before: &Definition, address: Address, action: Action) -> Step {
    let sql = format!("DROP {} {}", before.kind.sql(), called_now(context, before));
    let mut step = Step::new(address, action, vec![Statement::of_catalog(sql)]);
    let (own, Parts { needed, .. }) = (resource_of(context, before), parts(before));
    let read = relations(context.current, &needed).flat_map(|name| [context.relation(name), context.shape(name)]);
    let dropped = context.named_in(&needed).into_iter().filter(|r| *r != own && context.goes_away(r));
    step.footprint.frees = read.chain(dropped).collect();
    context.goes(&mut step.footprint, &before.name);
    step.footprint.drops.push(own);
    step.locks.extend(locked(context, before).map(|table| super::locks::exclusive(context, &table)));
    step
}

/// Returns the live table of a trigger, which a change of the trigger locks.
fn locked(context: &LoweringContext<'_>, definition: &Definition) -> Option<ObjectName> {
    let live = definition.name.relation().map(|relation| live_relation(context, &relation));
    live.filter(|table| context.current.tables.contains_key(table))
}

/// Returns the name of a live object while the steps run: its table may have a temporary name.
fn called_now(context: &LoweringContext<'_>, before: &Definition) -> String {
    match before.name.relation() {
        Some(relation) => {
            let live = live_relation(context, &relation);
            format!("{} ON {}", super::quote(before.name.name.as_str()), context.now(&live))
        }
        None => kinds::called(&before.name, &context.names),
    }
}

/// Returns the live name of a table, which a change may rename.
fn live_relation(context: &LoweringContext<'_>, relation: &ObjectName) -> ObjectName {
    let live = context.changes.tables().find_map(|c| match c {
        TableChange::Alter(edits) if edits.after.name == *relation => Some(edits.live.name.clone()),
        _ => None,
    });
    live.unwrap_or_else(|| relation.clone())
}

/// Returns the step that changes an object in place.
fn in_place(context: &LoweringContext<'_>, before: &Definition, after: &Definition, edits: &[Edit]) -> Step {
    let (kind, own) = (after.kind.sql(), resource_of(context, after));
    let mut statements = Vec::new();
    if before.name.name.as_str() != after.name.name.as_str() {
        statements.push(rename(kind, &kinds::called(&before.name, &context.names), after.name.name.as_str()));
    }
    let redefined = edited(edits, Attribute::Definition);
    if redefined {
        statements.extend(creating(context, after, true));
    }
    statements.extend(edited(edits, Attribute::Comment).then(|| comment(context, after)));
    let mut step = Step::new(after.address(), Action::Alter, statements);
    if redefined {
        needs(context, after, &mut step.footprint);
    }
    // By then the table has its new name.
    step.footprint.needs.extend(after.name.relation().map(|relation| context.relation(&relation)));
    let old = resource_of(context, before);
    step.footprint.drops.extend(Some(old).filter(|old| *old != own));
    step.footprint.creates.push(own);
    step
}

fn comment(context: &LoweringContext<'_>, after: &Definition) -> Statement {
    let on = format!("{} {}", after.kind.sql(), kinds::called(&after.name, &context.names));
    Statement::of_catalog(ddl::comment(&on, after.comment.as_deref()))
}
