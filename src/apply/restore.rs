//! Puts a backup back into the live file, by the same online API that made it, so that other connections never see a
//! half of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{ApplyError, Observer};
use crate::dialect::sqlite::backup;
use crate::dialect::sqlite::connection::{Connection, Error, Mode};

/// How a backup is put back.
#[derive(Debug, Clone)]
pub struct RestoreOptions {
    /// Where the copy of what is overwritten goes; beside the file where none is given.
    pub backup_dir: Option<PathBuf>,
    /// Whether there is such a copy.
    pub keep_current: bool,
    /// How long to wait for the lock.
    pub lock_timeout: Duration,
}

/// A backup's place as the history has it: the same from every folder.
pub(super) fn place_recorded(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string()
}

/// The same without the working directory before it, as people name it there.
pub(super) fn from_here(path: &Path) -> PathBuf {
    let here = std::path::absolute(".").unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).to_path_buf()
}

/// The backups that a database's history names, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backups {
    /// Those that are there.
    pub found: Vec<PathBuf>,
    /// Where the others were.
    pub missing: Vec<PathBuf>,
}

/// Looks for the backups that the database's history names: where it says, and else beside the database, with which they may
/// have moved.
///
/// # Errors
/// Where the database cannot be read.
pub async fn backups(path: &Path) -> Result<Backups, Error> {
    let mut connection = Connection::open(path, Mode::Read, Duration::from_secs(5)).await?;
    let has = connection.number("SELECT count(*) FROM sqlite_schema WHERE name = '_rosey_history'").await?;
    let sql = "SELECT backup FROM _rosey_history WHERE backup IS NOT NULL ORDER BY number DESC";
    let named = if has > 0 { connection.texts(sql).await? } else { Vec::new() };
    connection.close().await?;
    let mut backups = Backups::default();
    for recorded in named.into_iter().map(PathBuf::from) {
        let beside = recorded.file_name().map(|name| path.with_file_name(name));
        match std::iter::once(recorded.clone()).chain(beside).find(|p| p.exists()) {
            Some(there) => backups.found.push(from_here(&there)),
            None => backups.missing.push(recorded),
        }
    }
    Ok(backups)
}

/// Puts `from` back into `path`. Gives the copy of what was there.
///
/// # Errors
/// Where the backup is no sound database, where the lock cannot be had, or where a file cannot be read or written. The
/// database is as it was.
pub async fn restore(
    path: &Path,
    from: &Path,
    options: &RestoreOptions,
    observer: &mut dyn Observer,
) -> Result<Option<PathBuf>, ApplyError> {
    is_sound(from).await?;
    let mut kept = None;
    if options.keep_current && path.exists() {
        let to = backup::name_for(path, options.backup_dir.as_deref()).await?;
        observer.backing_up(&to);
        let failed = |source| ApplyError::Backup { path: to.display().to_string(), source };
        backup::backup(path, &to).await.map_err(failed)?;
        kept = Some(to);
    }
    let outcome = backup::put_back(from, path, options.lock_timeout).await.map_err(|e| match e {
        Error::Locked => ApplyError::LockTimeout(options.lock_timeout),
        other => other.into(),
    });
    if outcome.is_err() {
        Connection::settle(path).await;
        kept.take().map(std::fs::remove_file);
    }
    outcome.map(|()| kept)
}

/// A backup that SQLite finds broken would replace what is not.
async fn is_sound(path: &Path) -> Result<(), ApplyError> {
    let mut connection = Connection::open(path, Mode::Read, Duration::from_secs(5)).await?;
    let verdict = connection.texts("PRAGMA quick_check(1)").await?.concat();
    connection.close().await?;
    if verdict == "ok" { Ok(()) } else { Err(ApplyError::NotVerified(format!("{} is damaged: {verdict}", path.display()))) }
}
