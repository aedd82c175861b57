//! Domains: changed in place; re-created if the base type changes.

use std::collections::BTreeSet;

use super::super::ddl;
use super::super::default_name;
use super::super::names::quote;
use super::super::types;
use super::holders::{Holder, holders};
use super::rules::{Op, ops};
use super::{LoweringContext, edited, rename};
use crate::diff::{Attribute, Delta, Edit};
use crate::plan::{Action, Code, Hazard, Level, Lock, Probe, Resource, Statement, Step, Work};
use crate::schema::{Case, Check, Domain, Ident, ObjectName};

pub(super) fn lower(context: &LoweringContext<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = context.changes.domains().flat_map(|delta| domain_steps(context, delta)).collect();
    let changed = |d: &Domain| context.changes.domains().filter_map(Delta::after).any(|c| c.name == d.name);
    // Its base type is re-created, although the domain itself does not differ.
    for after in context.desired.domains.values().filter(|d| !changed(d)) {
        if let (Some(before), true) =
            (context.current.domains.get(&after.name), context.moved.contains_key(&context.names.key(&after.name)))
        {
            steps.extend(replaced(context, before, after));
        }
    }
    steps
}

fn domain_steps(context: &LoweringContext<'_>, delta: &Delta<Domain>) -> Vec<Step> {
    match delta {
        Delta::Create(d) => vec![come(context, Step::new(d.address(), Action::Create, created(context, d)), d)],
        Delta::Drop(d) => {
            let drop = Statement::of_catalog(format!("DROP DOMAIN {}", context.type_now(&d.name)));
            let mut step = Step::new(d.address(), Action::Destroy, vec![drop]);
            step.footprint.drops.push(context.ty(&d.name));
            step.footprint.frees.extend(context.type_of(&d.ty).filter(|r| context.dropped.contains(r)));
            context.type_goes(&mut step.footprint, &d.name);
            vec![step]
        }
        Delta::Alter { before, after, .. } if context.moved.contains_key(&context.names.key(&after.name)) => {
            replaced(context, before, after)
        }
        Delta::Alter { before, after, edits } => vec![in_place(context, before, after, edits)],
    }
}

fn come(context: &LoweringContext<'_>, mut step: Step, d: &Domain) -> Step {
    step.footprint.creates.push(context.ty(&d.name));
    step.footprint.needs.extend(context.type_of(&d.ty));
    context.comes(&mut step.footprint, &d.name);
    let texts = d.checks.iter().map(|c| c.expr.text.clone()).chain(d.default.iter().map(|v| ddl::value(&v.value)));
    let own = context.ty(&d.name);
    step.footprint.needs.extend(texts.flat_map(|t| context.named_in(&t)).filter(|n| *n != own && context.is_there_then(n)));
    step
}

fn created(context: &LoweringContext<'_>, d: &Domain) -> Vec<Statement> {
    let mut statements = vec![Statement::new(ddl::create_domain(d, &context.names))];
    statements.extend(d.comment.as_ref().map(|_| comment(context, d)));
    let name = context.names.sql(&d.name);
    for check in &d.checks {
        statements.extend(check.not_valid.then(|| add_check(&name, check)));
        statements.extend(check.comment.as_ref().map(|_| check_comment(&name, &check_name(d, check), check)));
    }
    statements
}

fn add_check(domain: &str, check: &Check) -> Statement {
    let not_valid = if check.not_valid { " NOT VALID" } else { "" };
    Statement::new(format!("ALTER DOMAIN {domain} ADD {}{not_valid}", ddl::domain_check(check)))
}

fn comment(context: &LoweringContext<'_>, d: &Domain) -> Statement {
    Statement::of_catalog(ddl::comment(&format!("DOMAIN {}", context.names.sql(&d.name)), d.comment.as_deref()))
}

fn check_comment(domain: &str, name: &str, check: &Check) -> Statement {
    Statement::of_catalog(ddl::comment(&format!("CONSTRAINT {} ON DOMAIN {domain}", quote(name)), check.comment.as_deref()))
}

fn check_name(domain: &Domain, check: &Check) -> String {
    check.name.as_ref().map_or_else(|| default_name::domain_check(domain), ToString::to_string)
}

