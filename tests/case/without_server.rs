//! A plan made from saved facts without the server must equal the one made with it.

use rosey::apply::{self, Desired, EngineOptions, PlanOptions, PlanSnapshot};
use rosey::plan::{Plan, Step};
use rosey::schema::Normalized;

use crate::support::{applied, wait};

/// Saves the plan as to a file, makes it again from that, and compares it with itself and with the plain one.
pub fn is_the_same(live: &apply::Database, desired: &Normalized, online: bool, plain: &Plan) -> Result<(), String> {
    let noted = wait(live.plan_with_snapshot(
        &Desired::from(desired.clone()),
        PlanOptions { engine: EngineOptions::default().online(online), ..PlanOptions::default() },
    ))
    .map_err(|e| format!("no plan to note down: {e:?}"))?;
    if noted.plan.changes.addresses() != plain.changes.addresses() {
        return Err(format!("noted down, other things change: {:?}\n{}", noted.plan.changes.addresses(), statements(plain)));
    }
    let again = again(&noted, online)?;
    let (sql, with) = (statements(&again), statements(&noted.plan));
    if sql != with {
        return Err(format!("without the server the statements are\n{sql}\ninstead of\n{with}\n{}", noted.desired));
    }
    if heads(plain) != heads(&noted.plan) {
        return Err(format!("noted down, the statements are\n{with}\ninstead of\n{}", statements(plain)));
    }
    let counted = again.hazards().find(|h| h.count.is_some());
    if again.changes != noted.plan.changes || again.guards != noted.plan.guards {
        return Err(format!("without the server other things change: {:?}", again.changes));
    }
    counted.map_or(Ok(()), |h| Err(format!("{} was counted without a server", h.address)))
}

fn statements(plan: &Plan) -> String {
    let of = |step: &Step| step.statements.iter().map(|s| format!("{:?} {}\n", step.transaction, s.sql)).collect::<String>();
    plan.steps.iter().map(of).collect()
}

/// Returns the statements without their expressions, which may be in the spelling of the server or of the
/// file, but with where they run. Why can differ: a part that is re-created is a reason only if it is not
/// itself shown as changed.
fn heads(plan: &Plan) -> Vec<String> {
    let head = |sql: &str| sql.split(['(', '\n']).next().unwrap_or_default().split(" AS ").next().unwrap_or_default().to_owned();
    let of = |step: &Step| {
        step.statements.iter().map(|s| format!("{} {:?} {}", step.address, step.transaction, head(&s.sql))).collect::<Vec<_>>()
    };
    plan.steps.iter().flat_map(of).collect()
}

/// Makes the plan only from the saved texts.
fn again(noted: &PlanSnapshot, online: bool) -> Result<Plan, String> {
    let wanted = Desired::from(applied::desired(&noted.desired)?);
    // What the history recorded is not in the file of a plan.
    let mut bare = noted.state.clone();
    (bare.recorded, bare.written) = (None, None);
    let again = wait(apply::plan_offline(
        &bare,
        &wanted,
        PlanOptions { engine: EngineOptions::default().online(online), ..PlanOptions::default() },
    ));
    Ok(again.map_err(|e| format!("without the server: {e:?}"))?.plan)
}
