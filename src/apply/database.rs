//! The operations on a database, whatever its engine.

use std::sync::Arc;
use std::time::Duration;

use super::{
    ApplyError, Database, Entry, HistoryError, Observer, Options, Outcome, PlanOptions, Remarks, Stamped, drift, history, procedure, stamp,
};
use crate::diff::{Changes, unmanaged};
use crate::engine::traits::{Purpose, Session};
use crate::engine::{self, CancelToken, Error};
use crate::kdl;
use crate::plan::{Drift, Plan, State};
use crate::schema::{Dialect, Normalized, Schema};

/// A desired schema, as written and as normalized for its dialect.
#[derive(Debug, Clone)]
pub struct Desired {
    written: Schema,
    normalized: Normalized,
}

impl Desired {
    /// Creates it from a schema that is valid for its dialect.
    ///
    /// # Errors
    /// [`ApplyError::Plan`] with every problem.
    pub fn new(schema: Schema, dialect: Dialect) -> Result<Desired, ApplyError> {
        let normalized = engine::desired(schema.clone(), dialect)?;
        Ok(Desired { written: schema, normalized })
    }

    /// Returns the normalized schema, which an apply takes.
    pub fn normalized(&self) -> &Normalized {
        &self.normalized
    }

    /// Returns the schema as written.
    pub fn written(&self) -> &Schema {
        &self.written
    }
}

/// A plan against a live database.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Planned {
    /// The plan, with row counts.
    pub plan: Plan,
    /// Remarks on the plan.
    pub remarks: Remarks,
    /// A digest of what the plan depends on in the database, if it was asked for.
    pub(crate) digest: Option<String>,
}

/// A plan against a live database, with everything that is needed to make it again without the database.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PlanSnapshot {
    /// The plan, counted.
    pub plan: Plan,
    /// Remarks on the plan.
    pub remarks: Remarks,
    /// What it starts from.
    pub state: State,
    /// The desired schema, as KDL that needs no server to be interpreted.
    pub desired: String,
}

/// A schema that is already in its database's spelling.
impl From<Normalized> for Desired {
    fn from(normalized: Normalized) -> Desired {
        Desired { written: normalized.schema().clone(), normalized }
    }
}

