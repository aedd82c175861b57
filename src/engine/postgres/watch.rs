//! Watches a long statement: whether the network link and the server process still exist. A link that a
//! firewall has dropped stays silent, and a hanging proxy responds in place of the server, so the operating
//! system's keepalive detects neither; a second connection does. Gives up only if it has seen the same twice.

use std::sync::Arc;
use std::time::Duration;

use super::cancel::Canceller;
use super::catalog_row::catalog_row;
use super::connection::{Connection, Error};

/// How long a statement may run before the first check.
const FIRST: Duration = Duration::from_secs(10);
/// The time between two checks after a bad result.
const AGAIN: Duration = Duration::from_secs(3);
/// The longest time between two checks.
const LONGEST: Duration = Duration::from_secs(60);

/// How long asking the server to terminate a process may take.
const TERMINATING: Duration = Duration::from_secs(3);

/// What a second connection sees.
enum Seen {
    /// The statement is running, or nothing indicates otherwise.
    Works,
    /// The process is not running a statement: its response never arrived. The text identifies the time.
    Idle(String),
    /// The process does not exist.
    Gone,
    /// No connection can be opened.
    Unreachable,
}

/// Waits until the connection to the process is known to be lost, and returns the reason.
pub(super) async fn until_lost(of: Canceller) -> Error {
    let mut pause = FIRST;
    let mut last = Seen::Works;
    loop {
        tokio::time::sleep(pause).await;
        let seen = look(&of).await;
        match (&last, &seen) {
            (_, Seen::Works) => pause = (pause * 2).clamp(FIRST, LONGEST),
            (Seen::Gone, Seen::Gone) => return lost(&of, "the server process has ended"),
            (Seen::Unreachable, Seen::Unreachable) => {
                return lost(&of, "it no longer responds, and new connections fail too");
            }
            (Seen::Idle(a), Seen::Idle(b)) if a == b => {
                // It would keep its transaction and its locks for as long as the server considers the link
                // alive.
                of.terminate().await.ok();
                return lost(&of, "the server sent a response that never arrived");
            }
            _ => pause = AGAIN,
        }
        last = seen;
    }
}

fn lost(of: &Canceller, how: &str) -> Error {
    Error::Lost(format!("{} (process {}): {how}", of.url.server(), of.pid))
}

async fn look(of: &Canceller) -> Seen {
    let url = Arc::new(of.url.within(Duration::from_secs(10)));
    match Connection::open(&url).await {
        Ok(other) => tokio::time::timeout(Duration::from_secs(10), state(other, of.pid)).await.unwrap_or(Seen::Works),
        Err(Error::NoAnswer { .. } | Error::NoServer { .. }) => Seen::Unreachable,
        // A server responds there.
        Err(_) => Seen::Works,
    }
}

catalog_row! {
    /// What a process does.
    struct Activity from "the activity of a process" {
        state: String,
        since: String,
    }
}

async fn state(mut other: Connection, pid: i32) -> Seen {
    let sql = format!(
        "SELECT coalesce(state, '') AS state, coalesce(state_change::text, '-') AS since FROM pg_catalog.pg_stat_activity WHERE pid = {pid} \
         UNION ALL SELECT 'none', '' ORDER BY 2 DESC LIMIT 1"
    );
    let found = other.rows::<Activity>(&sql).await.ok().and_then(|mut rows| rows.pop());
    other.close().await.ok();
    match found {
        Some(Activity { state, .. }) if state == "none" => Seen::Gone,
        Some(Activity { state, since }) if state.starts_with("idle") => Seen::Idle(since),
        _ => Seen::Works,
    }
}

/// Runs an operation, and stops waiting for it when the connection is known to be lost or the server has not
/// stopped the operation in time.
pub(super) async fn over<T>(
    of: Option<Canceller>,
    patience: Option<Duration>,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(of) = of else { return work.await };
    tokio::select! {
        outcome = work => outcome,
        lost = Box::pin(until_lost(of.clone())) => Err(lost),
        stuck = Box::pin(until_stuck(of, patience)) => Err(stuck),
    }
}

/// Waits until the statement must have ended, and asks the server to terminate its process. The server may be
/// unable to do so before the statement ends.
async fn until_stuck(of: Canceller, patience: Option<Duration>) -> Error {
    let Some(patience) = patience else { return std::future::pending().await };
    tokio::time::sleep(patience).await;
    tokio::time::timeout(TERMINATING, of.terminate()).await.ok();
    Error::NotStopped { at: of.url.server(), pid: of.pid, after: patience }
}
