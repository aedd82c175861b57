//! A PostgreSQL database as an engine of the one procedure: its lock is an advisory one, its backup `pg_dump` of the tables
//! that lose data, and what cannot be in the transaction runs before or after it. Decides nothing about plans.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cancel::Canceller;
use super::connection::{Begin, Connection, Error};
use super::planner::{self, How, Planned};
use super::settings::{self, Saved};
use super::{Url, affinity, commit, dump, lock, run};
use crate::engine::history::{create_history, insert_history, upgrade_history};
use crate::engine::traits::{Answer, AsNoted, Backup, Cancel, Committed, Comparison, Engine, Local, Purpose, Replanned, Session, Wait};
use crate::engine::{self, BackupMode, CancelToken, PlanError, PlanOptions};
use crate::plan::{Fact, Plan, Record, Statement};
use crate::schema::{Capabilities, Dialect, Normalized, Schema};

/// How long an apply waits for a lock before it retries and lets other clients pass, which queue behind its
/// lock request meanwhile.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A database on a server.
pub(crate) struct Server<'s>(pub(crate) &'s Url);

impl Engine for Server<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn open<'a>(
        &'a self,
        purpose: Purpose<'a>,
        wait: Duration,
        cancel_token: Arc<CancelToken>,
    ) -> Answer<'a, Box<dyn Session>, engine::Error> {
        Box::pin(async move {
            let applies = matches!(purpose, Purpose::Apply(_));
            let mut connection = Connection::open_within(self.0, if applies { wait.min(AT_ONCE) } else { wait }).await?;
            match purpose {
                Purpose::Apply(_) => affinity::verify(&mut connection).await?,
                Purpose::Try => drop(settings::settle(&mut connection).await?),
                Purpose::Read | Purpose::Record => {}
            }
            Ok(Box::new(Open { connection, cancel_token, held: None }) as Box<dyn Session>)
        })
    }

    fn lock_holders(&self) -> Answer<'_, Option<Vec<String>>, engine::Error> {
        Box::pin(async move { Ok(Some(run::in_the_way(self.0).await)) })
    }

    fn plan_as_noted<'a>(
        &'a self,
        desired: &'a Normalized,
        facts: &'a [Fact],
        plan_options: PlanOptions,
    ) -> Option<Local<'a, AsNoted, PlanError>> {
        Some(Box::pin(async move { super::plan_as_noted(self.0, desired, &super::offline::holding(facts), plan_options).await }))
    }

    fn wait_for_others(&self, wait: Duration) -> Answer<'_, ()> {
        Box::pin(lock::wait_for_others(self.0, wait))
    }
}

impl Cancel for Canceller {
    fn cancel(&self) -> Answer<'_, (), engine::Error> {
        Box::pin(async move { Ok(Canceller::cancel(self).await?) })
    }
}

/// A session with a server.
struct Open {
    connection: Connection,
    cancel_token: Arc<CancelToken>,
    /// What the session was set to, while it holds the lock.
    held: Option<Saved>,
}

