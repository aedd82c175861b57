//! A connection to a SQLite file, and SQLite's errors in words.

use std::ffi::{c_int, c_void};
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Row as _};

use super::{codes, file, prepare};
use crate::dialect::{PULSE, Pulse};

/// What went wrong between rosey and a SQLite database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is not there.
    #[error("{path}: no such file")]
    NoFile {
        /// The path as it was given.
        path: String,
    },
    /// The file is something else.
    #[error("{path} is not a SQLite database")]
    NotADatabase {
        /// The path as it was given.
        path: String,
    },
    /// The file cannot be opened.
    #[error("{path} cannot be opened: {reason}")]
    CannotOpen {
        /// The path as it was given.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// Another connection holds the lock.
    #[error("the database is locked by another connection")]
    Locked,
    /// The file or its folder may not be written.
    #[error("the database is read-only")]
    ReadOnly,
    /// The file or its folder may not be written, which was found before anything began.
    #[error("{path} is not writable: {reason}")]
    NotWritable {
        /// The file or the folder.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The database's disk is full.
    #[error("the disk that holds {path} is full")]
    DiskFull {
        /// The database's folder.
        path: String,
    },
    /// The disk of SQLite's temporary files is full.
    #[error("the disk that holds SQLite's temporary files is full")]
    TemporaryFull,
    /// The statement was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// The database is in WAL mode with a log beside it, and the folder may not be written.
    #[error("{path} is in WAL mode, but its folder is not writable: SQLite cannot read the write-ahead log")]
    WalUnreadable {
        /// The path as it was given.
        path: String,
    },
    /// SQLite copies pages of one size alone over a database in WAL mode.
    #[error("{backup} has a different page size than {path}, which is in WAL mode")]
    PageSize {
        /// The backup.
        backup: String,
        /// The database.
        path: String,
    },
    /// A statement that SQLite had accepted failed over the rows. Its message is not kept, for it may quote a value.
    #[error("{}", .named.clone().unwrap_or_else(|| codes::message(*.code)))]
    Rows {
        /// SQLite's extended result code.
        code: i32,
        /// The column or constraint that the rows violate.
        named: Option<String>,
        /// The statement.
        sql: String,
    },
    /// Any other error, with the statement that met it.
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

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing is ever written.
    Read,
    /// The file must be there.
    Write,
    /// The file is made where it is not there.
    Create,
}

/// A connection with foreign keys off: `PRAGMA foreign_keys` does nothing inside a transaction, and a rebuild must not
/// fire `ON DELETE` when it drops the old table.
pub(crate) struct Connection {
    inner: SqliteConnection,
    /// Whether SQLite's messages are told as they are: its rows, if there are any, are no secret.
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
        // The first read tells whether it is a database at all, and a hot journal has to be rolled back by a writer.
        match connection.query("SELECT count(*) FROM sqlite_schema").await {
            Ok(_) => Ok(connection),
            Err(Error::ReadOnly) if mode == Mode::Read => Box::pin(Self::open(path, Mode::Write, wait)).await,
            Err(Error::Sql { code: 26, .. }) => Err(Error::NotADatabase { path: shown }),
            Err(Error::Sql { code, message, .. }) if code & 0xff == 14 => {
                drop(connection);
                if mode != Mode::Read || !file::is_wal(path) {
                    return Err(Error::CannotOpen { path: shown, reason: message });
                }
                // To read a database in WAL mode SQLite makes files beside it, which it cannot do here. Without a log
                // there is nothing that they would tell.
                if file::has_wal(path) { Err(Error::WalUnreadable { path: shown }) } else { Self::open_immutable(path).await }
            }
            Err(other) => Err(other),
        }
    }

    /// Looks for the lock every millisecond. SQLite's own handler sleeps for up to 100 ms, and writers that commit one
    /// after the other then never let it in.
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
        // SAFETY: the handle is locked and live; the callback takes the pointer for a number, and keeps no state.
        unsafe {
            libsqlite3_sys::sqlite3_busy_handler(handle.as_raw_handle().as_ptr(), Some(again), std::ptr::without_provenance_mut(most))
        };
        Ok(())
    }

    /// Opens a file that nobody changes meanwhile, without any lock and without a file beside it
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

    /// Rolls back what a failed write has left. Where SQLite could not write into the file itself, it leaves the file half
    /// changed, with a journal from which whoever opens it next rolls it back: that shall not be a program that may only
    /// read, or one that copies the file alone. Where this fails too, the journal stays.
    pub(crate) async fn settle(path: &Path) {
        if let Ok(next) = Self::open(path, Mode::Write, Duration::ZERO).await {
            next.close().await.ok();
        }
    }

    /// Opens a private database in memory.
    pub(crate) async fn in_memory() -> Result<Self, Error> {
        let options = SqliteConnectOptions::new().filename(":memory:").foreign_keys(false).disable_statement_logging();
        let inner = options.connect().await.map_err(|e| opening(e, ":memory:"))?;
        Ok(Self { inner, tells_all: true })
    }

    /// All rows of a query.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<SqliteRow>, Error> {
        let statement = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false);
        match statement.fetch_all(&mut self.inner).await {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.without_values(running(error, sql)).await),
        }
    }

    /// One number; no row and NULL count as 0.
    pub(crate) async fn number(&mut self, sql: &str) -> Result<i64, Error> {
        let rows = self.query(sql).await?;
        Ok(rows.first().and_then(|r| r.try_get::<Option<i64>, _>(0).ok().flatten()).unwrap_or(0))
    }

    /// The first row's numbers; NULL counts as 0.
    pub(crate) async fn numbers(&mut self, sql: &str) -> Result<Vec<i64>, Error> {
        let rows = self.query(sql).await?;
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        Ok((0..row.len()).map(|i| row.try_get::<Option<i64>, _>(i).ok().flatten().unwrap_or(0)).collect())
    }

    /// The first column of all rows, as text.
    pub(crate) async fn texts(&mut self, sql: &str) -> Result<Vec<String>, Error> {
        let rows = self.query(sql).await?;
        Ok(rows.iter().filter_map(|r| r.try_get_unchecked::<Option<String>, _>(0).ok().flatten()).collect())
    }

    /// Runs a statement and gives the number of rows it changed.
    pub(crate) async fn execute(&mut self, sql: &str) -> Result<u64, Error> {
        let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match statement.execute(&mut self.inner).await {
            Ok(done) => Ok(done.rows_affected()),
            Err(error) => Err(self.without_values(running(error, sql)).await),
        }
    }

    /// Runs a statement as [`Connection::execute`] does, and nothing that stands behind it.
    pub(crate) async fn run_one(&mut self, sql: &str) -> Result<u64, Error> {
        // Some pragmas do their work when they are prepared.
        if !sql.starts_with("PRAGMA") {
            self.prepared(sql).await?;
        }
        self.execute(sql).await
    }

    /// Tells SQLite's messages as they are: for a database whose rows are no secret.
    pub(crate) fn telling_all(mut self) -> Self {
        self.tells_all = true;
        self
    }

    /// The error without what a row may have put into it: a message that SQLite gives before it has looked at a row is
    /// told, and of any other only the code. So that is asked of SQLite, and not seen in the message.
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

    /// Lets SQLite read one statement, without running it, and gives the number of its columns.
    ///
    /// # Errors
    /// SQLite's own, in its words, which no row has had a part in; and if another statement stands behind.
    pub(crate) async fn prepared(&mut self, sql: &str) -> Result<c_int, Error> {
        let mut handle = self.inner.lock_handle().await.map_err(|e| running(e, sql))?;
        // SAFETY: the handle is locked and live.
        unsafe { prepare::one(handle.as_raw_handle().as_ptr(), sql) }
    }

    /// Raw access, for what sqlx has no call for.
    pub(crate) fn inner(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }

    /// Closes it and waits until that is done.
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

