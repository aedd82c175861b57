//! A connection to a SQLite file or to a private in-memory database. Shows no value of a row in an error.

mod error;
mod limited;
mod row;

use std::ffi::{c_int, c_void};
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Row as _};

pub use error::Error;
pub(super) use error::of_code;
use error::{opening, running};
pub(super) use limited::GRACE;
use limited::Limited;
pub(super) use row::Row;

use super::{codes, file, prepare};
use crate::engine::{CANCELLED, CancelToken};

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
    /// The time limit of a private database.
    limited: Option<Limited>,
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
        let mut connection = Self { tells_all: false, limited: None, inner: options.connect().await.map_err(|e| opening(e, &shown))? };
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

    /// Opens a file that nobody changes in the meantime, without locking and without files beside it
    /// (<https://sqlite.org/c3ref/open.html#coreuriqueryparameters>).
    pub(crate) async fn open_immutable(path: &Path) -> Result<Self, Error> {
        let shown = path.display().to_string();
        file::check_regular(path)?;
        let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true).foreign_keys(false);
        let inner = options.disable_statement_logging().connect().await.map_err(|e| opening(e, &shown))?;
        let mut connection = Self { inner, tells_all: false, limited: None };
        match connection.query("SELECT count(*) FROM sqlite_schema").await {
            Ok(_) => Ok(connection),
            Err(Error::Sql { code: 26, .. }) => Err(Error::NotADatabase { path: shown }),
            Err(other) => Err(other),
        }
    }

    /// Rolls back what a failed write has left. If SQLite could not write to the file itself, it leaves it
    /// partly changed, with a journal that the next connection uses to roll it back. That connection may be
    /// unable to do so, because it only reads, or it may copy the file without its journal. If this fails
    /// too, the journal remains.
    pub(crate) async fn settle(path: &Path) {
        if let Ok(next) = Self::open(path, Mode::Write, Duration::ZERO).await {
            next.close().await.ok();
        }
    }

    /// Opens a private in-memory database.
    pub(crate) async fn in_memory() -> Result<Self, Error> {
        let options = SqliteConnectOptions::new().filename(":memory:").foreign_keys(false).statement_cache_capacity(0);
        let options = options.disable_statement_logging();
        let inner = options.connect().await.map_err(|e| opening(e, ":memory:"))?;
        Ok(Self { inner, tells_all: true, limited: None })
    }

    /// Returns all rows of a query.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<SqliteRow>, Error> {
        self.in_time(sql, async |c| {
            let statement = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false);
            match statement.fetch_all(&mut c.inner).await {
                Ok(rows) => Ok(rows),
                Err(error) => Err(c.without_values(running(error, sql)).await),
            }
        })
        .await
    }

    /// Returns all rows of a query, to be decoded by name.
    pub(super) async fn rows<'r>(&mut self, sql: &'r str) -> Result<Vec<Row<'r>>, Error> {
        Ok(self.query(sql).await?.into_iter().map(|row| Row::new(row, sql)).collect())
    }

    /// Returns one number; no row and NULL count as 0.
    pub(crate) async fn number(&mut self, sql: &str) -> Result<i64, Error> {
        Ok(self.numbers(sql).await?.first().copied().unwrap_or_default())
    }

    /// Returns the first row's numbers; NULL counts as 0.
    pub(crate) async fn numbers(&mut self, sql: &str) -> Result<Vec<i64>, Error> {
        let rows = self.query(sql).await?;
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        let number = |i: usize| row.try_get_unchecked::<Option<i64>, _>(i).map_err(|e| running(e, sql));
        (0..row.len()).map(|i| Ok(number(i)?.unwrap_or_default())).collect()
    }

    /// Returns the first column of all rows as text.
    pub(crate) async fn texts(&mut self, sql: &str) -> Result<Vec<String>, Error> {
        let rows = self.query(sql).await?;
        let texts: Result<Vec<Option<Vec<u8>>>, _> = rows.iter().map(|r| r.try_get_unchecked(0)).collect();
        let texts = texts.map_err(|e| running(e, sql))?.into_iter().flatten();
        Ok(texts.map(|b| String::from_utf8_lossy(&b).into_owned()).collect())
    }

    /// Runs a statement and returns the number of rows it changed.
    pub(crate) async fn execute(&mut self, sql: &str) -> Result<u64, Error> {
        self.in_time(sql, async |c| {
            let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
            match statement.execute(&mut c.inner).await {
                Ok(done) => Ok(done.rows_affected()),
                Err(error) => Err(c.without_values(running(error, sql)).await),
            }
        })
        .await
    }

    /// Runs one statement as [`Connection::execute`] does, and nothing that follows it.
    pub(crate) async fn run_one(&mut self, sql: &str) -> Result<u64, Error> {
        // Some pragmas take effect when they are prepared.
        if !sql.starts_with("PRAGMA") {
            if self.limited.is_some() {
                self.in_time(sql, async |c| {
                    c.prepare_apart(sql).await;
                    Ok(())
                })
                .await?;
            }
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
        if self.is_lost() {
            return Ok(());
        }
        self.inner.close().await.map_err(|e| running(e, "close"))
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
        if self.is_lost() {
            return None;
        }
        let mut handle = self.inner.lock_handle().await.ok()?;
        // SAFETY: the handle is locked and live; the call only reads from it.
        usize::try_from(unsafe { libsqlite3_sys::sqlite3_error_offset(handle.as_raw_handle().as_ptr()) }).ok()
    }

    /// Stops watching, so that a ROLLBACK is not canceled.
    pub(crate) async fn unwatch(&mut self) -> Result<(), Error> {
        let mut handle = self.inner.lock_handle().await.map_err(|e| running(e, "watch"))?;
        handle.remove_progress_handler();
        Ok(())
    }
}
