//! What every engine has to offer, so that there is one procedure for all of them. Nothing here is true of one engine only.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::address::{Address, Trust};
use super::backups::{NotScratched, Restorer, Scratch};
use super::guards::Guards;
use super::snapshot::LiveSnapshot;
use super::{ApplyError, CancelToken, Error, PlanError, PlanOptions, Remarks};
use crate::plan::{Fact, Plan, Record, Statement};
use crate::schema::{Capabilities, Dialect, Normalized, ObjectName, Schema};

/// What an engine answers, in time.
pub(crate) type Answer<'a, T, E = ApplyError> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// The same where it takes what stays on one thread.
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

/// What a session is opened for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose<'p> {
    /// To read alone.
    Read,
    /// To write into the history alone.
    Record,
    /// To run statements of a test in a scratch database, whose rows are no secret.
    Try,
    /// To apply this plan.
    Apply(&'p Plan),
}

/// How long the lock of an apply is waited for.
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

/// A plan that was made again within the transaction, and what goes into the history beside it.
pub(crate) struct Replanned {
    pub(crate) plan: Plan,
    /// The live schema as the language says it.
    pub(crate) before: Schema,
    /// The schema that the plan leads to, as it is recorded while steps are left.
    pub(crate) after: Schema,
    /// What the last number guarded.
    pub(crate) guards: Guards,
    /// Tables that hold rows, though the plan was made as if they held none.
    pub(crate) holding_after_all: Vec<ObjectName>,
}

/// A plan, what there is to say of it, and the tables that it is not made for.
pub(crate) type AsNoted = (Plan, Remarks, Vec<ObjectName>);

/// The live schema beside another one, both in one spelling.
pub(crate) struct Comparison {
    pub(crate) live: Normalized,
    pub(crate) desired: Normalized,
    /// What the last number guarded.
    pub(crate) guards: Guards,
}

/// A backup that is to be written.
#[derive(Debug, Clone)]
pub(crate) struct Backup {
    /// Where it goes.
    pub(crate) path: PathBuf,
    /// The tables in it; none if it is of the whole database.
    pub(crate) tables: Vec<ObjectName>,
}

/// What came of a commit that did not fail.
#[derive(Debug)]
pub(crate) enum Committed {
    /// The database has said so.
    Told,
    /// The answer was lost, and the database has confirmed it since.
    Confirmed(Error),
    /// The answer was lost, and the database could not be asked.
    Unknown(Error),
}

/// Stops the statement that a session runs.
pub(crate) trait Cancel: Send + Sync {
    fn cancel(&self) -> Answer<'_, (), Error>;
}

/// A kind of database, and where one is.
pub(crate) trait Engine: Send + Sync {
    /// Returns whose language its schemas are written in.
    fn dialect(&self) -> Dialect;

    /// Returns the database's name for people, without a password.
    fn shown(&self) -> String;

    /// Returns whether it is a file that does not exist yet.
    fn is_missing(&self) -> bool {
        false
    }

    /// Returns the address of the server, if there is one.
    fn address(&self) -> Option<Address> {
        None
    }

    /// Returns the engine with this decision on where a password may be sent; `None` if there are no passwords.
    fn trusted(&self, trust: Trust) -> Option<Arc<dyn Engine>> {
        let _ = trust;
        None
    }

    /// Opens a session that waits so long for a lock. `cancel_token` tells what it does, and stops it.
    fn open<'a>(&'a self, purpose: Purpose<'a>, wait: Duration, cancel_token: Arc<CancelToken>) -> Answer<'a, Box<dyn Session>, Error>;

    /// Reads what plans start from, waiting so long for a lock.
    fn snapshot(&self, wait: Duration) -> Answer<'_, Box<dyn LiveSnapshot>, Error>;

    /// Who holds a lock that was waited for in vain; nothing if the engine cannot tell.
    fn lock_holders(&self) -> Answer<'_, Option<Vec<String>>, Error> {
        Box::pin(async { Ok(None) })
    }

    /// Plans as if the tables held rows that did when these facts were noted, and no others. Gives the tables besides that change
    /// and hold rows all the same. Nothing if no plan of the engine depends on that.
    fn plan_as_noted<'a>(
        &'a self,
        desired: &'a Normalized,
        facts: &'a [Fact],
        plan_options: PlanOptions,
    ) -> Option<Local<'a, AsNoted, PlanError>> {
        let _ = (desired, facts, plan_options);
        None
    }

    /// Returns what puts backups back; `None` if a backup is not of the whole database.
    fn restorer(&self) -> Option<Box<dyn Restorer + '_>> {
        None
    }

    /// Makes an empty database of this name beside this one, which is not touched.
    fn scratch<'a>(&'a self, name: &'a str) -> Answer<'a, Scratch, NotScratched>;

    /// Waits until no other apply is at work. What is planned meanwhile would be out of date.
    fn wait_for_others(&self, wait: Duration) -> Answer<'_, ()> {
        let _ = wait;
        Box::pin(async { Ok(()) })
    }
}

/// A session with a database. Nothing is changed unless [`Session::commit`] succeeds, but for what runs outside the transaction.
pub(crate) trait Session: Send {
    /// Returns what its engine does.
    fn capabilities(&self) -> &'static Capabilities;

    /// Returns what the language can say of a live schema.
    fn shown(&self, live: &Normalized) -> Schema;

    /// Begins a transaction that reads one moment of the database.
    fn begin_reading(&mut self) -> Answer<'_, (), Error>;

