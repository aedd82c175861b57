//! Restores a backup into the live file in one transaction of that file. Other connections never see half of
//! it, and every commit is in the file or in the copy that is kept. Refuses damaged backups.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{ApplyError, Observer};
use crate::engine::sqlite::connection::{Connection, Error, Mode};
use crate::engine::sqlite::overwrite::{self, Failed};
use crate::engine::sqlite::{backup, file, history};

/// Options of a restore.
#[derive(Debug, Clone)]
pub struct RestoreOptions {
    /// The directory for the copy of what is overwritten; by default, that of the database file.
    pub backup_dir: Option<PathBuf>,
    /// Whether to keep such a copy.
    pub keep_current: bool,
    /// How long to wait for the lock.
    pub lock_timeout: Duration,
}

/// Returns the path of a backup for the history: an absolute one.
pub(super) fn place_recorded(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string()
}

/// Returns the path relative to the working directory, if it is inside it.
pub(super) fn from_here(path: &Path) -> PathBuf {
    let here = std::path::absolute(".").unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).to_path_buf()
}

/// The backups that a database's history names, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backups {
    /// The backups that exist.
    pub found: Vec<PathBuf>,
    /// The recorded paths of the others.
    pub missing: Vec<PathBuf>,
}

/// Looks for the backups that the database's history names: at the recorded path, then beside the database,
/// with which they may have been moved.
///
/// # Errors
/// If the database cannot be read.
pub async fn backups(path: &Path) -> Result<Backups, Error> {
    let mut connection = Connection::open(path, Mode::Read, Duration::from_secs(5)).await?;
    let has_history = !history::columns(&mut connection).await?.is_empty();
    let sql = "SELECT backup FROM _rosey_history WHERE backup IS NOT NULL ORDER BY number DESC";
    let named = if has_history { connection.texts(sql).await? } else { Vec::new() };
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

/// A backup that has passed the check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound(PathBuf);

impl Sound {
    /// Checks a backup.
    ///
    /// # Errors
    /// If it is not a database, or if SQLite reports that it is damaged.
    pub async fn check(from: &Path) -> Result<Sound, ApplyError> {
        let mut connection = overwrite::open_backup(from).await?;
        if connection.number("PRAGMA page_count").await? == 0 {
            let (path, reason) = (from.display().to_string(), "it is empty".to_owned());
            return Err(Error::CannotOpen { path, reason }.into());
        }
        let found = connection.texts("PRAGMA quick_check(1)").await?.concat();
        connection.close().await?;
        if found == "ok" { Ok(Sound(from.to_path_buf())) } else { Err(ApplyError::Damaged { path: from.display().to_string(), found }) }
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Restores a backup into `path`. Returns the copy of the previous content: everything that any writer has
/// committed is in that copy or in the live file.
///
/// # Errors
/// If the wait for the lock times out, or if a file cannot be read or written. The database is unchanged.
pub async fn restore(
    path: &Path,
    from: &Sound,
    options: &RestoreOptions,
    observer: &mut dyn Observer,
) -> Result<Option<PathBuf>, ApplyError> {
    if file::is_same(path, from.path()) {
        return Err(ApplyError::OntoItself(path.display().to_string()));
    }
    let mut kept = None;
    if options.keep_current && path.exists() {
        let to = backup::name_for(path, options.backup_dir.as_deref()).await?;
        observer.backing_up(&to);
        kept = Some(to);
    }
    let outcome = overwrite::overwrite(from.path(), path, kept.as_deref(), options.lock_timeout).await;
    let Err(failed) = outcome else { return Ok(kept) };
    Connection::settle(path).await;
    Err(match failed {
        Failed::Overwriting(error) => {
            kept.as_deref().into_iter().for_each(backup::remove);
            match error {
                Error::Locked => ApplyError::Locked { holder: None, waited: options.lock_timeout },
                other => other.into(),
            }
        }
        Failed::Keeping(e) => ApplyError::Backup { path: kept.unwrap_or_default().display().to_string(), reason: e.to_string() },
    })
}
