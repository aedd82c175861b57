//! Trying out a change of a schema before it meets a database that matters: cases in scratch databases, which are made for
//! the purpose and removed afterwards, and a plan on paper for a unit test.
//!
//! Nothing here reads or writes a database that it has not made.

mod expected;
mod offline;
mod run;
mod scratch;

use crate::apply::{ApplyError, Desired};
use crate::dialect::PlanError;
use crate::dialect::sqlite::SqlFileError;
use crate::kdl::{self, Diagnostics, Sources};
use crate::schema::Dialect;

pub use offline::{plan, plan_text};
pub use run::{Verdict, run};
pub use scratch::Place;

/// Why a change could not be tried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// A schema is wrong.
    #[error("{0}")]
    Schema(Diagnostics),
    /// There is no plan, or the apply failed.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// SQLite does not take the schema that was there before.
    #[error("the `before` schema cannot be created: {0}")]
    Before(#[from] SqlFileError),
    /// The system gives no thread or no event loop.
    #[error("cannot start the event loop: {0}")]
    System(std::io::Error),
    /// The scratch database cannot be made or removed.
    #[error("{name}: {reason}")]
    Scratch {
        /// Its name or path.
        name: String,
        /// Why.
        reason: String,
    },
    /// A statement of the case failed.
    #[error("{reason}\n{sql}")]
    Statement {
        /// The database's reason.
        reason: String,
        /// The statement.
        sql: String,
    },
}

/// A schema that is fit for its kind of database.
fn desired(sources: &Sources, dialect: Dialect) -> Result<Desired, TestError> {
    let (schema, mut problems) = kdl::decode_all(sources, dialect);
    problems.extend(crate::dialect::problems(&schema, dialect));
    if !problems.is_empty() {
        return Err(TestError::Schema(Diagnostics::new(sources, problems)));
    }
    Desired::new(schema, dialect).map_err(|e| placed(sources, e))
}

/// What the database itself finds wrong with a schema is shown with its source too.
fn placed(sources: &Sources, error: ApplyError) -> TestError {
    match error {
        ApplyError::Plan(PlanError::Schema { problems, .. }) => TestError::Schema(Diagnostics::new(sources, problems)),
        other => other.into(),
    }
}
