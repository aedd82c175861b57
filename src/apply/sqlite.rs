//! Planning against, and applying to, a SQLite file.

mod script;
mod state;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::history;
use super::{ApplyError, BackupMode, Observer, Options, Outcome, Report, Way, restore, verify};
use crate::dialect::PlanError;
use crate::dialect::guards;
use crate::dialect::sqlite::connection::{Connection, Error, Mode, Pulse};
use crate::dialect::sqlite::planner::{self, How, Planned};
use crate::dialect::sqlite::{backup, file, gate, inspect};
use crate::kdl;
use crate::plan::{self, Action, Plan, Record, Step};
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

/// How tables of a SQLite file are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SqlitePath {
    /// `ALTER TABLE` where it fits, else an edit of the stored definition, else a rebuild.
    #[default]
    Cheapest,
    /// SQLite's documented rebuild for every table that changes.
    Rebuild,
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
/// Where the file cannot be read.
pub async fn inspect(path: &Path) -> Result<String, Error> {
    let mut connection = Connection::open(path, Mode::Read, std::time::Duration::from_secs(5)).await?;
    let live = inspect::inspect(&mut connection).await?;
    connection.close().await?;
    Ok(as_kdl(live.current.schema()))
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
    // The way back may lead to an empty database.
    if desired.schema().is_empty() && options.kind != plan::Kind::Rollback {
        return Err(ApplyError::EmptySchema);
    }
    let mode = if approved.creates_database { Mode::Create } else { Mode::Write };
    file::check_writable(path)?;
    match Connection::open(path, mode, options.lock_timeout).await {
        Ok(connection) => locked(connection, path, desired, approved, options, pulse, observer).await,
        Err(Error::Locked) => Err(ApplyError::Locked { holder: None, waited: options.lock_timeout }),
        Err(other) => Err(other.into()),
    }
}

async fn locked(
    mut connection: Connection,
    path: &Path,
    desired: &Normalized,
    approved: &Plan,
    options: &Options,
    pulse: Arc<Pulse>,
    observer: &mut dyn Observer,
) -> Result<Outcome, ApplyError> {
    match connection.execute("BEGIN IMMEDIATE").await {
        Ok(_) => {}
        Err(Error::Locked) => return Err(ApplyError::Locked { holder: None, waited: options.lock_timeout }),
        Err(other) => return Err(other.into()),
    }
    let mut backup = None;
    let outcome = match is_sound(&mut connection, path, approved).await {
        Ok(()) => {
            connection.watch(pulse).await?;
            let outcome = in_transaction(&mut connection, path, desired, approved, options, observer, &mut backup).await;
            connection.unwatch().await?;
            outcome
        }
        Err(error) => Err(error),
    };
    let outcome = match outcome {
        Ok(Outcome::Applied(report)) => match connection.execute("COMMIT").await {
            Ok(_) => Ok(Outcome::Applied(report)),
            Err(error) => Err(which_disk(error, path).into()),
        },
        other => other,
    };
    if !matches!(outcome, Ok(Outcome::Applied(_))) {
        // SQLite may have rolled back by itself; then there is nothing left to roll back.
        connection.execute("ROLLBACK").await.ok();
    }
    connection.close().await.ok();
    if outcome.is_err() {
        Connection::settle(path).await;
    }
    match (&outcome, backup) {
        // A copy of what is still there.
        (Err(_), Some(copy)) => drop(std::fs::remove_file(copy)),
        (Ok(_), Some(copy)) => backup::keep_newest(path, &copy, options.keep_backups),
        (_, None) => {}
    }
    outcome
}

