//! A scratch database for one case. Never touches another database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use super::TestError;
use crate::apply::{ApplyError, BackupMode, Database, Desired, Options, Outcome, Silent};
use crate::engine::CancelToken;
use crate::engine::backups::{self, NotScratched, Remains};
use crate::engine::traits::{self, Purpose};
use crate::plan::Plan;

/// The name of every scratch database, followed by a number.
const PREFIX: &str = "rosey_test_";

/// How long to wait for a lock; nothing else should hold one.
const WAIT: Duration = Duration::from_secs(5);

/// A database that nothing else uses.
pub(super) struct Scratch {
    pub(super) database: Database,
    remains: Box<dyn Remains>,
}

impl Scratch {
    /// Creates an empty database beside another one.
    pub(super) async fn make(beside: &Database) -> Result<Scratch, TestError> {
        let backups::Scratch { database, remains } = beside.engine().scratch(&name()).await.map_err(not_scratched)?;
        Ok(Scratch { database, remains })
    }

    /// Removes it, even if somebody is still connected.
    pub(super) async fn remove(self) -> Result<(), TestError> {
        self.remains.remove().await.map_err(not_scratched)
    }

    /// Applies a plan, without a backup: nothing needs to be kept.
    pub(super) async fn apply(&self, desired: &Desired, plan: &Plan, allow_destructive: bool) -> Result<Outcome, ApplyError> {
        let options = Options { allow_destructive, backup: BackupMode::Never, ..Options::default() };
        self.database.apply(desired.normalized(), plan, &options, Arc::new(CancelToken::default()), &mut Silent).await
    }

    /// Opens a session for the statements of the case.
    pub(super) async fn open(&self) -> Result<Session, TestError> {
        let opened = self.database.engine().open(Purpose::Try, WAIT, Arc::default()).await;
        Ok(Session(opened.map_err(|e| scratch("the scratch database", e))?))
    }
}

/// A session with a scratch database.
pub(super) struct Session(Box<dyn traits::Session>);

impl Session {
    pub(super) async fn run(&mut self, sql: &str) -> Result<(), TestError> {
        self.0.execute(sql).await.map(drop).map_err(|e| statement(sql, e.reason()))
    }

    /// Returns the first column of a query, which must be text, without NULLs.
    pub(super) async fn texts(&mut self, sql: &str) -> Result<Vec<String>, TestError> {
        self.0.texts(sql).await.map_err(|e| statement(sql, e.reason()))
    }

    /// Closes it. Errors do not matter, because the scratch database is removed.
    pub(super) async fn close(self) {
        self.0.close(false).await.ok();
    }
}

/// Returns a name that no other run has: a server may be shared.
fn name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    format!("{PREFIX}{:x}_{now:x}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn not_scratched(error: NotScratched) -> TestError {
    TestError::Scratch { name: error.name, reason: error.reason }
}

fn scratch(name: &str, reason: impl std::fmt::Display) -> TestError {
    TestError::Scratch { name: name.to_owned(), reason: reason.to_string() }
}

fn statement(sql: &str, reason: impl std::fmt::Display) -> TestError {
    TestError::Statement { reason: reason.to_string(), sql: sql.to_owned() }
}
