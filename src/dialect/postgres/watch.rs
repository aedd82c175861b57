//! Watches over a statement that takes long: whether the way to the server, and the server's process, are still there. A
//! link that a firewall has forgotten says nothing, and a proxy that hangs answers for the server, so the system's own
//! keepalive finds neither; a second connection does. Gives up only on what it has seen twice.

use std::sync::Arc;
use std::time::Duration;

use super::cancel::Canceller;
use super::connection::{Connection, Error};

/// How long a statement may take before anybody asks.
const FIRST: Duration = Duration::from_secs(10);
/// How long it is between two questions once one had a bad answer.
const AGAIN: Duration = Duration::from_secs(3);
/// The longest time between two questions.
const LONGEST: Duration = Duration::from_secs(60);

/// What a second connection sees.
enum Seen {
    /// The statement runs, or nothing can be said against it.
    Works,
    /// The process has no statement to run: its answer never came. What tells one such moment from another.
    Idle(String),
    /// There is no such process.
    Gone,
    /// No connection can be made.
    Unreachable,
}

/// Waits until the connection to the process is known to be lost, and says how.
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
                return lost(&of, "it no longer answers, and neither do new connections");
            }
            (Seen::Idle(a), Seen::Idle(b)) if a == b => {
                // It would keep its transaction and its locks for as long as the server believes in the link.
                of.terminate().await.ok();
                return lost(&of, "the server sent an answer that never arrived");
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
        // Somebody answers there.
        Err(_) => Seen::Works,
    }
}

async fn state(mut other: Connection, pid: i32) -> Seen {
    let sql = format!(
        "SELECT coalesce(state, ''), coalesce(state_change::text, '-') FROM pg_catalog.pg_stat_activity WHERE pid = {pid} \
         UNION ALL SELECT 'none', '' ORDER BY 2 DESC LIMIT 1"
    );
    let mut found = None;
    let asked = other.own_queries(&[sql], |_, row| found = super::connection::pair(row)).await;
    other.close().await.ok();
    match (asked, found) {
        (Ok(()), Some((state, _))) if state == "none" => Seen::Gone,
        (Ok(()), Some((state, since))) if state.starts_with("idle") => Seen::Idle(since),
        _ => Seen::Works,
    }
}

/// Runs a piece of work, and stops waiting for it when the connection is known to be lost.
pub(super) async fn over<T>(of: Option<Canceller>, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let Some(of) = of else { return work.await };
    tokio::select! {
        outcome = work => outcome,
        lost = Box::pin(until_lost(of)) => Err(lost),
    }
}
