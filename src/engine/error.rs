//! What can go wrong with a database on any engine: the errors of the engines as one type, and the
//! distinctions that callers make. Says nothing that an engine's error does not say itself.

use crate::engine::{postgres, sqlite};
use crate::schema::Problem;

/// The database does not respond, or a statement failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A SQLite file.
    #[error(transparent)]
    Sqlite(#[from] sqlite::Error),
    /// A PostgreSQL server.
    #[error(transparent)]
    Postgres(Box<postgres::Error>),
}

/// The primary result code of a violated constraint (<https://sqlite.org/rescode.html#constraint>).
const SQLITE_CONSTRAINT: i32 = 19;
/// The primary result code of a value that its column cannot hold (<https://sqlite.org/rescode.html#mismatch>).
const SQLITE_MISMATCH: i32 = 20;

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Self {
        Error::Postgres(Box::new(error))
    }
}

impl Error {
    /// Returns whether the rows are the cause: they violate a constraint, or contain a value that its type
    /// cannot hold.
    pub fn is_about_rows(&self) -> bool {
        match self {
            Error::Sqlite(sqlite::Error::Sql { code, .. } | sqlite::Error::Rows { code, .. }) => {
                [SQLITE_CONSTRAINT, SQLITE_MISMATCH].contains(&(code & 0xff))
            }
            Error::Sqlite(_) => false,
            Error::Postgres(error) => error.is_about_rows(),
        }
    }

    /// Returns whether the database rejects the definition of an object, which a plan could not detect.
    pub(crate) fn is_about_definition(&self) -> bool {
        match self {
            Error::Sqlite(_) => false,
            Error::Postgres(error) => error.is_about_definition(),
        }
    }

    /// Returns why a statement on rows that are not secret failed: what a function raises may be shown.
    pub(crate) fn reason(&self) -> String {
        match self {
            Error::Postgres(error) => match &**error {
                postgres::Error::Raised { message, .. } => message.clone(),
                other => other.to_string(),
            },
            other => other.to_string(),
        }
    }

    /// Returns what to do about it, for display. `variable` reads an environment variable.
    pub(crate) fn help(&self, variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        match self {
            Error::Sqlite(error) => sqlite::help::help(error, variable),
            Error::Postgres(error) => postgres::help::help(error),
        }
    }

    /// Returns whether the history is not a table that rosey may use.
    pub(crate) fn is_about_history(&self) -> bool {
        match self {
            Error::Sqlite(error) => matches!(error, sqlite::Error::History(_)),
            Error::Postgres(error) => matches!(**error, postgres::Error::History { .. }),
        }
    }

    /// Returns whether a disk of this machine is full.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Error::Sqlite(sqlite::Error::Full | sqlite::Error::DiskFull { .. } | sqlite::Error::TemporaryFull))
    }

    /// Returns whether a file is not writable.
    pub(crate) fn is_read_only_file(&self) -> bool {
        matches!(self, Error::Sqlite(sqlite::Error::ReadOnly))
    }

    /// Returns whether the file does not exist.
    pub(crate) fn is_no_file(&self) -> bool {
        matches!(self, Error::Sqlite(sqlite::Error::NoFile { .. }))
    }

    /// Returns whether another session did not release a lock before the timeout.
    pub fn is_lock_timeout(&self) -> bool {
        match self {
            Error::Sqlite(error) => matches!(error, sqlite::Error::Locked),
            Error::Postgres(error) => matches!(**error, postgres::Error::LockTimeout),
        }
    }

    /// Returns whether the statement was canceled on request.
    pub fn is_interrupted(&self) -> bool {
        match self {
            Error::Sqlite(error) => matches!(error, sqlite::Error::Interrupted),
            Error::Postgres(error) => matches!(**error, postgres::Error::Cancelled),
        }
    }

    /// Returns whether the cause is not the statement itself: it was canceled, another session held a lock,
    /// or the connection was lost.
    pub(crate) fn is_from_outside(&self) -> bool {
        match self {
            Error::Sqlite(error) => matches!(error, sqlite::Error::Interrupted),
            Error::Postgres(error) => {
                matches!(**error, postgres::Error::LockTimeout | postgres::Error::Cancelled | postgres::Error::Lost(_))
            }
        }
    }

    /// Returns whether the database works but rejects the request, so that the user has to decide.
    pub fn is_refusal(&self) -> bool {
        match self {
            Error::Sqlite(_) => false,
            Error::Postgres(error) => matches!(**error, postgres::Error::Pooled { .. } | postgres::Error::ReadOnly(_)),
        }
    }
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The database does not respond.
    #[error(transparent)]
    Database(#[from] Error),
    /// The schema file requires something that the database cannot hold; each problem has a position.
    #[error("the schema is not valid for {engine}")]
    Schema {
        /// The engine's name.
        engine: &'static str,
        /// What it asks for.
        problems: Vec<Problem>,
    },
    /// The recorded facts about a database are invalid.
    #[error("{0}")]
    Facts(String),
    /// Steps depend on each other in a cycle.
    #[error("dependency cycle: {0} depend on each other")]
    Cycle(String),
    /// The steps would not lead to the schema. This is a bug in rosey.
    #[error("the plan for {0} would not produce the declared schema; nothing was changed. This is a bug in rosey: please report it")]
    Unproven(String),
}

impl From<sqlite::Error> for PlanError {
    fn from(error: sqlite::Error) -> Self {
        PlanError::Database(error.into())
    }
}

impl From<postgres::Error> for PlanError {
    fn from(error: postgres::Error) -> Self {
        PlanError::Database(error.into())
    }
}

impl From<sqlite::offline::FactError> for PlanError {
    fn from(error: sqlite::offline::FactError) -> Self {
        PlanError::Facts(error.to_string())
    }
}

impl From<sqlite::PlanError> for PlanError {
    fn from(error: sqlite::PlanError) -> Self {
        use sqlite::PlanError as Own;
        match error {
            Own::Database(error) => error.into(),
            Own::Facts(error) => error.into(),
            Own::Schema(problems) => PlanError::Schema { engine: "SQLite", problems },
            Own::Cycle(steps) => PlanError::Cycle(steps),
            Own::Unproven(object) => PlanError::Unproven(object),
        }
    }
}

impl From<postgres::PlanError> for PlanError {
    fn from(error: postgres::PlanError) -> Self {
        use postgres::PlanError as Own;
        match error {
            Own::Database(error) => error.into(),
            Own::Fact(_) => PlanError::Facts(error.to_string()),
            Own::Schema(problems) => PlanError::Schema { engine: "PostgreSQL", problems },
            Own::Cycle(steps) => PlanError::Cycle(steps),
        }
    }
}
