//! A connection to a SQLite file, and SQLite's errors.

use std::ffi::{c_int, c_void};
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Row as _};

use super::{codes, file, prepare};
use crate::engine::{CANCELLED, CancelToken};

/// Errors from a SQLite database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file does not exist.
    #[error("{path}: no such file")]
    NoFile {
        /// The path as given.
        path: String,
    },
    /// The file is not a SQLite database.
    #[error("{path} is not a SQLite database")]
    NotADatabase {
        /// The path as given.
        path: String,
    },
    /// The file cannot be opened.
    #[error("{path} cannot be opened: {reason}")]
    CannotOpen {
        /// The path as given.
        path: String,
        /// The system's error.
        reason: String,
    },
    /// Another connection holds the lock.
    #[error("the database is locked by another connection")]
    Locked,
    /// The file or its directory is not writable.
    #[error("the database is read-only")]
    ReadOnly,
    /// The file or its directory is not writable, as found before anything began.
    #[error("{path} is not writable: {reason}")]
    NotWritable {
        /// The file or the directory.
        path: String,
        /// The system's error.
        reason: String,
    },
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The disk of the database is full.
    #[error("the disk that holds {path} is full")]
    DiskFull {
        /// The database's directory.
        path: String,
    },
    /// The disk of SQLite's temporary files is full.
    #[error("the disk that holds SQLite's temporary files is full")]
    TemporaryFull,
    /// The statement was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// The database is in WAL mode and has a log, and its directory is not writable.
    #[error("{path} is in WAL mode, but its folder is not writable: SQLite cannot read the write-ahead log")]
    WalUnreadable {
        /// The path as given.
        path: String,
    },
    /// SQLite can overwrite a database in WAL mode only with pages of the same size.
    #[error("{backup} has a different page size than {path}, which is in WAL mode")]
    PageSize {
        /// The backup.
        backup: String,
        /// The database.
        path: String,
    },
    /// A statement that SQLite had accepted failed on the rows. The message is discarded, because it may
    /// quote a value.
    #[error("{}", .named.clone().unwrap_or_else(|| codes::message(*.code)))]
    Rows {
        /// SQLite's extended result code.
        code: i32,
        /// The column or constraint that the rows violate.
        named: Option<String>,
        /// The statement.
        sql: String,
    },
    /// Any other error, with the statement that caused it.
    #[error("{message}")]
    Sql {
        /// SQLite's own message.
        message: String,
        /// SQLite's extended result code (<https://sqlite.org/rescode.html>).
        code: i32,
        /// The statement.
        sql: String,
    },
}

/// How to open a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Read-only.
    Read,
    /// Read-write; the file must exist.
    Write,
    /// Read-write; the file is created if it does not exist.
    Create,
}

/// A connection with foreign keys off: `PRAGMA foreign_keys` has no effect inside a transaction, and a
/// rebuild must not fire `ON DELETE` when it drops the old table.
pub(crate) struct Connection {
    inner: SqliteConnection,
    /// Whether SQLite's messages are passed on unchanged, because the rows are not confidential.
    tells_all: bool,
}

