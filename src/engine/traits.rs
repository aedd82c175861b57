//! What every engine has to provide, so that one procedure works for all of them. Nothing here is specific to
//! one engine.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::address::{Address, Trust};
use super::backups::{NotScratched, Restorer, Scratch};
use super::guards::Guards;
use super::snapshot::{LiveSnapshot, Take};
use super::{ApplyError, CancelToken, Error, PlanError, PlanOptions, Remarks};
use crate::plan::{Fact, Plan, Record, Statement};
use crate::schema::{Capabilities, Dialect, Normalized, ObjectName, Schema};

/// An asynchronous result of an engine.
pub(crate) type Answer<'a, T, E = ApplyError> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// The same for values that must stay on one thread.
pub(crate) type Local<'a, T, E = ApplyError> = Pin<Box<dyn Future<Output = Result<T, E>> + 'a>>;

/// When a backup of the database is made.
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

/// The purpose of a session.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose<'p> {
    /// To read only.
    Read,
    /// To write only to the history.
    Record,
    /// To run statements of a test in a scratch database, whose rows are not secret.
    Try,
    /// To apply this plan.
    Apply(&'p Plan),
}

/// How long to wait for the lock of an apply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    /// As it was given.
    pub(crate) limit: Duration,
    /// When it is over.
    pub(crate) until: Instant,
}

impl Wait {
    pub(crate) fn from_now(limit: Duration) -> Wait {
        Wait { limit, until: Instant::now() + limit }
    }

    pub(crate) fn is_over(self) -> bool {
        Instant::now() >= self.until
    }
}

/// A plan that was made again in the transaction, and the schemas for its history row.
pub(crate) struct Replanned {
    pub(crate) plan: Plan,
    /// The live schema as KDL.
    pub(crate) before: Schema,
    /// The schema that the plan leads to, as it is recorded while steps remain.
    pub(crate) after: Schema,
    /// The guards of the last version.
    pub(crate) guards: Guards,
    /// Tables that contain rows, although the plan was made as if they were empty.
    pub(crate) unexpectedly_not_empty: Vec<ObjectName>,
}

/// A plan that was made from a recorded state, its remarks, and the tables that contain rows although the state says
/// that they are empty.
pub(crate) type PlanFromRecordedState = (Plan, Remarks, Vec<ObjectName>);

/// The live schema and another one, both in normalized form.
pub(crate) struct Comparison {
    pub(crate) live: Normalized,
    pub(crate) desired: Normalized,
    /// The guards of the last version.
    pub(crate) guards: Guards,
}

/// A backup to be written.
#[derive(Debug, Clone)]
pub(crate) struct Backup {
    /// The path to write it to.
    pub(crate) path: PathBuf,
    /// The tables in it; none if it contains the whole database.
    pub(crate) tables: Vec<ObjectName>,
}

/// The outcome of a commit that did not fail.
#[derive(Debug)]
pub(crate) enum Committed {
    /// The database has reported success.
    Acknowledged,
    /// The response was lost, but the database has confirmed the commit since.
    Confirmed(Error),
    /// The response was lost, and the database could not be asked.
    Unknown(Error),
}

/// Cancels the statement that a session runs.
pub(crate) trait Cancel: Send + Sync {
    fn cancel(&self) -> Answer<'_, (), Error>;
}

/// A database of some kind, and its address.
pub(crate) trait Engine: Send + Sync {
    /// Returns the dialect of its schemas.
    fn dialect(&self) -> Dialect;

    /// Returns the database's name for display, without a password.
    fn shown(&self) -> String;

    /// Returns whether it is a file that does not exist yet.
    fn is_missing(&self) -> bool {
        false
    }

    /// Returns the address of the server, if there is one.
    fn address(&self) -> Option<Address> {
        None
    }

    /// Returns the engine with a decision on where a password may be sent; `None` if there are no passwords.
    fn trusted(&self, trust: Trust) -> Option<Arc<dyn Engine>> {
        let _ = trust;
        None
    }