    /// Begins a transaction that holds the lock of an apply: one at a time works on a database.
    fn begin(&mut self, wait: Wait) -> Answer<'_, ()>;

    /// Makes the transaction's changes last. An error says that it did not.
    fn commit(&mut self) -> Answer<'_, Committed, Error>;

    /// Undoes the transaction's changes.
    fn rollback(&mut self) -> Answer<'_, (), Error>;

    /// Ends the session. After a failure nothing of it may stay behind.
    fn close(self: Box<Self>, has_failed: bool) -> Answer<'static, (), Error>;

    /// Returns what stops a statement from outside; nothing if the cancel token does.
    fn canceller(&self) -> Option<Box<dyn Cancel>> {
        None
    }

    /// Takes the lock of an apply for the whole session, which steps outside the transaction need.
    fn hold(&mut self, wait: Wait) -> Answer<'_, ()> {
        let _ = wait;
        Box::pin(async { Ok(()) })
    }

    /// Begins a transaction in a session that holds the lock already, whether or not an apply is cancelled.
    fn begin_held(&mut self) -> Answer<'_, (), Error> {
        self.begin_reading()
    }

    /// Gives back what [`Session::hold`] took.
    fn release(&mut self) -> Answer<'_, (), Error> {
        Box::pin(async { Ok(()) })
    }

    /// Refuses a database that is damaged where the plan would spread it, within the transaction.
    fn is_sound<'a>(&'a mut self, approved: &'a Plan) -> Answer<'a, ()> {
        let _ = approved;
        Box::pin(async { Ok(()) })
    }

    /// Makes a plan again as the approved one was made, within the transaction.
    fn plan_again<'a>(&'a mut self, desired: &'a Normalized, approved: &'a Plan) -> Local<'a, Replanned>;

    /// Reads the live schema as the language says it.
    fn inspect(&mut self) -> Answer<'_, Schema, Error>;

    /// Reads the live schema, and puts both into one spelling.
    fn compare<'a>(&'a mut self, desired: &'a Normalized) -> Answer<'a, Comparison>;

    /// Refuses a plan that the disk has no room for.
    fn has_room(&self, plan: &Plan) -> Result<(), ApplyError> {
        let _ = plan;
        Ok(())
    }

    /// Returns the backup that this plan needs, if it needs one.
    fn backup_for<'a>(&'a mut self, plan: &'a Plan, mode: BackupMode, folder: Option<&'a Path>) -> Answer<'a, Option<Backup>>;

    /// Writes a backup of what is there now. One that fails leaves nothing behind.
    fn back_up<'a>(&'a mut self, backup: &'a Backup) -> Answer<'a, ()>;

    /// Deletes the oldest backups of the database, but for so many.
    fn keep_newest(&self, newest: &Path, keep: Option<usize>);

    /// Notes which rows violate the references that the plan may break, before it runs.
    fn note_rows<'a>(&'a mut self, plan: &'a Plan) -> Answer<'a, ()> {
        let _ = plan;
        Box::pin(async { Ok(()) })
    }

    /// Refuses an outcome whose rows are not as the plan has promised, after [`Session::note_rows`] and the steps.
    fn check_rows<'a>(&'a mut self, plan: &'a Plan) -> Answer<'a, ()> {
        let _ = plan;
        Box::pin(async { Ok(()) })
    }

    /// Runs a statement of the transaction, and gives the number of rows that it touched.
    fn run<'a>(&'a mut self, statement: &'a Statement) -> Answer<'a, u64, Error>;

    /// Runs a statement, and gives the number of rows that it touched.
    fn execute<'a>(&'a mut self, sql: &'a str) -> Answer<'a, u64, Error>;

    /// Returns the first column of a query, which is text; NULLs are left out.
    fn texts<'a>(&'a mut self, sql: &'a str) -> Answer<'a, Vec<String>, Error>;

    /// Runs a statement that is a transaction of its own. One that cannot get its lock is tried again until then.
    fn run_alone<'a>(&'a mut self, statement: &'a Statement, until: Instant) -> Answer<'a, (), Error> {
        let _ = until;
        Box::pin(async move { self.run(statement).await.map(drop) })
    }

    /// Who holds locks on the tables of the plan, outside a transaction.
    fn blockers<'a>(&'a mut self, plan: &'a Plan) -> Answer<'a, Vec<String>> {
        let _ = plan;
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Returns the rows of the history as JSON objects, the first or only the last one; none if there is no
    /// such table.
    fn history(&mut self, last_only: bool) -> Answer<'_, Vec<String>, Error>;

    /// Returns what would act if a row of the history were written.
    fn acts_on_history(&mut self) -> Answer<'_, Vec<String>, Error>;

    /// Writes a row of the history and gives its number.
    fn write_history<'a>(&'a mut self, record: &'a Record) -> Answer<'a, i64, Error>;

    /// Gives the last row of the history this digest.
    fn set_digest<'a>(&'a mut self, number: i64, digest: &'a str) -> Answer<'a, (), Error> {
        let _ = (number, digest);
        Box::pin(async { Ok(()) })
    }

    /// Marks applies as done whose last steps ran outside their transaction. Gives whether there were any.
    fn finish_history(&mut self) -> Answer<'_, bool, Error> {
        Box::pin(async { Ok(false) })
    }

    /// Returns which of these tables are there, in the order of names.
    fn tables_among<'a>(&'a mut self, names: &'a [&'a str]) -> Answer<'a, Vec<String>, Error>;
}
