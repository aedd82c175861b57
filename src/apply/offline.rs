//! Plans without a database, from a snapshot of one. Opens no database.

use super::{ApplyError, Desired, Options, PlanOptions};
use crate::engine::offline::{Recorded, RecordedState};
use crate::engine::product_of;
use crate::kdl::{self, Sources};
use crate::plan::{Frame, Plan, State};
use crate::schema::{Address, Dialect, Schema};

/// Reads a schema that rosey has written.
pub(super) fn read_noted(text: &str, dialect: Dialect) -> Result<Schema, ApplyError> {
    kdl::decode(&Sources::from_text("noted.kdl", text), dialect).map_err(|e| ApplyError::Unreadable(e.to_string()))
}

/// A plan made without the database, and the differences that only its server could decide.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Offline {
    /// The plan, without row counts.
    pub plan: Plan,
    /// The objects that may be equal after all.
    pub unsettled: Vec<Address>,
    /// The desired schema, as KDL that needs no history to be interpreted.
    pub desired: String,
}

/// Plans from a snapshot: the same changes and statements as against the database that it was taken from.
///
/// # Errors
/// If the snapshot cannot be read, or if no plan is possible.
pub async fn plan_offline(state: &State, desired: &Desired, plan_options: PlanOptions) -> Result<Offline, ApplyError> {
    let noted = OfflineState::read(state)?;
    let made = product_of(state.dialect).plan_offline(noted.recorded(state), desired.normalized(), plan_options).await?;
    let leads_to = kdl::encode(made.desired.as_ref().unwrap_or(desired.written()));
    Ok(Offline { plan: made.plan, unsettled: made.unsettled, desired: leads_to })
}

/// Returns the frame around the steps of a plan from a snapshot ([`plan_offline`]). The script counts by
/// itself the rows that a plan against the database counts.
///
/// # Errors
/// The errors of [`plan_offline`]; [`ApplyError::NoDigest`] if the snapshot lacks the digest that identifies the
/// database.
pub async fn frame_offline(state: &State, desired: &Desired, plan_options: PlanOptions, options: &Options) -> Result<Frame, ApplyError> {
    let plan = plan_offline(state, desired, plan_options).await?.plan;
    let noted = OfflineState::read(state)?;
    let (from, record) = (noted.recorded(state), options.record(&plan));
    let frame = product_of(state.dialect).frame_offline(from, desired.normalized(), plan_options, &plan, record).await?;
    frame.ok_or(ApplyError::NoDigest)
}

/// The schemas of a state file.
struct OfflineState {
    current: Schema,
    /// What the last apply recorded: the schema after it in the database's spelling, and in the file's. Only
    /// used if the database stores expressions in a spelling of its own.
    after: Option<Schema>,
    written: Option<Schema>,
}

impl OfflineState {
    fn read(state: &State) -> Result<OfflineState, ApplyError> {
        let current = read_noted(&state.current, state.dialect)?;
        if !state.dialect.capabilities().respells_expressions {
            return Ok(OfflineState { current, after: None, written: None });
        }
        let read = |text: &Option<String>| text.as_deref().map(|t| read_noted(t, state.dialect)).transpose();
        Ok(OfflineState { current, after: read(&state.recorded)?, written: read(&state.written)? })
    }

    fn recorded<'n>(&'n self, state: &'n State) -> RecordedState<'n> {
        let recorded = self.after.as_ref().zip(self.written.as_ref()).map(|(after, written)| Recorded { after, written });
        RecordedState { current: &self.current, facts: &state.facts, recorded, number: state.number.unwrap_or(0) }
    }
}

/// Returns the state of a database that has this schema and nothing else: no rows, no history.
///
/// # Errors
/// If the schema cannot be created.
pub async fn state_of(schema: &Desired, dialect: Dialect) -> Result<State, ApplyError> {
    let exchanged = schema.written().exchanged();
    let mut noted = product_of(dialect).state_of(schema.normalized(), schema.written().at_rest()).await?;
    noted.current.say_exchanged(&exchanged);
    Ok(State::new(dialect, kdl::encode(&noted.current), noted.facts))
}

/// Returns the state of a database that a file of SQL statements creates.
///
/// # Errors
/// If a statement is rejected, with its line.
pub async fn state_of_sql(sql: &str, dialect: Dialect) -> Result<State, SqlProblem> {
    let noted = product_of(dialect).read_sql(sql).await.map_err(SqlProblem)?;
    Ok(State::new(dialect, kdl::encode(&noted.current), noted.facts))
}

/// Why a file of SQL statements does not result in a schema: the rejected statements, each with its line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SqlProblem(String);
