//! The commit, and what can be said of the database when something fails around it. Never claims what nobody has asked the
//! server about.

use std::time::{Duration, Instant};

use super::super::{ApplyError, Observer};
use crate::dialect::PlanError;
use crate::dialect::postgres::cancel::Canceller;
use crate::dialect::postgres::connection::{Begin, Connection};
use crate::dialect::postgres::{Error, Url};

/// How long the server is asked what came of a commit whose answer was lost: it may be starting again.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a transaction may stay undecided before the server process that holds it is ended.
const UNDECIDED: Duration = Duration::from_secs(2);

/// What came of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    Committed,
    RolledBack,
    /// The server process still holds it.
    Open,
    /// The server no longer knows.
    Forgotten,
}

/// Commits. Where the answer is lost, the server is asked in a new session what came of it.
///
/// # Errors
/// That nothing was committed ([`ApplyError::Database`]), or that it is not known ([`ApplyError::CommitUnknown`]), or that it
/// was and steps are left ([`ApplyError::Unfinished`]).
pub(super) async fn commit(connection: &mut Connection, number: i64, left: usize, observer: &mut dyn Observer) -> Result<(), ApplyError> {
    let transaction = connection.texts("SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text").await?.concat();
    let holder = connection.canceller();
    let error = match connection.commit().await {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    // The server has said no: a deferred constraint, a full disk.
    if !matches!(error, Error::Lost(_) | Error::Driver(_) | Error::Cancelled | Error::NoAnswer { .. }) {
        return Err(error.into());
    }
    let url = connection.url().clone();
    match outcome(&url, &transaction, holder).await {
        Some(Came::Committed) if left == 0 => {
            observer.notes("the connection was lost while the server committed; it has confirmed that all is committed");
            Ok(())
        }
        Some(Came::Committed) => Err(ApplyError::Unfinished { number, left, address: None, source: error.into() }),
        Some(Came::RolledBack) => Err(error.into()),
        Some(Came::Open | Came::Forgotten) | None => Err(ApplyError::CommitUnknown { number, source: error.into() }),
    }
}

/// What came of a transaction, as far as the server tells in time.
async fn outcome(url: &Url, transaction: &str, holder: Option<Canceller>) -> Option<Came> {
    let began = Instant::now();
    let mut ended = false;
    while began.elapsed() < PATIENCE {
        match ask(url, transaction).await {
            Ok(Came::Open) => {
                // It waits for a COMMIT that has not come through and never will.
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

/// Whether the transaction may have been committed after all.
pub(super) fn may_be_committed(error: &ApplyError) -> bool {
    matches!(error, ApplyError::CommitUnknown { .. } | ApplyError::Unfinished { .. })
}

/// An error of what follows the last step.
pub(super) fn after(error: ApplyError, number: i64) -> ApplyError {
    match error {
        ApplyError::NotVerified(what) => ApplyError::NotVerifiedAfter(what),
        ApplyError::Database(source) | ApplyError::Plan(PlanError::Database(source)) => {
            ApplyError::Unfinished { number, left: 0, address: None, source }
        }
        other => other,
    }
}

/// What was committed ahead of the transaction is there whatever came of that.
pub(super) fn besides(error: ApplyError, early: Vec<String>) -> ApplyError {
    let committed = matches!(error, ApplyError::Unfinished { .. } | ApplyError::NotVerifiedAfter(_));
    if early.is_empty() || committed { error } else { ApplyError::Early { done: early, source: Box::new(error) } }
}