    /// Opens a session that waits this long for a lock. `cancel_token` reports its progress and cancels it.
    fn open<'a>(&'a self, purpose: Purpose<'a>, wait: Duration, cancel_token: Arc<CancelToken>) -> Answer<'a, Box<dyn Session>, Error>;

    /// Takes the snapshot that plans start from. Waits this long for a lock.
    fn snapshot(&self, wait: Duration, take: Take) -> Answer<'_, Box<dyn LiveSnapshot>, Error>;

    /// Returns the holders of a lock that was not released in time; none if the engine does not report them.
    fn lock_holders(&self) -> Answer<'_, Option<Vec<String>>, Error> {
        Box::pin(async { Ok(None) })
    }

    /// Plans as if only those tables contained rows that did when these facts were recorded. Also returns the
    /// other changed tables that contain rows now. `None` if plans of the engine do not depend on that.
    fn plan_from_recorded_state<'a>(
        &'a self,
        desired: &'a Normalized,
        facts: &'a [Fact],
        plan_options: PlanOptions,
    ) -> Option<Local<'a, PlanFromRecordedState, PlanError>> {
        let _ = (desired, facts, plan_options);
        None
    }

    /// Returns what restores backups; `None` if a backup does not contain the whole database.
    fn restorer(&self) -> Option<Box<dyn Restorer + '_>> {
        None
    }

    /// Creates an empty database of this name beside this one, which is not touched.
    fn scratch<'a>(&'a self, name: &'a str) -> Answer<'a, Scratch, NotScratched>;

    /// Waits until no other apply is running: a plan made during an apply would be out of date.
    fn wait_for_others(&self, wait: Duration) -> Answer<'_, ()> {
        let _ = wait;
        Box::pin(async { Ok(()) })
    }
}

/// A session with a database. Nothing is changed unless [`Session::commit`] succeeds, except for statements
/// outside the transaction.
pub(crate) trait Session: Send {
    /// Returns the capabilities of its engine.
    fn capabilities(&self) -> &'static Capabilities;

    /// Returns the live schema as far as the schema language can express it.
    fn shown(&self, live: &Normalized) -> Schema;

    /// Begins a read-only transaction on a snapshot of the database.
    fn begin_reading(&mut self) -> Answer<'_, (), Error>;

    /// Begins a transaction that holds the lock of an apply: only one apply runs at a time.
    fn begin(&mut self, wait: Wait) -> Answer<'_, ()>;

    /// Commits the transaction. An error means that nothing was committed.
    fn commit(&mut self) -> Answer<'_, Committed, Error>;

    /// Rolls the transaction back.
    fn rollback(&mut self) -> Answer<'_, (), Error>;

    /// Closes the session. After a failure, nothing of it must remain.
    fn close(self: Box<Self>, has_failed: bool) -> Answer<'static, (), Error>;

    /// Returns what cancels a statement from outside; `None` if the cancel token does.
    fn canceller(&self) -> Option<Box<dyn Cancel>> {
        None
    }

