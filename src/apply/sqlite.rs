//! Planning against, and applying to, a SQLite file.

mod script;
mod state;

use std::path::Path;
use std::sync::Arc;

use super::{ApplyError, Database, Observer, Options, Outcome, SqlitePath, Way, procedure};
use crate::dialect::sqlite::inspect;
use crate::dialect::{PlanError, Pulse};
use crate::kdl;
use crate::plan::Plan;
use crate::schema::{Normalized, Schema};

pub use script::frame;
pub use state::{State, plan_with_state, state};

/// Plans from the file's schema to the desired one. A file that is not there counts as empty, and is not made.
///
/// # Errors
/// Where the file cannot be read, or where no plan is possible.
pub async fn plan(path: &Path, desired: &Normalized) -> Result<Plan, PlanError> {
    plan_by(path, desired, SqlitePath::Cheapest).await
}

/// Plans as [`plan()`] does, with a say in how tables are changed.
///
/// # Errors
/// As [`plan()`].
pub async fn plan_by(path: &Path, desired: &Normalized, by: SqlitePath) -> Result<Plan, PlanError> {
    plan_within(path, desired, by, std::time::Duration::from_secs(5)).await
}

/// Plans as [`plan_by`] does, and waits so long for another program's lock.
///
/// # Errors
/// As [`plan()`].
pub async fn plan_within(path: &Path, desired: &Normalized, by: SqlitePath, wait: std::time::Duration) -> Result<Plan, PlanError> {
    let way = Way { path: by, wait, ..Way::default() };
    Ok(state::plan_with_state(path, desired, way).await?.0)
}

/// The live schema as KDL.
///
/// # Errors
/// If the file cannot be read.
pub async fn inspect(path: &Path) -> Result<String, ApplyError> {
    Database::Sqlite(path.to_path_buf()).inspect().await
}

/// Applies what was approved, or nothing.
///
/// Takes SQLite's write lock first, then plans again: what has been approved must still be what there is to do.
///
/// # Errors
/// Every error leaves the database as it was. A file that was made stays, empty: another program may have it open by
/// then, so that taking it away could take away its work.
pub async fn apply(
    path: &Path,
    desired: &Normalized,
    approved: &Plan,
    options: &Options,
    pulse: Arc<Pulse>,
    observer: &mut dyn Observer,
) -> Result<Outcome, ApplyError> {
    procedure::apply(&Database::Sqlite(path.to_path_buf()), desired, approved, options, pulse, observer).await
}

fn folder_exists(path: &Path) -> bool {
    path.parent().is_none_or(|f| f.as_os_str().is_empty() || f.is_dir())
}

fn as_kdl(schema: &Schema) -> String {
    kdl::encode(&inspect::for_display(schema))
}

/// What to do with a damaged database.
const RECOVER: &str = "recover the data with `sqlite3 FILE .recover`, or restore an intact backup";
