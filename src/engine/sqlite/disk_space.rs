//! Disk space: refuses an apply before anything is written if there is not enough, and determines which disk
//! is full.

use std::path::Path;

use super::connection::Error;
use crate::engine::ApplyError;
use crate::plan;

/// Fails before anything is written if the disk has too little free space.
pub(crate) fn has(folder: &Path, needed: i64) -> Result<(), ApplyError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    // If the system does not report the free space, the apply proceeds: a full disk rolls it back.
    let Ok(free) = fs4::available_space(folder) else { return Ok(()) };
    if u64::try_from(needed).unwrap_or(0) <= free {
        return Ok(());
    }
    let free = plan::bytes(i64::try_from(free).unwrap_or(i64::MAX));
    Err(ApplyError::NotEnoughSpace { path: folder.display().to_string(), free, needed: plan::bytes(needed) })
}

/// Returns true if the backup directory is on the same disk as the database, and also if that is unknown.
pub(crate) fn same_disk(folder: &Path, database: &Path) -> bool {
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

/// Determines which disk is full, before anything has been rolled back: that of the database or that of
/// SQLite's temporary files (<https://sqlite.org/tempfiles.html>).
pub(crate) fn which_disk(error: Error, path: &Path) -> Error {
    /// SQLite writes pages and sectors, so a disk with less free space than this is full.
    const LITTLE: u64 = 128 << 10;
    let Error::Full = error else { return error };
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match fs4::available_space(folder) {
        Ok(free) if free >= LITTLE => Error::TemporaryFull,
        _ => Error::DiskFull { path: folder.display().to_string() },
    }
}