impl Database {
    /// Returns the live schema as KDL.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn inspect(&self) -> Result<String, ApplyError> {
        let inspected = async {
            let mut session = self.read().await?;
            let schema = session.inspect().await?;
            session.close(false).await?;
            Ok::<_, Error>(schema)
        };
        Ok(kdl::encode(&self.or_name_holders(inspected.await).await?))
    }

    /// Returns the live schema in rosey's notation.
    ///
    /// # Errors
    /// If the database does not respond, or if it contains something that cannot be read.
    pub async fn schema(&self) -> Result<Schema, ApplyError> {
        super::offline::read_noted(&self.inspect().await?, self.dialect())
    }

    /// Returns the rows of the history, oldest first; empty if nothing was ever applied.
    ///
    /// # Errors
    /// If the database does not respond, or if a later version of rosey wrote a row.
    pub async fn history(&self) -> Result<Vec<Entry>, HistoryError> {
        let mut session = self.read().await?;
        let entries = history::read(&mut *session, history::Which::All).await?;
        session.close(false).await?;
        Ok(entries)
    }

    /// Returns a session whose transaction only reads.
    pub(super) async fn read(&self) -> Result<Box<dyn Session>, Error> {
        let mut session = self.engine().open(Purpose::Read, PlanOptions::default().wait, Arc::default()).await?;
        session.begin_reading().await?;
        Ok(session)
    }

    /// Returns the differences between a recorded schema and the live one.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn changes_since(&self, recorded: &Schema) -> Result<Changes, ApplyError> {
        let (recorded, live) = self.beside(recorded).await?;
        Ok(drift::between(&recorded, &live))
    }

    /// Returns the drift since the version `number` recorded this schema, including unmanaged objects. It may
    /// be empty.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn drift_since(&self, number: i64, recorded: &Schema) -> Result<Drift, ApplyError> {
        let (recorded, live) = self.beside(recorded).await?;
        let unmanaged = unmanaged(live.schema(), recorded.schema());
        Ok(Drift { number, changes: drift::between(&recorded, &live), unmanaged })
    }

    /// Returns a recorded schema and the live one, both normalized.
    async fn beside(&self, recorded: &Schema) -> Result<(Normalized, Normalized), ApplyError> {
        let recorded = engine::normalized(recorded.clone(), self.dialect());
        let compared = async {
            let mut session = self.read().await?;
            let compared = session.compare(&recorded).await?;
            session.close(false).await?;
            Ok::<_, ApplyError>(compared)
        };
        let compared = self.or_name_lock_holders(compared.await, PlanOptions::default().wait).await?;
        Ok((compared.desired, compared.live))
    }

    /// Waits until no other apply is running on a server: a plan made during an apply would be out of date.
    /// An apply that was killed may still be running in a server process that has not noticed.
    ///
    /// # Errors
    /// [`ApplyError::Locked`], with the lock holder, if the wait times out.
    pub async fn wait_for_others(&self, wait: Duration) -> Result<(), ApplyError> {
        self.engine().wait_for_others(wait).await
    }

    /// Adds the lock holders to the error if waiting for a lock timed out.
    pub(super) async fn or_name_lock_holders<T>(&self, outcome: Result<T, ApplyError>, waited: Duration) -> Result<T, ApplyError> {
        match outcome {
            Err(error) if error.is_lock_timeout() => match self.engine().lock_holders().await? {
                Some(blockers) => Err(ApplyError::Busy { blockers, waited }),
                None => Err(error),
            },
            outcome => outcome,
        }
    }

    /// Does the same for operations that have only the default limit.
    async fn or_name_holders<T>(&self, outcome: Result<T, impl Into<ApplyError>>) -> Result<T, ApplyError> {
        self.or_name_lock_holders(outcome.map_err(Into::into), PlanOptions::default().wait).await
    }

    /// Returns what has changed outside rosey since the last version.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn drift(&self) -> Result<Option<Drift>, ApplyError> {
        let Some(last) = self.history().await?.pop().filter(|e| e.outcome != "running") else { return Ok(None) };
        let Some(recorded) = drift::read(&last.schema_after, self.dialect()) else { return Ok(None) };
        let changes = self.changes_since(&recorded).await?;
        Ok(drift::drift(last.number, changes))
    }

    /// Records in the history that the database matches the desired schema. Changes nothing else.
    ///
    /// # Errors
    /// [`ApplyError::Differs`] if the database does not match the desired schema and `force` is not set.
    pub async fn stamp(&self, desired: &Desired, force: bool, options: &Options) -> Result<Stamped, ApplyError> {
        stamp::stamp(self, desired, force, options).await
    }

    /// Marks applies as finished that were interrupted after their last steps, which run outside the
    /// transaction, and before they recorded it. Call this only after checking that nothing is left to do.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn finish(&self) -> Result<(), ApplyError> {
        if !self.dialect().capabilities().steps_outside_transaction {
            return Ok(());
        }
        let mut session = self.engine().open(Purpose::Record, PlanOptions::default().wait, Arc::default()).await?;
        session.begin_held().await?;
        let last = history::read(&mut *session, history::Which::Last).await.unwrap_or_default();
        if last.iter().any(|e| e.outcome == "running") && session.finish_history().await? {
            session.commit().await?;
        }
        Ok(session.close(false).await?)
    }

    /// Applies what was approved, or nothing. Steps outside the transaction are an exception: the next apply
    /// finishes them.
    ///
    /// # Errors
    /// The error itself says what state it leaves: see [`ApplyError`].
    pub async fn apply(
        &self,
        desired: &Normalized,
        approved: &Plan,
        options: &Options,
        cancel_token: Arc<CancelToken>,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ApplyError> {
        procedure::apply(self, desired, approved, options, cancel_token, observer).await
    }
}

/// Returns true if the database is a file that does not exist yet.
pub fn is_missing(database: &Database) -> bool {
    database.is_missing()
}