async fn in_transaction(
    connection: &mut Connection,
    path: &Path,
    desired: &Normalized,
    approved: &Plan,
    options: &Options,
    observer: &mut dyn Observer,
    backup: &mut Option<PathBuf>,
) -> Result<Outcome, ApplyError> {
    let began = Instant::now();
    history::is_known(history::read_sqlite(connection, history::Which::Last).await)?;
    history::is_inert_sqlite(connection).await?;
    let Planned { plan, live, guards } =
        planner::plan(connection, desired, How { rebuild_only: approved.rebuild_only, proven: Some(approved), counts: approved.counts })
            .await?;
    if plan.is_empty() && plan.guards.is_empty() {
        return Ok(Outcome::NothingToDo);
    }
    // The same statements can destroy more than was shown: a rebuild leaves behind every column that it does not name.
    if plan.changes != approved.changes || !plan::same_work(&plan.steps, &approved.steps) {
        return Err(ApplyError::Stale);
    }
    let blocking = plan.blocking(options.allow_destructive, &options.allowed);
    if !blocking.is_empty() {
        return Err(ApplyError::Blocked(blocking.into_iter().cloned().collect()));
    }
    room_for(path.parent().unwrap_or(Path::new("")), plan.disk_needed())?;
    *backup = back_up(connection, path, &plan, options, observer).await?;
    let current = live.current;
    let names = verify::Names::of(&plan);
    let broken = verify::broken_references(connection, &plan, &names).await?;
    for step in &plan.steps {
        run(connection, path, step, observer).await?;
    }
    observer.verifies();
    let after = verify::schema(connection, desired).await?.map_err(ApplyError::NotVerified)?;
    if let Some(what) = verify::unfilled(connection, &plan).await? {
        return Err(ApplyError::NotVerified(what));
    }
    let broken_now = verify::broken_references(connection, &plan, &names.done()).await?;
    if let Some(what) = verify::newly_broken(&broken, &broken_now) {
        return Err(ApplyError::BrokenReferences(what));
    }
    let took = began.elapsed();
    let rows_copied = plan.rows_copied().unwrap_or_default();
    let record = Record {
        schema_before: as_kdl(current.schema()),
        schema_after: as_recorded(after.schema(), desired.schema(), guards.schema()),
        duration_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
        rows_copied,
        outcome: "applied",
        backup: backup.as_deref().map(restore::place_recorded),
        ..options.record(&plan)
    };
    let number = history::write_sqlite(connection, &record).await?;
    Ok(Outcome::Applied(Report { number, rows_copied, took, backup: backup.clone() }))
}

fn folder_exists(path: &Path) -> bool {
    path.parent().is_none_or(|f| f.as_os_str().is_empty() || f.is_dir())
}

fn as_kdl(schema: &Schema) -> String {
    kdl::encode(&inspect::for_display(schema))
}

/// The schema as the history keeps it: with the guards, which the database itself cannot hold; `guarded` is what the last
/// number kept of them.
pub(super) fn as_recorded(schema: &Schema, desired: &Schema, guarded: &Schema) -> String {
    let mut shown = inspect::for_display(schema);
    guards::remember(&mut shown, desired);
    guards::carry_exchanged(&mut shown, desired, guarded);
    guards::carry(&mut shown, guarded);
    kdl::encode(&shown)
}

/// What to do with a damaged database.
const RECOVER: &str = "save what can be read with `sqlite3 FILE .recover`, or restore a backup that is sound";

/// How long an apply looks for damage in a file that it rewrites.
const LOOK: std::time::Duration = std::time::Duration::from_secs(10);

/// Whether the step writes rows or definitions anew, so that damage would spread.
fn rewrites(step: &Step) -> bool {
    let writes = |sql: &str| ["PRAGMA writable_schema", "UPDATE OR ABORT"].iter().any(|w| sql.starts_with(w));
    step.action == Action::Rebuild || step.statements.iter().any(|s| s.copies || writes(&s.sql))
}

/// Refuses to rewrite a damaged file. A file that is too big to be looked at in time is taken for sound.
async fn is_sound(connection: &mut Connection, path: &Path, approved: &Plan) -> Result<(), ApplyError> {
    if !approved.steps.iter().any(rewrites) {
        return Ok(());
    }
    match gate::damage(connection, LOOK).await? {
        Some(found) => Err(ApplyError::Damaged { path: path.display().to_string(), found }),
        None => Ok(()),
    }
}

