//! Makes a plan true: lock, look again, refuse, back up, run, verify, record, commit. All or nothing.

pub mod chain;
pub mod chained;
mod database;
mod drift;
mod history;
mod offline;
mod others;
pub mod postgres;
mod procedure;
mod recorded;
mod restore;
pub mod rollback;
pub mod saved;
mod script;
mod sqlite;
mod stamp;

use std::path::PathBuf;
use std::time::Duration;

use crate::plan::{Allowed, Kind, Plan, Record, Step, renames};

pub use crate::dialect::{ApplyError, BackupMode, Database, HistoryError, Remarks, SqlitePath, Way};
pub use crate::plan::Identity;
pub use database::{Desired, Noted, Planned, is_missing};
pub use history::Entry;
pub use offline::{Offline, plan_offline, state_of};
pub use restore::{Backups, RestoreOptions, Sound, backups, restore};
pub use script::{frame_of_saved, frame_offline};
pub use sqlite::{State, apply, frame, inspect, plan, plan_by, plan_with_state, plan_within, state};
pub use stamp::Stamped;

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
