//! A session with a PostgreSQL database: its lock is an advisory lock, its backup a `pg_dump` of the tables
//! that lose data, and what cannot be in the transaction runs before or after it. Decides nothing about
//! plans.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cancel::Canceller;
use super::connection::{self, Begin, Connection, Error};
use super::planner::{self, How, Planned};
use super::settings::{self, Saved};
use super::snapshot::ServerSnapshot;
use super::{Url, affinity, commit, dump, history, lock, run, scratch};
use crate::engine::backups::{NotScratched, Scratch};
use crate::engine::snapshot::{LiveSnapshot, Take};
use crate::engine::traits::{
    Answer, Backup, Cancel, Committed, Comparison, Engine, Local, PlanFromRecordedState, Purpose, Replanned, Session, Wait,
};
use crate::engine::{self, Address, BackupMode, CancelToken, PlanError, PlanOptions, Trust};
use crate::plan::{Fact, Plan, Record, Statement};
use crate::schema::{Capabilities, Dialect, Normalized, Schema};

/// How long an apply waits for a lock before it retries: until then, other clients queue behind its lock
/// request.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A database on a server.
pub(crate) struct Server(pub(crate) Url);

impl Engine for Server {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn shown(&self) -> String {
        self.0.shown()
    }

    fn address(&self) -> Option<Address> {
        let url = &self.0;
        let (host, database, user) = (url.host().to_owned(), url.database().to_owned(), url.user().to_owned());
        Some(Address { host, port: url.port(), database, user })
    }

    fn trusted(&self, trust: Trust) -> Option<Arc<dyn Engine>> {
        Some(Arc::new(Server(self.0.clone().trusted(trust))))
    }

    fn open<'a>(
        &'a self,
        purpose: Purpose<'a>,
        wait: Duration,
        cancel_token: Arc<CancelToken>,
    ) -> Answer<'a, Box<dyn Session>, engine::Error> {
        Box::pin(async move {
            let applies = matches!(purpose, Purpose::Apply(_));
            let mut connection = Connection::open_within(&self.0, if applies { wait.min(AT_ONCE) } else { wait }).await?;
            match purpose {
                Purpose::Apply(_) => affinity::verify(&mut connection).await?,
                Purpose::Try => drop(settings::settle(&mut connection).await?),
                Purpose::Read | Purpose::Record => {}
            }
            Ok(Box::new(Open { connection, cancel_token, held: None }) as Box<dyn Session>)
        })
    }

    fn lock_holders(&self) -> Answer<'_, Option<Vec<String>>, engine::Error> {
        Box::pin(async move { Ok(Some(run::lock_holders(&self.0).await)) })
    }

    fn plan_from_recorded_state<'a>(
        &'a self,
        desired: &'a Normalized,
        facts: &'a [Fact],
        plan_options: PlanOptions,
    ) -> Option<Local<'a, PlanFromRecordedState, PlanError>> {
        Some(Box::pin(
            async move { super::plan_from_recorded_state(&self.0, desired, &super::offline::holding(facts), plan_options).await },
        ))
    }

    fn wait_for_others(&self, wait: Duration) -> Answer<'_, ()> {
        Box::pin(lock::wait_for_others(&self.0, wait))
    }

    fn snapshot(&self, wait: Duration, take: Take) -> Answer<'_, Box<dyn LiveSnapshot>, engine::Error> {
        Box::pin(async move { Ok(Box::new(ServerSnapshot::take(&self.0, wait, take).await?) as Box<dyn LiveSnapshot>) })
    }

    fn scratch<'a>(&'a self, name: &'a str) -> Answer<'a, Scratch, NotScratched> {
        Box::pin(scratch::make(&self.0, name))
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
    /// The settings of the session before it acquired the lock.
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
            let Planned { plan, settled, unexpectedly_not_empty, .. } = planned;
            let (before, after) = (settled.current.schema().clone(), settled.desired.schema().at_rest());
            Ok(Replanned { plan, before, after, guards, unexpectedly_not_empty })
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
        Box::pin(async move { Ok(connection::texts(&self.connection.query(sql).await?)?) })
    }

    fn history(&mut self, last_only: bool) -> Answer<'_, Vec<String>, engine::Error> {
        Box::pin(async move { Ok(history::rows(&mut self.connection, last_only).await?) })
    }

    /// Nothing: a table that would run code is refused before it is read or written.
    fn code_on_history(&mut self) -> Answer<'_, Vec<String>, engine::Error> {
        Box::pin(async move { Ok(history::table(&mut self.connection).await.map(|_| Vec::new())?) })
    }

    fn write_history<'a>(&'a mut self, record: &'a Record) -> Answer<'a, i64, engine::Error> {
        Box::pin(async move { Ok(history::write(&mut self.connection, record).await?) })
    }

    fn finish_history(&mut self) -> Answer<'_, bool, engine::Error> {
        Box::pin(async move { Ok(history::finish(&mut self.connection).await?) })
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
