//! Takes snapshots of a SQLite file for planning without it later. Only reads.

use std::path::Path;
use std::time::Duration;

use super::super::{Entry, drift, history};
use super::folder_exists;
use crate::apply::{PlanOptions, SqlitePath};
use crate::engine::sqlite::connection::{Connection, Error, Mode};
use crate::engine::sqlite::gate::{self, Gate};
use crate::engine::sqlite::planner::{self, How};
use crate::engine::sqlite::{history as recorded, inspect, measure, offline, session};
use crate::engine::{self, PlanError};
use crate::plan::{self, Action, Code, Counts, Fact, Hazard, Level, Plan};
use crate::schema::{Normalized, Schema};

/// How long to wait for another client's lock.
const WAIT: Duration = Duration::from_secs(5);

/// How long a plan checks a file that would be rewritten for damage.
const DAMAGE: Duration = Duration::from_secs(2);

/// A snapshot of a database.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The schema, as it is written in KDL.
    pub current: Schema,
    /// Other facts that a plan depends on.
    pub facts: Vec<Fact>,
    /// The schema that the last apply recorded, whose guards still apply; empty if there is none.
    pub guarded: Schema,
    /// The columns of the history table; empty if it does not exist or is not available.
    pub history_columns: Vec<String>,
    /// The last row of the history, if there is one that this rosey can read.
    pub last: Option<Entry>,
    /// Why an apply will refuse to add to the history: a later version of rosey wrote its last row.
    pub later: Option<String>,
}

/// Returns the state of a file.
///
/// # Errors
/// If the file does not exist or cannot be read.
pub async fn state(path: &Path) -> Result<State, engine::Error> {
    let mut connection = Connection::open(path, Mode::Read, WAIT).await?;
    connection.execute("BEGIN").await?;
    let state = state_within(&mut connection).await?;
    connection.execute("COMMIT").await?;
    connection.close().await?;
    Ok(state)
}

/// Returns the state as seen by an open transaction.
pub(in crate::apply) async fn state_within(connection: &mut Connection) -> Result<State, engine::Error> {
    let live = inspect::inspect(connection).await?;
    let guarded = planner::remembered(connection, &live).await?.schema().clone();
    let history_columns = recorded::columns(connection).await?;
    let last = history::decode(&last(connection, &history_columns).await?).unwrap_or_default().into_iter().next();
    Ok(State {
        current: inspect::for_display(live.current.schema()),
        facts: offline::facts(&live),
        guarded,
        history_columns,
        last,
        later: None,
    })
}

/// The last row of the history, as it is; none if there is no such table.
async fn last(connection: &mut Connection, columns: &[String]) -> Result<Vec<String>, Error> {
    if columns.is_empty() { Ok(Vec::new()) } else { connection.texts(&session::history_sql(columns, true)).await }
}

/// Plans as [`super::plan_within`] does, and returns the state that the plan starts from, both as of the same
/// moment. A missing file is the empty state.
///
/// # Errors
/// Those of [`super::plan()`].
pub async fn plan_with_state(path: &Path, desired: &Normalized, plan_options: PlanOptions) -> Result<(Plan, State), PlanError> {
    let mut connection = match Connection::open(path, Mode::Read, plan_options.wait).await {
        Ok(connection) => connection,
        Err(Error::NoFile { .. }) if !folder_exists(path) => {
            let reason = "its folder does not exist".to_owned();
            return Err(Error::CannotOpen { path: path.display().to_string(), reason }.into());
        }
        Err(Error::NoFile { .. }) => return Ok((planner::plan_from_nothing(desired).await?, State::default())),
        Err(other) => return Err(other.into()),
    };
    // One read transaction for what must be consistent, which ends before anything slow begins: in the
    // rollback-journal modes, a reader keeps writers from committing.
    connection.execute("BEGIN").await?;
    let mut live = inspect::inspect(&mut connection).await?;
    let guards = planner::remembered(&mut connection, &live).await?;
    live.current = live.current.with_renames_done(guards.schema().exchanged());
    let history_columns = recorded::columns(&mut connection).await?;
    let entries = history::decode(&last(&mut connection, &history_columns).await?);
    connection.execute("COMMIT").await?;
    connection.close().await?;
    let how = How { rebuild_only: plan_options.path == SqlitePath::Rebuild, proven: None, counts: plan_options.counts };
    let mut plan = planner::plan_from(&live, desired, how).await?;
    planner::guard(&mut plan, &guards, desired);
    counted(path, &mut plan, plan_options).await?;
    let last = entries.as_ref().ok().and_then(|entries| entries.first()).cloned();
    let drift::Since { drift, later } = drift::on_sqlite(entries, &live.current, desired.schema())?;
    plan.drift = drift;
    let current = inspect::for_display(live.current.schema());
    Ok((plan, State { current, facts: offline::facts(&live), guarded: guards.schema().clone(), history_columns, last, later }))
}

/// Counts the affected rows on a connection of its own, in one transaction for each count. A damaged file
/// must not be rewritten.
async fn counted(path: &Path, plan: &mut Plan, plan_options: PlanOptions) -> Result<(), PlanError> {
    if plan_options.counts == Counts::None {
        plan::leave_uncounted(&mut plan.steps);
        return Ok(());
    }
    if plan.steps.iter().all(|s| s.action != Action::Rebuild && s.hazards.is_empty()) {
        return Ok(());
    }
    let mut connection = Connection::open(path, Mode::Read, plan_options.wait).await?;
    if let Some(step) = plan.steps.iter_mut().find(|s| session::rewrites(s))
        && let Some(found) = gate::damage(&mut connection, DAMAGE).await?
    {
        let (message, address) = (format!("the database is damaged: {found}"), step.address.clone());
        step.hazards.push(Hazard::new(Code::NotSupported, Level::Blocks, address, message, super::RECOVER));
    }
    let mut gate = Gate::for_plan(&mut connection, plan_options.count_limit).await?;
    measure::measure(&mut gate, &plan.changes, &mut plan.steps, plan_options.counts).await?;
    let is_lost = gate.is_lost();
    gate.leave().await?;
    if !is_lost {
        connection.close().await?;
    }
    Ok(())
}
