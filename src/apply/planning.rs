//! Plans against a live database and reads its state: one procedure for every engine. Changes nothing.

use std::time::Duration;

use super::drift::{self, Since};
use super::{ApplyError, Database, Desired, Entry, Options, PlanOptions, PlanSnapshot, Planned, history};
use crate::engine::snapshot::{DatabaseState, LivePlan, LiveSnapshot, PlanForRecordedState, Take};
use crate::engine::{HistoryError, Remarks};
use crate::kdl;
use crate::plan::{Frame, Plan, State};
use crate::schema::{Dialect, Schema};

/// A database whose schema is about to be compared.
struct Opened {
    snapshot: Box<dyn LiveSnapshot>,
    digest: Option<String>,
}

impl Database {
    /// Plans the changes from the live schema to the desired one.
    ///
    /// # Errors
    /// If the database does not respond, or if no plan is possible.
    pub async fn plan(&self, desired: &Desired, plan_options: PlanOptions) -> Result<Planned, ApplyError> {
        let planned = async { self.planned(self.snapshot(plan_options.wait).await?, desired, plan_options).await };
        self.or_name_lock_holders(planned.await, plan_options.wait).await
    }

    /// Plans as [`Database::plan`] does, to a schema that is still being read, while the live schema is read
    /// concurrently. An error in the schema takes precedence over an error from the database.
    ///
    /// # Errors
    /// If the schema cannot be read. Errors of the plan itself are in the second element of the pair.
    pub async fn plan_when<E>(
        &self,
        desired: impl Future<Output = Result<Desired, E>>,
        plan_options: PlanOptions,
    ) -> Result<(Desired, Result<Planned, ApplyError>), E> {
        let opening = async { Ok(Opened { snapshot: self.snapshot(plan_options.wait).await?, digest: None }) };
        self.plan_from_opening(opening, desired, plan_options).await
    }

    /// Plans as [`Database::plan_when`] does, unless the database is as it was when `known` was returned with a plan:
    /// then returns `None`, and `desired` is never polled.
    ///
    /// # Errors
    /// Those of [`Database::plan_when`].
    pub(crate) async fn plan_unless<E>(
        &self,
        known: Option<&str>,
        desired: impl Future<Output = Result<Desired, E>>,
        plan_options: PlanOptions,
    ) -> Result<Option<(Desired, Result<Planned, ApplyError>)>, E> {
        let opening = async {
            let snapshot = self.engine().snapshot(plan_options.wait, Take::ToCompare).await?;
            let digest = snapshot.digest();
            Ok(Opened { snapshot, digest })
        };
        if known.is_none() {
            return self.plan_from_opening(opening, desired, plan_options).await.map(Some);
        }
        match opening.await {
            Ok(Opened { snapshot, digest: Some(digest) }) if known == Some(digest.as_str()) => {
                // Nothing was written, so there is nothing to lose if the connection does not end properly.
                let _ = snapshot.close().await;
                Ok(None)
            }
            opened => self.plan_from_opening(async { opened }, desired, plan_options).await.map(Some),
        }
    }

    async fn plan_from_opening<E>(
        &self,
        opening: impl Future<Output = Result<Opened, ApplyError>>,
        desired: impl Future<Output = Result<Desired, E>>,
        plan_options: PlanOptions,
    ) -> Result<(Desired, Result<Planned, ApplyError>), E> {
        tokio::pin!(desired, opening);
        let mut opened = None;
        let desired = loop {
            tokio::select! {
                desired = &mut desired => break desired?,
                outcome = &mut opening, if opened.is_none() => opened = Some(outcome),
            }
        };
        let planned = async {
            let Opened { snapshot, digest } = match opened {
                Some(opened) => opened?,
                None => opening.await?,
            };
            Ok(Planned { digest, ..self.planned(snapshot, &desired, plan_options).await? })
        };
        let planned = self.or_name_lock_holders(planned.await, plan_options.wait).await;
        Ok((desired, planned))
    }

