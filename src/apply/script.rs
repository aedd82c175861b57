//! Plans together with what turns a plan into a script. This is the only place that branches on the dialect
//! for that.

use super::offline::{read_noted, recorded};
use super::{
    ApplyError, Database, Desired, Options, PlanOptions, Planned, Remarks, SqlitePath, plan_offline, postgres as pg, sqlite as lite,
};
use crate::engine::postgres::offline::{self, Recorded};
use crate::plan::{Frame, State};
use crate::schema::Dialect;

impl Database {
    /// Plans as [`Database::plan`] does, and returns the frame around the steps in a script
    /// ([`render::script`](crate::render::script())).
    ///
    /// # Errors
    /// Those of [`Database::plan`]; and [`ApplyError::History`] if a later version of rosey wrote to the
    /// history.
    pub async fn plan_script(
        &self,
        desired: &Desired,
        plan_options: PlanOptions,
        options: &Options,
    ) -> Result<(Planned, Frame), ApplyError> {
        match self {
            Database::Sqlite(path) => {
                let (plan, state) = lite::plan_with_state(path, desired.normalized(), plan_options).await?;
                if state.later.is_some() {
                    self.history().await?;
                }
                let frame = lite::frame(&plan, &state, desired.normalized(), options).await?;
                Ok((Planned { plan, remarks: Remarks::default() }, frame))
            }
            Database::Postgres(url) => {
                let planned = pg::plan_with_frame(url, desired.normalized(), plan_options, options).await;
                let (plan, remarks, frame) = self.or_who_is_in_the_way(planned, plan_options.wait).await?;
                Ok((Planned { plan, remarks }, frame))
            }
        }
    }
}

/// Returns the frame around the steps of a plan from a snapshot ([`plan_offline`]). The script counts by
/// itself the rows that a plan against the database counts.
///
/// # Errors
/// Those of [`plan_offline`]; [`ApplyError::NoDigest`] if the snapshot lacks the digest that identifies the
/// database.
pub async fn frame_offline(state: &State, desired: &Desired, plan_options: PlanOptions, options: &Options) -> Result<Frame, ApplyError> {
    let plan = plan_offline(state, desired, plan_options).await?.plan;
    if state.dialect == Dialect::Sqlite {
        let guarded = read_noted(&state.current, state.dialect)?;
        let state = lite::State { facts: state.facts.clone(), guarded, ..lite::State::default() };
        return Ok(lite::frame(&plan, &state, desired.normalized(), options).await?);
    }
    let current = read_noted(&state.current, state.dialect)?;
    let (after, written) = recorded(state)?;
    let recorded = after.as_ref().zip(written.as_ref()).map(|(after, written)| Recorded { after, written });
    let (settled, guards, uncounted) = offline::for_script(&current, &state.facts, recorded, desired.normalized(), plan_options.online)?;
    let start =
        pg::Start { settled: &settled, guards: &guards, uncounted: &uncounted, number: state.number.unwrap_or(0), facts: &state.facts };
    pg::frame(&plan, &start, desired.normalized(), options).ok_or(ApplyError::NoDigest)
}

/// Returns the frame for a saved plan.
///
/// # Errors
/// Those of [`frame_offline`].
pub async fn frame_of_saved(saved: &super::saved::Saved) -> Result<Frame, ApplyError> {
    let file = &saved.file;
    let state = State { number: Some(file.number - 1), ..State::new(file.dialect, file.current.clone(), file.facts.clone()) };
    let path = if file.rebuild_only { SqlitePath::Rebuild } else { SqlitePath::Cheapest };
    let plan_options = PlanOptions { path, online: file.online, ..PlanOptions::default() };
    frame_offline(&state, &saved.desired, plan_options, &saved.options(&Options::default())).await
}
