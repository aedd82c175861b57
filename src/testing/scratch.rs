//! A scratch database: a SQLite file in its own folder, or a database on a PostgreSQL server.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use super::TestError;
use crate::apply::{ApplyError, BackupMode, Database, Desired, Options, Outcome, Silent};
use crate::engine::CancelToken;
use crate::engine::postgres::{Url, connection as server};
use crate::engine::traits::{self, Purpose};
use crate::plan::Plan;
use crate::schema::Dialect;

/// Where scratch databases are created.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Place {
    /// Files, each in a new folder under this one.
    Sqlite(PathBuf),
    /// Databases on this server, created through a connection to the one that the URL names, by a role that
    /// may CREATE DATABASE (<https://www.postgresql.org/docs/current/sql-createdatabase.html>). The named
    /// database is not touched.
    Postgres(Box<Url>),
}

impl Place {
    /// What its databases are.
    pub fn dialect(&self) -> Dialect {
        match self {
            Place::Sqlite(_) => Dialect::Sqlite,
            Place::Postgres(_) => Dialect::Postgres,
        }
    }
}

/// The name of every scratch database, followed by a number.
const PREFIX: &str = "rosey_test_";

/// How long to wait for a lock; nothing else should hold one.
const WAIT: Duration = Duration::from_secs(5);

/// A database that nothing else uses.
pub(super) struct Scratch {
    pub(super) database: Database,
    whole: Whole,
}

/// What to remove at the end.
enum Whole {
    Folder(PathBuf),
    Database { name: String, from: Box<Url> },
}

impl Scratch {
    /// Creates an empty one.
    pub(super) async fn make(place: &Place) -> Result<Scratch, TestError> {
        let name = name();
        match place {
            Place::Sqlite(under) => {
                let folder = under.join(name);
                let failed = |e: std::io::Error| scratch(&folder.display().to_string(), e);
                std::fs::create_dir(&folder).map_err(failed)?;
                let file = folder.join("scratch.db");
                Ok(Scratch { database: Database::Sqlite(file), whole: Whole::Folder(folder) })
            }
            Place::Postgres(from) => {
                command(from, &format!("CREATE DATABASE {name} TEMPLATE template0")).await.map_err(|e| scratch(&name, e))?;
                let database = Database::Postgres(Box::new(from.with_database(&name)));
                Ok(Scratch { database, whole: Whole::Database { name, from: from.clone() } })
            }
        }
    }

    /// Removes it, even if somebody is still connected.
    pub(super) async fn remove(self) -> Result<(), TestError> {
        match self.whole {
            Whole::Folder(folder) => std::fs::remove_dir_all(&folder).map_err(|e| scratch(&folder.display().to_string(), e)),
            Whole::Database { name, from } => {
                command(&from, &format!("DROP DATABASE {name} WITH (FORCE)")).await.map_err(|e| scratch(&name, e))
            }
        }
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
        self.0.execute(sql).await.map(drop).map_err(|e| statement(sql, reason(&e)))
    }

    /// Returns the first column of a query, which must be text, without NULLs.
    pub(super) async fn texts(&mut self, sql: &str) -> Result<Vec<String>, TestError> {
        self.0.texts(sql).await.map_err(|e| statement(sql, reason(&e)))
    }

    /// Closes it. Errors do not matter, as the scratch database is removed.
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

async fn command(url: &Url, sql: &str) -> Result<(), crate::engine::postgres::Error> {
    let mut connection = server::Connection::open(url).await?;
    let done = connection.execute(sql).await.map(drop);
    connection.close().await.ok();
    done
}

fn scratch(name: &str, reason: impl std::fmt::Display) -> TestError {
    TestError::Scratch { name: name.to_owned(), reason: reason.to_string() }
}

/// Returns why a statement failed. The rows of a scratch database are those of the case, so what a function raises may
/// be shown.
fn reason(error: &crate::engine::Error) -> String {
    match error {
        crate::engine::Error::Postgres(error) => match &**error {
            crate::engine::postgres::Error::Raised { message, .. } => message.clone(),
            other => other.to_string(),
        },
        other => other.to_string(),
    }
}

fn statement(sql: &str, reason: impl std::fmt::Display) -> TestError {
    TestError::Statement { reason: reason.to_string(), sql: sql.to_owned() }
}
