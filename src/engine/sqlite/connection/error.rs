//! What can go wrong with a SQLite database, classified by result code (<https://sqlite.org/rescode.html>).

use std::time::Duration;

use crate::engine::sqlite::codes;

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
    /// Reading or writing the history could run something.
    #[error("the table _rosey_history has {0}, which could run code")]
    History(String),
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
    /// A statement that is only tried did not end within the limit.
    #[error("SQLite needs longer than {limit:?} to try a statement in a private in-memory database: {sql}")]
    TooLong {
        /// The limit.
        limit: Duration,
        /// The beginning of the statement.
        sql: String,
    },
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

/// Returns the error for a failure to open a file.
pub(super) fn opening(error: sqlx::Error, path: &str) -> Error {
    match running(error, "") {
        Error::Sql { code: 26, .. } => Error::NotADatabase { path: path.to_owned() },
        Error::Sql { message, .. } => Error::CannotOpen { path: path.to_owned(), reason: message },
        other => other,
    }
}

/// Converts an error by its result code (<https://sqlite.org/rescode.html>), whose low byte is the primary
/// code.
pub(super) fn running(error: sqlx::Error, sql: &str) -> Error {
    let Some(db) = error.as_database_error() else {
        return Error::Sql { message: error.to_string(), code: 0, sql: sql.to_owned() };
    };
    let code: i32 = db.code().and_then(|c| c.parse().ok()).unwrap_or(0);
    of_code(code, db.message(), sql)
}

/// Returns the error for a result code.
pub(in crate::engine::sqlite) fn of_code(code: i32, message: &str, sql: &str) -> Error {
    match code & 0xff {
        5 | 6 => Error::Locked,
        8 => Error::ReadOnly,
        9 => Error::Interrupted,
        13 => Error::Full,
        _ => Error::Sql { message: message.to_owned(), code, sql: sql.to_owned() },
    }
}
