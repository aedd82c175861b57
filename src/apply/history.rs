//! One row for each apply, in the database itself, written in the transaction that it records.
//!
//! Nothing is ever deleted. A table that an older rosey made is brought up to date by the next apply; until then it is
//! read as it is.

use serde::Deserialize;

use super::chained;
use crate::dialect::{Error, postgres, sqlite};
use crate::plan::{HISTORY_FORMAT, Record, Rename, create_history, decode_renames, insert_history, upgrade_history};
use crate::schema::Dialect;

/// A row, as it is read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// The history number: 1 is the first.
    pub number: i64,
    /// The version of the row's shape.
    pub format: i64,
    /// The digest of the plan.
    pub plan: String,
    /// `apply`, `rollback` or `stamp`.
    pub kind: String,
    /// What was said of it.
    pub message: Option<String>,
    /// The schema before it.
    pub schema_before: String,
    /// The schema after it.
    pub schema_after: String,
    /// The schema after it as the schema file had it, where that is another text.
    #[serde(default)]
    pub schema_written: Option<String>,
    /// The renames, as they are stored.
    pub(super) renames: String,
    /// The statements.
    pub sql: String,
    /// When: UTC, as RFC 3339 has it.
    pub applied_at: String,
    /// The system's user.
    pub applied_by: Option<String>,
    /// The machine.
    pub host: Option<String>,
    /// The commit that the schema file was at.
    pub git_commit: Option<String>,
    /// Milliseconds.
    pub duration_ms: i64,
    /// Rows that rebuilds copied.
    pub rows_copied: i64,
    /// Which rosey.
    pub rosey_version: String,
    /// Which database.
    pub server_version: String,
    /// `applied`, or `running` while steps outside the transaction are left.
    pub outcome: String,
    /// The backup.
    pub backup: Option<String>,
    /// Of a rollback: the number whose schema was gone back to; 0 is what was there before the first.
    #[serde(default)]
    pub back_to: Option<i64>,
    /// Of the row and the digest before it; none where an older rosey or a script for SQLite wrote it.
    #[serde(default)]
    pub digest: Option<String>,
}

impl Entry {
    /// The renames that were done.
    pub fn renames(&self) -> Vec<Rename> {
        decode_renames(&self.renames)
    }
}

/// Why the history cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The database does not answer.
    #[error(transparent)]
    Database(#[from] Error),
    /// A later rosey wrote a row.
    #[error("number {number} of the history was written by a later rosey ({version})")]
    Later {
        /// The row.
        number: i64,
        /// Which rosey.
        version: String,
    },
    /// A row is not as any rosey wrote it.
    #[error("the table _rosey_history is not as rosey makes it: {0}")]
    Damaged(String),
    /// Something acts when a row is written.
    #[error("the table _rosey_history has {0}, which would act within the apply")]
    Acts(String),
}

impl From<sqlite::Error> for HistoryError {
    fn from(error: sqlite::Error) -> Self {
        HistoryError::Database(error.into())
    }
}

impl From<postgres::Error> for HistoryError {
    fn from(error: postgres::Error) -> Self {
        HistoryError::Database(error.into())
    }
}

/// Which rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    All,
    Last,
}

impl Which {
    fn order(self) -> &'static str {
        match self {
            Which::All => "ORDER BY number",
            Which::Last => "ORDER BY number DESC LIMIT 1",
        }
    }
}

/// The rows of a SQLite file; none where there is no such table.
pub(super) async fn read_sqlite(connection: &mut sqlite::connection::Connection, which: Which) -> Result<Vec<Entry>, HistoryError> {
    let columns = connection.texts("SELECT name FROM pragma_table_info('_rosey_history')").await?;
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let quote = |c: &String| format!("'{}', \"{}\"", c.replace('\'', "''"), c.replace('"', "\"\""));
    let object = columns.iter().map(quote).collect::<Vec<_>>().join(", ");
    decode(connection.texts(&format!("SELECT json_object({object}) FROM _rosey_history {}", which.order())).await?)
}

/// The rows of a PostgreSQL database; none where there is no such table.
pub(super) async fn read_postgres(connection: &mut postgres::connection::Connection, which: Which) -> Result<Vec<Entry>, HistoryError> {
    if !exists(connection).await? {
        return Ok(Vec::new());
    }
    decode(connection.texts(&format!("SELECT to_jsonb(h)::text FROM _rosey_history h {}", which.order())).await?)
}

fn decode(rows: Vec<String>) -> Result<Vec<Entry>, HistoryError> {
    rows.iter().map(|row| decode_row(row)).collect()
}

fn decode_row(row: &str) -> Result<Entry, HistoryError> {
    let value: serde_json::Value = serde_json::from_str(row).map_err(|e| HistoryError::Damaged(e.to_string()))?;
    let number = |key: &str| value.get(key).and_then(serde_json::Value::as_i64);
    if number("format").is_some_and(|f| f > HISTORY_FORMAT) {
        let version = value.get("rosey_version").and_then(|v| v.as_str()).unwrap_or("unknown").to_owned();
        return Err(HistoryError::Later { number: number("number").unwrap_or_default(), version });
    }
    serde_json::from_value(value).map_err(|e| HistoryError::Damaged(e.to_string()))
}

