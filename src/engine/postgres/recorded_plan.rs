//! Plans with the tables that were empty when a plan file was saved: the same steps for the same file.
//! Changes nothing.

use std::collections::BTreeSet;

use super::Url;
use super::connection::{Begin, Connection};
use super::planner::{self, How};
use crate::engine::{PlanError, PlanOptions, Remarks};
use crate::plan::Plan;
use crate::schema::{Normalized, ObjectName};

/// Plans as if these tables, which a plan file lists, contained rows and no others did. Also returns the
/// other changed tables that contain rows now: the plan is not made for them.
///
/// # Errors
/// If the server does not respond, or if no plan is possible.
pub async fn plan_from_recorded_state(
    url: &Url,
    desired: &Normalized,
    holding: &BTreeSet<ObjectName>,
    plan_options: PlanOptions,
) -> Result<(Plan, Remarks, Vec<ObjectName>), PlanError> {
    let mut connection = Connection::open_within(url, plan_options.wait).await?;
    connection.begin(Begin::Snapshot).await?;
    let (planned, _) = planner::plan_as(&mut connection, desired, &How { holding: Some(holding), ..How::in_way(plan_options) }).await?;
    connection.rollback().await?;
    connection.close().await.ok();
    let remarks = Remarks { left_alone: planned.settled.left_alone, unasked: planned.settled.unasked, ..Remarks::default() };
    let plan = Plan { holding: Some(holding.clone()), ..planned.plan };
    Ok((plan, remarks, planned.unexpectedly_not_empty))
}
