//! The one door to a PostgreSQL server: opens, runs, and says in words what went wrong.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

/// What the server or the way to it says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused a statement.
    #[error("{message}")]
    Sql {
        /// The SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
        code: String,
        /// The server's words.
        message: String,
    },
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(e) => {
                Error::Sql { code: e.code().map(|c| c.into_owned()).unwrap_or_default(), message: e.message().to_owned() }
            }
            _ => Error::Other(error.to_string()),
        }
    }
}

/// A session.
pub(crate) struct Connection {
    inner: PgConnection,
}

impl Connection {
    /// Opens a session.
    pub(crate) async fn open(url: &str) -> Result<Connection, Error> {
        let inner = PgConnectOptions::from_str(url)?.connect().await?;
        Ok(Connection { inner })
    }

    /// Runs one statement, prepared: a second one behind it is an error of the server's.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<PgRow>, Error> {
        Ok(sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false).fetch_all(&mut self.inner).await?)
    }

    /// Runs one statement and gives the number of rows it touched.
    pub(crate) async fn execute(&mut self, sql: &str) -> Result<u64, Error> {
        let done = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false).execute(&mut self.inner).await?;
        Ok(done.rows_affected())
    }

    /// The one number of a query.
    pub(crate) async fn number(&mut self, sql: &str) -> Result<i64, Error> {
        let rows = self.query(sql).await?;
        Ok(rows.first().and_then(|r| r.try_get::<i64, _>(0).ok()).unwrap_or_default())
    }

    /// Says goodbye.
    pub(crate) async fn close(self) -> Result<(), Error> {
        Ok(self.inner.close().await?)
    }
}
