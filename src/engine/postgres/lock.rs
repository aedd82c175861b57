//! Allows one apply at a time on a database. The lock belongs to the transaction if possible, so that it
//! cannot outlive it; only steps outside transactions need a session lock, which is released at the end.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::connection::{Begin, Connection};
use super::settings::{self, Saved};
use super::{Error, Url};
use crate::engine::traits::Wait;
use crate::engine::{ApplyError, CancelToken};

/// The key of the advisory lock that an apply holds on a database, so that only one runs at a time
/// (<https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADVISORY-LOCKS>): "rosey" in
/// ASCII.
pub(crate) const LOCK: i64 = 0x72_6f_73_65_79;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// How a lock is requested.
#[derive(Debug, Clone, Copy)]
enum Ask {
    /// Until the transaction ends.
    Transaction,
    /// Until it is released.
    Session,
    /// Until the transaction ends, shared with other sessions that only wait for applies.
    Others,
}

impl Ask {
    fn sql(self) -> String {
        let function = match self {
            Ask::Transaction => "pg_try_advisory_xact_lock",
            Ask::Session => "pg_try_advisory_lock",
            Ask::Others => "pg_try_advisory_xact_lock_shared",
        };
        format!("SELECT pg_catalog.{function}({LOCK})::pg_catalog.text")
    }
}

/// Begins a transaction that holds the lock. No transaction stays open while waiting.
///
/// # Errors
/// [`ApplyError::Locked`], with the lock holder, if the wait times out; [`Error::ReadOnly`] if the server is
/// read-only.
pub(super) async fn begin(connection: &mut Connection, wait: Wait, cancel_token: &CancelToken) -> Result<(), ApplyError> {
    take(connection, Ask::Transaction, wait, cancel_token).await?;
    is_writable(connection).await
}

/// Waits until no other apply is running. An apply that was killed may still be running in a server process
/// that has not noticed.
///
/// # Errors
/// [`ApplyError::Locked`], with the lock holder, if the wait times out.
pub(super) async fn wait_for_others(url: &Url, wait: Duration) -> Result<(), ApplyError> {
    let mut connection = Connection::open(url).await?;
    take(&mut connection, Ask::Others, Wait::from_now(wait), &CancelToken::default()).await?;
    connection.close().await.ok();
    Ok(())
}

/// Acquires the lock for the session, applies rosey's session settings, and returns the previous settings.
///
/// # Errors
/// The errors of [`begin`].
pub(super) async fn hold(connection: &mut Connection, wait: Wait, cancel_token: &CancelToken) -> Result<Saved, ApplyError> {
    let saved = settings::settle(connection).await?;
    let held = match take(connection, Ask::Session, wait, cancel_token).await {
        Ok(()) => is_writable(connection).await,
        refused => refused,
    };
    connection.rollback().await.ok();
    if let Err(error) = held {
        release(connection, &saved).await;
        return Err(error);
    }
    Ok(saved)
}

/// Releases the lock and restores the session settings. If the connection is lost, the server releases them
/// itself.
pub(super) async fn release(connection: &mut Connection, saved: &Saved) {
    // The session may be a pooled one that another client gets next, so it is cleaned up whatever failed.
    connection.rollback().await.ok();
    connection.own_queries(&[format!("SELECT pg_catalog.pg_advisory_unlock({LOCK})")], |_, _| ()).await.ok();
    settings::give_back(connection, saved).await.ok();
}

async fn take(connection: &mut Connection, ask: Ask, wait: Wait, cancel_token: &CancelToken) -> Result<(), ApplyError> {
    loop {
        if cancel_token.cancel.load(Relaxed) {
            return Err(ApplyError::Interrupted);
        }
        connection.begin(Begin::Write).await?;
        if connection.texts(&ask.sql()).await?.first().is_some_and(|t| t == "true") {
            return Ok(());
        }
        let held = if wait.is_over() { Some(holder(connection).await?) } else { None };
        connection.rollback().await?;
        if let Some(holder) = held {
            return Err(ApplyError::Locked { holder: Some(holder), waited: wait.limit });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn holder(connection: &mut Connection) -> Result<String, Error> {
    let (high, low) = (LOCK >> 32, LOCK & 0xffff_ffff);
    let sql = format!(
        "SELECT 'process ' || a.pid || coalesce(' of ' || a.usename, '') || coalesce(' (' || nullif(concat_ws(', ', nullif(a.application_name, ''), a.state), '') || ')', '') \
         FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted \
         AND l.classid = {high} AND l.objid = {low} AND l.pid <> pg_catalog.pg_backend_pid() \
         AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) ORDER BY l.mode LIMIT 1"
    );
    Ok(connection.texts(&sql).await?.into_iter().next().unwrap_or_else(|| "another session".to_owned()))
}

/// Refuses a server that is read-only, before anything is attempted.
async fn is_writable(connection: &mut Connection) -> Result<(), ApplyError> {
    let sql = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'it is a standby server' \
               WHEN pg_catalog.current_setting('transaction_read_only') = 'on' THEN 'transactions are read-only by default for this role or database' \
               END";
    match connection.texts(sql).await?.pop() {
        Some(why) => Err(Error::ReadOnly(why).into()),
        None => Ok(()),
    }
}
