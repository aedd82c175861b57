//! Planning against, and applying to, a PostgreSQL database.
//!
//! All that can be is one transaction; what cannot (a concurrent index build, a validation that must not hold locks) runs
//! after it, statement by statement, each of which the next apply finds done or finishes.

mod commit;
mod dump;
mod lock;
mod plan;
mod run;
mod script;
mod state;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::{ApplyError, BackupMode, Observer, Options, Outcome, Report, history, restore};
use crate::dialect::postgres::affinity;
use crate::dialect::postgres::connection::{Begin, Connection};
use crate::dialect::postgres::planner::{self, How, Planned};
use crate::dialect::postgres::{Error, Url};
use crate::dialect::sqlite::Pulse;
use crate::kdl;
use crate::plan::{Kind, Plan, Record, Step, Transaction, same_work};
use crate::schema::{Normalized, Schema};

pub(super) use plan::{Opened, PATIENCE};
pub use plan::{Remarks, inspect, plan, plan_within};
pub use script::plan_with_frame;
pub(super) use script::{Start, frame};

pub(super) use lock::{LOCK, begin as begin_locked, wait_for_others};
pub(super) use run::in_the_way;
pub use state::{PlanAndState, State, plan_as_noted, plan_with_state, state};

/// How long an apply waits for a lock before it lets others pass and tries again: who wants the same lock meanwhile stands
/// behind it.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Says of applies that were cut off after their last step that they are done. Nothing is written where there are none.
pub(super) async fn finish(url: &Url) -> Result<(), Error> {
    let mut connection = Connection::open_within(url, PATIENCE).await?;
    connection.begin(Begin::Write).await?;
    let last = history::read_postgres(&mut connection, history::Which::Last).await.unwrap_or_default();
    if last.iter().any(|e| e.outcome == "running") {
        history::finish(&mut connection).await?;
        connection.commit().await?;
    }
    connection.close().await.ok();
    Ok(())
}

