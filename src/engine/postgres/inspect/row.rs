//! A row of an answer, read by position. A value of an unexpected type is read as absent, so that differing
//! catalogs make an object look missing instead of causing a crash.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

/// A row whose columns are read one after the other.
pub(super) struct Fields<'r> {
    row: &'r PgRow,
    next: usize,
}

impl<'r> Fields<'r> {
    pub(super) fn of(row: &'r PgRow) -> Self {
        Fields { row, next: 0 }
    }

    fn take<T>(&mut self) -> Option<T>
    where
        T: for<'d> sqlx::Decode<'d, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        self.next += 1;
        self.row.try_get::<Option<T>, _>(self.next - 1).ok().flatten()
    }

    pub(super) fn text(&mut self) -> String {
        self.take().unwrap_or_default()
    }

    pub(super) fn maybe_text(&mut self) -> Option<String> {
        self.take()
    }

    pub(super) fn number(&mut self) -> i64 {
        self.take().unwrap_or_default()
    }

    pub(super) fn maybe_number(&mut self) -> Option<i64> {
        self.take()
    }

    pub(super) fn flag(&mut self) -> bool {
        self.take().unwrap_or_default()
    }

    pub(super) fn numbers(&mut self) -> Vec<i64> {
        self.take().unwrap_or_default()
    }

    pub(super) fn texts(&mut self) -> Vec<String> {
        self.take().unwrap_or_default()
    }

    pub(super) fn maybe_texts(&mut self) -> Vec<Option<String>> {
        self.take().unwrap_or_default()
    }
}
