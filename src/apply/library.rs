//! The library as an application uses it: open a database, plan, apply, read the history, roll back. Prints
//! nothing and reads no configuration. Everything here is re-exported at the crate's root.

use std::sync::Arc;

use super::rollback::{NoRollbackTarget, To, rollback_target};
use super::{ApplyError, Desired, Entry, Observer, Options, Outcome, PlanOptions};
use crate::engine::{self, BadUrl, PlanError, Remarks};
use crate::kdl::{self, Diagnostics, Sources};
use crate::plan::{Kind, Lost, Plan};
use crate::schema::Dialect;

/// Why a call failed. Nothing was changed unless the message says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The schema file has mistakes; each is shown with its line.
    #[error("{0}")]
    Schema(Diagnostics),
    /// The database did not respond, or the plan or the apply was refused or failed.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The history has no such version.
    #[error(transparent)]
    Rollback(#[from] NoRollbackTarget),
}

/// A database on any engine. Opens nothing until it is used.
#[derive(Debug, Clone)]
pub struct Database(super::Database);

/// A plan and the schema that it leads to: what [`Database::apply`] takes.
#[derive(Debug, Clone)]
pub struct Prepared {
    plan: Plan,
    remarks: Remarks,
    desired: Desired,
    /// For a rollback: the version whose schema is restored, and the values that are not restored.
    back_to: Option<i64>,
    lost: Vec<Lost>,
}

impl Prepared {
    /// Returns the plan: its steps, their statements, and its hazards.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the remarks on the plan.
    pub fn remarks(&self) -> &Remarks {
        &self.remarks
    }

    /// Returns true if there is nothing to apply.
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty() && self.plan.guards.is_empty()
    }

    /// Returns what a rollback restores without its values.
    pub fn lost(&self) -> &[Lost] {
        &self.lost
    }
}

impl Database {
    /// Finds the database of a URL, such as `postgresql://user:password@host/database` or
    /// `sqlite:///relative.db`; text without a scheme is the path of a SQLite file. Nothing is opened yet.
    /// What a PostgreSQL URL omits comes from libpq's environment variables.
    ///
    /// # Errors
    /// If the text does not name a database.
    pub fn open(url: &str) -> Result<Database, BadUrl> {
        Ok(Database(super::Database::open(url)?))
    }

    /// Returns its dialect.
    pub fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    /// Plans the changes from the live database to the schema. Changes nothing; a SQLite file that does not exist counts as
    /// empty.
    ///
    /// # Errors
    /// If the schema has mistakes, if the database does not respond, or if no plan is possible.
    pub async fn plan(&self, schema: &Sources, plan_options: PlanOptions) -> Result<Prepared, Error> {
        let desired = self.desired(schema)?;
        let planned = self.0.plan(&desired, plan_options).await.map_err(|e| placed(schema, e))?;
        Ok(Prepared { plan: planned.plan, remarks: planned.remarks, desired, back_to: None, lost: Vec::new() })
    }

    /// Applies a plan exactly as it is, or nothing. The database is locked and planned again first: if it has
    /// changed since, the apply is refused. So is a plan that destroys data, unless the options permit it.
    ///
    /// # Errors
    /// An error says what state the database is in: see [`ApplyError`].
    pub async fn apply(&self, prepared: &Prepared, options: Options, observer: &mut dyn Observer) -> Result<Outcome, Error> {
        let options = match prepared.back_to {
            Some(_) => Options { kind: Kind::Rollback, back_to: prepared.back_to, ..options },
            None => options,
        };
        let desired = prepared.desired.normalized();
        Ok(self.0.apply(desired, &prepared.plan, &options, Arc::default(), observer).await?)
    }

    /// Returns the versions that were applied, oldest first.
    ///
    /// # Errors
    /// If the database does not respond, or if a later version of rosey wrote a row.
    pub async fn history(&self) -> Result<Vec<Entry>, Error> {
        if self.0.is_missing() {
            return Ok(Vec::new());
        }
        Ok(self.0.history().await.map_err(ApplyError::from)?)
    }

    /// Plans the rollback to the schema of a version; 0 is the schema before the first one.
    /// [`Database::apply`] applies it and records it as a new version. [`Prepared::lost`] returns what it
    /// cannot restore.
    ///
    /// # Errors
    /// If the history does not contain that version, if the database does not respond, or if no plan is possible.
    pub async fn rollback_to(&self, version: i64, plan_options: PlanOptions) -> Result<Prepared, Error> {
        let entries = self.history().await?;
        let to = if version == 0 { To::Base } else { To::Number(version) };
        let mut target = rollback_target(&entries, to, self.dialect())?;
        if target.converts() {
            target.fit(&entries, &self.0.schema().await?, self.dialect());
        }
        let desired = Desired::new(target.desired.clone(), self.dialect())?;
        let planned = self.0.plan(&desired, plan_options).await?;
        let mut plan = planned.plan;
        let lost = target.lost(&plan);
        plan.mark_as_rollback(&lost);
        Ok(Prepared { plan, remarks: planned.remarks, desired, back_to: Some(target.back_to), lost })
    }

    /// Returns the live schema as the text of a schema file.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn inspect(&self) -> Result<String, Error> {
        Ok(self.0.inspect().await?)
    }

    fn desired(&self, schema: &Sources) -> Result<Desired, Error> {
        let checked = schema.clone().checked().map_err(Error::Schema)?;
        let (decoded, mut problems) = kdl::decode_all(&checked, self.dialect());
        problems.extend(engine::problems(&decoded, self.dialect()));
        if !problems.is_empty() {
            return Err(Error::Schema(Diagnostics::new(schema, problems)));
        }
        Desired::new(decoded, self.dialect()).map_err(|e| placed(schema, e))
    }
}

/// Shows the problems that the database finds in a schema with their lines.
fn placed(schema: &Sources, error: ApplyError) -> Error {
    match error {
        ApplyError::Plan(PlanError::Schema { problems, .. }) => Error::Schema(Diagnostics::new(schema, problems)),
        other => Error::Apply(other),
    }
}
