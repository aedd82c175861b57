//! A PostgreSQL database as one transaction sees it. Only reads, so a read-only role is sufficient, and never
//! waits for a lock without a limit.

use std::collections::BTreeSet;
use std::time::Duration;

use sha2::Digest as _;

use super::connection::{Begin, Connection, Error};
use super::history::Recorded;
use super::inspect::{self, CatalogRows, Live};
use super::planner::{self, How, NormalizedPair, Planned};
use super::{PlanError, Url, digest, frame, history, offline, rows};
use crate::engine::guards::Guards;
use crate::engine::snapshot::{DatabaseState, LivePlan, LiveSnapshot, PlanForRecordedState, RecordOf, Take};
use crate::engine::traits::{Answer, Local};
use crate::engine::{self, PlanOptions, Remarks};
use crate::kdl::{self, Sources};
use crate::plan::{Counts, Frame};
use crate::schema::{Dialect, Normalized, ObjectName, Schema};

/// A database whose schema has been read.
pub(super) struct ServerSnapshot {
    connection: Connection,
    read: Read,
    /// What the last apply guarded, once that has been read.
    guards: Option<Guards>,
    /// What the history says, once that has been read.
    recorded: Option<Recorded>,
}

/// What has been read, until a plan takes it.
enum Read {
    /// The rows of the catalogs, and the digest of all that a plan depends on.
    Rows { rows: CatalogRows, digest: String },
    /// The schema.
    Live(Box<Live>),
    /// A plan has taken it.
    Taken,
}

impl ServerSnapshot {
    /// Reads the schema of a database, in a transaction that stays open.
    pub(super) async fn take(url: &Url, wait: Duration, take: Take) -> Result<ServerSnapshot, Error> {
        let mut connection = Connection::open_within(url, wait).await?;
        connection.begin(Begin::Snapshot).await?;
        let mut recorded = None;
        let read = match take {
            Take::ToPlan => Read::Live(Box::new(inspect::inspect(&mut connection).await?)),
            Take::ToCompare => {
                let rows = CatalogRows::read(&mut connection).await?;
                let mut hash = rows.hash();
                let history = history::recorded(&mut connection).await?;
                hash.update(match &history {
                    Recorded::Nothing => "nothing is recorded".to_owned(),
                    Recorded::Unread => "not readable".to_owned(),
                    Recorded::Last(row) => format!("last row: {row}"),
                });
                recorded = Some(history);
                Read::Rows { rows, digest: format!("{:x}", hash.finalize()) }
            }
        };
        Ok(ServerSnapshot { connection, read, guards: None, recorded })
    }

    /// Returns what the history says. The transaction sees one snapshot, so it is read only once.
    async fn recorded(&mut self) -> Result<&Recorded, Error> {
        let recorded = match self.recorded.take() {
            Some(recorded) => recorded,
            None => history::recorded(&mut self.connection).await?,
        };
        Ok(self.recorded.insert(recorded))
    }

    /// Returns what was read, and what the last apply guarded. The transaction sees one snapshot, so
    /// reading it again returns the same.
    async fn live(&mut self) -> Result<(Live, Guards), Error> {
        let live = match std::mem::replace(&mut self.read, Read::Taken) {
            Read::Live(live) => *live,
            Read::Rows { rows, .. } => rows.decode()?,
            Read::Taken => inspect::inspect(&mut self.connection).await?,
        };
        let guards = match self.guards.clone() {
            Some(guards) => guards,
            None => planner::remembered(&mut self.connection, &live).await?,
        };
        self.guards = Some(guards.clone());
        Ok((live, guards))
    }

    async fn settled(&mut self, desired: &Normalized) -> Result<(NormalizedPair, Guards), PlanError> {
        let (live, guards) = self.live().await?;
        let settled = planner::settled_from(&mut self.connection, live, desired.schema(), &guards).await?;
        planner::is_possible(&mut self.connection, &settled, &settled.changes()?).await?;
        Ok((settled, guards))
    }

    async fn planned(&mut self, desired: &Normalized, plan_options: PlanOptions) -> Result<(Planned, Guards), PlanError> {
        let (settled, guards) = self.settled(desired).await?;
        let planned = planner::plan_from(&mut self.connection, settled, &guards, &How::in_way(plan_options)).await?;
        Ok((planned, guards))
    }

