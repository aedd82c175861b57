//! Enums: values are added in place; an enum that loses or reorders values is re-created.

use super::super::ddl;
use super::super::names::{literal, quote};
use super::holders::{Holder, holders};
use super::types::{ValueChange, value_change};
use super::{LoweringContext, alter, edited, rename};
use crate::diff::{Attribute, Delta};
use crate::plan::{Action, Code, Hazard, Level, Probe, Resource, Statement, Step, Transaction};
use crate::schema::{EnumType, ObjectName};

pub(super) fn lower(context: &LoweringContext<'_>) -> Vec<Step> {
    context.changes.enums().flat_map(|delta| enum_steps(context, delta)).collect()
}

fn enum_steps(context: &LoweringContext<'_>, delta: &Delta<EnumType>) -> Vec<Step> {
    match delta {
        Delta::Create(e) => {
            let mut step = Step::new(e.address(), Action::Create, created(context, e));
            step.footprint.creates.push(context.ty(&e.name));
            context.comes(&mut step.footprint, &e.name);
            vec![step]
        }
        Delta::Drop(e) => vec![gone(context, Step::new(e.address(), Action::Destroy, Vec::new()), &e.name, &e.name)],
        Delta::Alter { before, after, edits } => match value_change(context, before, after) {
            ValueChange::Replace => replaced(context, before, after),
            how => in_place(context, before, after, how, edited(edits, Attribute::Comment)),
        },
    }
}

fn created(context: &LoweringContext<'_>, e: &EnumType) -> Vec<Statement> {
    let mut statements = vec![Statement::of_catalog(ddl::create_enum(e, &context.names))];
    statements.extend(e.comment.as_ref().map(|_| comment(context, e)));
    statements
}

fn comment(context: &LoweringContext<'_>, e: &EnumType) -> Statement {
    Statement::of_catalog(ddl::comment(&format!("TYPE {}", context.names.sql(&e.name)), e.comment.as_deref()))
}

/// Completes the step that drops a type, under the name that it has then; `resource` is what other steps have
/// freed.
fn gone(context: &LoweringContext<'_>, mut step: Step, name: &ObjectName, resource: &ObjectName) -> Step {
    step.statements.push(Statement::of_catalog(format!("DROP TYPE {}", context.type_now(name))));
    step.footprint.drops.push(context.ty(resource));
    context.type_goes(&mut step.footprint, name);
    step
}

fn in_place(context: &LoweringContext<'_>, before: &EnumType, after: &EnumType, how: ValueChange, comments: bool) -> Vec<Step> {
    // A statement before the transaction must use the live name.
    let name = if how == ValueChange::AddBefore { context.names.sql(&before.name) } else { context.type_now(&before.name) };
    let additions = additions(&name, before, after);
    let mut steps = Vec::new();
    let mut statements = Vec::new();
    if how == ValueChange::AddBefore {
        let mut step = Step::new(after.address(), Action::Alter, additions);
        step.transaction = Transaction::Before;
        step.reason = "a new value can be used only after it is committed".to_owned();
        steps.push(step);
    } else {
        statements.extend(additions);
    }
    if before.name != after.name {
        statements.push(rename("TYPE", &context.type_now(&before.name), after.name.name.as_str()));
    }
    statements.extend(comments.then(|| comment(context, after)));
    if !statements.is_empty() {
        let mut step = Step::new(after.address(), Action::Alter, statements);
        step.footprint.creates.push(context.ty(&after.name));
        if before.name != after.name {
            step.footprint.drops.push(context.ty(&before.name));
        }
        steps.push(step);
    }
    steps
}

/// Returns `ADD VALUE` for each new value, at its position.
fn additions(name: &str, before: &EnumType, after: &EnumType) -> Vec<Statement> {
    let mut there: Vec<&String> = before.values.iter().collect();
    let mut found = Vec::new();
    for (i, value) in after.values.iter().enumerate().filter(|(_, v)| !before.values.contains(v)) {
        let left = i.checked_sub(1).and_then(|i| after.values.get(i));
        let place = match (left, there.first()) {
            (Some(left), _) if there.last() == Some(&left) => String::new(),
            (Some(left), _) => format!(" AFTER {}", literal(left)),
            (None, Some(first)) => format!(" BEFORE {}", literal(first)),
            (None, None) => String::new(),
        };
        found.push(alter("TYPE", name, &format!("ADD VALUE IF NOT EXISTS {}{place}", literal(value))));
        there.insert(i.min(there.len()), value);
    }
    found
}

fn replaced(context: &LoweringContext<'_>, before: &EnumType, after: &EnumType) -> Vec<Step> {
    let key = context.names.key(&after.name);
    let Some(moved) = context.moved.get(&key) else { return Vec::new() };
    let mut statements = vec![rename("TYPE", &context.type_now(&before.name), moved.aside.name.as_str())];
    statements.extend(created(context, after));
    let mut step = Step::new(after.address(), Action::Replace, statements);
    step.reason = "values are removed or reordered".to_owned();
    step.footprint.creates.push(context.ty(&after.name));
    if before.name != after.name {
        step.footprint.drops.push(context.ty(&before.name));
    }
    context.comes(&mut step.footprint, &after.name);
    step.hazards = removed(context, before, after);
    let drop = Statement::of_catalog(format!("DROP TYPE {}", context.names.sql(&moved.aside)));
    let mut last = Step::new(after.address(), Action::Replace, vec![drop]);
    last.footprint.drops.push(Resource::OldType(key.to_string()));
    last.footprint.needs.push(context.ty(&after.name));
    vec![step, last]
}

/// Returns hazards for rows with a value that is removed.
fn removed(context: &LoweringContext<'_>, before: &EnumType, after: &EnumType) -> Vec<Hazard> {
    let gone: Vec<String> = before.values.iter().filter(|v| !after.values.contains(v)).map(|v| literal(v)).collect();
    let stay = |h: &Holder<'_>| context.facts.holds_rows(h.table) && h.keeps(context, &after.name);
    let columns = holders(context, &before.name).into_iter().filter(stay);
    let list = gone.join(", ");
    let advice = "change these values first, keep them in the enum, or specify a conversion: using \"EXPRESSION\"";
    let hazard = |Holder { table, column, is_array, after: then }: Holder<'_>| {
        let using = then.and_then(|c| c.using.as_ref());
        let name = using.map_or_else(|| quote(column.as_str()), |e| format!("({})", e.text));
        let condition =
            if is_array { format!("{name}::text[] OPERATOR(pg_catalog.&&) ARRAY[{list}]") } else { format!("{name}::text IN ({list})") };
        let table_sql = context.names.sql(table);
        let message = format!("{{count}} of {{total}} values of {table}.{column} are no longer in enum {}", after.name);
        Hazard::new(Code::BreaksType, Level::Blocks, after.address(), message, advice)
            .counted(Probe::Query(format!("SELECT count(*) FILTER (WHERE {condition}), count(*) FROM {table_sql}")))
            .reading([&table_sql])
            .found_by(format!("SELECT * FROM {table_sql} WHERE {condition}"))
    };
    if gone.is_empty() { Vec::new() } else { columns.map(hazard).collect() }
}
