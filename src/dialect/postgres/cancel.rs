//! Stops a statement that a server runs, from another session: dropping the future that waits for it would not. Never
//! stops a server process that rosey does not hold at that moment: a pooler may have given it to somebody else.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Url;
use super::connection::{Connection, Error};

/// How long all of rosey's statements may take to be stopped when it ends.
const AT_THE_END: Duration = Duration::from_secs(3);

/// A server process that works for rosey.
#[derive(Debug, Clone)]
pub(crate) struct Canceller {
    pub(super) url: Arc<Url>,
    pub(super) pid: i32,
}

impl Canceller {
    /// Has the statement end with [`Error::Cancelled`]. Nothing happens where none runs.
    pub(crate) async fn cancel(&self) -> Result<(), Error> {
        self.send("pg_cancel_backend").await
    }

    /// Ends the server process, and with it what it has not committed.
    pub(crate) async fn terminate(&self) -> Result<(), Error> {
        self.send("pg_terminate_backend").await
    }

    async fn send(&self, what: &str) -> Result<(), Error> {
        let mut other = Connection::open(&self.url).await?;
        other.own_queries(&[format!("SELECT pg_catalog.{what}({})", self.pid)], |_, _| ()).await?;
        other.close().await
    }
}

/// The server processes that work for this program now.
static AT_WORK: Mutex<Vec<Canceller>> = Mutex::new(Vec::new());

/// Notes down that a server process works for rosey, until it is dropped.
#[derive(Debug)]
pub(super) struct AtWork(i32);

impl AtWork {
    pub(super) fn new(canceller: Canceller) -> AtWork {
        let pid = canceller.pid;
        AT_WORK.lock().unwrap_or_else(PoisonError::into_inner).push(canceller);
        AtWork(pid)
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let mut all = AT_WORK.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = all.iter().position(|c| c.pid == self.0) {
            all.remove(at);
        }
    }
}

/// Stops what servers do for this program, which is about to end. Waits a few seconds at most.
pub(crate) async fn cancel_all() {
    let all = AT_WORK.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let work = async {
        for canceller in all {
            canceller.cancel().await.ok();
        }
    };
    tokio::time::timeout(AT_THE_END, work).await.ok();
}