    /// Returns what a plan without the server needs to know, and the tables that contain rows.
    async fn noted(&mut self, live: &Live, guards: &Guards, counts: Counts) -> Result<(DatabaseState, BTreeSet<ObjectName>), Error> {
        let holding = rows::all_holding(&mut self.connection, live, counts).await?;
        let mut facts = offline::facts(live, guards, &holding);
        facts.extend(digest::facts(&mut self.connection, &live.server.default_schema).await?);
        Ok((DatabaseState { current: planner::as_shown(live), facts }, holding))
    }

    /// Plans from the recorded state, as it will be read from the file that it is written to.
    async fn noted_plan(&mut self, desired: &Normalized, plan_options: PlanOptions) -> Result<PlanForRecordedState, PlanError> {
        let (live, guards) = self.live().await?;
        let (noted, holding) = self.noted(&live, &guards, plan_options.counts).await?;
        let (read_only, may_temp) = (live.server.read_only, live.server.may_temp);
        let connection = &mut self.connection;
        let settled = planner::settled_from(connection, live, desired.schema(), &guards).await?;
        let changes = settled.changes()?;
        planner::is_possible(connection, &settled, &changes).await?;
        let current = as_read(&noted.current)?;
        let desired = Normalized::by_dialect(as_read(&offline::for_file(&settled, &changes))?);
        let remarks = remarks(&settled);
        let (mut settled, guards) = offline::settled_without_server(&current, &noted.facts, &desired)?;
        // Rows are counted as in any other plan.
        (settled.live.server.read_only, settled.live.server.may_temp) = (read_only, may_temp);
        let how = How { holding: Some(&holding), ..How::in_way(plan_options) };
        let planned = planner::plan_from(connection, settled, &guards, &how).await?;
        let made = LivePlan { plan: planned.plan, remarks, current: planned.settled.current.schema().clone() };
        Ok(PlanForRecordedState { made, noted, desired: Some(desired.schema().clone()) })
    }

    async fn framed(
        &mut self,
        desired: &Normalized,
        plan_options: PlanOptions,
        record: RecordOf<'_>,
    ) -> Result<(LivePlan, Frame), PlanError> {
        let (Planned { plan, settled, uncounted, .. }, guards) = self.planned(desired, plan_options).await?;
        let number = history::last_number(&mut self.connection).await?;
        let facts = digest::facts(&mut self.connection, &settled.live.server.default_schema).await?;
        let start = frame::Start { settled: &settled, guards: &guards, uncounted: &uncounted, number, facts: &facts };
        let frame = frame::frame(&plan, &start, desired, record(&plan)).unwrap_or_default();
        let (remarks, current) = (remarks(&settled), settled.current.schema().clone());
        Ok((LivePlan { plan, remarks, current }, frame))
    }
}

impl LiveSnapshot for ServerSnapshot {
    fn digest(&self) -> Option<String> {
        match &self.read {
            Read::Rows { digest, .. } => Some(digest.clone()),
            Read::Live(_) | Read::Taken => None,
        }
    }

    fn plan<'a>(&'a mut self, desired: &'a Normalized, plan_options: PlanOptions) -> Local<'a, LivePlan, engine::PlanError> {
        Box::pin(async move {
            let Planned { plan, settled, .. } = self.planned(desired, plan_options).await?.0;
            let (remarks, current) = (remarks(&settled), settled.current.schema().clone());
            Ok(LivePlan { plan, remarks, current })
        })
    }

    fn plan_with_state<'a>(
        &'a mut self,
        desired: &'a Normalized,
        plan_options: PlanOptions,
    ) -> Local<'a, PlanForRecordedState, engine::PlanError> {
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

    fn state(&mut self) -> Local<'_, DatabaseState, engine::Error> {
        Box::pin(async move {
            let (live, guards) = self.live().await?;
            Ok(self.noted(&live, &guards, Counts::default()).await?.0)
        })
    }

    fn history_is_unread(&mut self) -> Answer<'_, bool, engine::Error> {
        Box::pin(async move { Ok(matches!(self.recorded().await?, Recorded::Unread)) })
    }

    fn last_row(&mut self) -> Answer<'_, Vec<String>, engine::Error> {
        Box::pin(async move {
            Ok(match self.recorded().await? {
                Recorded::Nothing => Vec::new(),
                Recorded::Last(row) => vec![row.clone()],
                // The server says what the role lacks.
                Recorded::Unread => history::rows(&mut self.connection, true).await?,
            })
        })
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
