//! A session with a SQLite file: its lock is SQLite's own, its backup a copy of the file, and the whole apply
//! is one transaction. Decides nothing about plans.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::connection::{Connection, Error, Mode};
use super::lexer::quote_string;
use super::planner::{self, How, Planned};
use super::restore::RestoredFile;
use super::snapshot::FileSnapshot;
use super::verify::{self, Broken};
use super::{backup, disk_space, file, gate, history, inspect, scratch};
use crate::engine::backups::{NotScratched, Restorer, Scratch};
use crate::engine::history::{TABLE, create_history, insert_history, upgrade_history};
use crate::engine::snapshot::{LiveSnapshot, Take};
use crate::engine::traits::{Answer, Backup, Committed, Comparison, Engine, Local, Purpose, Replanned, Session, Wait};
use crate::engine::{self, ApplyError, BackupMode, CancelToken};
use crate::plan::{Action, Plan, Record, Statement, StatementKind, Step};
use crate::schema::{Capabilities, Dialect, Normalized, Schema};

/// The time limit for checking a file that an apply rewrites for damage.
const LOOK: Duration = Duration::from_secs(10);

/// A SQLite file, which may not exist yet.
pub(crate) struct File(pub(crate) PathBuf);

impl Engine for File {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn shown(&self) -> String {
        self.0.display().to_string()
    }

    fn is_missing(&self) -> bool {
        !self.0.exists()
    }

    fn open<'a>(
        &'a self,
        purpose: Purpose<'a>,
        wait: Duration,
        cancel_token: Arc<CancelToken>,
    ) -> Answer<'a, Box<dyn Session>, engine::Error> {
        Box::pin(async move {
            let mode = match purpose {
                Purpose::Read => Mode::Read,
                Purpose::Apply(plan) if plan.creates_database => Mode::Create,
                Purpose::Try => Mode::Create,
                Purpose::Record | Purpose::Apply(_) => Mode::Write,
            };
            if matches!(purpose, Purpose::Apply(_)) {
                file::check_writable(&self.0)?;
            }
            let opened = Connection::open(&self.0, mode, wait).await?;
            let connection = if matches!(purpose, Purpose::Try) { opened.telling_all() } else { opened };
            Ok(Box::new(Open { connection, path: self.0.clone(), cancel_token, broken: None }) as Box<dyn Session>)
        })
    }

    fn snapshot(&self, wait: Duration, _take: Take) -> Answer<'_, Box<dyn LiveSnapshot>, engine::Error> {
        Box::pin(async move { Ok(Box::new(FileSnapshot::take(&self.0, wait).await?) as Box<dyn LiveSnapshot>) })
    }

    fn restorer(&self) -> Option<Box<dyn Restorer + '_>> {
        Some(Box::new(RestoredFile(&self.0)))
    }

    fn scratch<'a>(&'a self, name: &'a str) -> Answer<'a, Scratch, NotScratched> {
        Box::pin(async move { scratch::make(&self.0, name) })
    }
}

/// A session with a file.
struct Open {
    connection: Connection,
    path: PathBuf,
    cancel_token: Arc<CancelToken>,
    /// The violated references before the steps.
    broken: Option<Broken>,
}

