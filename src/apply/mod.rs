//! Applies a plan: lock, plan again, check permissions, back up, run, verify, record, commit. Atomic if the
//! database allows it.

pub mod chain;
pub mod chained;
mod database;
mod drift;
mod history;
pub mod library;
mod offline;
mod others;
mod planning;
mod procedure;
mod restore;
pub mod rollback;
pub mod saved;
mod stamp;

use std::path::PathBuf;
use std::time::Duration;

use crate::plan::{Allowed, Kind, Plan, Record, Step, renames};

pub use crate::engine::{ApplyError, BackupMode, Database, EngineOptions, HistoryError, PlanOptions, Remarks, SqlitePath};
pub use crate::plan::Identity;
pub use database::{Desired, PlanSnapshot, Planned, is_missing};
pub use history::Entry;
pub use offline::{Offline, SqlProblem, frame_offline, plan_offline, state_of, state_of_sql};
pub use restore::{Backups, RestoreOptions, Sound};
pub use saved::frame_of_saved;
pub use stamp::Stamped;

/// Options of an apply.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether data may be destroyed without further permission.
    pub allow_destructive: bool,
    /// The objects whose data may be destroyed in any case, by name.
    pub allowed: Vec<Allowed>,
    /// When a backup is made.
    pub backup: BackupMode,
    /// The directory of the backup; by default, that of the database file.
    pub backup_dir: Option<PathBuf>,
    /// How many backups to keep, including the new one; all if not set.
    pub keep_backups: Option<usize>,
    /// How long to wait for the lock.
    pub lock_timeout: Duration,
    /// The message to record in the history.
    pub message: Option<String>,
    /// Who applies.
    pub identity: Identity,
    /// The kind to record in the history.
    pub kind: Kind,
    /// For a rollback: the version whose schema is restored.
    pub back_to: Option<i64>,
    /// The digest of the saved plan that is applied; the digest of the live schema if no saved plan is used.
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
    /// Returns the history record of a plan. The caller adds the schemas and the outcome.
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

/// Receives the progress of an apply.
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
    /// All steps are done; the result is being compared with the desired schema.
    fn verifies(&mut self) {}
    /// Something happened that does not stop the apply.
    fn notes(&mut self, what: &str) {
        let _ = what;
    }
}

/// An observer that ignores everything.
#[derive(Debug, Default)]
pub struct Silent;
impl Observer for Silent {}

/// The result of an apply.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Outcome {
    /// The database already matched the desired schema.
    NothingToDo,
    /// The database was changed to match the desired schema.
    Applied(Report),
}

/// What an apply did.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The version.
    pub number: i64,
    /// The number of rows that rebuilds copied.
    pub rows_copied: i64,
    /// How long the apply held the lock.
    pub took: Duration,
    /// The path of the backup.
    pub backup: Option<PathBuf>,
}
