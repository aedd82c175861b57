//! Puts one database over another, live one, and keeps a copy of what was there. One lock covers both, so that whatever a
//! writer has committed is in the kept copy or in the live file. Refuses a source without pages.
//!
//! `sqlite3_backup_step(b, 0)` copies nothing yet and takes the lock on the destination: an EXCLUSIVE one, or in WAL mode
//! the write lock (<https://sqlite.org/c3ref/backup_finish.html>). The same transaction does the overwriting later.

use std::ffi::{CStr, c_int};
use std::path::Path;
use std::time::Duration;

use libsqlite3_sys as ffi;

use super::backup;
use super::connection::{Connection, Error, Mode};
use super::file;

/// What failed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The copy of what is there.
    Keeping(Error),
    /// The overwriting.
    Overwriting(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed::Overwriting(error)
    }
}

/// Opens a backup for reading, and leaves nothing beside it: to read a database in WAL mode SQLite makes a `-wal` and a
/// `-shm`, which a reader cannot remove. Without a log beside it nobody writes to it.
pub(crate) async fn open_backup(path: &Path) -> Result<Connection, Error> {
    file::check_regular(path)?;
    if file::is_wal(path) && !file::has_wal(path) {
        return Connection::open_immutable(path).await;
    }
    Connection::open(path, Mode::Read, Duration::from_secs(5)).await
}

/// Puts `from` over `to`. What `to` held is in `keep` afterwards, if a name is given. On an error `to` is as it was.
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
    // SAFETY: both handles stay locked, and so live and unused by others, until `pages` is dropped before them.
    let mut pages = unsafe { Pages::begin(target.as_raw_handle().as_ptr(), source.as_raw_handle().as_ptr()) }?;
    pages.step(0)?;
    if let Some(kept) = keep {
        keep_copy(path, kept, live_wal).await.map_err(Failed::Keeping)?;
    }
    pages.step(-1)?;
    Ok(pages.finish()?)
}

/// Copies what is there, while [`Pages`] holds the lock. In WAL mode the lock lets readers in. In the other modes it lets
/// nobody in, but then the file is all there is: nothing is written yet, and nobody else can write.
async fn keep_copy(path: &Path, kept: &Path, live_wal: bool) -> Result<(), Error> {
    let from =
        if live_wal { Connection::open(path, Mode::Read, Duration::from_secs(5)).await? } else { Connection::open_immutable(path).await? };
    backup::backup_from(from, kept).await?;
    // Somebody changed the mode just before the lock: then the newest rows were in a log that was not read.
    if !live_wal && file::is_wal(kept) {
        backup::remove(kept);
        return Err(Error::Locked);
    }
    Ok(())
}

/// A copy of all pages of one database over another, as SQLite's backup API does it.
pub(super) struct Pages {
    handle: *mut ffi::sqlite3_backup,
}

impl Pages {
    /// # Safety
    /// Both pointers must be open connections that nobody else uses as long as the value lives.
    pub(super) unsafe fn begin(target: *mut ffi::sqlite3, source: *mut ffi::sqlite3) -> Result<Self, Error> {
        // SAFETY: the caller's promise; "main" ends in NUL.
        let handle = unsafe { ffi::sqlite3_backup_init(target, c"main".as_ptr(), source, c"main".as_ptr()) };
        if handle.is_null() {
            // SAFETY: as above.
            return Err(error(unsafe { ffi::sqlite3_extended_errcode(target) }));
        }
        Ok(Pages { handle })
    }

    /// Copies so many pages, or all that are left if the number is negative. The first call takes the lock.
    pub(super) fn step(&mut self, pages: c_int) -> Result<(), Error> {
        // SAFETY: the handle is that of a backup that is not finished yet.
        match unsafe { ffi::sqlite3_backup_step(self.handle, pages) } {
            ffi::SQLITE_OK | ffi::SQLITE_DONE => Ok(()),
            code => Err(error(code)),
        }
    }

    /// Ends the copy. One that did not reach the last page is rolled back.
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
        // SAFETY: the handle is finished once, here, while both connections live.
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

/// SQLite's own words for a result code.
fn words(code: c_int) -> String {
    // SAFETY: SQLite gives a static string for every code, known or not.
    unsafe { CStr::from_ptr(ffi::sqlite3_errstr(code)) }.to_string_lossy().into_owned()
}