impl Session for Open {
    fn capabilities(&self) -> &'static Capabilities {
        Dialect::Postgres.capabilities()
    }

    fn shown(&self, live: &Normalized) -> Schema {
        live.schema().clone()
    }

    fn begin_reading(&mut self) -> Answer<'_, (), engine::Error> {
        Box::pin(async move { Ok(self.connection.begin(Begin::Snapshot).await?) })
    }

    fn begin(&mut self, wait: Wait) -> Answer<'_, ()> {
        Box::pin(async move { lock::begin(&mut self.connection, wait, &self.cancel_token).await })
    }

    fn commit(&mut self) -> Answer<'_, Committed, engine::Error> {
        Box::pin(async move { Ok(commit::commit(&mut self.connection).await?) })
    }

    fn rollback(&mut self) -> Answer<'_, (), engine::Error> {
        Box::pin(async move { Ok(self.connection.rollback().await?) })
    }

    fn close(self: Box<Self>, _has_failed: bool) -> Answer<'static, (), engine::Error> {
        Box::pin(async move {
            self.connection.close().await.ok();
            Ok(())
        })
    }

    fn canceller(&self) -> Option<Box<dyn Cancel>> {
        self.connection.canceller().map(|c| Box::new(c) as Box<dyn Cancel>)
    }

    fn hold(&mut self, wait: Wait) -> Answer<'_, ()> {
        Box::pin(async move {
            self.held = Some(lock::hold(&mut self.connection, wait, &self.cancel_token).await?);
            Ok(())
        })
    }

    fn begin_held(&mut self) -> Answer<'_, (), engine::Error> {
        Box::pin(async move { Ok(self.connection.begin(Begin::Write).await?) })
    }

    fn release(&mut self) -> Answer<'_, (), engine::Error> {
        Box::pin(async move {
            if let Some(held) = self.held.take() {
                lock::release(&mut self.connection, &held).await;
            }
            Ok(())
        })
    }

    fn plan_again<'a>(&'a mut self, desired: &'a Normalized, approved: &'a Plan) -> Local<'a, Replanned> {
        Box::pin(async move {
            let (planned, guards) = planner::plan_as(&mut self.connection, desired, &How::of(approved)).await?;
            let Planned { plan, settled, holding_after_all, .. } = planned;
            let (before, after) = (settled.current.schema().clone(), settled.desired.schema().at_rest());
            Ok(Replanned { plan, before, after, guards, holding_after_all })
        })
    }

    fn inspect(&mut self) -> Answer<'_, Schema, engine::Error> {
        Box::pin(async move { Ok(planner::current(&mut self.connection).await?) })
    }

    fn compare<'a>(&'a mut self, desired: &'a Normalized) -> Answer<'a, Comparison> {
        Box::pin(async move {
            let (settled, guards) = planner::settled(&mut self.connection, desired.schema()).await?;
            Ok(Comparison { live: settled.current, desired: settled.desired, guards })
        })
    }

    fn backup_for<'a>(&'a mut self, plan: &'a Plan, mode: BackupMode, folder: Option<&'a Path>) -> Answer<'a, Option<Backup>> {
        Box::pin(async move {
            let tables = match mode {
                BackupMode::Never => Vec::new(),
                BackupMode::Auto => dump::losing(plan),
                BackupMode::Always => dump::all(plan),
            };
            if tables.is_empty() {
                return Ok(None);
            }
            let path = dump::place(&mut self.connection, folder).await?;
            Ok(Some(Backup { path, tables }))
        })
    }

    fn back_up<'a>(&'a mut self, backup: &'a Backup) -> Answer<'a, ()> {
        Box::pin(dump::write(&mut self.connection, backup, &self.cancel_token))
    }

    fn keep_newest(&self, newest: &Path, keep: Option<usize>) {
        dump::keep_newest(newest, keep);
    }

    fn run<'a>(&'a mut self, statement: &'a Statement) -> Answer<'a, u64, engine::Error> {
        Box::pin(async move {
            let touched = self.connection.execute(&statement.sql).await;
            Ok(touched.map_err(|e| match e {
                Error::LockTimeout | Error::Cancelled | Error::Lost(_) => e,
                other => run::shown(statement, other),
            })?)
        })
    }

    fn run_alone<'a>(&'a mut self, statement: &'a Statement, until: Instant) -> Answer<'a, (), engine::Error> {
        Box::pin(async move { Ok(run::alone(&mut self.connection, statement, until).await?) })
    }

    fn blockers<'a>(&'a mut self, plan: &'a Plan) -> Answer<'a, Vec<String>> {
        Box::pin(async move { Ok(run::blockers(&mut self.connection, plan).await) })
    }

    fn execute<'a>(&'a mut self, sql: &'a str) -> Answer<'a, u64, engine::Error> {
        Box::pin(async move { Ok(self.connection.execute(sql).await?) })
    }

    fn texts<'a>(&'a mut self, sql: &'a str) -> Answer<'a, Vec<String>, engine::Error> {
        Box::pin(async move { Ok(self.connection.texts(sql).await?) })
    }

    fn history(&mut self, last_only: bool) -> Answer<'_, Vec<String>, engine::Error> {
        Box::pin(async move { Ok(history(&mut self.connection, last_only).await?) })
    }

    /// Triggers, rules, row-level security, and whatever else calls functions when a row is written.
    fn acts_on_history(&mut self) -> Answer<'_, Vec<String>, engine::Error> {
        Box::pin(async move { Ok(acts_on_history(&mut self.connection).await?) })
    }

    fn write_history<'a>(&'a mut self, record: &'a Record) -> Answer<'a, i64, engine::Error> {
        Box::pin(async move { Ok(write_history(&mut self.connection, record).await?) })
    }

    fn finish_history(&mut self) -> Answer<'_, bool, engine::Error> {
        Box::pin(async move {
            let sql = "UPDATE _rosey_history SET outcome = 'applied' WHERE outcome = 'running'";
            Ok(has_history(&mut self.connection).await? && self.connection.execute(sql).await? > 0)
        })
    }

    fn tables_among<'a>(&'a mut self, names: &'a [&'a str]) -> Answer<'a, Vec<String>, engine::Error> {
        Box::pin(async move {
            let names: Vec<String> = names.iter().map(|n| super::names::literal(n)).collect();
            let names = names.join(", ");
            let sql = format!(
                "SELECT DISTINCT relname::text FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND relname IN ({names}) ORDER BY 1"
            );
            Ok(self.connection.texts(&sql).await?)
        })
    }
}

