//! Restores a backup of a whole database: every commit is in the database or in the copy that is kept.
//! Refuses damaged backups, and databases whose backups contain only single tables.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{ApplyError, Database, Observer};
use crate::engine::backups::Restorer;

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

/// The backups in a database's history, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backups {
    /// The backups that exist.
    pub found: Vec<PathBuf>,
    /// The recorded paths of those that do not exist.
    pub missing: Vec<PathBuf>,
}

/// A backup that has passed the check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound(PathBuf);

impl Sound {
    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Database {
    /// Looks for the backups in the database's history: at the recorded path, then beside the database, in
    /// case they were moved together with it.
    ///
    /// # Errors
    /// If the database cannot be read, or if its backups are not of the whole database.
    pub async fn backups(&self) -> Result<Backups, ApplyError> {
        let restorer = self.restorer()?;
        let mut session = self.read().await?;
        let rows = session.history(false).await?;
        session.close(false).await?;
        let mut backups = Backups::default();
        for recorded in rows.iter().rev().filter_map(|row| backup_of(row)) {
            let beside = recorded.file_name().map(|name| restorer.beside(Path::new(name)));
            match std::iter::once(recorded.clone()).chain(beside).find(|p| p.exists()) {
                Some(there) => backups.found.push(from_here(&there)),
                None => backups.missing.push(recorded),
            }
        }
        Ok(backups)
    }

    /// Checks a backup.
    ///
    /// # Errors
    /// If it is not a database, or if it is damaged.
    pub async fn check_backup(&self, from: &Path) -> Result<Sound, ApplyError> {
        self.restorer()?.check(from).await?;
        Ok(Sound(from.to_path_buf()))
    }

    /// Restores a backup. Returns the copy of the previous content: everything that any client has committed is
    /// in that copy or in the database.
    ///
    /// # Errors
    /// If the wait for the lock times out, or if a file cannot be read or written. The database is unchanged.
    pub async fn restore(
        &self,
        from: &Sound,
        options: &RestoreOptions,
        observer: &mut dyn Observer,
    ) -> Result<Option<PathBuf>, ApplyError> {
        let restorer = self.restorer()?;
        if restorer.is_itself(from.path()) {
            return Err(ApplyError::OntoItself(self.shown()));
        }
        let mut kept = None;
        if options.keep_current && !self.is_missing() {
            let to = restorer.path_for_copy(options.backup_dir.as_deref()).await?;
            observer.backing_up(&to);
            kept = Some(to);
        }
        restorer.overwrite(from.path(), kept.as_deref(), options.lock_timeout).await?;
        Ok(kept)
    }

    fn restorer(&self) -> Result<Box<dyn Restorer + '_>, ApplyError> {
        self.engine().restorer().ok_or(ApplyError::NotRestored)
    }
}

/// Returns the backup in a row of the history, whatever version of rosey wrote it.
fn backup_of(row: &str) -> Option<PathBuf> {
    let value: serde_json::Value = serde_json::from_str(row).ok()?;
    Some(PathBuf::from(value.get("backup")?.as_str()?))
}
