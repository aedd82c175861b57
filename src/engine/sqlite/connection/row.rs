//! Rows of a query, whose columns are decoded by name. SQLite itself converts a value to the requested type,
//! so only a missing column is an error, which names the query.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::Error;
use super::error::running;

/// A row of one query.
pub(in crate::engine::sqlite) struct Row<'r> {
    row: SqliteRow,
    sql: &'r str,
}

impl<'r> Row<'r> {
    pub(super) fn new(row: SqliteRow, sql: &'r str) -> Self {
        Row { row, sql }
    }

    /// Returns the bytes of a text or blob, which need not be UTF-8.
    ///
    /// # Errors
    /// If there is no such column.
    pub(in crate::engine::sqlite) fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.row.try_get_unchecked(name).map_err(|e| running(e, self.sql))
    }

    /// Returns a text with U+FFFD in place of bytes that are not UTF-8; NULL is `None`.
    pub(in crate::engine::sqlite) fn maybe_text(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(self.bytes(name)?.map(|b| String::from_utf8_lossy(&b).into_owned()))
    }

    /// Returns a text that is not NULL: NULL is an empty text.
    pub(in crate::engine::sqlite) fn text(&self, name: &str) -> Result<String, Error> {
        Ok(self.maybe_text(name)?.unwrap_or_default())
    }

    /// Returns a number.
    pub(in crate::engine::sqlite) fn number(&self, name: &str) -> Result<i64, Error> {
        self.row.try_get_unchecked(name).map_err(|e| running(e, self.sql))
    }
}
