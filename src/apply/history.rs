//! One row for each apply, in the database itself, written in the transaction that it records.

use crate::dialect::sqlite::connection::{Bound, Connection, Error};
use crate::diff::{Changes, TableChange};
use crate::plan::Plan;

/// The table. Everything that a later `rollback`, `history` or drift check needs is in it; nothing is ever deleted.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS _rosey_history (
    number INTEGER PRIMARY KEY,
    format INTEGER NOT NULL,
    plan TEXT NOT NULL,
    kind TEXT NOT NULL,
    message TEXT,
    schema_before TEXT NOT NULL,
    schema_after TEXT NOT NULL,
    renames TEXT NOT NULL,
    sql TEXT NOT NULL,
    applied_at TEXT NOT NULL,
    applied_by TEXT,
    host TEXT,
    git_commit TEXT,
    duration_ms INTEGER NOT NULL,
    rows_copied INTEGER NOT NULL,
    rosey_version TEXT NOT NULL,
    server_version TEXT NOT NULL,
    outcome TEXT NOT NULL,
    backup TEXT
)";

/// Who applies, and from what.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The system's user.
    pub user: Option<String>,
    /// The machine.
    pub host: Option<String>,
    /// The commit that the schema file is at.
    pub git_commit: Option<String>,
}

/// What is recorded beside the plan.
pub(super) struct Record<'a> {
    pub(super) plan: &'a Plan,
    pub(super) message: Option<&'a str>,
    pub(super) identity: &'a Identity,
    pub(super) schema_before: String,
    pub(super) schema_after: String,
    pub(super) duration_ms: i64,
    pub(super) rows_copied: i64,
    pub(super) backup: Option<String>,
}

/// Writes the row and gives its number.
pub(super) async fn write(connection: &mut Connection, record: &Record<'_>) -> Result<i64, Error> {
    connection.execute(CREATE).await?;
    let number = connection.number("SELECT coalesce(max(number), 0) + 1 FROM _rosey_history").await?;
    let sql: Vec<String> = record.plan.statements().map(|s| format!("{};", s.sql)).collect();
    let (sql, renames) = (sql.join("\n"), renames(&record.plan.changes));
    let text = Bound::Text;
    let values = [
        Bound::Number(Some(number)),
        text(Some(&record.plan.fingerprint)),
        text(record.message),
        text(Some(&record.schema_before)),
        text(Some(&record.schema_after)),
        text(Some(&renames)),
        text(Some(&sql)),
        text(record.identity.user.as_deref()),
        text(record.identity.host.as_deref()),
        text(record.identity.git_commit.as_deref()),
        Bound::Number(Some(record.duration_ms)),
        Bound::Number(Some(record.rows_copied)),
        text(Some(env!("CARGO_PKG_VERSION"))),
        text(record.backup.as_deref()),
    ];
    connection
        .insert(
            "INSERT INTO _rosey_history (number, format, plan, kind, message, schema_before, schema_after, renames, sql, applied_at, \
             applied_by, host, git_commit, duration_ms, rows_copied, rosey_version, server_version, outcome, backup) VALUES \
             (?, 1, ?, 'apply', ?, ?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ?, ?, ?, ?, ?, ?, 'SQLite ' || sqlite_version(), 'applied', ?)",
            &values,
        )
        .await?;
    Ok(number)
}

/// The renames that were done, a line each: `table.old -> table.new`, so that the way back inverts them.
pub(super) fn renames(changes: &Changes) -> String {
    let mut lines = Vec::new();
    for change in &changes.tables {
        let TableChange::Alter(edits) = change else { continue };
        if let Some(old) = &edits.renamed_from {
            lines.push(format!("table.{old} -> table.{}", edits.after.name));
        }
        let table = edits.after.address();
        lines.extend(edits.renamed_columns.iter().map(|(o, n)| format!("{} -> {}", table.child("column", o), table.child("column", n))));
        lines.extend(edits.renamed_indexes.iter().map(|(o, n)| format!("{} -> {}", table.child("index", o), table.child("index", n))));
    }
    lines.join("\n")
}
