//! Copies a live SQLite file with the online backup API (<https://sqlite.org/backup.html>).
//!
//! Does not use `VACUUM INTO`, which may renumber the rowids of tables without an integer primary key.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::connection::{Connection, Error, Mode};
use super::file;
use super::overwrite::Pages;

/// Copies the database into a new file that only its owner can read. If the caller holds the write lock on
/// the source through another connection, the copy is exactly what that connection sees. A copy that fails is
/// deleted.
pub(crate) async fn backup(from: &Path, to: &Path) -> Result<(), Error> {
    backup_from(Connection::open(from, Mode::Read, Duration::from_secs(5)).await?, to).await
}

/// Copies what a connection reads, as [`backup`] does.
pub(crate) async fn backup_from(from: Connection, to: &Path) -> Result<(), Error> {
    create_private(to)?;
    let outcome = copy(from, to).await;
    if outcome.is_err() {
        remove(to);
    }
    outcome
}

/// Deletes a copy and the journal that SQLite leaves if it could not write to the copy.
pub(crate) fn remove(copy: &Path) {
    std::fs::remove_file(copy).ok();
    std::fs::remove_file(file::beside(copy, "-journal")).ok();
}

/// Returns a name for a backup: that of the database followed by the time in UTC.
pub(crate) async fn name_for(database: &Path, folder: Option<&Path>) -> Result<PathBuf, Error> {
    let mut clock = Connection::in_memory().await?;
    let stamp = clock.texts("SELECT replace(strftime('%Y%m%dT%H%M%fZ', 'now'), '.', '')").await?.concat();
    clock.close().await?;
    let file = database.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = || database.parent().map(Path::to_path_buf).unwrap_or_default();
    Ok(folder.map_or_else(beside, Path::to_path_buf).join(format!("{file}.{stamp}.backup")))
}

/// Deletes older backups of this database in the directory of the newest one, except for `keep` of them. A
/// file that cannot be deleted remains; the apply is done and must not fail.
pub(crate) fn keep_newest(database: &Path, newest: &Path, keep: Option<usize>) {
    let Some(keep) = keep else { return };
    let folder = newest.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = database.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut backups: Vec<PathBuf> = entries.filter_map(Result::ok).map(|e| e.path()).filter(|p| is_backup(p, &file)).collect();
    // The timestamp in the name makes them sort by age.
    backups.sort();
    for old in backups.iter().rev().skip(keep.max(1)) {
        std::fs::remove_file(old).ok();
    }
}

/// Returns true if the name is that of the database followed by a timestamp, as [`name_for`] returns it.
fn is_backup(path: &Path, database: &str) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let stamp = name.strip_prefix(database).and_then(|r| r.strip_prefix('.')).and_then(|r| r.strip_suffix(".backup"));
    stamp.is_some_and(|s| {
        s.len() == 19 && s.ends_with('Z') && s.bytes().enumerate().all(|(i, b)| b.is_ascii_digit() || (i == 8 && b == b'T') || i == 18)
    })
}

fn create_private(path: &Path) -> Result<(), Error> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let reason = |e: std::io::Error| Error::CannotOpen { path: path.display().to_string(), reason: e.to_string() };
    options.open(path).map(drop).map_err(reason)
}

async fn copy(mut source: Connection, to: &Path) -> Result<(), Error> {
    let mut target = Connection::open(to, Mode::Write, Duration::from_secs(5)).await?;
    let outcome = pages(&mut source, &mut target).await;
    source.close().await?;
    target.close().await?;
    outcome
}

async fn pages(source: &mut Connection, target: &mut Connection) -> Result<(), Error> {
    let raw = |e: sqlx::Error| Error::Sql { message: e.to_string(), code: 0, sql: "backup".to_owned() };
    let mut source = source.inner().lock_handle().await.map_err(raw)?;
    let mut target = target.inner().lock_handle().await.map_err(raw)?;
    // SAFETY: both handles stay locked, and so stay alive and unused by others, until `pages` is finished
    // before them.
    let mut pages = unsafe { Pages::begin(target.as_raw_handle().as_ptr(), source.as_raw_handle().as_ptr()) }?;
    pages.step(-1)?;
    pages.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_databases_own_backups_are_old_ones() {
        for (name, is) in [
            ("bot.db.20261122T151319703Z.backup", true),
            ("bot.db.20261122T151319703Z.backup.txt", false),
            ("bot.db.mine.backup", false),
            ("robot.db.20261122T151319703Z.backup", false),
            ("bot.db2.20261122T151319703Z.backup", false),
        ] {
            assert_eq!(is_backup(Path::new(name), "bot.db"), is, "{name}");
        }
    }
}
