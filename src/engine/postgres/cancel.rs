//! Cancels a statement on the server from another session; dropping the future that waits for it would not do
//! that. Never signals a server process that rosey does not hold at that moment: a pooler may have given it
//! to another client.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Url;
use super::connection::{Connection, Error};

/// How long rosey may take at exit to cancel all of its statements.
const AT_THE_END: Duration = Duration::from_secs(3);

/// A server process that works for rosey.
#[derive(Debug, Clone)]
pub(crate) struct Canceller {
    pub(super) url: Arc<Url>,
    pub(super) pid: i32,
}

impl Canceller {
    /// Makes the running statement end with [`Error::Cancelled`]. Does nothing if none is running.
    pub(crate) async fn cancel(&self) -> Result<(), Error> {
        self.send("pg_cancel_backend").await
    }

    /// Terminates the server process, which discards its uncommitted changes.
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

/// Registers a server process as working for rosey until this guard is dropped.
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

/// Cancels all statements of this program, which is about to exit. Waits a few seconds at most.
pub(crate) async fn cancel_all() {
    let all = AT_WORK.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let work = async {
        for canceller in all {
            canceller.cancel().await.ok();
        }
    };
    tokio::time::timeout(AT_THE_END, work).await.ok();
}