/// Applies what was approved, or nothing; steps outside the transaction excepted, which the next apply finishes.
///
/// # Errors
/// An error says by itself what it leaves: see [`ApplyError`].
pub async fn apply(
    url: &Url,
    desired: &Normalized,
    approved: &Plan,
    options: &Options,
    pulse: Arc<Pulse>,
    observer: &mut dyn Observer,
) -> Result<Outcome, ApplyError> {
    // The way back may lead to an empty database.
    if desired.schema().is_empty() && options.kind != Kind::Rollback {
        return Err(ApplyError::EmptySchema);
    }
    let mut connection = Connection::open_within(url, options.lock_timeout.min(AT_ONCE)).await?;
    affinity::verify(&mut connection).await?;
    let canceller = connection.canceller();
    let until = Instant::now() + options.lock_timeout;
    let (pulse_too, observed) = (pulse.clone(), observer);
    let mut work = Work {
        url,
        connection,
        desired,
        approved,
        options,
        pulse: pulse_too,
        observer: observed,
        backup: None,
        found: None,
        early: Vec::new(),
        until,
    };
    let outcome = {
        let running = work.all();
        tokio::pin!(running);
        loop {
            tokio::select! {
                outcome = &mut running => break outcome,
                () = asked_to_stop(&pulse) => {
                    if let Some(canceller) = &canceller {
                        canceller.cancel().await.ok();
                    }
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    };
    let early = std::mem::take(&mut work.early);
    work.connection.close().await.ok();
    outcome.map_err(|e| run::interrupted(e, &pulse)).map_err(|e| commit::besides(e, early))
}

async fn asked_to_stop(pulse: &Pulse) {
    while !pulse.cancel.load(Relaxed) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// An apply at work.
struct Work<'w> {
    url: &'w Url,
    connection: Connection,
    desired: &'w Normalized,
    approved: &'w Plan,
    options: &'w Options,
    pulse: Arc<Pulse>,
    observer: &'w mut dyn Observer,
    /// The dump of the last try.
    backup: Option<PathBuf>,
    /// The schema ahead of what runs before the transaction, where something does.
    found: Option<String>,
    /// What has been committed ahead of the transaction, by the addresses of the steps.
    early: Vec<String>,
    /// When it stops waiting for others.
    until: Instant,
}

impl Work<'_> {
    /// All of it. What cannot be in a transaction needs the settings and the lock of a session, which are given back.
    async fn all(&mut self) -> Result<Outcome, ApplyError> {
        if self.approved.steps.iter().all(|s| s.transaction == Transaction::Inside) {
            return self.in_order().await;
        }
        let held = lock::hold(&mut self.connection, self.until, self.options.lock_timeout, &self.pulse).await?;
        let outcome = self.in_order().await;
        lock::release(&mut self.connection, &held).await;
        outcome
    }

    async fn in_order(&mut self) -> Result<Outcome, ApplyError> {
        let began = Instant::now();
        self.beforehand().await?;
        let outcome = loop {
            match self.transaction(began).await {
                Err(error) if error.is_lock_timeout() && Instant::now() < self.until && !self.pulse.cancel.load(Relaxed) => {
                    self.connection.rollback().await?;
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
                other => break other,
            }
        };
        match outcome {
            Ok(Some(report)) => self.committed(report, began).await,
            Ok(None) => {
                self.connection.rollback().await.ok();
                Ok(Outcome::NothingToDo)
            }
            Err(error) => {
                self.connection.rollback().await.ok();
                self.not_committed(error).await
            }
        }
    }

    /// What is left to do after the transaction.
    async fn committed(&mut self, mut report: Report, began: Instant) -> Result<Outcome, ApplyError> {
        if let Some(backup) = &report.backup {
            dump::keep_newest(backup, self.options.keep_backups);
        }
        self.afterwards(report.number).await?;
        report.took = began.elapsed();
        Ok(Outcome::Applied(report))
    }

    async fn not_committed(&mut self, error: ApplyError) -> Result<Outcome, ApplyError> {
        // A copy of what is still there.
        if !commit::may_be_committed(&error) {
            self.forget_backup();
        }
        if !error.is_lock_timeout() {
            return Err(error);
        }
        let blockers = run::blockers(&mut self.connection, self.approved).await;
        Err(ApplyError::Blockers { blockers, waited: self.options.lock_timeout })
    }

    fn forget_backup(&mut self) {
        if let Some(copy) = self.backup.take() {
            std::fs::remove_file(copy).ok();
        }
    }

    /// Whether this is what was approved, and nothing stops it. What ran ahead of the transaction is left aside.
    fn as_approved(&self, plan: &Plan) -> Result<(), ApplyError> {
        let rest = |steps: &[Step]| steps.iter().filter(|s| s.transaction != Transaction::Before).cloned().collect::<Vec<_>>();
        let early = self.approved.steps.iter().any(|s| s.transaction == Transaction::Before);
        if !same_work(&rest(&plan.steps), &rest(&self.approved.steps)) || (!early && plan.changes != self.approved.changes) {
            return Err(ApplyError::Stale);
        }
        let blocking = plan.blocking(self.options.allow_destructive, &self.options.allowed);
        if blocking.is_empty() { Ok(()) } else { Err(ApplyError::Blocked(blocking.into_iter().cloned().collect())) }
    }

    /// Begins the transaction, one apply at a time.
    async fn begin(&mut self) -> Result<(), ApplyError> {
        lock::begin(&mut self.connection, self.until, self.options.lock_timeout, &self.pulse).await
    }

    /// What must be committed before the transaction can use it: new values of an enum.
    async fn beforehand(&mut self) -> Result<(), ApplyError> {
        let steps: Vec<&Step> = self.approved.steps.iter().filter(|s| s.transaction == Transaction::Before).collect();
        if steps.is_empty() {
            return Ok(());
        }
        self.begin().await?;
        history::is_known(history::read_postgres(&mut self.connection, history::Which::Last).await)?;
        history::is_inert_postgres(&mut self.connection).await?;
        let planned = planner::plan_as(&mut self.connection, self.desired, &How::of(self.approved)).await;
        self.connection.rollback().await?;
        let Planned { plan, settled, .. } = planned?;
        if plan.is_empty() {
            return Ok(());
        }
        if plan.changes != self.approved.changes {
            return Err(ApplyError::Stale);
        }
        self.as_approved(&plan)?;
        self.found = Some(kdl::encode(settled.current.schema()));
        for step in steps {
            let failed = |e: Error| ApplyError::Statement { address: step.address.to_string(), source: e.into() };
            run::alone(&mut self.connection, step, self.until, self.observer).await.map_err(failed)?;
            self.early.push(step.address.to_string());
        }
        Ok(())
    }

    /// The one transaction; nothing where there is nothing to do.
    async fn transaction(&mut self, began: Instant) -> Result<Option<Report>, ApplyError> {
        self.begin().await?;
        history::is_known(history::read_postgres(&mut self.connection, history::Which::Last).await)?;
        history::is_inert_postgres(&mut self.connection).await?;
        let Planned { plan, settled, holding_after_all, .. } =
            planner::plan_as(&mut self.connection, self.desired, &How::of(self.approved)).await?;
        // A saved plan for empty tables would stop the writers of one that is no longer empty.
        if !holding_after_all.is_empty() {
            return Err(ApplyError::Stale);
        }
        if plan.is_empty() && plan.guards.is_empty() {
            if settled.live.history && history::finish(&mut self.connection).await? {
                self.connection.commit().await?;
            }
            return Ok(None);
        }
        self.as_approved(&plan)?;
        let backup = self.back_up(&plan).await?;
        for step in plan.steps.iter().filter(|s| s.transaction == Transaction::Inside) {
            run::step(&mut self.connection, step, self.observer).await?;
        }
        let staged = plan.steps.iter().any(|s| s.transaction == Transaction::After);
        let after = if staged { settled.desired.schema().at_rest() } else { self.verify().await? };
        let guards = planner::remembered(&mut self.connection, &settled.live).await?;
        let schema_after = as_recorded(&after, self.desired.schema(), guards.schema());
        let written = kdl::encode(self.desired.schema());
        let record = Record {
            schema_before: self.found.clone().unwrap_or_else(|| kdl::encode(settled.current.schema())),
            schema_written: (written != schema_after).then_some(written),
            schema_after,
            duration_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
            outcome: if staged { "running" } else { "applied" },
            backup: backup.as_deref().map(restore::place_recorded),
            ..self.options.record(&plan)
        };
        let number = history::write_postgres(&mut self.connection, &record).await?;
        let left = plan.steps.iter().filter(|s| s.transaction == Transaction::After).count();
        commit::commit(&mut self.connection, number, left, self.observer).await?;
        Ok(Some(Report { number, rows_copied: 0, took: began.elapsed(), backup }))
    }

    async fn back_up(&mut self, plan: &Plan) -> Result<Option<PathBuf>, ApplyError> {
        let tables = match self.options.backup {
            BackupMode::Never => Vec::new(),
            BackupMode::Auto => dump::losing(plan),
            BackupMode::Always => dump::all(plan),
        };
        if tables.is_empty() {
            return Ok(None);
        }
        self.forget_backup();
        let written = dump::write(self.url, &mut self.connection, &tables, self.options, &self.pulse, self.observer).await?;
        self.backup = Some(written.clone());
        Ok(Some(written))
    }

    /// Compares what is there now with what was desired.
    async fn verify(&mut self) -> Result<Schema, ApplyError> {
        self.observer.verifies();
        let settled = planner::settled(&mut self.connection, self.desired.schema()).await?.0;
        let left = crate::diff::remaining(&settled.current, &settled.desired);
        let names = run::names(&left);
        if names.is_empty() { Ok(settled.current.schema().clone()) } else { Err(ApplyError::NotVerified(format!("{names} still differs"))) }
    }

    /// What cannot be in a transaction, statement by statement.
    async fn afterwards(&mut self, number: i64) -> Result<(), ApplyError> {
        let steps: Vec<_> = self.approved.steps.iter().filter(|s| s.transaction == Transaction::After).collect();
        if steps.is_empty() {
            return Ok(());
        }
        for (done, step) in steps.iter().enumerate() {
            let until = Instant::now() + self.options.lock_timeout.max(Duration::from_secs(1));
            if let Err(source) = run::alone(&mut self.connection, step, until, self.observer).await {
                let left = steps.len() - done;
                return Err(ApplyError::Unfinished { number, left, address: Some(step.address.to_string()), source: source.into() });
            }
        }
        self.compare_and_finish().await.map_err(|e| commit::after(e, number))
    }

    /// Compares the outcome, and says in the history that all is done.
    async fn compare_and_finish(&mut self) -> Result<(), ApplyError> {
        self.connection.begin(Begin::Write).await?;
        self.verify().await?;
        self.connection.rollback().await?;
        self.connection.begin(Begin::Write).await?;
        history::finish(&mut self.connection).await?;
        self.connection.commit().await?;
        Ok(())
    }
}

/// The schema as the history keeps it: with the guards, which the database itself cannot hold; `guarded` is what the last
/// number kept of them.
pub(super) fn as_recorded(schema: &Schema, desired: &Schema, guarded: &Schema) -> String {
    let mut shown = schema.clone();
    crate::dialect::guards::remember(&mut shown, desired);
    crate::dialect::guards::carry_exchanged(&mut shown, desired, guarded);
    crate::dialect::guards::carry(&mut shown, guarded);
    kdl::encode(&shown)
}
