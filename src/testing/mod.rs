//! Tries out a schema change before it is made in a real database: cases run in scratch databases, which are
//! created for the purpose and removed afterwards, and plans can be made offline for unit tests.
//!
//! Nothing here reads or writes a database that it has not created.

mod expected;
mod offline;
mod run;
mod scratch;

use crate::apply::{ApplyError, Desired};
use crate::engine::PlanError;
use crate::kdl::{self, Diagnostics, Sources};
use crate::schema::Dialect;

pub use offline::{plan, plan_text};
pub use run::{Verdict, run};

/// Why a change could not be tried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// A schema is not valid.
    #[error("{0}")]
    Schema(Diagnostics),
    /// The plan or the apply failed.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The database does not accept the `before` schema.
    #[error("the `before` schema cannot be created: {0}")]
    Before(String),
    /// The system could not start a thread or an event loop.
    #[error("cannot start the event loop: {0}")]
    System(std::io::Error),
    /// The scratch database cannot be created or removed.
    #[error("{name}: {reason}")]
    Scratch {
        /// The name or path.
        name: String,
        /// The reason.
        reason: String,
    },
    /// A statement of the case failed.
    #[error("{reason}\n{sql}")]
    Statement {
        /// The reason reported by the database.
        reason: String,
        /// The statement.
        sql: String,
    },
}

/// Reads a schema and validates it for its dialect.
fn desired(sources: &Sources, dialect: Dialect) -> Result<Desired, TestError> {
    let (schema, mut problems) = kdl::decode_all(sources, dialect);
    problems.extend(crate::engine::problems(&schema, dialect));
    if !problems.is_empty() {
        return Err(TestError::Schema(Diagnostics::new(sources, problems)));
    }
    Desired::new(schema, dialect).map_err(|e| placed(sources, e))
}

/// Adds the source to problems that the database itself finds in a schema.
fn placed(sources: &Sources, error: ApplyError) -> TestError {
    match error {
        ApplyError::Plan(PlanError::Schema { problems, .. }) => TestError::Schema(Diagnostics::new(sources, problems)),
        other => other.into(),
    }
}
