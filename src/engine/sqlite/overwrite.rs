//! Overwrites a live database with another one and keeps a copy of the previous content. One lock covers
//! both, so that everything a writer has committed is in the kept copy or in the live file. Refuses a source
//! without pages.
//!
//! `sqlite3_backup_step(b, 0)` copies nothing and takes the lock on the destination: an EXCLUSIVE one, or in
//! WAL mode the write lock (<https://sqlite.org/c3ref/backup_finish.html>). The same transaction does the
//! overwriting later.

use std::ffi::{CStr, c_int};
use std::path::Path;
use std::time::Duration;

use libsqlite3_sys as ffi;

use super::backup;
use super::connection::{Connection, Error, Mode};
use super::file;

/// Which part failed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The copy of the previous content.
    Keeping(Error),
    /// The overwriting.
    Overwriting(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed::Overwriting(error)
    }
}

/// Opens a backup for reading without leaving files beside it: to read a database in WAL mode, SQLite creates
/// a `-wal` and a `-shm` file, which a reader cannot delete. If there is no log, nobody is writing to the
/// backup.
pub(crate) async fn open_backup(path: &Path) -> Result<Connection, Error> {
    file::check_regular(path)?;
    if file::is_wal(path) && !file::has_wal(path) {
        return Connection::open_immutable(path).await;
    }
    Connection::open(path, Mode::Read, Duration::from_secs(5)).await
}

/// Overwrites `to` with `from`. The previous content of `to` is copied to `keep`, if given. On an error, `to`
/// is unchanged.
pub(crate) async fn overwrite(from: &Path, to: &Path, keep: Option<&Path>, wait: Duration) -> Result<(), Failed> {
    let mut source = open_backup(from).await?;
    if source.number("PRAGMA page_count").await? == 0 {
        return Err(Error::CannotOpen { path: from.display().to_string(), reason: "it is empty".to_owned() }.into());
    }
    let mut target = Connection::open(to, Mode::Create, wait).await?;
    let live_wal = is_wal(&mut target).await?;
    if live_wal && page_size(&mut source).await? != page_size(&mut target).await? {
        return Err(Error::PageSize { backup: from.display().to_string(), path: to.display().to_string() }.into());
    }
    let outcome = under_lock(&mut source, &mut target, to, keep, live_wal).await;
    source.close().await.ok();
    target.close().await.ok();
    outcome
}

async fn is_wal(connection: &mut Connection) -> Result<bool, Error> {
    Ok(connection.texts("PRAGMA journal_mode").await?.concat().eq_ignore_ascii_case("wal"))
}

async fn page_size(connection: &mut Connection) -> Result<i64, Error> {
    connection.number("PRAGMA page_size").await
}

async fn under_lock(
    source: &mut Connection,
    target: &mut Connection,
    path: &Path,
    keep: Option<&Path>,
    live_wal: bool,
) -> Result<(), Failed> {
    let raw = |e: sqlx::Error| Error::Sql { message: e.to_string(), code: 0, sql: "backup".to_owned() };
    let mut source = source.inner().lock_handle().await.map_err(raw)?;
    let mut target = target.inner().lock_handle().await.map_err(raw)?;
    // SAFETY: both handles stay locked, and so stay alive and unused by others, until `pages` is dropped
    // before them.
    let mut pages = unsafe { Pages::begin(target.as_raw_handle().as_ptr(), source.as_raw_handle().as_ptr()) }?;
    pages.step(0)?;
    if let Some(kept) = keep {
        keep_copy(path, kept, live_wal).await.map_err(Failed::Keeping)?;
    }
    pages.step(-1)?;
    Ok(pages.finish()?)
}

/// Copies the previous content while [`Pages`] holds the lock. In WAL mode the lock admits readers. In other
/// modes it admits nobody, but then the file by itself is complete: nothing is written yet, and nobody else
/// can write.
async fn keep_copy(path: &Path, kept: &Path, live_wal: bool) -> Result<(), Error> {
    let from =
        if live_wal { Connection::open(path, Mode::Read, Duration::from_secs(5)).await? } else { Connection::open_immutable(path).await? };
    backup::backup_from(from, kept).await?;
    // The mode was changed just before the lock, so the newest rows were in a log that was not read.
    if !live_wal && file::is_wal(kept) {
        backup::remove(kept);
        return Err(Error::Locked);
    }
    Ok(())
}

/// A copy of all pages of one database over another, with SQLite's backup API.
pub(super) struct Pages {
    handle: *mut ffi::sqlite3_backup,
}

impl Pages {
    /// # Safety
    /// Both pointers must be open connections that nothing else uses while the value lives.
    pub(super) unsafe fn begin(target: *mut ffi::sqlite3, source: *mut ffi::sqlite3) -> Result<Self, Error> {
        // SAFETY: guaranteed by the caller; "main" is NUL-terminated.
        let handle = unsafe { ffi::sqlite3_backup_init(target, c"main".as_ptr(), source, c"main".as_ptr()) };
        if handle.is_null() {
            // SAFETY: as above.
            return Err(error(unsafe { ffi::sqlite3_extended_errcode(target) }));
        }
        Ok(Pages { handle })
    }

    /// Copies this many pages, or all remaining ones if the number is negative. The first call takes the
    /// lock.
    pub(super) fn step(&mut self, pages: c_int) -> Result<(), Error> {
        // SAFETY: the handle is that of a backup that is not finished yet.
        match unsafe { ffi::sqlite3_backup_step(self.handle, pages) } {
            ffi::SQLITE_OK | ffi::SQLITE_DONE => Ok(()),
            code => Err(error(code)),
        }
    }

    /// Ends the copy. If it did not reach the last page, it is rolled back.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        match self.end() {
            ffi::SQLITE_OK => Ok(()),
            code => Err(error(code)),
        }
    }

    fn end(&mut self) -> c_int {
        let handle = std::mem::replace(&mut self.handle, std::ptr::null_mut());
        if handle.is_null() {
            return ffi::SQLITE_OK;
        }
        // SAFETY: the handle is finished once, here, while both connections are alive.
        unsafe { ffi::sqlite3_backup_finish(handle) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.end();
    }
}

fn error(code: c_int) -> Error {
    match code & 0xff {
        ffi::SQLITE_FULL => Error::Full,
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => Error::Locked,
        ffi::SQLITE_READONLY => Error::ReadOnly,
        _ => Error::Sql { message: words(code), code, sql: "backup".to_owned() },
    }
}

/// Returns SQLite's own text for a result code.
fn words(code: c_int) -> String {
    // SAFETY: SQLite returns a static string for every code, known or not.
    unsafe { CStr::from_ptr(ffi::sqlite3_errstr(code)) }.to_string_lossy().into_owned()
}
