//! Planning against a PostgreSQL database, and the parts of its scripts that are of the procedure.

mod plan;
mod script;
mod state;

use std::sync::Arc;

use super::{ApplyError, Database, Observer, Options, Outcome, procedure};
use crate::engine::CancelToken;
use crate::engine::postgres::Url;
use crate::plan::Plan;
use crate::schema::Normalized;

pub use crate::engine::Remarks;
pub use crate::engine::postgres::plan_as_noted;
pub(super) use plan::Opened;
use plan::PATIENCE;
pub use plan::{inspect, plan, plan_within};
pub use script::plan_with_frame;
pub(super) use script::{Start, frame};
pub use state::{PlanAndState, State, plan_with_state, state};

/// Applies what was approved, or nothing, except for steps outside the transaction, which the next apply
/// finishes.
///
/// # Errors
/// Each error describes the state of the database: see [`ApplyError`].
pub async fn apply(
    url: &Url,
    desired: &Normalized,
    approved: &Plan,
    options: &Options,
    cancel_token: Arc<CancelToken>,
    observer: &mut dyn Observer,
) -> Result<Outcome, ApplyError> {
    procedure::apply(&Database::Postgres(Box::new(url.clone())), desired, approved, options, cancel_token, observer).await
}
