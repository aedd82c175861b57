//! Takes snapshots of a PostgreSQL database for planning without it later. Only reads, so that a read-only
//! role is enough.

use std::collections::BTreeSet;

use super::super::{Entry, drift, history};
use super::PATIENCE;
use crate::apply::{PlanOptions, Remarks};
use crate::engine::guards::Guards;
use crate::engine::postgres::connection::{Begin, Connection};
use crate::engine::postgres::inspect::{self, Live};
use crate::engine::postgres::planner::{self, How};
use crate::engine::postgres::{self, Url, digest, history as recorded, offline, rows};
use crate::engine::{Error, PlanError};
use crate::kdl::{self, Sources};
use crate::plan::{Counts, Fact, Plan};
use crate::schema::{Dialect, Normalized, ObjectName, Schema};

/// A snapshot of a database.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct State {
    /// The schema, as it is written in KDL.
    pub current: Schema,
    /// Other facts that a plan depends on.
    pub facts: Vec<Fact>,
    /// The last row of the history, if there is one that this rosey can read.
    pub last: Option<Entry>,
}

/// A plan and everything that it was made from: [`offline::plan`](crate::engine::postgres::offline) makes
/// the same plan from it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PlanAndState {
    /// The plan, with row counts.
    pub plan: Plan,
    /// Remarks about the plan.
    pub remarks: Remarks,
    /// The state that the plan starts from.
    pub state: State,
    /// The desired schema. Expressions that the server found equal to the live ones are in the server's
    /// spelling.
    pub desired: Schema,
}

/// Returns the state of a database, as seen by one transaction.
///
/// # Errors
/// If the server does not respond.
pub async fn state(url: &Url) -> Result<State, Error> {
    let mut connection = Connection::open_within(url, PATIENCE).await?;
    connection.begin(Begin::ReadOnly).await?;
    let (_, _, _, state) = read(&mut connection, Counts::default()).await?;
    connection.rollback().await?;
    connection.close().await.ok();
    Ok(state)
}

/// Plans as [`super::plan()`] does, and returns what is needed to make the same plan again.
///
/// # Errors
/// If the server does not respond, or if no plan is possible.
pub async fn plan_with_state(url: &Url, desired: &Normalized, plan_options: PlanOptions) -> Result<PlanAndState, PlanError> {
    let mut connection = Connection::open_within(url, plan_options.wait).await?;
    connection.begin(Begin::Snapshot).await?;
    let (live, guards, holding, state) = read(&mut connection, plan_options.counts).await?;
    let settled = planner::settled_from(&mut connection, live, desired.schema(), &guards).await?;
    let changes = settled.changes()?;
    planner::is_possible(&mut connection, &settled, &changes).await?;
    // From here on, both schemas are used as if they had been read from the file that they are written to.
    let current = as_read(&state.current)?;
    let desired = Normalized::by_dialect(as_read(&offline::for_file(&settled, &changes))?);
    let mut remarks = Remarks { left_alone: settled.left_alone, unasked: settled.unasked, ..Remarks::default() };
    let (settled, guards) = offline::settled_without_server(&current, &state.facts, &desired)?;
    let planned =
        planner::plan_from(&mut connection, settled, &guards, &How { holding: Some(&holding), ..How::in_way(plan_options) }).await?;
    let mut plan = planned.plan;
    let since = drift::on_postgres(&mut connection, &planned.settled.current, desired.schema()).await?;
    (plan.drift, remarks.later) = (since.drift, since.later);
    connection.rollback().await?;
    connection.close().await.ok();
    Ok(PlanAndState { plan, remarks, state, desired: desired.schema().clone() })
}

/// Returns the schema as it is after being written and read again, which orders its constraints differently.
fn as_read(schema: &Schema) -> Result<Schema, PlanError> {
    let sources = Sources::from_text("schema.kdl", &kdl::encode(schema));
    let (schema, problems) = kdl::decode_all(&sources, Dialect::Postgres);
    if problems.is_empty() { Ok(schema) } else { Err(postgres::PlanError::Schema(problems).into()) }
}

/// Reads everything that a plan is made from, and its snapshot.
async fn read(connection: &mut Connection, counts: Counts) -> Result<(Live, Guards, BTreeSet<ObjectName>, State), Error> {
    let live = inspect::inspect(connection).await?;
    let guards = planner::remembered(connection, &live).await?;
    let holding = rows::all_holding(connection, &live, counts).await?;
    let mut facts = offline::facts(&live, &guards, &holding);
    facts.extend(digest::facts(connection, &live.server.default_schema).await?);
    let current = planner::as_shown(&live);
    let last = history::decode(&recorded::rows(connection, true).await?).unwrap_or_default().into_iter().next();
    Ok((live, guards, holding, State { current, facts, last }))
}
