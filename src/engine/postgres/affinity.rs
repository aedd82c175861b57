//! Detects whether a session keeps its server process. A pooler in transaction mode (pgbouncer's `pool_mode =
//! transaction`) assigns any free process to each transaction, so a session lock or a session setting would
//! stay behind in a process that another client gets next. The check sets nothing and locks nothing.

use std::time::Duration;

use super::catalog_row::catalog_row;
use super::connection::{Begin, Connection, Error};

/// How many times the check is repeated. A round-robin pooler is detected in the first two rounds; one that
/// assigns processes at random needs more.
const ROUNDS: usize = 3;
/// How long a second session may wait for its own process. An exhausted session pool has none to give.
const A_SECOND_ONE: Duration = Duration::from_secs(1);

/// How long a session that has its own process may take to answer.
const AT_ONCE: Duration = Duration::from_secs(5);

const WHO: &str = "SELECT pg_catalog.pg_backend_pid() AS process";

/// Verifies that the session keeps its process, and records the process in the connection.
///
/// # Errors
/// [`Error::Pooled`] if it does not. Nothing has been changed or left behind in that case.
pub(crate) async fn verify(connection: &mut Connection) -> Result<(), Error> {
    let pooled = Error::Pooled { at: connection.url().server() };
    let own = process(connection).await?;
    if process(connection).await? != own {
        return Err(pooled);
    }
    // A pooler that assigns the most recently freed process assigns the process of the first session to the
    // second.
    let Ok(mut second) = Connection::open(connection.url()).await else {
        return settled(connection, own, pooled).await;
    };
    let outcome = side_by_side(connection, &mut second, own).await;
    second.close().await.ok();
    if outcome? { settled(connection, own, pooled).await } else { Err(pooled) }
}

/// Repeats the check once on the first session, if the server has no second connection to give, and trusts
/// the result.
async fn settled(connection: &mut Connection, own: i32, pooled: Error) -> Result<(), Error> {
    if process(connection).await? != own {
        return Err(pooled);
    }
    connection.keeps(own);
    Ok(())
}

/// Returns whether the first session keeps its process while the second session holds another.
async fn side_by_side(first: &mut Connection, second: &mut Connection, own: i32) -> Result<bool, Error> {
    for _ in 0..ROUNDS {
        let other = {
            let holding = hold(second);
            tokio::pin!(holding);
            match tokio::time::timeout(A_SECOND_ONE, &mut holding).await {
                Ok(other) => other?,
                // The second session is queued. If the first session had released its process, the second
                // would have been assigned that process.
                Err(_) => return still(first, own).await,
            }
        };
        if other == own || !still(first, own).await? {
            return Ok(false);
        }
        second.rollback().await?;
    }
    Ok(true)
}

/// Begins a transaction and returns the process that it holds.
async fn hold(second: &mut Connection) -> Result<i32, Error> {
    second.begin(Begin::ReadOnly).await?;
    Ok(second.canceller().map_or(0, |c| c.pid))
}

/// Returns whether the first session has kept its process. A session that has to wait for a process has not.
async fn still(first: &mut Connection, own: i32) -> Result<bool, Error> {
    match tokio::time::timeout(AT_ONCE, process(first)).await {
        Ok(now) => Ok(now? == own),
        Err(_) => Ok(false),
    }
}

catalog_row! {
    /// The row of [`WHO`].
    struct Holder from "the process of the session" {
        process: i32,
    }
}

async fn process(connection: &mut Connection) -> Result<i32, Error> {
    Ok(connection.last_row::<Holder>(&[WHO.to_owned()]).await?.process)
}
