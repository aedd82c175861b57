//! Makes a plan true: lock, look again, refuse, back up, run, verify, record, commit. All or nothing.

pub mod chain;
pub mod chained;
mod database;
mod drift;
mod history;
mod offline;
mod others;
pub mod postgres;
mod restore;
pub mod rollback;
pub mod saved;
mod script;
mod sqlite;
mod stamp;
mod verify;

use std::path::PathBuf;
use std::time::Duration;

use crate::dialect::{self, Error, PlanError};
use crate::plan::{Allowed, Hazard, Kind, Plan, Record, Step, renames};

pub use crate::plan::Identity;
pub use database::{Database, Desired, Noted, Planned, Way, is_missing};
pub use history::{Entry, HistoryError};
pub use offline::{Offline, plan_offline, state_of};
pub use restore::{Backups, RestoreOptions, Sound, backups, restore};
pub use script::{frame_of_saved, frame_offline};
pub use sqlite::{SqlitePath, State, apply, frame, inspect, plan, plan_by, plan_with_state, plan_within, state};
pub use stamp::Stamped;

/// Whether a copy of the database is made first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum BackupMode {
    /// Before a step that rebuilds or destroys.
    #[default]
    Auto,
    /// Before every apply that changes something.
    Always,
    /// Not at all.
    Never,
}

/// How an apply is done.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether data may be destroyed.
    pub allow_destructive: bool,
    /// What may be destroyed all the same, by name.
    pub allowed: Vec<Allowed>,
    /// When a backup is made.
    pub backup: BackupMode,
    /// Where it goes; beside the file where none is given.
    pub backup_dir: Option<PathBuf>,
    /// How many backups are kept, the new one included; all where no number is given.
    pub keep_backups: Option<usize>,
    /// How long to wait for the lock.
    pub lock_timeout: Duration,
    /// What the history says of it.
    pub message: Option<String>,
    /// Who applies.
    pub identity: Identity,
    /// What the history calls it.
    pub kind: Kind,
    /// Of a rollback: the number whose schema is gone back to.
    pub back_to: Option<i64>,
    /// The digest of the saved plan that is applied; that of the live schema where there is no such file.
    pub plan_id: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            allow_destructive: false,
            allowed: Vec::new(),
            backup: BackupMode::Auto,
            backup_dir: None,
            keep_backups: None,
            lock_timeout: Duration::from_secs(10),
            message: None,
            identity: Identity::default(),
            kind: Kind::Apply,
            back_to: None,
            plan_id: None,
        }
    }
}

impl Options {
    /// What the history says of a plan; the schemas, and how it went, are for the caller to add.
    fn record(&self, plan: &Plan) -> Record {
        let sql: Vec<String> = plan.statements().map(|s| format!("{};", s.sql)).collect();
        Record {
            kind: self.kind,
            plan: self.plan_id.clone().unwrap_or_else(|| plan.fingerprint.clone()),
            message: self.message.clone(),
            renames: renames(&plan.changes),
            sql: sql.join("\n"),
            identity: self.identity.clone(),
            back_to: self.back_to,
            ..Record::default()
        }
    }
}

/// Is told what an apply does, as it does it.
pub trait Observer {
    /// A backup is being written.
    fn backing_up(&mut self, to: &std::path::Path) {
        let _ = to;
    }
    /// A step begins.
    fn begins(&mut self, step: &Step) {
        let _ = step;
    }
    /// A statement begins.
    fn runs(&mut self, sql: &str) {
        let _ = sql;
    }
    /// A statement begins that copies `rows` rows.
    fn copies(&mut self, step: &Step, rows: i64) {
        let _ = (step, rows);
    }
    /// A step is done.
    fn ends(&mut self, step: &Step) {
        let _ = step;
    }
    /// All steps are done; the outcome is compared with the schema.
    fn verifies(&mut self) {}
    /// Something happened that does not stop the apply.
    fn notes(&mut self, what: &str) {
        let _ = what;
    }
}

/// An observer that tells nobody.
#[derive(Debug, Default)]
pub struct Silent;
impl Observer for Silent {}

/// What came of an apply.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Outcome {
    /// The database was as desired already.
    NothingToDo,
    /// It is now.
    Applied(Report),
}

/// What an apply did.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The history number.
    pub number: i64,
    /// Rows that rebuilds copied.
    pub rows_copied: i64,
    /// How long it held the lock.
    pub took: Duration,
    /// The backup.
    pub backup: Option<PathBuf>,
}