impl Connection {
    /// Opens a file.
    pub(crate) async fn open(path: &Path, mode: Mode, wait: Duration) -> Result<Self, Error> {
        let shown = path.display().to_string();
        match file::check_regular(path) {
            Err(Error::NoFile { .. }) if mode == Mode::Create => {}
            checked => checked?,
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(mode == Mode::Read)
            .create_if_missing(mode == Mode::Create)
            .foreign_keys(false)
            .busy_timeout(wait)
            .disable_statement_logging();
        let mut connection = Self { tells_all: false, inner: options.connect().await.map_err(|e| opening(e, &shown))? };
        if mode != Mode::Read {
            connection.wait_eagerly(wait).await?;
        }
        // The first read shows whether the file is a database. A hot journal must be rolled back by a writer.
        match connection.query("SELECT count(*) FROM sqlite_schema").await {
            Ok(_) => Ok(connection),
            Err(Error::ReadOnly) if mode == Mode::Read => Box::pin(Self::open(path, Mode::Write, wait)).await,
            Err(Error::Sql { code: 26, .. }) => Err(Error::NotADatabase { path: shown }),
            Err(Error::Sql { code, message, .. }) if code & 0xff == 14 => {
                drop(connection);
                if mode != Mode::Read || !file::is_wal(path) {
                    return Err(Error::CannotOpen { path: shown, reason: message });
                }
                // To read a database in WAL mode, SQLite creates files beside it, which it cannot do here. If
                // there is no log, they would contain nothing.
                if file::has_wal(path) { Err(Error::WalUnreadable { path: shown }) } else { Self::open_immutable(path).await }
            }
            Err(other) => Err(other),
        }
    }

    /// Polls for the lock every millisecond. SQLite's own handler sleeps for up to 100 ms, and never gets the
    /// lock if writers commit one after another.
    async fn wait_eagerly(&mut self, wait: Duration) -> Result<(), Error> {
        unsafe extern "C" fn again(most: *mut c_void, tries: c_int) -> c_int {
            if usize::try_from(tries).is_ok_and(|n| n >= most.addr()) {
                return 0;
            }
            std::thread::sleep(Duration::from_millis(1));
            1
        }
        let most = usize::try_from(wait.as_millis()).unwrap_or(usize::MAX);
        let mut handle = self.inner.lock_handle().await.map_err(|e| running(e, "wait"))?;
        // SAFETY: the handle is locked and live; the callback treats the pointer as a number and keeps no
        // state.
        unsafe {
            libsqlite3_sys::sqlite3_busy_handler(handle.as_raw_handle().as_ptr(), Some(again), std::ptr::without_provenance_mut(most))
        };
        Ok(())
    }

    /// Opens a file that no one changes meanwhile, without locking and without files beside it
    /// (<https://sqlite.org/c3ref/open.html#coreuriqueryparameters>).
    pub(crate) async fn open_immutable(path: &Path) -> Result<Self, Error> {
        let shown = path.display().to_string();
        file::check_regular(path)?;
        let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true).foreign_keys(false);
        let inner = options.disable_statement_logging().connect().await.map_err(|e| opening(e, &shown))?;
        let mut connection = Self { inner, tells_all: false };
        match connection.query("SELECT count(*) FROM sqlite_schema").await {
            Ok(_) => Ok(connection),
            Err(Error::Sql { code: 26, .. }) => Err(Error::NotADatabase { path: shown }),
            Err(other) => Err(other),
        }
    }

    /// Rolls back what a failed write has left. If SQLite could not write to the file itself, it leaves it
    /// half changed, with a journal that the next connection uses to roll it back. That must not be left to a
    /// read-only program, or to one that copies only the file. If this fails too, the journal remains.
    pub(crate) async fn settle(path: &Path) {
        if let Ok(next) = Self::open(path, Mode::Write, Duration::ZERO).await {
            next.close().await.ok();
        }
    }

    /// Opens a private in-memory database.
    pub(crate) async fn in_memory() -> Result<Self, Error> {
        let options = SqliteConnectOptions::new().filename(":memory:").foreign_keys(false).disable_statement_logging();
        let inner = options.connect().await.map_err(|e| opening(e, ":memory:"))?;
        Ok(Self { inner, tells_all: true })
    }

