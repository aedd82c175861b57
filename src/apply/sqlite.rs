//! Planning and applying on a SQLite file.

mod script;
mod state;

use std::path::Path;
use std::sync::Arc;

use super::{ApplyError, Database, Observer, Options, Outcome, PlanOptions, SqlitePath, procedure};
use crate::engine::sqlite::inspect;
use crate::engine::{CancelToken, PlanError};
use crate::kdl;
use crate::plan::Plan;
use crate::schema::{Normalized, Schema};

pub use script::frame;
pub use state::{State, plan_with_state, state};

/// Plans the changes from the file's schema to the desired one. A missing file counts as empty, and is not
/// created.
///
/// # Errors
/// If the file cannot be read, or if no plan is possible.
pub async fn plan(path: &Path, desired: &Normalized) -> Result<Plan, PlanError> {
    plan_by(path, desired, SqlitePath::Cheapest).await
}

/// Plans as [`plan()`] does, with a choice of how tables are changed.
///
/// # Errors
/// Those of [`plan()`].
pub async fn plan_by(path: &Path, desired: &Normalized, by: SqlitePath) -> Result<Plan, PlanError> {
    plan_within(path, desired, by, std::time::Duration::from_secs(5)).await
}

/// Plans as [`plan_by`] does, and waits up to `wait` for another client's lock.
///
/// # Errors
/// Those of [`plan()`].
pub async fn plan_within(path: &Path, desired: &Normalized, by: SqlitePath, wait: std::time::Duration) -> Result<Plan, PlanError> {
    let plan_options = PlanOptions { path: by, wait, ..PlanOptions::default() };
    Ok(state::plan_with_state(path, desired, plan_options).await?.0)
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
/// Takes SQLite's write lock first, then plans again: the approved plan must still be the one that is needed.
///
/// # Errors
/// After any error, the database is unchanged. A file that was created remains, empty: another program may
/// have opened it by then, and deleting it could lose that program's writes.
pub async fn apply(
    path: &Path,
    desired: &Normalized,
    approved: &Plan,
    options: &Options,
    cancel_token: Arc<CancelToken>,
    observer: &mut dyn Observer,
) -> Result<Outcome, ApplyError> {
    procedure::apply(&Database::Sqlite(path.to_path_buf()), desired, approved, options, cancel_token, observer).await
}

fn folder_exists(path: &Path) -> bool {
    path.parent().is_none_or(|f| f.as_os_str().is_empty() || f.is_dir())
}

fn as_kdl(schema: &Schema) -> String {
    kdl::encode(&inspect::for_display(schema))
}

/// The advice for a damaged database.
const RECOVER: &str = "recover the data with `sqlite3 FILE .recover`, or restore an intact backup";