impl Session for Open {
    fn capabilities(&self) -> &'static Capabilities {
        Dialect::Sqlite.capabilities()
    }

    fn shown(&self, live: &Normalized) -> Schema {
        inspect::for_display(live.schema())
    }

    fn begin_reading(&mut self) -> Answer<'_, (), engine::Error> {
        Box::pin(async move {
            self.connection.execute("BEGIN").await?;
            Ok(())
        })
    }

    fn begin(&mut self, wait: Wait) -> Answer<'_, ()> {
        Box::pin(async move {
            match self.connection.execute("BEGIN IMMEDIATE").await {
                Ok(_) => Ok(()),
                Err(Error::Locked) => Err(ApplyError::Locked { holder: None, waited: wait.limit }),
                Err(other) => Err(other.into()),
            }
        })
    }

    fn commit(&mut self) -> Answer<'_, Committed, engine::Error> {
        Box::pin(async move {
            self.connection.unwatch().await?;
            self.connection.execute("COMMIT").await.map_err(|e| disk_space::which_disk(e, &self.path))?;
            Ok(Committed::Acknowledged)
        })
    }

    fn rollback(&mut self) -> Answer<'_, (), engine::Error> {
        Box::pin(async move {
            self.connection.unwatch().await?;
            // SQLite may have rolled back by itself; then there is nothing left to roll back.
            self.connection.execute("ROLLBACK").await.ok();
            Ok(())
        })
    }

    fn close(self: Box<Self>, has_failed: bool) -> Answer<'static, (), engine::Error> {
        Box::pin(async move {
            self.connection.close().await.ok();
            if has_failed {
                Connection::settle(&self.path).await;
            }
            Ok(())
        })
    }

    /// Refuses to rewrite a damaged file. A file that is too large to be checked in time is assumed to be
    /// intact. From here on, the cancel token is watched: the check for damage has a limit of its own.
    fn is_sound<'a>(&'a mut self, approved: &'a Plan) -> Answer<'a, ()> {
        Box::pin(async move {
            if approved.steps.iter().any(rewrites)
                && let Some(found) = gate::damage(&mut self.connection, LOOK).await?
            {
                return Err(ApplyError::Damaged { path: self.path.display().to_string(), found });
            }
            self.connection.watch(self.cancel_token.clone()).await?;
            Ok(())
        })
    }

    fn plan_again<'a>(&'a mut self, desired: &'a Normalized, approved: &'a Plan) -> Local<'a, Replanned> {
        Box::pin(async move {
            let how = How { rebuild_only: approved.rebuild_only, proven: Some(approved), counts: approved.counts };
            let Planned { plan, live, guards } = planner::plan(&mut self.connection, desired, how).await?;
            let (before, after) = (inspect::for_display(live.current.schema()), inspect::for_display(desired.schema()));
            Ok(Replanned { plan, before, after, guards, unexpectedly_not_empty: Vec::new() })
        })
    }

    fn inspect(&mut self) -> Answer<'_, Schema, engine::Error> {
        Box::pin(async move { Ok(inspect::for_display(inspect::inspect(&mut self.connection).await?.current.schema())) })
    }

    fn compare<'a>(&'a mut self, desired: &'a Normalized) -> Answer<'a, Comparison> {
        Box::pin(async move {
            let live = inspect::inspect(&mut self.connection).await?;
            let guards = planner::remembered(&mut self.connection, &live).await?;
            Ok(Comparison { live: live.current, desired: desired.clone(), guards })
        })
    }

    fn has_disk_space(&self, plan: &Plan) -> Result<(), ApplyError> {
        disk_space::has(self.path.parent().unwrap_or(Path::new("")), plan.disk_needed())
    }

    fn backup_for<'a>(&'a mut self, plan: &'a Plan, mode: BackupMode, folder: Option<&'a Path>) -> Answer<'a, Option<Backup>> {
        Box::pin(async move {
            let risky = plan.steps.iter().any(|s| matches!(s.action, Action::Rebuild | Action::Destroy)) || plan.hazards().next().is_some();
            let wanted = match mode {
                BackupMode::Auto => risky,
                BackupMode::Always => true,
                BackupMode::Never => false,
            };
            if !wanted || plan.creates_database || self.connection.number("PRAGMA page_count").await? == 0 {
                return Ok(None);
            }
            let to = backup::name_for(&self.path, folder).await?;
            let folder = to.parent().map(Path::to_path_buf).unwrap_or_default();
            let copy = self.connection.number("PRAGMA page_count").await? * self.connection.number("PRAGMA page_size").await?;
            disk_space::has(&folder, copy + if disk_space::same_disk(&folder, &self.path) { plan.disk_needed() } else { 0 })?;
            Ok(Some(Backup { path: to, tables: Vec::new() }))
        })
    }

    /// The copy is made while the write lock is held, so that it contains exactly what the change starts
    /// from.
    fn back_up<'a>(&'a mut self, backup: &'a Backup) -> Answer<'a, ()> {
        Box::pin(async move {
            let failed = |e: Error| ApplyError::Backup { path: backup.path.display().to_string(), reason: e.to_string() };
            backup::backup(&self.path, &backup.path).await.map_err(failed)
        })
    }

    fn keep_newest(&self, newest: &Path, keep: Option<usize>) {
        backup::keep_newest(&self.path, newest, keep);
    }

    fn record_violations<'a>(&'a mut self, plan: &'a Plan) -> Answer<'a, ()> {
        Box::pin(async move {
            self.broken = Some(verify::broken_references(&mut self.connection, plan, &verify::Names::of(plan)).await?);
            Ok(())
        })
    }

    fn check_rows<'a>(&'a mut self, plan: &'a Plan) -> Answer<'a, ()> {
        Box::pin(async move {
            if let Some(what) = verify::unfilled(&mut self.connection, plan).await? {
                return Err(ApplyError::NotVerified(what));
            }
            let now = verify::broken_references(&mut self.connection, plan, &verify::Names::of(plan).done()).await?;
            let before = self.broken.take().unwrap_or_default();
            verify::newly_broken(&before, &now).map_or(Ok(()), |what| Err(ApplyError::BrokenReferences(what)))
        })
    }

    fn run<'a>(&'a mut self, statement: &'a Statement) -> Answer<'a, u64, engine::Error> {
        Box::pin(async move {
            let touched = self.connection.run_one(&statement.sql).await.map_err(|e| disk_space::which_disk(e, &self.path))?;
            Ok(touched)
        })
    }

    fn execute<'a>(&'a mut self, sql: &'a str) -> Answer<'a, u64, engine::Error> {
        Box::pin(async move { Ok(self.connection.execute(sql).await?) })
    }

    fn texts<'a>(&'a mut self, sql: &'a str) -> Answer<'a, Vec<String>, engine::Error> {
        Box::pin(async move { Ok(self.connection.texts(sql).await?) })
    }

    fn history(&mut self, last_only: bool) -> Answer<'_, Vec<String>, engine::Error> {
        Box::pin(async move {
            let columns = history::columns(&mut self.connection).await?;
            Ok(if columns.is_empty() { Vec::new() } else { self.connection.texts(&history_sql(&columns, last_only)).await? })
        })
    }

    fn code_on_history(&mut self) -> Answer<'_, Vec<String>, engine::Error> {
        Box::pin(async move { Ok(history::acting(&mut self.connection).await?) })
    }

    fn write_history<'a>(&'a mut self, record: &'a Record) -> Answer<'a, i64, engine::Error> {
        Box::pin(async move {
            self.connection.execute(&create_history(Dialect::Sqlite)).await?;
            let there = history::columns(&mut self.connection).await?;
            for sql in upgrade_history(Dialect::Sqlite, TABLE, &there) {
                self.connection.execute(&sql).await?;
            }
            self.connection.execute(&insert_history(Dialect::Sqlite, TABLE, record)).await?;
            Ok(self.connection.number("SELECT max(number) FROM _rosey_history").await?)
        })
    }

    fn set_digest<'a>(&'a mut self, number: i64, digest: &'a str) -> Answer<'a, (), engine::Error> {
        Box::pin(async move {
            let sql = format!("UPDATE _rosey_history SET digest = {} WHERE number = {number}", quote_string(digest));
            self.connection.execute(&sql).await?;
            Ok(())
        })
    }

    fn tables_among<'a>(&'a mut self, names: &'a [&'a str]) -> Answer<'a, Vec<String>, engine::Error> {
        Box::pin(async move {
            let names: Vec<String> = names.iter().map(|n| quote_string(n)).collect();
            let names = names.join(", ");
            let sql = format!("SELECT name FROM sqlite_schema WHERE type = 'table' AND lower(name) IN ({names}) ORDER BY name");
            Ok(self.connection.texts(&sql).await?)
        })
    }
}

/// Returns the query for the rows of the history as JSON objects. They include columns that this version of
/// rosey does not know.
pub(crate) fn history_sql(columns: &[String], last_only: bool) -> String {
    let quote = |c: &String| format!("'{}', \"{}\"", c.replace('\'', "''"), c.replace('"', "\"\""));
    let object = columns.iter().map(quote).collect::<Vec<_>>().join(", ");
    let order = if last_only { "ORDER BY number DESC LIMIT 1" } else { "ORDER BY number" };
    format!("SELECT json_object({object}) FROM _rosey_history {order}")
}

/// Returns true if the step rewrites rows or definitions, which would spread damage.
pub(crate) fn rewrites(step: &Step) -> bool {
    let writes = |s: &Statement| matches!(s.kind, StatementKind::CopiesRows | StatementKind::WritesValues | StatementKind::EditsDefinition);
    step.action == Action::Rebuild || step.statements.iter().any(writes)
}