    /// Plans as [`Database::plan`] does, and records the inputs of the plan.
    ///
    /// # Errors
    /// The errors of [`Database::plan`].
    pub async fn plan_with_snapshot(&self, desired: &Desired, plan_options: PlanOptions) -> Result<PlanSnapshot, ApplyError> {
        let noted = async {
            let mut snapshot = self.snapshot(plan_options.wait).await?;
            let PlanForRecordedState { made, noted, desired: spelled } =
                snapshot.plan_with_state(desired.normalized(), plan_options).await?;
            let rows = snapshot.last_row().await?;
            let wanted = spelled.as_ref().unwrap_or(desired.normalized().schema());
            let Planned { plan, remarks, .. } = self.compared(&mut *snapshot, made, wanted, history::decode(&rows)).await?;
            snapshot.close().await?;
            let desired = kdl::encode(spelled.as_ref().unwrap_or(desired.written()));
            Ok(PlanSnapshot { plan, remarks, state: state(self.dialect(), noted, &rows), desired })
        };
        self.or_name_lock_holders(noted.await, plan_options.wait).await
    }

    /// Plans as [`Database::plan`] does, and returns the frame around the steps in a script
    /// ([`render::script`](crate::render::script())).
    ///
    /// # Errors
    /// The errors of [`Database::plan`]; and [`ApplyError::History`] if a later version of rosey wrote to the
    /// history.
    pub async fn plan_script(
        &self,
        desired: &Desired,
        plan_options: PlanOptions,
        options: &Options,
    ) -> Result<(Planned, Frame), ApplyError> {
        let framed = async {
            let mut snapshot = self.snapshot(plan_options.wait).await?;
            history::is_known(history::decode(&snapshot.last_row().await?))?;
            let record = |plan: &Plan| options.record(plan);
            let (made, frame) = snapshot.plan_with_frame(desired.normalized(), plan_options, &record).await?;
            snapshot.close().await?;
            Ok((Planned { plan: made.plan, remarks: made.remarks, digest: None }, frame))
        };
        self.or_name_lock_holders(framed.await, plan_options.wait).await
    }

    /// Returns the current state of the database, for planning later without it.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn state(&self) -> Result<State, ApplyError> {
        let wait = PlanOptions::default().wait;
        let taken = async {
            let mut snapshot = self.snapshot(wait).await?;
            let noted = snapshot.state().await?;
            let rows = snapshot.last_row().await?;
            snapshot.close().await?;
            Ok(state(self.dialect(), noted, &rows))
        };
        self.or_name_lock_holders(taken.await, wait).await
    }

    async fn snapshot(&self, wait: Duration) -> Result<Box<dyn LiveSnapshot>, ApplyError> {
        Ok(self.engine().snapshot(wait, Take::ToPlan).await?)
    }

    async fn planned(
        &self,
        mut snapshot: Box<dyn LiveSnapshot>,
        desired: &Desired,
        plan_options: PlanOptions,
    ) -> Result<Planned, ApplyError> {
        let made = snapshot.plan(desired.normalized(), plan_options).await?;
        let planned = if snapshot.history_is_unread().await? {
            Planned { plan: made.plan, remarks: Remarks { history_unread: true, ..made.remarks }, digest: None }
        } else {
            let last = history::decode(&snapshot.last_row().await?);
            self.compared(&mut *snapshot, made, desired.normalized().schema(), last).await?
        };
        snapshot.close().await?;
        Ok(planned)
    }

    /// Adds what has changed since the last row of the history.
    async fn compared(
        &self,
        snapshot: &mut dyn LiveSnapshot,
        made: LivePlan,
        desired: &Schema,
        last: Result<Vec<Entry>, HistoryError>,
    ) -> Result<Planned, ApplyError> {
        let LivePlan { mut plan, mut remarks, current } = made;
        let Since { drift, later } = drift::since(snapshot, self.dialect(), last, &current, desired).await?;
        (plan.drift, remarks.later) = (drift, later);
        Ok(Planned { plan, remarks, digest: None })
    }
}

/// Returns a state as its file contains it. A last row that this version of rosey cannot read is left out.
fn state(dialect: Dialect, noted: DatabaseState, rows: &[String]) -> State {
    let state = State::new(dialect, kdl::encode(&noted.current), noted.facts);
    let Some(last) = history::decode(rows).unwrap_or_default().into_iter().next() else { return state };
    State { number: Some(last.number), recorded: Some(last.schema_after), written: last.schema_written, ..state }
}