fn replaced(context: &LoweringContext<'_>, before: &Domain, after: &Domain) -> Vec<Step> {
    let key = context.names.key(&after.name);
    let Some(moved) = context.moved.get(&key) else { return Vec::new() };
    let mut statements = vec![rename("DOMAIN", &context.type_now(&before.name), moved.aside.name.as_str())];
    statements.extend(created(context, &with_names(after)));
    let mut step = come(context, Step::new(after.address(), Action::Replace, statements), after);
    let over_moved = super::super::types::named(&after.ty, &context.names).is_some_and(|(key, _)| context.moved.contains_key(&key));
    let reason = if before.ty != after.ty || before.collate != after.collate {
        "the type and collation of a domain cannot be altered"
    } else if over_moved {
        "its base type is re-created"
    } else {
        "constraints of an array's elements cannot be added"
    };
    step.reason = reason.to_owned();
    if before.name != after.name {
        step.footprint.drops.push(context.ty(&before.name));
    }
    let drop = Statement::of_catalog(format!("DROP DOMAIN {}", context.names.sql(&moved.aside)));
    let mut last = Step::new(after.address(), Action::Replace, vec![drop]);
    last.footprint.drops.push(Resource::OldType(key.to_string()));
    last.footprint.needs.push(context.ty(&after.name));
    // The domain itself depends on a type that has a temporary name.
    last.footprint.frees.extend(super::super::types::named(&after.ty, &context.names).map(|(over, _)| Resource::OldType(over.to_string())));
    last.footprint.frees.extend(context.type_of(&before.ty).filter(|r| context.dropped.contains(r)));
    vec![step, last]
}

/// Returns the domain with a name for each check. The old domain, which is only renamed, still uses the
/// default names, so PostgreSQL would give an unnamed check a name that no constraint of the schema has.
fn with_names(domain: &Domain) -> Domain {
    let mut named = domain.clone();
    let mut taken: BTreeSet<String> = domain.checks.iter().filter_map(|c| c.name.as_ref()).map(ToString::to_string).collect();
    for check in named.checks.iter_mut().filter(|c| c.name.is_none()) {
        let free = default_name::free(&default_name::domain_check(domain), |n| taken.contains(n));
        taken.insert(free.clone());
        check.name = Some(Ident::new(free, Case::Exact));
    }
    named
}

fn in_place(context: &LoweringContext<'_>, before: &Domain, after: &Domain, edits: &[Edit]) -> Step {
    let name = context.names.sql(&after.name);
    let to = |what: &str| Statement::new(format!("ALTER DOMAIN {name} {what}"));
    let mut statements = Vec::new();
    if before.name != after.name {
        statements.push(rename("DOMAIN", &context.type_now(&before.name), after.name.name.as_str()));
    }
    let checks = crate::diff::check_changes(&before.checks, &after.checks);
    let around = |_: &Check| false;
    let rules = ops(
        &before.checks,
        &before.checks,
        &checks,
        &after.checks,
        &|c| check_name(before, c),
        &[Attribute::Name, Attribute::NotValid, Attribute::Comment],
        &around,
    );
    for op in &rules {
        statements.extend(op.gone().map(|name| to(&format!("DROP CONSTRAINT {}", quote(name)))));
    }
    if edited(edits, Attribute::Default) {
        let value = after.default.as_ref().map(|d| format!("SET DEFAULT {}", ddl::value(&d.value)));
        statements.push(to(&value.unwrap_or_else(|| "DROP DEFAULT".to_owned())));
    }
    if edited(edits, Attribute::NotNull) {
        statements.push(to(if after.not_null { "SET NOT NULL" } else { "DROP NOT NULL" }));
    }
    for op in &rules {
        statements.extend(check_op(&name, after, op));
    }
    statements.extend(edited(edits, Attribute::Comment).then(|| comment(context, after)));
    let mut step = come(context, Step::new(after.address(), Action::Alter, statements), after);
    if before.name != after.name {
        step.footprint.drops.push(context.ty(&before.name));
    }
    step.hazards = hazards(context, before, after, &rules);
    step.locks = locks(context, before, after, &rules);
    step
}