/// Which disk is full, as long as nothing has been rolled back: that of the database, or that of SQLite's temporary files
/// (<https://sqlite.org/tempfiles.html>).
fn which_disk(error: Error, path: &Path) -> Error {
    /// SQLite writes pages and sectors, so a disk with less than this is full.
    const LITTLE: u64 = 128 << 10;
    let Error::Full = error else { return error };
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match fs4::available_space(folder) {
        Ok(free) if free >= LITTLE => Error::TemporaryFull,
        _ => Error::DiskFull { path: folder.display().to_string() },
    }
}

async fn run(connection: &mut Connection, path: &Path, step: &Step, observer: &mut dyn Observer) -> Result<(), ApplyError> {
    observer.begins(step);
    for statement in &step.statements {
        observer.runs(&statement.sql);
        let rows = step.rows.filter(|_| statement.copies);
        if let Some(rows) = rows {
            observer.copies(step, rows);
        }
        let failed = |source| match source {
            Error::Interrupted => ApplyError::Interrupted,
            source => ApplyError::Statement { address: step.address.to_string(), source: which_disk(source, path).into() },
        };
        let copied = connection.run_one(&statement.sql).await.map_err(failed)?;
        if let Some(rows) = rows.filter(|r| u64::try_from(*r) != Ok(copied)) {
            return Err(ApplyError::NotVerified(format!("{}: {copied} of {rows} rows were copied", step.address)));
        }
    }
    observer.ends(step);
    Ok(())
}

/// Refuses before anything is written, where the disk could not take it.
fn room_for(folder: &Path, needed: i64) -> Result<(), ApplyError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    // A system that does not tell what is free does not stop an apply: a full disk rolls it back.
    let Ok(free) = fs4::available_space(folder) else { return Ok(()) };
    if u64::try_from(needed).unwrap_or(0) <= free {
        return Ok(());
    }
    let free = plan::bytes(i64::try_from(free).unwrap_or(i64::MAX));
    Err(ApplyError::NoRoom { path: folder.display().to_string(), free, needed: plan::bytes(needed) })
}

/// Whether the backup folder takes its room from the database's own disk; in doubt it does.
fn same_disk(folder: &Path, database: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let device = |p: &Path| std::fs::metadata(if p.as_os_str().is_empty() { Path::new(".") } else { p }).map(|m| m.dev());
        if let (Ok(a), Ok(b)) = (device(folder), device(database)) {
            return a == b;
        }
    }
    true
}

/// The copy is made while the write lock is held, so that it is what the change starts from.
async fn back_up(
    connection: &mut Connection,
    path: &Path,
    plan: &Plan,
    options: &Options,
    observer: &mut dyn Observer,
) -> Result<Option<PathBuf>, ApplyError> {
    let risky = plan.steps.iter().any(|s| matches!(s.action, Action::Rebuild | Action::Destroy)) || plan.hazards().next().is_some();
    let wanted = match options.backup {
        BackupMode::Auto => risky,
        BackupMode::Always => true,
        BackupMode::Never => false,
    };
    if !wanted || plan.creates_database || connection.number("PRAGMA page_count").await? == 0 {
        return Ok(None);
    }
    let to = backup::name_for(path, options.backup_dir.as_deref()).await?;
    let folder = to.parent().map(Path::to_path_buf).unwrap_or_default();
    let copy = connection.number("PRAGMA page_count").await? * connection.number("PRAGMA page_size").await?;
    room_for(&folder, copy + if same_disk(&folder, path) { plan.disk_needed() } else { 0 })?;
    observer.backing_up(&to);
    let failed = |e: Error| ApplyError::Backup { path: to.display().to_string(), reason: e.to_string() };
    backup::backup(path, &to).await.map_err(failed)?;
    Ok(Some(to))
}
