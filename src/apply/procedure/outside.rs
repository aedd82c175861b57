//! What cannot be in the transaction of an apply: steps that run before or after it, each in a transaction of
//! its own, and the errors if one of them fails. Runs no step of the transaction.

use std::time::{Duration, Instant};

use super::{ApplyError, Work};
use crate::engine::traits::{Committed, Replanned};
use crate::engine::{Error, PlanError};
use crate::kdl;
use crate::plan::{Step, Transaction};

impl Work<'_> {
    /// Runs the steps that must be committed before the transaction can use them: new values of an enum.
    pub(super) async fn beforehand(&mut self) -> Result<(), ApplyError> {
        let approved = self.approved;
        let steps: Vec<&Step> = approved.steps.iter().filter(|s| s.transaction == Transaction::Before).collect();
        if steps.is_empty() {
            return Ok(());
        }
        self.begin().await?;
        let planned = self.session.plan_again(self.desired, approved).await;
        self.session.rollback().await?;
        let Replanned { plan, before, .. } = planned?;
        if plan.is_empty() {
            return Ok(());
        }
        if plan.changes != approved.changes {
            return Err(ApplyError::Stale);
        }
        self.as_approved(&plan)?;
        self.found = Some(kdl::encode(&before));
        for step in steps {
            let failed = |source| ApplyError::Statement { address: step.address.to_string(), source };
            self.run_alone(step, self.wait.until).await.map_err(failed)?;
            self.early.push(step.address.to_string());
        }
        Ok(())
    }

    /// Runs a step whose statements are transactions of their own.
    async fn run_alone(&mut self, step: &Step, until: Instant) -> Result<(), Error> {
        self.observer.begins(step);
        for statement in &step.statements {
            self.observer.runs(&statement.sql);
            self.session.run_alone(statement, until).await?;
        }
        self.observer.ends(step);
        Ok(())
    }

    /// Runs the steps that cannot be in a transaction, statement by statement.
    pub(super) async fn afterwards(&mut self, number: i64) -> Result<(), ApplyError> {
        let approved = self.approved;
        let steps: Vec<&Step> = approved.steps.iter().filter(|s| s.transaction == Transaction::After).collect();
        if steps.is_empty() {
            return Ok(());
        }
        for (done, step) in steps.iter().enumerate() {
            let until = Instant::now() + self.options.lock_timeout.max(Duration::from_secs(1));
            if let Err(source) = self.run_alone(step, until).await {
                let (left, address) = (steps.len() - done, Some(step.address.to_string()));
                return Err(ApplyError::Unfinished { number, left, address, source });
            }
        }
        self.compare_and_finish().await.map_err(|e| after(e, number))
    }

    /// Verifies the result and marks the apply as finished in the history.
    async fn compare_and_finish(&mut self) -> Result<(), ApplyError> {
        self.session.begin_held().await?;
        self.observer.verifies();
        self.compare().await?;
        self.session.rollback().await?;
        self.session.begin_held().await?;
        self.session.finish_history().await?;
        self.commit_finish().await
    }

    /// Commits the update that marks the apply as finished in the history.
    pub(super) async fn commit_finish(&mut self) -> Result<(), ApplyError> {
        match self.session.commit().await? {
            Committed::Acknowledged | Committed::Confirmed(_) => Ok(()),
            Committed::Unknown(error) => Err(error.into()),
        }
    }
}

/// Converts an error that occurred after the last step.
fn after(error: ApplyError, number: i64) -> ApplyError {
    match error {
        ApplyError::NotVerified(what) => ApplyError::NotVerifiedAfter(what),
        ApplyError::Database(source) | ApplyError::Plan(PlanError::Database(source)) => {
            ApplyError::Unfinished { number, left: 0, address: None, source }
        }
        other => other,
    }
}

/// Adds the steps that were committed before the transaction, which stay committed if it fails.
pub(super) fn besides(error: ApplyError, early: Vec<String>) -> ApplyError {
    let committed = matches!(error, ApplyError::Unfinished { .. } | ApplyError::NotVerifiedAfter(_));
    if early.is_empty() || committed { error } else { ApplyError::Early { done: early, source: Box::new(error) } }
}