/// SQLite's result codes (<https://sqlite.org/rescode.html>): the low byte is the kind.
fn running(error: sqlx::Error, sql: &str) -> Error {
    let Some(db) = error.as_database_error() else {
        return Error::Sql { message: error.to_string(), code: 0, sql: sql.to_owned() };
    };
    let code: i32 = db.code().and_then(|c| c.parse().ok()).unwrap_or(0);
    of_code(code, db.message(), sql)
}

/// An error by its code's kind.
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
    /// Lets a long statement be watched and stopped: dropping its future would not stop it.
    pub(crate) async fn watch(&mut self, pulse: std::sync::Arc<Pulse>) -> Result<(), Error> {
        use std::sync::atomic::Ordering::Relaxed;
        let mut handle = self.inner.lock_handle().await.map_err(|e| running(e, "watch"))?;
        handle.set_progress_handler(PULSE, move || {
            pulse.beats.fetch_add(1, Relaxed);
            !pulse.cancel.load(Relaxed)
        });
        Ok(())
    }

    /// The byte of the statement that the last error is about, where SQLite knows it
    /// (<https://sqlite.org/c3ref/errcode.html>).
    pub(crate) async fn error_offset(&mut self) -> Option<usize> {
        let mut handle = self.inner.lock_handle().await.ok()?;
        // SAFETY: the handle is locked and live; the call only reads from it.
        usize::try_from(unsafe { libsqlite3_sys::sqlite3_error_offset(handle.as_raw_handle().as_ptr()) }).ok()
    }

    /// Ends the watching, so that a ROLLBACK is not stopped.
    pub(crate) async fn unwatch(&mut self) -> Result<(), Error> {
        let mut handle = self.inner.lock_handle().await.map_err(|e| running(e, "watch"))?;
        handle.remove_progress_handler();
        Ok(())
    }
}
