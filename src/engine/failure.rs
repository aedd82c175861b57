//! Why an apply failed, and what state it leaves: one variant for each meaning, whatever the engine. The
//! error of an engine is contained as it is.

use std::time::Duration;

use super::{Error, PlanError, postgres, sqlite};
use crate::plan::Hazard;

/// Why an apply was refused or failed. The database is unchanged, except for [`ApplyError::Unfinished`],
/// [`ApplyError::NotVerifiedAfter`], [`ApplyError::CommitUnknown`] and [`ApplyError::Early`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The database did not respond, or a statement failed.
    #[error(transparent)]
    Database(#[from] Error),
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Another apply or another client is using the database.
    #[error("{}", at_work(.holder.as_deref(), .waited))]
    Locked {
        /// The lock holder, if the database reports it.
        holder: Option<String>,
        /// How long the apply waited.
        waited: Duration,
    },
    /// Other sessions hold locks on tables that change.
    #[error("other sessions hold locks on the objects to change and did not release them within {waited:?}")]
    Blockers {
        /// The sessions and their statements.
        blockers: Vec<String>,
        /// How long this apply tried.
        waited: Duration,
    },
    /// Another session holds a lock on an object that has to be read.
    #[error("another session holds a lock on an object to read and did not release it within {waited:?}")]
    Busy {
        /// The sessions and their statements.
        blockers: Vec<String>,
        /// How long this session waited.
        waited: Duration,
    },
    /// The snapshot of a database lacks the digest by which a script recognizes the database, because an
    /// older rosey made it.
    #[error("it was written by an older rosey and lacks the data that a script needs to identify the database")]
    NoDigest,
    /// A statement failed; the transaction was rolled back.
    #[error("{address}: {source}")]
    Statement {
        /// The step.
        address: String,
        /// The database's reason.
        source: Error,
    },
    /// The transaction is committed, and what follows it failed or was canceled.
    #[error("{}", unfinished(.address.as_deref(), .source))]
    Unfinished {
        /// The history number.
        number: i64,
        /// The number of remaining steps, including this one.
        left: usize,
        /// The step; none if the error was not in a step.
        address: Option<String>,
        /// The database's reason.
        source: Error,
    },
    /// The connection was lost during the commit, and the server could not be asked for the outcome.
    #[error("the connection was lost during COMMIT: {source}")]
    CommitUnknown {
        /// The version, if it was committed.
        number: i64,
        /// The last error.
        source: Error,
    },
    /// Steps that run before the transaction are committed, and the rest failed.
    #[error("{source}")]
    Early {
        /// The addresses of the committed steps.
        done: Vec<String>,
        /// The reason why the rest failed.
        source: Box<ApplyError>,
    },
    /// Everything is committed, but the result is not the desired schema.
    #[error("verification failed after the commit: {0}")]
    NotVerifiedAfter(String),
    /// There is no suitable program for backups.
    #[error("cannot make a backup: {0}")]
    NoBackup(String),
    /// The backup could not be written.
    #[error("the backup to {path} failed: {reason}")]
    Backup {
        /// The path of the backup.
        path: String,
        /// The reason.
        reason: String,
    },
    /// The schema is empty.
    #[error("the schema declares no objects; applying it would drop everything")]
    EmptySchema,
    /// Hazards block the apply.
    #[error("apply refused")]
    Blocked(Vec<Hazard>),
    /// The database has changed since the plan was made.
    #[error("the database has changed since the plan was made")]
    Stale,
    /// The database does not match the schema to be recorded.
    #[error("the database differs from the schema in {}", .0.join(", "))]
    Differs(Vec<String>),
    /// A recorded schema cannot be read.
    #[error("the recorded schema cannot be read: {0}")]
    Unreadable(String),
    /// The history cannot be read.
    #[error(transparent)]
    History(HistoryError),
    /// The file is damaged.
    #[error("{path} is damaged: {found}")]
    Damaged {
        /// The file.
        path: String,
        /// The first finding of the integrity check.
        found: String,
    },
    /// The backup to restore is the database itself.
    #[error("{0} is the database itself, not a backup of it")]
    OntoItself(String),
    /// Backups of this database contain single tables, and are not restored as a whole.
    #[error("restore works only for SQLite files")]
    NotRestored,
    /// There is not enough free disk space.
    #[error("not enough disk space in {path}: {needed} needed, {free} free")]
    NotEnoughSpace {
        /// The folder.
        path: String,
        /// The free space.
        free: String,
        /// The required space.
        needed: String,
    },
    /// Foreign keys would be violated, which was detected only after all steps.
    #[error("{0}")]
    BrokenReferences(String),
    /// The result is not the desired schema.
    #[error("verification failed: {0}")]
    NotVerified(String),
    /// It was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Describes the holder of the lock that was not released in time.
fn at_work(holder: Option<&str>, waited: &Duration) -> String {
    match holder {
        Some(holder) => format!("{holder} holds the apply lock on this database and did not release it within {waited:?}"),
        None => format!("another connection holds a lock on the database and did not release it within {waited:?}"),
    }
}

/// Returns where and why the work after the transaction stopped.
fn unfinished(address: Option<&str>, source: &Error) -> String {
    match address {
        Some(address) if source.is_interrupted() => format!("interrupted at {address}"),
        Some(address) => format!("{address}: {source}"),
        None => source.to_string(),
    }
}

/// Wraps the errors of the engines, so that callers need not know the engine.
macro_rules! of_engines {
    ($($own:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$own> for ApplyError {
            fn from(error: $own) -> Self {
                ApplyError::$variant(error.into())
            }
        }
    )+};
}

of_engines! {
    sqlite::Error => Database,
    postgres::Error => Database,
    sqlite::PlanError => Plan,
    postgres::PlanError => Plan,
}

impl From<HistoryError> for ApplyError {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Database(error) => error.into(),
            other => ApplyError::History(other),
        }
    }
}

