//! The history: one row for each apply, stored in the database itself and written in the transaction that it
//! records.
//!
//! Nothing is ever deleted. A table that an older rosey created is upgraded by the next apply; until then it
//! is read as it is.

use serde::Deserialize;

use super::chained;
use crate::engine::traits::Session;
use crate::engine::{Error, HistoryError};
use crate::plan::{HISTORY_FORMAT, Record, Rename, decode_renames};

/// A row, as read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// The version; the first is 1.
    pub number: i64,
    /// The version of the row's format.
    pub format: i64,
    /// The digest of the plan.
    pub plan: String,
    /// `apply`, `rollback` or `stamp`.
    pub kind: String,
    /// The message.
    pub message: Option<String>,
    /// The schema before the apply.
    pub schema_before: String,
    /// The schema after the apply.
    pub schema_after: String,
    /// The schema after the apply as the schema file has it, if the text differs.
    #[serde(default)]
    pub schema_written: Option<String>,
    /// The renames, in their stored form.
    pub(super) renames: String,
    /// The SQL statements.
    pub sql: String,
    /// The time in UTC, as in RFC 3339.
    pub applied_at: String,
    /// The operating system's user.
    pub applied_by: Option<String>,
    /// The host.
    pub host: Option<String>,
    /// The Git commit of the schema file.
    pub git_commit: Option<String>,
    /// The duration in milliseconds.
    pub duration_ms: i64,
    /// The number of rows that rebuilds copied.
    pub rows_copied: i64,
    /// The version of rosey.
    pub rosey_version: String,
    /// The version of the database.
    pub server_version: String,
    /// `applied`, or `running` while steps outside the transaction are unfinished.
    pub outcome: String,
    /// The path of the backup.
    pub backup: Option<String>,
    /// For a rollback: the version whose schema was restored; 0 is the schema before the first version.
    #[serde(default)]
    pub back_to: Option<i64>,
    /// The digest of the row and of the previous row's digest; `None` if an older rosey or a SQLite script
    /// wrote the row.
    #[serde(default)]
    pub digest: Option<String>,
}

impl Entry {
    /// Returns the renames that were made.
    pub fn renames(&self) -> Vec<Rename> {
        decode_renames(&self.renames)
    }
}

/// Which rows to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    All,
    Last,
}

/// Returns the rows that a session sees; none if the table does not exist.
pub(super) async fn read(session: &mut dyn Session, which: Which) -> Result<Vec<Entry>, HistoryError> {
    decode(&session.history(which == Which::Last).await?)
}

/// Decodes the rows that an engine returned.
pub(super) fn decode(rows: &[String]) -> Result<Vec<Entry>, HistoryError> {
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

/// Returns the digest of a row, even if the rest of the row cannot be read.
fn digest_of(row: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(row).ok()?;
    Some(value.get("digest")?.as_str()?.to_owned())
}

/// Refuses to write after a row of a later rosey, whose meaning is unknown here.
pub(super) fn is_known(last: Result<Vec<Entry>, HistoryError>) -> Result<(), HistoryError> {
    match last {
        Err(later @ HistoryError::Later { .. }) => Err(later),
        // Other errors are reported where they matter.
        _ => Ok(()),
    }
}

/// Refuses a history table that would run other code: its rows are written within the apply, with the
/// privileges of the user who applies.
pub(super) async fn is_inert(session: &mut dyn Session) -> Result<(), HistoryError> {
    let found = session.code_on_history().await?;
    found.into_iter().next().map_or(Ok(()), |what| Err(HistoryError::Acts(what)))
}

/// Writes a row and returns its version.
pub(super) async fn write(session: &mut dyn Session, record: &Record) -> Result<i64, Error> {
    if session.capabilities().digests_history {
        return session.write_history(record).await;
    }
    let before = session.history(true).await?.first().and_then(|row| digest_of(row)).unwrap_or_default();
    let number = session.write_history(record).await?;
    // A row that cannot be read gets no digest, like a row of an older rosey.
    if let Some(entry) = read(session, Which::Last).await.ok().and_then(|mut rows| rows.pop()) {
        session.set_digest(number, &chained::digest(&entry, &before)).await?;
    }
    Ok(number)
}