/// The rows of the history as JSON objects, the first or only the last one; none if there is no such table.
pub(crate) async fn history(connection: &mut Connection, last_only: bool) -> Result<Vec<String>, Error> {
    if !has_history(connection).await? {
        return Ok(Vec::new());
    }
    let order = if last_only { "ORDER BY number DESC LIMIT 1" } else { "ORDER BY number" };
    connection.texts(&format!("SELECT to_jsonb(h)::text FROM _rosey_history h {order}")).await
}

/// What would act if a row of the history were written.
pub(crate) async fn acts_on_history(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let acting = "WITH it AS (SELECT c.oid, c.relkind, c.relrowsecurity FROM pg_catalog.pg_class c \
                  WHERE c.oid = pg_catalog.to_regclass('_rosey_history')) \
                  SELECT 'the trigger ' || tgname FROM pg_catalog.pg_trigger, it WHERE tgrelid = it.oid \
                  UNION ALL SELECT 'the rule ' || rulename FROM pg_catalog.pg_rewrite, it WHERE ev_class = it.oid \
                  UNION ALL SELECT 'the policy ' || polname FROM pg_catalog.pg_policy, it WHERE polrelid = it.oid \
                  UNION ALL SELECT 'row-level security' FROM it WHERE relrowsecurity \
                  UNION ALL SELECT 'become something other than a table' FROM it WHERE relkind <> 'r' \
                  UNION ALL SELECT 'the constraint ' || conname FROM pg_catalog.pg_constraint, it WHERE conrelid = it.oid AND contype NOT IN ('p', 'n') \
                  UNION ALL SELECT 'a default or a generated column' FROM pg_catalog.pg_attrdef, it WHERE adrelid = it.oid \
                  UNION ALL SELECT 'an index on an expression' FROM pg_catalog.pg_index, it \
                  WHERE indrelid = it.oid AND (indexprs IS NOT NULL OR indpred IS NOT NULL)";
    connection.texts(acting).await
}

async fn write_history(connection: &mut Connection, record: &Record) -> Result<i64, Error> {
    if has_history(connection).await? {
        let columns = "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass('_rosey_history') AND attnum > 0";
        let there = connection.texts(columns).await?;
        for sql in upgrade_history(Dialect::Postgres, &there) {
            connection.execute(&sql).await?;
        }
    } else {
        connection.execute(&create_history(Dialect::Postgres)).await?;
    }
    connection.execute(&insert_history(Dialect::Postgres, record)).await?;
    connection.number("SELECT max(number) FROM _rosey_history").await
}

async fn has_history(connection: &mut Connection) -> Result<bool, Error> {
    Ok(connection.number("SELECT count(*) FROM pg_class WHERE oid = to_regclass('_rosey_history')").await? > 0)
}
