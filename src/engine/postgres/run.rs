//! Runs statements that are transactions of their own, with retries, and reports the holders of locks.

use std::time::{Duration, Instant};

use super::connection::{Begin, Connection};
use super::{Error, Url, without_literals};
use crate::plan::{Evaluates, Plan, Statement};

/// Runs a statement that is a transaction of its own; one that cannot acquire its lock is tried again.
pub(super) async fn alone(connection: &mut Connection, statement: &Statement, until: Instant) -> Result<(), Error> {
    // A concurrent build waits for old transactions, which does not harm writers, so it has no time limit.
    let patient = statement.sql.contains(" CONCURRENTLY ");
    connection.execute(&format!("SET lock_timeout = {}", if patient { 0 } else { 2_000 })).await?;
    loop {
        match connection.execute(&statement.sql).await {
            Err(Error::LockTimeout) if Instant::now() < until => tokio::time::sleep(Duration::from_millis(250)).await,
            Err(other) => return Err(shown(statement, other)),
            Ok(_) => return Ok(()),
        }
    }
}

/// Returns the error to show for a failed statement. If the statement evaluates expressions, the server's
/// message is withheld.
pub(super) fn shown(statement: &Statement, error: Error) -> Error {
    match statement.evaluates {
        Evaluates::Nothing => error.without_rows(),
        _ => error.over_rows(&statement.sql),
    }
}

/// Returns the holders of locks on the tables of the plan: process, role, state, and statement.
pub(super) async fn blockers(connection: &mut Connection, plan: &Plan) -> Vec<String> {
    let names: Vec<String> = plan.changes.tables().map(|c| format!("'{}'", c.table().name.name.as_str().replace('\'', "''"))).collect();
    if names.is_empty() {
        return Vec::new();
    }
    if connection.begin(Begin::ReadOnly).await.is_err() {
        return Vec::new();
    }
    let found = holders(connection, &format!("c.relname IN ({})", names.join(", "))).await;
    connection.rollback().await.ok();
    found
}

/// Returns the holders of locks that a plan's reads wait for. Uses a session of its own, because the waiting
/// one may be busy.
pub(super) async fn lock_holders(url: &Url) -> Vec<String> {
    let Ok(mut connection) = Connection::open(url).await else { return Vec::new() };
    if connection.begin(Begin::ReadOnly).await.is_err() {
        return Vec::new();
    }
    let found = holders(&mut connection, "l.mode = 'AccessExclusiveLock'").await;
    connection.close().await.ok();
    found
}

/// Returns the process, role, application, state, and statement without its literals, of at most five
/// holders.
async fn holders(connection: &mut Connection, of: &str) -> Vec<String> {
    let sql = format!(
        "SELECT DISTINCT 'process ' || a.pid || ' of ' || coalesce(a.usename, '?') \
         || coalesce(' (' || nullif(left(a.application_name, 64), '') || ')', '') || ', ' || coalesce(a.state, '?') || ' for ' \
         || date_trunc('second', now() - a.xact_start)::text, a.query \
         FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_class c ON c.oid = l.relation \
         WHERE l.granted AND a.pid <> pg_backend_pid() AND {of} AND l.database = \
         (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 5"
    );
    let found = connection.pairs(&sql).await.unwrap_or_default();
    found.into_iter().map(|(who, query)| format!("{who}: {}", without_literals(&query))).collect()
}
