//! Plans without a database, from a snapshot of one. Opens no database.

use super::{ApplyError, Desired, PlanOptions, SqlitePath};
use crate::engine::offline::{How, Snapshot};
use crate::engine::sqlite;
use crate::kdl::{self, Sources};
use crate::plan::{Plan, State};
use crate::schema::{Address, Dialect, Schema};

/// Reads a schema that rosey has written.
pub(super) fn read_noted(text: &str, dialect: Dialect) -> Result<Schema, ApplyError> {
    kdl::decode(&Sources::from_text("noted.kdl", text), dialect).map_err(|e| ApplyError::Unreadable(e.to_string()))
}

/// A plan made without the database, and the differences that only its server could resolve.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Offline {
    /// The plan, without row counts.
    pub plan: Plan,
    /// The objects that may not differ at all.
    pub unsettled: Vec<Address>,
    /// The desired schema, as KDL that needs no history to be interpreted.
    pub desired: String,
}

/// Plans from a snapshot: the same changes and statements as against the database that it was taken from.
///
/// # Errors
/// If the snapshot cannot be read, or if no plan is possible.
pub async fn plan_offline(state: &State, desired: &Desired, plan_options: PlanOptions) -> Result<Offline, ApplyError> {
    let current = read_noted(&state.current, state.dialect)?;
    let (after, written) = recorded(state)?;
    let recorded = after.as_ref().zip(written.as_ref());
    let noted = Snapshot { dialect: state.dialect, current: &current, facts: &state.facts, recorded };
    let how = How { rebuild_only: plan_options.path == SqlitePath::Rebuild, online: plan_options.online };
    let made = noted.plan(desired.normalized(), how).await?;
    let leads_to = kdl::encode(made.desired.as_ref().unwrap_or(desired.written()));
    Ok(Offline { plan: made.plan, unsettled: made.unsettled, desired: leads_to })
}

/// Returns what the last apply recorded: the schema after it, and the schema as its file had it. Only where expressions are spelled in another
/// way than in the file it is of use.
pub(super) fn recorded(state: &State) -> Result<(Option<Schema>, Option<Schema>), ApplyError> {
    if !state.dialect.capabilities().respells_expressions {
        return Ok((None, None));
    }
    let read = |text: &Option<String>| text.as_deref().map(|t| read_noted(t, state.dialect)).transpose();
    Ok((read(&state.recorded)?, read(&state.written)?))
}

/// Returns the state of a database that has this schema and nothing else: no rows, no history.
///
/// # Errors
/// If the schema cannot be created.
pub async fn state_of(schema: &Desired, dialect: Dialect) -> Result<State, ApplyError> {
    let mut at_rest = schema.written().at_rest();
    at_rest.say_exchanged(&schema.written().exchanged());
    let current = kdl::encode(&at_rest);
    if dialect == Dialect::Postgres {
        return Ok(State::new(dialect, current, Vec::new()));
    }
    let empty = State::new(dialect, String::new(), Vec::new());
    let plan = plan_offline(&empty, schema, PlanOptions::default()).await?.plan;
    let sql: String = plan.statements().map(|s| format!("{};\n", s.sql)).collect();
    let made = sqlite::from_sql(&sql).await.map_err(|e| ApplyError::Unreadable(e.to_string()))?;
    let mut shown = sqlite::for_display(&made.schema);
    shown.say_exchanged(&schema.written().exchanged());
    Ok(State::new(dialect, kdl::encode(&shown), made.facts))
}
