//! A PostgreSQL database as one transaction sees it. Only reads, so a read-only role is sufficient, and never
//! waits for a lock without a limit.

use std::collections::BTreeSet;
use std::time::Duration;

use super::connection::{Begin, Connection, Error};
use super::inspect::{self, Live};
use super::planner::{self, How, NormalizedPair, Planned};
use super::{PlanError, Url, digest, frame, history, offline, rows};
use crate::engine::guards::Guards;
use crate::engine::snapshot::{LivePlan, LiveSnapshot, Noted, NotedPlan, RecordOf};
use crate::engine::traits::{Answer, Local};
use crate::engine::{self, PlanOptions, Remarks};
use crate::kdl::{self, Sources};
use crate::plan::{Counts, Frame};
use crate::schema::{Dialect, Normalized, ObjectName, Schema};

/// A database whose schema has been read.
pub(super) struct ServerSnapshot {
    connection: Connection,
    /// What was read, until a plan takes it.
    live: Option<Live>,
    guards: Guards,
    has_history: bool,
}

impl ServerSnapshot {
    /// Reads the schema of a database, in a transaction that stays open.
    pub(super) async fn take(url: &Url, wait: Duration) -> Result<ServerSnapshot, Error> {
        let mut connection = Connection::open_within(url, wait).await?;
        connection.begin(Begin::Snapshot).await?;
        let live = inspect::inspect(&mut connection).await?;
        let guards = planner::remembered(&mut connection, &live).await?;
        let has_history = live.history;
        Ok(ServerSnapshot { connection, live: Some(live), guards, has_history })
    }

    /// Returns what was read. The transaction sees one snapshot, so reading it again returns the same.
    async fn live(&mut self) -> Result<Live, Error> {
        match self.live.take() {
            Some(live) => Ok(live),
            None => inspect::inspect(&mut self.connection).await,
        }
    }

    async fn settled(&mut self, desired: &Normalized) -> Result<NormalizedPair, PlanError> {
        let live = self.live().await?;
        let settled = planner::settled_from(&mut self.connection, live, desired.schema(), &self.guards).await?;
        planner::is_possible(&mut self.connection, &settled, &settled.changes()?).await?;
        Ok(settled)
    }

    async fn planned(&mut self, desired: &Normalized, plan_options: PlanOptions) -> Result<Planned, PlanError> {
        let settled = self.settled(desired).await?;
        planner::plan_from(&mut self.connection, settled, &self.guards, &How::in_way(plan_options)).await
    }

    /// Returns what a plan without the server needs to know, and the tables that contain rows.
    async fn noted(&mut self, live: &Live, counts: Counts) -> Result<(Noted, BTreeSet<ObjectName>), Error> {
        let holding = rows::all_holding(&mut self.connection, live, counts).await?;
        let mut facts = offline::facts(live, &self.guards, &holding);
        facts.extend(digest::facts(&mut self.connection, &live.server.default_schema).await?);
        Ok((Noted { current: planner::as_shown(live), facts }, holding))
    }

    /// Plans from the recorded state, as it will be read from the file that it is written to.
    async fn noted_plan(&mut self, desired: &Normalized, plan_options: PlanOptions) -> Result<NotedPlan, PlanError> {
        let live = self.live().await?;
        let (noted, holding) = self.noted(&live, plan_options.counts).await?;
        let connection = &mut self.connection;
        let settled = planner::settled_from(connection, live, desired.schema(), &self.guards).await?;
        let changes = settled.changes()?;
        planner::is_possible(connection, &settled, &changes).await?;
        let current = as_read(&noted.current)?;
        let desired = Normalized::by_dialect(as_read(&offline::for_file(&settled, &changes))?);
        let remarks = remarks(&settled);
        let (settled, guards) = offline::settled_without_server(&current, &noted.facts, &desired)?;
        let how = How { holding: Some(&holding), ..How::in_way(plan_options) };
        let planned = planner::plan_from(connection, settled, &guards, &how).await?;
        let made = LivePlan { plan: planned.plan, remarks, current: planned.settled.current.schema().clone() };
        Ok(NotedPlan { made, noted, desired: Some(desired.schema().clone()) })
    }