    /// Acquires the lock of an apply for the whole session, which steps outside the transaction need.
    fn hold(&mut self, wait: Wait) -> Answer<'_, ()> {
        let _ = wait;
        Box::pin(async { Ok(()) })
    }

    /// Begins a transaction in a session that already holds the lock, even if the apply has been canceled.
    fn begin_held(&mut self) -> Answer<'_, (), Error> {
        self.begin_reading()
    }

    /// Releases the lock of [`Session::hold`].
    fn release(&mut self) -> Answer<'_, (), Error> {
        Box::pin(async { Ok(()) })
    }

    /// Refuses a damaged database if the plan would spread the damage. Called in the transaction.
    fn is_sound<'a>(&'a mut self, approved: &'a Plan) -> Answer<'a, ()> {
        let _ = approved;
        Box::pin(async { Ok(()) })
    }

    /// Makes a plan again with the options of the approved one, in the transaction.
    fn plan_again<'a>(&'a mut self, desired: &'a Normalized, approved: &'a Plan) -> Local<'a, Replanned>;

    /// Returns the live schema as KDL.
    fn inspect(&mut self) -> Answer<'_, Schema, Error>;

    /// Reads the live schema, and normalizes both schemas.
    fn compare<'a>(&'a mut self, desired: &'a Normalized) -> Answer<'a, Comparison>;

    /// Refuses a plan for which there is not enough disk space.
    fn has_disk_space(&self, plan: &Plan) -> Result<(), ApplyError> {
        let _ = plan;
        Ok(())
    }

    /// Returns the backup that this plan requires, if any.
    fn backup_for<'a>(&'a mut self, plan: &'a Plan, mode: BackupMode, folder: Option<&'a Path>) -> Answer<'a, Option<Backup>>;

    /// Writes a backup of the current contents. If that fails, nothing is left behind.
    fn back_up<'a>(&'a mut self, backup: &'a Backup) -> Answer<'a, ()>;

    /// Deletes the oldest backups of the database, except for this many.
    fn keep_newest(&self, newest: &Path, keep: Option<usize>);

    /// Records which rows violate the references that the plan may break, before it runs.
    fn record_violations<'a>(&'a mut self, plan: &'a Plan) -> Answer<'a, ()> {
        let _ = plan;
        Box::pin(async { Ok(()) })
    }

    /// Refuses an outcome whose rows are not as the plan specified. Called after [`Session::record_violations`] and
    /// the steps.
    fn check_rows<'a>(&'a mut self, plan: &'a Plan) -> Answer<'a, ()> {
        let _ = plan;
        Box::pin(async { Ok(()) })
    }

    /// Runs a statement of the transaction, and returns the number of affected rows.
    fn run<'a>(&'a mut self, statement: &'a Statement) -> Answer<'a, u64, Error>;

    /// Runs a statement, and returns the number of affected rows.
    fn execute<'a>(&'a mut self, sql: &'a str) -> Answer<'a, u64, Error>;

    /// Returns the first column of a query, which must be text, without NULLs.
    fn texts<'a>(&'a mut self, sql: &'a str) -> Answer<'a, Vec<String>, Error>;

    /// Runs a statement that is a transaction of its own. If it cannot acquire its lock, it is tried again
    /// until the given time.
    fn run_alone<'a>(&'a mut self, statement: &'a Statement, until: Instant) -> Answer<'a, (), Error> {
        let _ = until;
        Box::pin(async move { self.run(statement).await.map(drop) })
    }

    /// Returns the holders of locks on the tables of the plan, outside a transaction.
    fn blockers<'a>(&'a mut self, plan: &'a Plan) -> Answer<'a, Vec<String>> {
        let _ = plan;
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Returns the rows of the history as JSON objects, the first or only the last one; none if the table
    /// does not exist.
    fn history(&mut self, last_only: bool) -> Answer<'_, Vec<String>, Error>;

    /// Returns what would run if a row of the history were written.
    fn code_on_history(&mut self) -> Answer<'_, Vec<String>, Error>;

    /// Writes a row of the history and returns its version.
    fn write_history<'a>(&'a mut self, record: &'a Record) -> Answer<'a, i64, Error>;

    /// Sets the digest of the last row of the history.
    fn set_digest<'a>(&'a mut self, number: i64, digest: &'a str) -> Answer<'a, (), Error> {
        let _ = (number, digest);
        Box::pin(async { Ok(()) })
    }

    /// Marks applies as finished whose last steps ran outside their transaction. Returns whether there were
    /// any.
    fn finish_history(&mut self) -> Answer<'_, bool, Error> {
        Box::pin(async { Ok(false) })
    }

    /// Returns which of these tables exist, sorted by name.
    fn tables_among<'a>(&'a mut self, names: &'a [&'a str]) -> Answer<'a, Vec<String>, Error>;
}
