//! One row for each apply, in the database itself, written in the transaction that it records.
//!
//! Nothing is ever deleted. A table that an older rosey made is brought up to date by the next apply; until then it is
//! read as it is.

use serde::Deserialize;

use super::chained;
use crate::dialect::engine::Session;
use crate::dialect::{Error, HistoryError};
use crate::plan::{HISTORY_FORMAT, Record, Rename, decode_renames};

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

/// Which rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    All,
    Last,
}

/// The rows that a session sees; none if there is no such table.
pub(super) async fn read(session: &mut dyn Session, which: Which) -> Result<Vec<Entry>, HistoryError> {
    decode(&session.history(which == Which::Last).await?)
}

/// The rows as an engine gives them.
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

/// The digest of a row, also of one that cannot be read otherwise.
fn digest_of(row: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(row).ok()?;
    Some(value.get("digest")?.as_str()?.to_owned())
}

/// Refuses to write behind a row of a later rosey, whose meaning is not known here.
pub(super) fn is_known(last: Result<Vec<Entry>, HistoryError>) -> Result<(), HistoryError> {
    match last {
        Err(later @ HistoryError::Later { .. }) => Err(later),
        // What else is wrong shows where it matters.
        _ => Ok(()),
    }
}

/// Refuses a history on which something would act: its rows are written within the apply, with the rights of who applies.
pub(super) async fn is_inert(session: &mut dyn Session) -> Result<(), HistoryError> {
    acts(session.acts_on_history().await?)
}

/// The same for what was found to act.
pub(super) fn acts(found: Vec<String>) -> Result<(), HistoryError> {
    found.into_iter().next().map_or(Ok(()), |what| Err(HistoryError::Acts(what)))
}

/// Writes a row and gives its number.
pub(super) async fn write(session: &mut dyn Session, record: &Record) -> Result<i64, Error> {
    if session.capabilities().digests_history {
        return session.write_history(record).await;
    }
    let before = session.history(true).await?.first().and_then(|row| digest_of(row)).unwrap_or_default();
    let number = session.write_history(record).await?;
    // What cannot be read is without a digest, as a row of an older rosey is.
    if let Some(entry) = read(session, Which::Last).await.ok().and_then(|mut rows| rows.pop()) {
        session.set_digest(number, &chained::digest(&entry, &before)).await?;
    }
    Ok(number)
}
