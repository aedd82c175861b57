//! Backups of a PostgreSQL database: `pg_dump` of the tables that lose data. Does not restore; use
//! pg_restore.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::connection::Connection;
use crate::diff::TableChange;
use crate::engine::traits::Backup;
use crate::engine::{ApplyError, CancelToken};
use crate::plan::{Level, Plan};
use crate::schema::ObjectName;

/// Returns the tables that lose values, by their live names.
pub(super) fn losing(plan: &Plan) -> Vec<ObjectName> {
    let destroyed: BTreeSet<String> = plan
        .steps
        .iter()
        .filter(|s| s.hazards.iter().any(|h| h.level == Level::Destroys && h.count != Some(0)))
        .map(|s| s.address.to_string())
        .collect();
    live(plan).filter(|(address, _)| destroyed.contains(address)).map(|(_, name)| name).collect()
}

/// Returns all tables that are changed or dropped.
pub(super) fn all(plan: &Plan) -> Vec<ObjectName> {
    live(plan).map(|(_, name)| name).collect()
}

fn live(plan: &Plan) -> impl Iterator<Item = (String, ObjectName)> {
    plan.changes.tables().filter_map(|c| match c {
        TableChange::Create(_) => None,
        TableChange::Drop(t) => Some((t.address().to_string(), t.name.clone())),
        TableChange::Alter(e) => Some((e.after.address().to_string(), e.live.name.clone())),
    })
}

/// Returns the path of a dump, whose name contains the database and the time.
///
/// # Errors
/// [`ApplyError::NoBackup`] if there is no `pg_dump` that supports the server.
pub(super) async fn place(connection: &mut Connection, folder: Option<&Path>) -> Result<PathBuf, ApplyError> {
    let server = connection.server_version() / 10_000;
    let tool = version_of_tool();
    match tool {
        None => return Err(ApplyError::NoBackup("pg_dump is not installed".to_owned())),
        Some(n) if n < server => return Err(ApplyError::NoBackup(format!("pg_dump {n} is older than the server ({server})"))),
        Some(_) => {}
    }
    let stamp = connection.texts("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISSMS\"Z\"')").await?;
    let database = connection.texts("SELECT current_database()::text").await?;
    let first = |list: Vec<String>| list.into_iter().next().unwrap_or_default();
    let (stamp, database) = (first(stamp), first(database));
    let plain: String = database.chars().map(|c| if c.is_alphanumeric() || "-_".contains(c) { c } else { '_' }).collect();
    Ok(folder.unwrap_or(Path::new("")).join(format!("{plain}.{stamp}.dump")))
}

/// Writes the dump to a file that only its owner can read.
pub(super) async fn write(connection: &mut Connection, backup: &Backup, cancel_token: &CancelToken) -> Result<(), ApplyError> {
    let Backup { path, tables } = backup;
    let home = connection.texts("SELECT current_schema()::text").await?.into_iter().next().unwrap_or_default();
    // Only the owner may read the file, from its first byte on.
    let failed = |reason: String| ApplyError::Backup { path: path.display().to_string(), reason };
    private(path).map_err(|e| failed(reason(&e)))?;
    let mut command = Command::new("pg_dump");
    command.args(["--format=custom", "--no-password", "--file"]).arg(path);
    for table in tables {
        let schema = table.schema.as_ref().map_or(home.clone(), ToString::to_string);
        command.arg("--table").arg(format!("{}.{}", exactly(&schema), exactly(table.name.as_str())));
    }
    connection.url().as_environment(&mut command);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let outcome = match child {
        Ok(child) => ended(child, cancel_token).await,
        Err(e) => Err(Some(reason(&e))),
    };
    match outcome {
        Ok(()) => Ok(()),
        Err(why) => {
            std::fs::remove_file(path).ok();
            Err(why.map_or(ApplyError::Interrupted, failed))
        }
    }
}

/// Waits for pg_dump and returns the first line of its error output if it fails. If the apply is canceled,
/// pg_dump is ended without a message.
async fn ended(mut child: Child, cancel_token: &CancelToken) -> Result<(), Option<String>> {
    let said = child.stderr.take().map(|mut from| {
        std::thread::spawn(move || {
            let mut words = Vec::new();
            from.read_to_end(&mut words).ok();
            String::from_utf8_lossy(&words).into_owned()
        })
    });
    let status = loop {
        if cancel_token.cancel.load(Relaxed) {
            child.kill().ok();
            child.wait().ok();
            return Err(None);
        }
        match child.try_wait().map_err(|e| Some(reason(&e)))? {
            Some(status) => break status,
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let words = said.and_then(|thread| thread.join().ok()).unwrap_or_default();
    match status.success() {
        true => Ok(()),
        // Ctrl-C reaches every process of the terminal, so pg_dump fails too.
        false if cancel_token.cancel.load(Relaxed) => Err(None),
        false => Err(Some(words.lines().next().unwrap_or("pg_dump failed").to_owned())),
    }
}

/// Deletes the oldest dumps of the database, except for the newest `keep`.
pub(super) fn keep_newest(newest: &Path, keep: Option<usize>) {
    let (Some(keep), Some(name)) = (keep, newest.file_name().map(|n| n.to_string_lossy().into_owned())) else { return };
    let Some(database) = name.rsplitn(3, '.').nth(2).map(str::to_owned) else { return };
    let folder = newest.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let own = |p: &PathBuf| {
        let other = p.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let stamp = other.strip_prefix(&database).and_then(|r| r.strip_prefix('.')).and_then(|r| r.strip_suffix(".dump"));
        stamp.is_some_and(|s| s.len() == 19 && s.ends_with('Z') && !s.contains('.'))
    };
    let mut dumps: Vec<PathBuf> = entries.filter_map(Result::ok).map(|e| e.path()).filter(own).collect();
    // The time in the name sorts them.
    dumps.sort();
    for old in dumps.iter().rev().skip(keep.max(1)) {
        std::fs::remove_file(old).ok();
    }
}

/// Returns a pattern that matches exactly one name
/// (<https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-PATTERNS>).
fn exactly(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns the message of a system error without the error number.
fn reason(error: &std::io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_owned()
}

fn private(path: &std::path::Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn version_of_tool() -> Option<u32> {
    let output = Command::new("pg_dump").arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().find_map(|w| w.split('.').next()?.parse().ok())
}
