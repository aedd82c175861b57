//! Translates changes into steps for PostgreSQL. Each step states what it creates, needs, frees and drops;
//! the order follows from that. Reads no database: what must be known about the live one is passed as
//! [`Facts`].

mod alter;
mod aside;
mod columns;
mod context;
mod definitions;
mod domain_bounds;
mod domain_values;
mod domains;
mod done;
mod enums;
mod foreign_keys;
mod going;
mod ground;
mod holders;
mod indexes;
mod later;
mod locks;
mod logging;
mod namespaces;
mod numbers;
mod probes;
mod retype;
mod rows;
mod rules;
mod sequences;
mod tables;
mod taken;
mod types;
mod view_indexes;
mod views;

use super::facts::Facts;
use super::names::quote;
use crate::diff::{Attribute, Changes, Edit};
use crate::plan::{Action, Code, Hazard, Level, Statement, Step};
use crate::schema::{Address, AnyKind, Schema};

use context::LoweringContext;
pub(crate) use definitions::{DroppedRoutine, dropped_routines};
pub(crate) use domain_bounds::{BoundDomain, Values, bound_domains};
pub(crate) use going::{Going, What, going};
pub(crate) use holders::types_over;
pub(crate) use taken::problems as taken_names;

/// Turns changes into steps, not yet ordered and not yet counted. With `online`, tables that have rows are
/// changed without blocking writers for longer than a moment, if possible.
pub(crate) fn lower(changes: &Changes, current: &Schema, desired: &Schema, facts: &Facts, online: bool) -> Vec<Step> {
    let mut context = LoweringContext::new(changes, current, desired, facts, online);
    loop {
        let steps = lowered(&context);
        let contended = crate::plan::contended(&steps);
        if contended.is_empty() || !aside::step_aside(&mut context, &contended) {
            return steps;
        }
    }
}

fn lowered(context: &LoweringContext<'_>) -> Vec<Step> {
    let alters = tables::altered(context);
    let mut steps = namespaces::lower(context);
    steps.extend(enums::lower(context));
    steps.extend(domains::lower(context));
    steps.extend(sequences::lower(context));
    steps.extend(tables::lower(context, &alters));
    steps.extend(foreign_keys::lower(context, &alters));
    steps.extend(views::lower(context, &alters));
    let definitions = definitions::lower(context, &alters, &steps);
    steps.extend(definitions);
    steps.extend(context.changes.lacking.iter().map(|(kind, name)| lacking(kind, name)));
    if !context.asides.is_empty() {
        steps.iter_mut().for_each(|s| aside::follow(context, s));
        steps.extend(aside::steps(context));
    }
    steps
}

fn lacking(kind: &AnyKind, name: &str) -> Step {
    let address = Address::top(kind, name);
    let mut step = Step::new(address.clone(), Action::Unsupported, Vec::new());
    step.hazards.push(Hazard::new(
        Code::NotSupported,
        Level::Blocks,
        address,
        format!("{kind} {name} does not exist, and rosey does not create objects of this kind"),
        "create it yourself, or remove it from the schema",
    ));
    step
}

/// Returns whether an attribute is among the edits.
fn edited(edits: &[Edit], attribute: Attribute) -> bool {
    edits.iter().any(|e| e.attribute == attribute)
}

/// Returns `ALTER KIND name …`.
fn alter(kind: &str, name: &str, what: &str) -> Statement {
    Statement::of_catalog(format!("ALTER {kind} {name} {what}"))
}

/// Returns `ALTER KIND name RENAME TO "new"`.
fn rename(kind: &str, name: &str, to: &str) -> Statement {
    alter(kind, name, &format!("RENAME TO {}", quote(to)))
}

#[cfg(test)]
mod tests;
