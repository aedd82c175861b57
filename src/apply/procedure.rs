//! The one procedure of an apply, for every engine: lock, plan again, refuse, back up, run, verify, record, commit.
//!
//! Everything that can be in one transaction is. What cannot (a new value of an enum that the transaction
//! uses, a concurrent index build, a validation that must not hold locks) runs before or after it, statement
//! by statement. If that is interrupted, the next apply finishes it.

mod outside;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::{ApplyError, Database, Observer, Options, Outcome, Report, history, restore};
use crate::diff::{in_words, remaining};
use crate::engine::traits::{Cancel, Committed, Purpose, Replanned, Session, Wait};
use crate::engine::{CancelToken, PlanError, recorded};
use crate::kdl;
use crate::plan::{Kind, Plan, Record, StatementKind, Step, Transaction, same_work};
use crate::schema::{Normalized, Schema};

/// The time between two attempts to acquire the locks.
const PAUSE: Duration = Duration::from_millis(250);

/// Applies what was approved, or nothing. Steps outside the transaction are an exception: the next apply
/// finishes them.
pub(super) async fn apply(
    database: &Database,
    desired: &Normalized,
    approved: &Plan,
    options: &Options,
    cancel_token: Arc<CancelToken>,
    observer: &mut dyn Observer,
) -> Result<Outcome, ApplyError> {
    // A rollback may lead to an empty database.
    if desired.schema().is_empty() && options.kind != Kind::Rollback {
        return Err(ApplyError::EmptySchema);
    }
    let engine = database.engine();
    let opened = engine.open(Purpose::Apply(approved), options.lock_timeout, cancel_token.clone()).await;
    let session = opened.map_err(|e| match e.is_lock_timeout() {
        true => ApplyError::Locked { holder: None, waited: options.lock_timeout },
        false => e.into(),
    })?;
    let wait = Wait::from_now(options.lock_timeout);
    let canceller = session.canceller();
    let (pulse_too, early) = (cancel_token.clone(), Vec::new());
    let mut work = Work { session, desired, approved, options, cancel_token: pulse_too, observer, backup: None, found: None, early, wait };
    let outcome = until_stopped(work.all(), canceller, &cancel_token).await;
    let early = std::mem::take(&mut work.early);
    work.session.close(outcome.is_err()).await.ok();
    outcome.map_err(|e| interrupted(e, &cancel_token)).map_err(|e| outside::besides(e, early))
}