/// Why an apply did not happen, or not to its end. The database is as it was, but for those that say otherwise:
/// [`ApplyError::Unfinished`], [`ApplyError::NotVerifiedAfter`], [`ApplyError::CommitUnknown`] and [`ApplyError::Early`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The database does not answer, or a statement failed.
    #[error(transparent)]
    Database(#[from] Error),
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Another apply or another program is at work on the database.
    #[error("{}", at_work(.holder.as_deref(), .waited))]
    Locked {
        /// Who, if the database tells.
        holder: Option<String>,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Sessions hold locks on the tables that change.
    #[error("other sessions hold locks on what changes, and did not let go within {waited:?}")]
    Blockers {
        /// Which, and with what statement.
        blockers: Vec<String>,
        /// How long it was tried.
        waited: Duration,
    },
    /// A session holds the lock on what is to be read.
    #[error("another session holds a lock on what is read, and did not let go within {waited:?}")]
    Busy {
        /// Which, and with what statement.
        blockers: Vec<String>,
        /// How long it was waited for.
        waited: Duration,
    },
    /// What was noted down of a database does not say how it is known again: an older rosey did it.
    #[error("it was made by an older rosey, without what a script knows the database by")]
    NoDigest,
    /// A statement failed; all was rolled back.
    #[error("{address}: {source}")]
    Statement {
        /// The step.
        address: String,
        /// The database's reason.
        source: Error,
    },
    /// The transaction is committed, and what follows it failed, or was interrupted.
    #[error("{}", unfinished(.address.as_deref(), .source))]
    Unfinished {
        /// The history number.
        number: i64,
        /// How many steps are left, this one included.
        left: usize,
        /// The step; none if it was not in a step.
        address: Option<String>,
        /// The database's reason.
        source: Error,
    },
    /// The connection was lost in the commit, and the server could not be asked what came of it.
    #[error("the connection was lost while the transaction was being committed: {source}")]
    CommitUnknown {
        /// The history number that it would have.
        number: i64,
        /// What was said last.
        source: Error,
    },
    /// What had to be committed ahead of the transaction is, and the rest failed.
    #[error("{source}")]
    Early {
        /// The steps that are done.
        done: Vec<String>,
        /// Why the rest is not.
        source: Box<ApplyError>,
    },
    /// All is committed, and is not what was desired.
    #[error("the outcome is not the desired one: {0}")]
    NotVerifiedAfter(String),
    /// What makes backups is not to be had.
    #[error("no backup can be made: {0}")]
    NoBackup(String),
    /// The backup could not be written.
    #[error("the backup to {path} failed: {reason}")]
    Backup {
        /// Where it was to go.
        path: String,
        /// Why.
        reason: String,
    },
    /// The schema declares nothing.
    #[error("the schema declares no object at all, and applying it would drop everything")]
    EmptySchema,
    /// A safety rule stops it.
    #[error("the apply is refused")]
    Blocked(Vec<Hazard>),
    /// The database is no longer what the plan was made for.
    #[error("the database has changed since the plan was made")]
    Stale,
    /// The database is not what was to be written down of it.
    #[error("the database differs in {}", .0.join(", "))]
    Differs(Vec<String>),
    /// A schema that was noted down cannot be read.
    #[error("the schema that was noted down cannot be read: {0}")]
    Unreadable(String),
    /// The history cannot be read.
    #[error(transparent)]
    History(HistoryError),
    /// The file is damaged.
    #[error("{path} is damaged: {found}")]
    Damaged {
        /// The file.
        path: String,
        /// What the check of its integrity says first.
        found: String,
    },
    /// The backup to be put back is the database itself.
    #[error("{0} is the database itself, not a backup of it")]
    OntoItself(String),
    /// The disk has no room for what has to be written.
    #[error("{path} has {free} of free disk, and {needed} are needed")]
    NoRoom {
        /// The folder.
        path: String,
        /// What is free.
        free: String,
        /// What is needed.
        needed: String,
    },
    /// Rows would point to rows that are not there, which only showed once all was done.
    #[error("{0}")]
    BrokenReferences(String),
    /// What came out is not what was desired.
    #[error("the outcome was not the desired one: {0}")]
    NotVerified(String),
    /// It was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Who holds the lock that was waited for in vain.
fn at_work(holder: Option<&str>, waited: &Duration) -> String {
    match holder {
        Some(holder) => format!("{holder} is applying to this database, and did not finish within {waited:?}"),
        None => format!("another connection holds the lock on the database, and did not let go within {waited:?}"),
    }
}

/// What stopped the work that follows the transaction, and where.
fn unfinished(address: Option<&str>, source: &Error) -> String {
    match address {
        Some(address) if source.is_interrupted() => format!("interrupted at {address}"),
        Some(address) => format!("{address}: {source}"),
        None => source.to_string(),
    }
}

/// The engines' own errors are told as any engine's.
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
    dialect::sqlite::Error => Database,
    dialect::postgres::Error => Database,
    dialect::sqlite::PlanError => Plan,
    dialect::postgres::PlanError => Plan,
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
    /// Whether a lock on what was to be read or changed could not be had in time.
    pub(crate) fn is_lock_timeout(&self) -> bool {
        matches!(self, ApplyError::Database(e) | ApplyError::Plan(PlanError::Database(e)) if e.is_lock_timeout())
    }

    /// Whether this is a refusal: nothing is wrong with the database or the program, and somebody has to decide.
    pub fn is_refusal(&self) -> bool {
        match self {
            ApplyError::EmptySchema
            | ApplyError::Blocked(_)
            | ApplyError::Stale
            | ApplyError::Differs(_)
            | ApplyError::History(HistoryError::Later { .. } | HistoryError::Acts(_))
            | ApplyError::NoRoom { .. }
            | ApplyError::NoBackup(_)
            | ApplyError::BrokenReferences(_) => true,
            ApplyError::Database(error) => error.is_refusal(),
            // Rows that violate a constraint and could not be counted beforehand.
            ApplyError::Statement { source, .. } => source.is_about_rows(),
            ApplyError::Early { source, .. } => source.is_refusal(),
            _ => false,
        }
    }
}
