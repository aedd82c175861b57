//! One row for each apply, in the database itself, in the first schema of `search_path`.

use std::time::Duration;

use super::super::Options;
use super::super::history::renames;
use crate::dialect::postgres::Error;
use crate::dialect::postgres::connection::Connection;
use crate::plan::Plan;

const CREATE: &str = "CREATE TABLE _rosey_history (
    number bigint PRIMARY KEY,
    format integer NOT NULL,
    plan text NOT NULL,
    kind text NOT NULL,
    message text,
    schema_before text NOT NULL,
    schema_after text NOT NULL,
    renames text NOT NULL,
    sql text NOT NULL,
    applied_at text NOT NULL,
    applied_by text,
    host text,
    git_commit text,
    duration_ms bigint NOT NULL,
    rows_copied bigint NOT NULL,
    rosey_version text NOT NULL,
    server_version text NOT NULL,
    outcome text NOT NULL,
    backup text
)";

/// What is recorded.
pub(super) struct Record<'a> {
    pub(super) plan: &'a Plan,
    pub(super) options: &'a Options,
    pub(super) schema_before: String,
    pub(super) schema_after: String,
    pub(super) duration: Duration,
    pub(super) outcome: &'static str,
    pub(super) backup: Option<String>,
}

async fn exists(connection: &mut Connection) -> Result<bool, Error> {
    Ok(connection.number("SELECT count(*) FROM pg_class WHERE oid = to_regclass('_rosey_history')").await? > 0)
}

/// Writes the row and gives its number.
pub(super) async fn write(connection: &mut Connection, record: &Record<'_>) -> Result<i64, Error> {
    if !exists(connection).await? {
        connection.execute(CREATE).await?;
    }
    let number = connection.number("SELECT coalesce(max(number), 0) + 1 FROM _rosey_history").await?;
    let sql: Vec<String> = record.plan.statements().map(|s| format!("{};", s.sql)).collect();
    let identity = &record.options.identity;
    let (sql, renames) = (sql.join("\n"), renames(&record.plan.changes));
    let texts = [
        Some(record.plan.fingerprint.as_str()),
        record.options.message.as_deref(),
        Some(&record.schema_before),
        Some(&record.schema_after),
        Some(&renames),
        Some(&sql),
        identity.user.as_deref(),
        identity.host.as_deref(),
        identity.git_commit.as_deref(),
        Some(env!("CARGO_PKG_VERSION")),
        Some(record.outcome),
        record.backup.as_deref(),
    ];
    let took = i64::try_from(record.duration.as_millis()).unwrap_or(i64::MAX);
    connection
        .insert(
            "INSERT INTO _rosey_history (number, format, kind, rows_copied, applied_at, server_version, duration_ms, plan, message, \
             schema_before, schema_after, renames, sql, applied_by, host, git_commit, rosey_version, outcome, backup) VALUES \
             ($1, 1, 'apply', 0, to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), \
             'PostgreSQL ' || current_setting('server_version'), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            &[number, took],
            &texts,
        )
        .await?;
    Ok(number)
}

/// Marks an apply as done whose last steps ran outside its transaction.
pub(super) async fn finish(connection: &mut Connection, number: i64) -> Result<(), Error> {
    connection.execute(&format!("UPDATE _rosey_history SET outcome = 'applied' WHERE number = {number}")).await?;
    Ok(())
}
