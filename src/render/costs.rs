//! The costs of running a plan, as a list: copied rows, locks, disk space, and objects that have to be
//! re-created.

use super::unmanaged;
use super::view::View;
use crate::plan::{Action, Plan, bytes, counted};
use crate::schema::Address;

/// A line, and the object that it is about, if any.
pub(super) struct Cost {
    pub(super) of: Option<Address>,
    pub(super) text: String,
}

/// Returns all costs, in the order of the plan.
pub(super) fn costs(plan: &Plan, view: &View) -> Vec<Cost> {
    let about = |of: &Address, text: String| Cost { of: Some(of.clone()), text };
    let whole = |text: String| Cost { of: None, text };
    let mut found: Vec<Cost> = Vec::new();
    for step in plan.steps.iter().filter(|s| s.action == Action::Rebuild) {
        let size = step.bytes.map(|b| format!(", {}", bytes(b))).unwrap_or_default();
        let rows = step.rows.map_or_else(|| "all rows".to_owned(), |n| counted(n, "row"));
        found.push(about(&step.address, format!("is rebuilt: {rows} copied{size}")));
    }
    for block in &view.blocks {
        found.extend(block.costs.iter().map(|c| about(&block.address, c.clone())));
    }
    found.extend(view.carried.iter().map(|a| about(a, "is dropped and re-created unchanged".to_owned())));
    found.extend(view.cost.iter().map(|c| whole(c.clone())));
    found.extend(unmanaged::lines(&plan.unmanaged, false).into_iter().map(whole));
    found.extend(plan.guards.iter().map(|g| whole(format!("{g} (recorded by the next apply)"))));
    found
}