/// Refuses to write behind a row of a later rosey, whose meaning is not known here.
pub(super) fn is_known(last: Result<Vec<Entry>, HistoryError>) -> Result<(), HistoryError> {
    match last {
        Err(later @ HistoryError::Later { .. }) => Err(later),
        // What else is wrong shows where it matters.
        _ => Ok(()),
    }
}

/// Writes a row and gives its number.
pub(super) async fn write_sqlite(connection: &mut sqlite::connection::Connection, record: &Record) -> Result<i64, sqlite::Error> {
    connection.execute(&create_history(Dialect::Sqlite)).await?;
    let there = connection.texts("SELECT name FROM pragma_table_info('_rosey_history')").await?;
    for sql in upgrade_history(Dialect::Sqlite, &there) {
        connection.execute(&sql).await?;
    }
    let last = "SELECT digest FROM _rosey_history WHERE digest IS NOT NULL AND number = (SELECT max(number) FROM _rosey_history)";
    let before = connection.texts(last).await?.pop().unwrap_or_default();
    connection.execute(&insert_history(Dialect::Sqlite, record)).await?;
    let number = connection.number("SELECT max(number) FROM _rosey_history").await?;
    // What cannot be read is without a digest, as a row of an older rosey is.
    if let Some(entry) = read_sqlite(connection, Which::Last).await.ok().and_then(|mut rows| rows.pop()) {
        let digest = chained::digest(&entry, &before);
        connection.execute(&format!("UPDATE _rosey_history SET digest = '{digest}' WHERE number = {number}")).await?;
    }
    Ok(number)
}

/// Refuses a history on which something would act: its rows are written within the apply, with the rights of who applies.
pub(super) async fn is_inert_sqlite(connection: &mut sqlite::connection::Connection) -> Result<(), HistoryError> {
    let acting = "SELECT 'the trigger ' || name FROM main.sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = '_rosey_history' \
                  UNION ALL SELECT 'become a view' FROM main.sqlite_schema WHERE type = 'view' AND lower(name) = '_rosey_history'";
    acts(connection.texts(acting).await?)
}

/// The same: triggers, rules, row-level security, and whatever else calls functions when a row is written.
pub(super) async fn is_inert_postgres(connection: &mut postgres::connection::Connection) -> Result<(), HistoryError> {
    let acting = "WITH it AS (SELECT c.oid, c.relkind, c.relrowsecurity FROM pg_catalog.pg_class c \
                  WHERE c.oid = pg_catalog.to_regclass('_rosey_history')) \
                  SELECT 'the trigger ' || tgname FROM pg_catalog.pg_trigger, it WHERE tgrelid = it.oid \
                  UNION ALL SELECT 'the rule ' || rulename FROM pg_catalog.pg_rewrite, it WHERE ev_class = it.oid \
                  UNION ALL SELECT 'the policy ' || polname FROM pg_catalog.pg_policy, it WHERE polrelid = it.oid \
                  UNION ALL SELECT 'row-level security' FROM it WHERE relrowsecurity \
                  UNION ALL SELECT 'become something else than a table' FROM it WHERE relkind <> 'r' \
                  UNION ALL SELECT 'the constraint ' || conname FROM pg_catalog.pg_constraint, it WHERE conrelid = it.oid AND contype NOT IN ('p', 'n') \
                  UNION ALL SELECT 'a default or a generated column' FROM pg_catalog.pg_attrdef, it WHERE adrelid = it.oid \
                  UNION ALL SELECT 'an index of an expression' FROM pg_catalog.pg_index, it \
                  WHERE indrelid = it.oid AND (indexprs IS NOT NULL OR indpred IS NOT NULL)";
    acts(connection.texts(acting).await?)
}

fn acts(found: Vec<String>) -> Result<(), HistoryError> {
    found.into_iter().next().map_or(Ok(()), |what| Err(HistoryError::Acts(what)))
}

/// Writes a row and gives its number.
pub(super) async fn write_postgres(connection: &mut postgres::connection::Connection, record: &Record) -> Result<i64, postgres::Error> {
    if exists(connection).await? {
        let columns = "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass('_rosey_history') AND attnum > 0";
        let there = connection.texts(columns).await?;
        for sql in upgrade_history(Dialect::Postgres, &there) {
            connection.execute(&sql).await?;
        }
    } else {
        connection.execute(&create_history(Dialect::Postgres)).await?;
    }
    connection.execute(&insert_history(Dialect::Postgres, record)).await?;
    connection.number("SELECT max(number) FROM _rosey_history").await
}

/// Marks applies as done whose last steps ran outside their transaction: the schema is now as the last one wanted it.
/// Gives whether there were any.
pub(super) async fn finish(connection: &mut postgres::connection::Connection) -> Result<bool, postgres::Error> {
    Ok(connection.execute("UPDATE _rosey_history SET outcome = 'applied' WHERE outcome = 'running'").await? > 0)
}

async fn exists(connection: &mut postgres::connection::Connection) -> Result<bool, postgres::Error> {
    Ok(connection.number("SELECT count(*) FROM pg_class WHERE oid = to_regclass('_rosey_history')").await? > 0)
}
