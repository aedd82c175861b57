//! Time limits for a single operation of SQLite, during which no progress handler is called: a core function
//! over long values, or a constant that is computed while a statement is prepared. Does not stop such an
//! operation: the connection is abandoned, and its thread ends with the operation or with the process.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};

use super::{Connection, Error};

/// How long one operation may exceed its limit before its connection is abandoned.
pub(in crate::engine::sqlite) const GRACE: Duration = Duration::from_secs(2);

/// How many characters of a statement an error shows.
const SHOWN: usize = 200;

/// The time limit of a connection, and whether it was exceeded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limited {
    limit: Duration,
    until: Instant,
    is_lost: bool,
}

impl Connection {
    /// Limits the time of everything that the connection does from now on.
    pub(in crate::engine::sqlite) fn limit_time(&mut self, limit: Duration) {
        self.limited = Some(Limited { limit, until: Instant::now() + limit, is_lost: false });
    }

    /// Awaits an operation within the time limit of the connection.
    ///
    /// # Errors
    /// [`Error::TooLong`] if SQLite does not end it, and for every operation after that.
    pub(super) async fn in_time<T>(&mut self, sql: &str, work: impl AsyncFnOnce(&mut Connection) -> Result<T, Error>) -> Result<T, Error> {
        let Some(limited) = self.limited else { return work(self).await };
        let too_long = || Error::TooLong { limit: limited.limit, sql: shortened(sql) };
        if limited.is_lost {
            return Err(too_long());
        }
        match tokio::time::timeout_at((limited.until + GRACE).into(), work(self)).await {
            Ok(Err(Error::Interrupted)) => Err(too_long()),
            Ok(outcome) => outcome,
            Err(_) => {
                self.limited = Some(Limited { is_lost: true, ..limited });
                Err(too_long())
            }
        }
    }

    /// Returns whether the connection was abandoned: its thread may still be running, so nothing waits for
    /// it.
    pub(super) fn is_lost(&self) -> bool {
        self.limited.is_some_and(|l| l.is_lost)
    }

    /// Prepares a statement in the connection's own thread, so that its caller need not wait for it. An error
    /// is reported when the statement is run.
    pub(in crate::engine::sqlite) async fn prepare_apart(&mut self, sql: &str) {
        self.inner.prepare(AssertSqlSafe(sql.to_owned()).into_sql_str()).await.ok();
    }
}

/// Returns the beginning of a statement.
fn shortened(sql: &str) -> String {
    if sql.chars().count() <= SHOWN { sql.to_owned() } else { sql.chars().take(SHOWN).chain(['…']).collect() }
}