/// Returns the locks: the rows of every table with such values are read under a lock
/// (<https://www.postgresql.org/docs/current/sql-alterdomain.html>).
fn locks(context: &LoweringContext<'_>, before: &Domain, after: &Domain, rules: &[Op<Check>]) -> Vec<Lock> {
    if !(after.not_null && !before.not_null || rules.iter().any(|op| binding(op).is_some())) {
        return Vec::new();
    }
    let tables: BTreeSet<&ObjectName> = holders(context, &before.name).into_iter().map(|h| h.table).collect();
    let held = tables.into_iter().filter(|t| context.facts.holds_rows(t));
    held.map(|t| super::locks::writers(context, t, Work::Scan)).collect()
}

/// Returns the check that existing values must satisfy after the change, if it did not apply before.
fn binding(op: &Op<Check>) -> Option<&Check> {
    match op {
        Op::Edit { after, edits, .. } => Some(after).filter(|_| edited(edits, Attribute::NotValid)),
        other => other.come().filter(|c| !c.not_valid),
    }
}

fn check_op(domain: &str, after: &Domain, op: &Op<Check>) -> Vec<Statement> {
    let to = |what: String| Statement::new(format!("ALTER DOMAIN {domain} {what}"));
    match op {
        Op::Drop { .. } => Vec::new(),
        Op::Add { item } | Op::Replace { item, .. } => {
            let mut found = vec![add_check(domain, item)];
            found.extend(item.comment.as_ref().map(|_| check_comment(domain, &check_name(after, item), item)));
            found
        }
        Op::Edit { name, after: check, edits } => {
            let new = check.name.as_ref().map_or(name.clone(), ToString::to_string);
            let mut found = Vec::new();
            if *name != new {
                found.push(to(format!("RENAME CONSTRAINT {} TO {}", quote(name), quote(&new))));
            }
            if edited(edits, Attribute::NotValid) {
                found.push(to(format!("VALIDATE CONSTRAINT {}", quote(&new))));
            }
            found.extend(edited(edits, Attribute::Comment).then(|| check_comment(domain, &new, check)));
            found
        }
    }
}

/// Returns hazards for values that violate the domain's new constraints.
fn hazards(context: &LoweringContext<'_>, before: &Domain, after: &Domain, rules: &[Op<Check>]) -> Vec<Hazard> {
    let mut found = Vec::new();
    let base = types::value_type(&before.ty);
    for Holder { table, column, is_array, .. } in holders(context, &before.name) {
        if is_array || !context.facts.holds_rows(table) {
            continue;
        }
        let (name, from) = (quote(column.as_str()), context.names.sql(table));
        if after.not_null && !before.not_null {
            let message = format!("`{column}` is NULL in {{count}} of {{total}} rows of {table}");
            let hazard = Hazard::new(Code::BreaksNotNull, Level::Blocks, after.address(), message, "set a value in these rows first");
            found.push(
                hazard
                    .counted(Probe::Query(format!("SELECT count(*) FILTER (WHERE {name} IS NULL), count(*) FROM {from}")))
                    .reading([&from])
                    .found_by(format!("SELECT * FROM {from} WHERE {name} IS NULL")),
            );
        }
        for op in rules {
            let Some(item) = binding(op) else { continue };
            // In a check, VALUE has the base type, which may have operators that the domain lacks.
            let relation = format!("(SELECT ({name})::{base} AS value FROM {from}) AS v");
            let message = format!("{{count}} of {{total}} values of {table}.{column} violate check ({})", item.expr.text);
            let advice = "fix these values first, or change the condition";
            let hazard = Hazard::new(Code::BreaksCheck, Level::Blocks, after.address(), message, advice);
            let condition = format!("NOT ({})", item.expr.text);
            found.push(
                hazard
                    .counted(Probe::Query(format!("SELECT count(*) FILTER (WHERE {condition}), count(*) FROM {relation}")))
                    .reading([&from])
                    .found_by(format!("SELECT * FROM {relation} WHERE {condition}")),
            );
        }
    }
    found
}