/// Waits for the work to finish. Work that does not watch the token is canceled from outside.
async fn until_stopped<T>(work: impl Future<Output = T>, canceller: Option<Box<dyn Cancel>>, cancel_token: &CancelToken) -> T {
    let Some(canceller) = canceller else { return work.await };
    tokio::pin!(work);
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            () = asked_to_stop(cancel_token) => {
                canceller.cancel().await.ok();
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn asked_to_stop(cancel_token: &CancelToken) {
    while !cancel_token.cancel.load(Relaxed) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A running apply.
struct Work<'w> {
    session: Box<dyn Session>,
    desired: &'w Normalized,
    approved: &'w Plan,
    options: &'w Options,
    cancel_token: Arc<CancelToken>,
    observer: &'w mut dyn Observer,
    /// The backup of the last attempt.
    backup: Option<PathBuf>,
    /// The schema before the steps that run before the transaction, if there are any.
    found: Option<String>,
    /// The addresses of the steps that were committed before the transaction.
    early: Vec<String>,
    wait: Wait,
}

impl Work<'_> {
    /// Runs the whole apply. Steps that cannot be in the transaction need session settings and a session
    /// lock, which are restored and released.
    async fn all(&mut self) -> Result<Outcome, ApplyError> {
        if self.approved.steps.iter().all(|s| s.transaction == Transaction::Inside) {
            return self.in_order().await;
        }
        self.session.hold(self.wait).await?;
        let outcome = self.in_order().await;
        self.session.release().await.ok();
        outcome
    }

    async fn in_order(&mut self) -> Result<Outcome, ApplyError> {
        let began = Instant::now();
        self.beforehand().await?;
        let outcome = loop {
            match self.transaction(began).await {
                Err(error) if self.may_try_again(&error) => {
                    self.session.rollback().await?;
                    tokio::time::sleep(PAUSE).await;
                }
                other => break other,
            }
        };
        match outcome {
            Ok(Some(report)) => self.committed(report, began).await,
            Ok(None) => {
                self.session.rollback().await.ok();
                Ok(Outcome::NothingToDo)
            }
            Err(error) => {
                self.session.rollback().await.ok();
                Err(self.not_committed(error).await)
            }
        }
    }

    fn may_try_again(&self, error: &ApplyError) -> bool {
        self.waits_in_turns(error) && !self.wait.is_over() && !self.cancel_token.cancel.load(Relaxed)
    }

    /// Returns whether a lock could not be acquired that was requested for a short time only.
    fn waits_in_turns(&self, error: &ApplyError) -> bool {
        self.session.capabilities().queues_behind_locks && error.is_lock_timeout()
    }

    /// Begins the transaction. Only one apply runs at a time, and only on a suitable database.
    async fn begin(&mut self) -> Result<(), ApplyError> {
        self.session.begin(self.wait).await?;
        self.session.is_sound(self.approved).await?;
        history::is_known(history::read(&mut *self.session, history::Which::Last).await)?;
        Ok(history::is_inert(&mut *self.session).await?)
    }

    /// Checks that this is the approved plan and that no hazard blocks it. Steps that ran before the
    /// transaction are not compared. The same statements can destroy more than was shown: a rebuild does not
    /// copy columns that it does not name.
    fn as_approved(&self, plan: &Plan) -> Result<(), ApplyError> {
        let rest = |steps: &[Step]| steps.iter().filter(|s| s.transaction != Transaction::Before).cloned().collect::<Vec<_>>();
        let early = self.approved.steps.iter().any(|s| s.transaction == Transaction::Before);
        if !same_work(&rest(&plan.steps), &rest(&self.approved.steps)) || (!early && plan.changes != self.approved.changes) {
            return Err(ApplyError::Stale);
        }
        let blocking = plan.blocking(self.options.allow_destructive, &self.options.allowed);
        if blocking.is_empty() { Ok(()) } else { Err(ApplyError::Blocked(blocking.into_iter().cloned().collect())) }
    }

    /// Runs the transaction of the plan, if there is anything to do.
    async fn transaction(&mut self, began: Instant) -> Result<Option<Report>, ApplyError> {
        self.begin().await?;
        let replanned = self.session.plan_again(self.desired, self.approved).await?;
        let plan = &replanned.plan;
        // A saved plan for empty tables would block the writers of a table that is no longer empty.
        if !replanned.unexpectedly_not_empty.is_empty() {
            return Err(ApplyError::Stale);
        }
        if plan.is_empty() && plan.guards.is_empty() {
            if self.session.finish_history().await? {
                self.commit_finish().await?;
            }
            return Ok(None);
        }
        self.as_approved(plan)?;
        self.session.has_disk_space(plan)?;
        self.back_up(plan).await?;
        self.session.record_violations(plan).await?;
        for step in plan.steps.iter().filter(|s| s.transaction == Transaction::Inside) {
            self.run(step).await?;
        }
        let left = plan.steps.iter().filter(|s| s.transaction == Transaction::After).count();
        let after = if left > 0 { None } else { Some(self.verify(plan).await?) };
        let record = self.record(&replanned, after.as_ref().unwrap_or(&replanned.after), left > 0, began);
        let number = history::write(&mut *self.session, &record).await?;
        let report = Report { number, rows_copied: record.rows_copied, took: began.elapsed(), backup: self.backup.clone() };
        self.commit(number, left).await?;
        Ok(Some(report))
    }

    /// Returns the history record of the apply.
    fn record(&self, replanned: &Replanned, after: &Schema, is_staged: bool, began: Instant) -> Record {
        let capabilities = self.session.capabilities();
        let plan = &replanned.plan;
        let schema_after = recorded::as_recorded(after, self.desired.schema(), replanned.guards.schema());
        let written = capabilities.respells_expressions.then(|| recorded::as_written(self.desired.schema()));
        Record {
            schema_before: self.found.clone().unwrap_or_else(|| kdl::encode(&replanned.before)),
            schema_written: written.filter(|w| *w != schema_after),
            schema_after,
            duration_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
            rows_copied: if capabilities.counts_copied_rows { plan.rows_copied().unwrap_or_default() } else { 0 },
            outcome: if is_staged { "running" } else { "applied" },
            backup: self.backup.as_deref().map(restore::place_recorded),
            ..self.options.record(plan)
        }
    }

    async fn back_up(&mut self, plan: &Plan) -> Result<(), ApplyError> {
        let folder = self.options.backup_dir.as_deref();
        let Some(backup) = self.session.backup_for(plan, self.options.backup, folder).await? else { return Ok(()) };
        self.forget_backup();
        self.observer.backing_up(&backup.path);
        self.session.back_up(&backup).await?;
        self.backup = Some(backup.path);
        Ok(())
    }

    fn forget_backup(&mut self) {
        if let Some(copy) = self.backup.take() {
            std::fs::remove_file(copy).ok();
        }
    }

    /// Runs a step of the transaction.
    async fn run(&mut self, step: &Step) -> Result<(), ApplyError> {
        self.observer.begins(step);
        let counts = self.session.capabilities().counts_copied_rows;
        for statement in &step.statements {
            self.observer.runs(&statement.sql);
            let rows = step.rows.filter(|_| counts && statement.kind == StatementKind::CopiesRows);
            if let Some(rows) = rows {
                self.observer.copies(step, rows);
            }
            let touched = self.session.run(statement).await.map_err(|source| match source.is_from_outside() {
                true => source.into(),
                false => ApplyError::Statement { address: step.address.to_string(), source },
            })?;
            if let Some(rows) = rows.filter(|r| u64::try_from(*r) != Ok(touched)) {
                return Err(ApplyError::NotVerified(format!("{}: {touched} of {rows} rows were copied", step.address)));
            }
        }
        self.observer.ends(step);
        Ok(())
    }

    /// Compares the result with what was desired: the schema and the rows.
    async fn verify(&mut self, plan: &Plan) -> Result<Schema, ApplyError> {
        self.observer.verifies();
        let live = self.compare().await?;
        self.session.check_rows(plan).await?;
        Ok(live)
    }

    async fn compare(&mut self) -> Result<Schema, ApplyError> {
        let compared = self.session.compare(self.desired).await?;
        let left = remaining(&compared.live, &compared.desired);
        if left.is_empty() {
            return Ok(self.session.shown(&compared.live));
        }
        Err(ApplyError::NotVerified(format!("differences remain: {}", in_words(&left))))
    }

    async fn commit(&mut self, number: i64, left: usize) -> Result<(), ApplyError> {
        match self.session.commit().await? {
            Committed::Acknowledged => Ok(()),
            Committed::Confirmed(_) if left == 0 => {
                self.observer.notes("the connection was lost during COMMIT; the server has confirmed that the transaction is committed");
                Ok(())
            }
            Committed::Confirmed(source) => Err(ApplyError::Unfinished { number, left, address: None, source }),
            Committed::Unknown(source) => Err(ApplyError::CommitUnknown { number, source }),
        }
    }

    /// Runs the steps after the transaction.
    async fn committed(&mut self, mut report: Report, began: Instant) -> Result<Outcome, ApplyError> {
        if let Some(backup) = &report.backup {
            self.session.keep_newest(backup, self.options.keep_backups);
        }
        self.afterwards(report.number).await?;
        report.took = began.elapsed();
        Ok(Outcome::Applied(report))
    }

    async fn not_committed(&mut self, error: ApplyError) -> ApplyError {
        // The backup is a copy of what still exists.
        if !matches!(error, ApplyError::CommitUnknown { .. } | ApplyError::Unfinished { .. }) {
            self.forget_backup();
        }
        if !self.waits_in_turns(&error) {
            return error;
        }
        let blockers = self.session.blockers(self.approved).await.unwrap_or_default();
        ApplyError::Blockers { blockers, waited: self.options.lock_timeout }
    }
}

/// Converts the error of a statement that was canceled on request.
fn interrupted(error: ApplyError, cancel_token: &CancelToken) -> ApplyError {
    let source = match &error {
        ApplyError::Database(source) | ApplyError::Plan(PlanError::Database(source)) | ApplyError::Statement { source, .. } => source,
        _ => return error,
    };
    if cancel_token.cancel.load(Relaxed) && source.is_interrupted() { ApplyError::Interrupted } else { error }
}
