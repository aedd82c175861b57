//! Commits, and determines the state of the database when something fails around the commit. States only what
//! the server has confirmed.

use std::time::{Duration, Instant};

use super::cancel::Canceller;
use super::connection::{Begin, Connection};
use super::{Error, Url};
use crate::engine::traits::Committed;

/// How long to ask the server for the outcome of a commit whose response was lost; it may be restarting.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a transaction may stay open before the server process that holds it is terminated.
const UNDECIDED: Duration = Duration::from_secs(2);

/// The outcome of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    Committed,
    RolledBack,
    /// A server process still holds the transaction open.
    Open,
    /// The server no longer has its status.
    Forgotten,
}

/// Commits. If the response is lost, asks the server for the outcome in a new session.
///
/// # Errors
/// If nothing was committed.
pub(super) async fn commit(connection: &mut Connection) -> Result<Committed, Error> {
    let transaction = connection.texts("SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text").await?.concat();
    let holder = connection.canceller();
    let error = match connection.commit().await {
        Ok(()) => return Ok(Committed::Acknowledged),
        Err(error) => error,
    };
    // The server refused the commit, for example because of a deferred constraint or a full disk.
    if !matches!(error, Error::Lost(_) | Error::Driver(_) | Error::Cancelled | Error::NoAnswer { .. }) {
        return Err(error);
    }
    let url = connection.url().clone();
    match outcome(&url, &transaction, holder).await {
        Some(Came::Committed) => Ok(Committed::Confirmed(error.into())),
        Some(Came::RolledBack) => Err(error),
        Some(Came::Open | Came::Forgotten) | None => Ok(Committed::Unknown(error.into())),
    }
}

/// Returns the outcome of a transaction, if the server reports it in time.
async fn outcome(url: &Url, transaction: &str, holder: Option<Canceller>) -> Option<Came> {
    let began = Instant::now();
    let mut ended = false;
    while began.elapsed() < PATIENCE {
        match ask(url, transaction).await {
            Ok(Came::Open) => {
                // The process waits for a COMMIT that was lost and will never arrive.
                if began.elapsed() > UNDECIDED
                    && !ended
                    && let Some(holder) = &holder
                {
                    ended = holder.terminate().await.is_ok();
                }
            }
            Ok(came) => return Some(came),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    None
}

async fn ask(url: &Url, transaction: &str) -> Result<Came, Error> {
    let mut connection = Connection::open(url).await?;
    connection.begin(Begin::ReadOnly).await?;
    let sql = format!("SELECT coalesce(pg_catalog.pg_xact_status('{transaction}'::pg_catalog.xid8), '')");
    let status = connection.texts(&sql).await;
    connection.close().await.ok();
    Ok(match status?.concat().as_str() {
        "committed" => Came::Committed,
        "aborted" => Came::RolledBack,
        "in progress" => Came::Open,
        _ => Came::Forgotten,
    })
}