impl ApplyError {
    /// Returns whether a lock on an object to be read or changed could not be acquired in time.
    pub(crate) fn is_lock_timeout(&self) -> bool {
        matches!(self, ApplyError::Database(e) | ApplyError::Plan(PlanError::Database(e)) if e.is_lock_timeout())
    }

    /// Returns true if this is a refusal: neither the database nor rosey has failed, and the user has to
    /// decide.
    pub fn is_refusal(&self) -> bool {
        match self {
            ApplyError::EmptySchema
            | ApplyError::Blocked(_)
            | ApplyError::Stale
            | ApplyError::Differs(_)
            | ApplyError::History(HistoryError::Later { .. } | HistoryError::Acts(_))
            | ApplyError::NotEnoughSpace { .. }
            | ApplyError::NoBackup(_)
            | ApplyError::NotRestored
            | ApplyError::BrokenReferences(_) => true,
            ApplyError::Database(error) => error.is_refusal(),
            // Rows that violate a constraint and could not be counted beforehand.
            ApplyError::Statement { source, .. } => source.is_about_rows(),
            ApplyError::Early { source, .. } => source.is_refusal(),
            _ => false,
        }
    }
}

/// Why the history cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The database does not respond.
    #[error(transparent)]
    Database(#[from] Error),
    /// A later version of rosey wrote a row.
    #[error("version {number} in the history was written by a newer rosey ({version})")]
    Later {
        /// The row.
        number: i64,
        /// Which rosey.
        version: String,
    },
    /// A row is not in any format that rosey writes.
    #[error("the table _rosey_history does not have the structure that rosey creates: {0}")]
    Damaged(String),
    /// A trigger or similar would run when a row is written.
    #[error("the table _rosey_history has {0}, which could run code")]
    Acts(String),
}

impl From<sqlite::Error> for HistoryError {
    fn from(error: sqlite::Error) -> Self {
        HistoryError::Database(error.into())
    }
}

impl From<postgres::Error> for HistoryError {
    fn from(error: postgres::Error) -> Self {
        HistoryError::Database(error.into())
    }
}
