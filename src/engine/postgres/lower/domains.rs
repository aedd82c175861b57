//! Domains: changed in place; re-created if the base type changes.

use std::collections::BTreeSet;

use super::super::ddl;
use super::super::default_name;
use super::super::names::quote;
use super::ground::domains_of;
use super::rules::{Op, ops};
use super::types::same_type;
use super::{LoweringContext, domain_bounds, edited, rename};
use crate::diff::{Attribute, Delta, Edit};
use crate::plan::{Action, Resource, Statement, Step};
use crate::schema::{Case, Check, Domain, Ident};

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
    let name = context.names.sql(&d.name);
    // A domain over a domain gets a copy of its default.
    let inherits = domains_of(context, context.desired, &d.ty).first().is_some_and(|b| !b.is_element && b.domain.default.is_some());
    if d.default.is_none() && inherits {
        statements.push(Statement::of_catalog(format!("ALTER DOMAIN {name} DROP DEFAULT")));
    }
    statements.extend(d.comment.as_ref().map(|_| comment(context, d)));
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
    let reason = if !same_type(context, &before.ty, &after.ty) || before.collate != after.collate {
        "the type and collation of a domain cannot be altered"
    } else if over_moved || super::types::gives_up_name(context, &before.ty) {
        "its base type is re-created"
    } else {
        "constraints on array elements cannot be added"
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
    let rules = constraint_ops(before, after);
    let bound = domain_bounds::bound(before, after);
    for op in &rules {
        statements.extend(op.gone().map(|name| to(&format!("DROP CONSTRAINT {}", quote(name)))));
    }
    if edited(edits, Attribute::Default) {
        let value = after.default.as_ref().map(|d| format!("SET DEFAULT {}", ddl::value(&d.value)));
        statements.push(to(&value.unwrap_or_else(|| "DROP DEFAULT".to_owned())));
    }
    statements.extend(domain_bounds::filled(context, &bound));
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
    step.hazards = domain_bounds::hazards(context, &bound);
    step.locks = domain_bounds::locks(context, &bound);
    step
}

/// Returns what happens to the checks of a domain that is changed in place.
pub(super) fn constraint_ops(before: &Domain, after: &Domain) -> Vec<Op<Check>> {
    let changes = crate::diff::check_changes(&before.checks, &after.checks);
    let in_place = [Attribute::Name, Attribute::NotValid, Attribute::Comment];
    ops(&before.checks, &before.checks, &changes, &after.checks, &|c| check_name(before, c), &in_place, &|_| false)
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
