//! Whether a session keeps its server process. A pooler in transaction mode (pgbouncer's `pool_mode = transaction`) gives
//! each transaction any process that is free: a lock or a setting of the session would stay behind in one that somebody else
//! gets next. Nothing is set and nothing locked to find that out.

use std::time::Duration;

use super::connection::{Begin, Connection, Error};

/// How often it is asked. A pooler that takes turns shows itself in the first two; one that takes any process needs more.
const ROUNDS: usize = 3;
/// How long a second session may wait for a process of its own. In a pool of sessions that is used up it gets none.
const A_SECOND_ONE: Duration = Duration::from_secs(1);

/// How long a session that has its process may take to answer.
const AT_ONCE: Duration = Duration::from_secs(5);

const WHO: &str = "SELECT pg_catalog.pg_backend_pid()";

/// Makes sure that the session keeps its process, and notes that down.
///
/// # Errors
/// [`Error::Pooled`] where it does not. Nothing has been changed or left behind then.
pub(crate) async fn verify(connection: &mut Connection) -> Result<(), Error> {
    let pooled = Error::Pooled { at: connection.url().server() };
    let own = process(connection).await?;
    if process(connection).await? != own {
        return Err(pooled);
    }
    // One that hands out what was free last gives a second session the process that the first one had.
    let Ok(mut second) = Connection::open(connection.url()).await else {
        return settled(connection, own, pooled).await;
    };
    let outcome = side_by_side(connection, &mut second, own).await;
    second.close().await.ok();
    if outcome? { settled(connection, own, pooled).await } else { Err(pooled) }
}

/// Asks once more, for a server without a second connection to give, and believes it.
async fn settled(connection: &mut Connection, own: i32, pooled: Error) -> Result<(), Error> {
    if process(connection).await? != own {
        return Err(pooled);
    }
    connection.keeps(own);
    Ok(())
}

/// Whether the first session keeps its process while the second one holds another.
async fn side_by_side(first: &mut Connection, second: &mut Connection, own: i32) -> Result<bool, Error> {
    for _ in 0..ROUNDS {
        let other = {
            let holding = hold(second);
            tokio::pin!(holding);
            match tokio::time::timeout(A_SECOND_ONE, &mut holding).await {
                Ok(other) => other?,
                // It waits its turn. If the first session had let go of its process, that turn would have come.
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

/// Begins a transaction, and gives the process that it holds.
async fn hold(second: &mut Connection) -> Result<i32, Error> {
    second.begin(Begin::ReadOnly).await?;
    Ok(second.canceller().map_or(0, |c| c.pid))
}

/// Whether the first session has kept its process. One that has to wait for a process has not.
async fn still(first: &mut Connection, own: i32) -> Result<bool, Error> {
    match tokio::time::timeout(AT_ONCE, process(first)).await {
        Ok(now) => Ok(now? == own),
        Err(_) => Ok(false),
    }
}

async fn process(connection: &mut Connection) -> Result<i32, Error> {
    let mut pid = 0;
    connection.own_queries(&[WHO.to_owned()], |_, row| pid = super::connection::process(row)).await?;
    Ok(pid)
}
