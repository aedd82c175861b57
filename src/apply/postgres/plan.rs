//! Planning against a PostgreSQL database. Never waits for a lock without a limit.

use std::time::Duration;

use crate::apply::{ApplyError, Database, PlanOptions, Remarks, drift};
use crate::engine::PlanError;
use crate::engine::guards::Guards;
use crate::engine::postgres::connection::{Begin, Connection};
use crate::engine::postgres::inspect::{self, Live};
use crate::engine::postgres::planner::{self, How, Planned};
use crate::engine::postgres::{Error, Url, history as recorded};
use crate::plan::Plan;
use crate::schema::Normalized;

/// Plans the changes from the database's schema to the desired one.
///
/// # Errors
/// If the server does not respond, or if no plan is possible.
pub async fn plan(url: &Url, desired: &Normalized, online: bool) -> Result<(Plan, Remarks), PlanError> {
    plan_within(url, desired, PlanOptions { online, ..PlanOptions::default() }).await
}

/// How long an inspection waits for another session's lock.
pub(in crate::apply) const PATIENCE: Duration = Duration::from_secs(5);

/// Plans as [`plan()`] does, with the caller's options.
///
/// # Errors
/// Those of [`plan()`].
pub async fn plan_within(url: &Url, desired: &Normalized, plan_options: PlanOptions) -> Result<(Plan, Remarks), PlanError> {
    Opened::open(url, plan_options.wait).await?.plan(desired, plan_options).await
}

/// A database whose schema has been read. Reading it takes about as long as reading a schema file, and runs
/// concurrently with that.
pub(in crate::apply) struct Opened {
    connection: Connection,
    live: Live,
    guards: Guards,
}

impl Opened {
    pub(in crate::apply) async fn open(url: &Url, wait: Duration) -> Result<Opened, Error> {
        let mut connection = Connection::open_within(url, wait).await?;
        connection.begin(Begin::Snapshot).await?;
        let live = inspect::inspect(&mut connection).await?;
        let guards = planner::remembered(&mut connection, &live).await?;
        Ok(Opened { connection, live, guards })
    }

    pub(in crate::apply) async fn plan(self, desired: &Normalized, plan_options: PlanOptions) -> Result<(Plan, Remarks), PlanError> {
        let Opened { mut connection, live, guards } = self;
        let settled = planner::settled_from(&mut connection, live, desired.schema(), &guards).await?;
        planner::is_possible(&mut connection, &settled, &settled.changes()?).await?;
        let Planned { mut plan, settled, .. } = planner::plan_from(&mut connection, settled, &guards, &How::in_way(plan_options)).await?;
        let drift::Since { drift, later } = drift::on_postgres(&mut connection, &settled.current, desired.schema()).await?;
        plan.drift = drift;
        let history_unread = settled.live.history && recorded::readable(&mut connection).await?.is_none();
        connection.rollback().await?;
        connection.close().await.ok();
        Ok((plan, Remarks { left_alone: settled.left_alone, unasked: settled.unasked, history_unread, later }))
    }
}

/// The live schema as KDL.
///
/// # Errors
/// If the server does not answer.
pub async fn inspect(url: &Url) -> Result<String, ApplyError> {
    Database::Postgres(Box::new(url.clone())).inspect().await
}