    async fn framed(
        &mut self,
        desired: &Normalized,
        plan_options: PlanOptions,
        record: RecordOf<'_>,
    ) -> Result<(LivePlan, Frame), PlanError> {
        let Planned { plan, settled, uncounted, .. } = self.planned(desired, plan_options).await?;
        let number = history::last_number(&mut self.connection).await?;
        let facts = digest::facts(&mut self.connection, &settled.live.server.default_schema).await?;
        let start = frame::Start { settled: &settled, guards: &self.guards, uncounted: &uncounted, number, facts: &facts };
        let frame = frame::frame(&plan, &start, desired, record(&plan)).unwrap_or_default();
        let (remarks, current) = (remarks(&settled), settled.current.schema().clone());
        Ok((LivePlan { plan, remarks, current }, frame))
    }
}

impl LiveSnapshot for ServerSnapshot {
    fn plan<'a>(&'a mut self, desired: &'a Normalized, plan_options: PlanOptions) -> Local<'a, LivePlan, engine::PlanError> {
        Box::pin(async move {
            let Planned { plan, settled, .. } = self.planned(desired, plan_options).await?;
            let (remarks, current) = (remarks(&settled), settled.current.schema().clone());
            Ok(LivePlan { plan, remarks, current })
        })
    }

    fn plan_with_state<'a>(&'a mut self, desired: &'a Normalized, plan_options: PlanOptions) -> Local<'a, NotedPlan, engine::PlanError> {
        Box::pin(async move { Ok(self.noted_plan(desired, plan_options).await?) })
    }

    fn plan_with_frame<'a>(
        &'a mut self,
        desired: &'a Normalized,
        plan_options: PlanOptions,
        record: RecordOf<'a>,
    ) -> Local<'a, (LivePlan, Frame), engine::PlanError> {
        Box::pin(async move { Ok(self.framed(desired, plan_options, record).await?) })
    }

    fn state(&mut self) -> Local<'_, Noted, engine::Error> {
        Box::pin(async move {
            let live = self.live().await?;
            Ok(self.noted(&live, Counts::default()).await?.0)
        })
    }

    fn history_is_unread(&mut self) -> Answer<'_, bool, engine::Error> {
        Box::pin(async move { Ok(self.has_history && history::readable(&mut self.connection).await?.is_none()) })
    }

    fn last_row(&mut self) -> Answer<'_, Vec<String>, engine::Error> {
        Box::pin(async move { Ok(history::rows(&mut self.connection, true).await?) })
    }

    /// The server normalizes both as it does for a plan.
    fn beside(&mut self, recorded: Schema) -> Local<'_, (Normalized, Normalized), engine::Error> {
        Box::pin(async move {
            let settled = planner::settled(&mut self.connection, &recorded).await?.0;
            Ok((settled.desired, settled.current))
        })
    }

    fn close(mut self: Box<Self>) -> Answer<'static, (), engine::Error> {
        Box::pin(async move {
            self.connection.rollback().await?;
            self.connection.close().await.ok();
            Ok(())
        })
    }
}

fn remarks(settled: &NormalizedPair) -> Remarks {
    Remarks { left_alone: settled.left_alone.clone(), unasked: settled.unasked, ..Remarks::default() }
}

/// Returns the schema as it is after it has been written and read again, which orders its constraints
/// differently.
fn as_read(schema: &Schema) -> Result<Schema, PlanError> {
    let sources = Sources::from_text("schema.kdl", &kdl::encode(schema));
    let (schema, problems) = kdl::decode_all(&sources, Dialect::Postgres);
    if problems.is_empty() { Ok(schema) } else { Err(PlanError::Schema(problems)) }
}