    /// Returns all rows of a query.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<SqliteRow>, Error> {
        let statement = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false);
        match statement.fetch_all(&mut self.inner).await {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.without_values(running(error, sql)).await),
        }
    }

    /// Returns one number; no row and NULL count as 0.
    pub(crate) async fn number(&mut self, sql: &str) -> Result<i64, Error> {
        let rows = self.query(sql).await?;
        Ok(rows.first().and_then(|r| r.try_get::<Option<i64>, _>(0).ok().flatten()).unwrap_or(0))
    }

    /// Returns the first row's numbers; NULL counts as 0.
    pub(crate) async fn numbers(&mut self, sql: &str) -> Result<Vec<i64>, Error> {
        let rows = self.query(sql).await?;
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        Ok((0..row.len()).map(|i| row.try_get::<Option<i64>, _>(i).ok().flatten().unwrap_or(0)).collect())
    }

    /// Returns the first column of all rows as text.
    pub(crate) async fn texts(&mut self, sql: &str) -> Result<Vec<String>, Error> {
        let rows = self.query(sql).await?;
        Ok(rows.iter().filter_map(|r| r.try_get_unchecked::<Option<String>, _>(0).ok().flatten()).collect())
    }

    /// Runs a statement and returns the number of rows it changed.
    pub(crate) async fn execute(&mut self, sql: &str) -> Result<u64, Error> {
        let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match statement.execute(&mut self.inner).await {
            Ok(done) => Ok(done.rows_affected()),
            Err(error) => Err(self.without_values(running(error, sql)).await),
        }
    }

    /// Runs one statement as [`Connection::execute`] does, and nothing that follows it.
    pub(crate) async fn run_one(&mut self, sql: &str) -> Result<u64, Error> {
        // Some pragmas take effect when they are prepared.
        if !sql.starts_with("PRAGMA") {
            self.prepared(sql).await?;
        }
        self.execute(sql).await
    }

    /// Passes SQLite's messages on unchanged: for a database whose rows are not confidential.
    pub(crate) fn telling_all(mut self) -> Self {
        self.tells_all = true;
        self
    }

    /// Returns the error without values from rows: a message that SQLite produces when the statement is
    /// prepared is kept; for any other, only the code. SQLite itself decides which case it is, not the text
    /// of the message.
    async fn without_values(&mut self, error: Error) -> Error {
        let Error::Sql { message, code, sql } = error else { return error };
        if self.tells_all || code == 0 {
            return Error::Sql { message, code, sql };
        }
        match self.prepared(&sql).await {
            Err(Error::Sql { message: early, .. }) if early == message => Error::Sql { message, code, sql },
            _ => Error::Rows { code, named: codes::names_the_schema(code).then_some(message), sql },
        }
    }

    /// Prepares one statement without running it, and returns the number of its columns.
    ///
    /// # Errors
    /// SQLite's own error with its message, which cannot contain values from rows; also if another statement
    /// follows.
    pub(crate) async fn prepared(&mut self, sql: &str) -> Result<c_int, Error> {
        let mut handle = self.inner.lock_handle().await.map_err(|e| running(e, sql))?;
        // SAFETY: the handle is locked and live.
        unsafe { prepare::one(handle.as_raw_handle().as_ptr(), sql) }
    }

    /// Returns the underlying connection, for what sqlx does not support.
    pub(crate) fn inner(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }

    /// Closes the connection and waits until it is closed.
    pub(crate) async fn close(self) -> Result<(), Error> {
        self.inner.close().await.map_err(|e| running(e, "close"))
    }
}

fn opening(error: sqlx::Error, path: &str) -> Error {
    match running(error, "") {
        Error::Sql { code: 26, .. } => Error::NotADatabase { path: path.to_owned() },
        Error::Sql { message, .. } => Error::CannotOpen { path: path.to_owned(), reason: message },
        other => other,
    }
}

/// Converts an error by its result code (<https://sqlite.org/rescode.html>), whose low byte is the primary
/// code.
fn running(error: sqlx::Error, sql: &str) -> Error {
    let Some(db) = error.as_database_error() else {
        return Error::Sql { message: error.to_string(), code: 0, sql: sql.to_owned() };
    };
    let code: i32 = db.code().and_then(|c| c.parse().ok()).unwrap_or(0);
    of_code(code, db.message(), sql)
}

/// Returns the error for a result code.
pub(super) fn of_code(code: i32, message: &str, sql: &str) -> Error {
    match code & 0xff {
        5 | 6 => Error::Locked,
        8 => Error::ReadOnly,
        9 => Error::Interrupted,
        13 => Error::Full,
        _ => Error::Sql { message: message.to_owned(), code, sql: sql.to_owned() },
    }
}

impl Connection {
    /// Makes a long statement observable and cancellable: dropping its future would not stop it.
    pub(crate) async fn watch(&mut self, cancel_token: std::sync::Arc<CancelToken>) -> Result<(), Error> {
        use std::sync::atomic::Ordering::Relaxed;
        let mut handle = self.inner.lock_handle().await.map_err(|e| running(e, "watch"))?;
        handle.set_progress_handler(CANCELLED, move || {
            cancel_token.beats.fetch_add(1, Relaxed);
            !cancel_token.cancel.load(Relaxed)
        });
        Ok(())
    }

    /// Returns the byte offset in the statement that the last error refers to, if SQLite knows it
    /// (<https://sqlite.org/c3ref/errcode.html>).
    pub(crate) async fn error_offset(&mut self) -> Option<usize> {
        let mut handle = self.inner.lock_handle().await.ok()?;
        // SAFETY: the handle is locked and live; the call only reads from it.
        usize::try_from(unsafe { libsqlite3_sys::sqlite3_error_offset(handle.as_raw_handle().as_ptr()) }).ok()
    }

    /// Ends the watching, so that a ROLLBACK is not cancelled.
    pub(crate) async fn unwatch(&mut self) -> Result<(), Error> {
        let mut handle = self.inner.lock_handle().await.map_err(|e| running(e, "watch"))?;
        handle.remove_progress_handler();
        Ok(())
    }
}
