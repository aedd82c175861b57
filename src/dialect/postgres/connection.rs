//! The one door to a PostgreSQL server: opens a session, runs statements in it, and stops one that runs.

use std::future::{Future, poll_fn};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Either, Row as _};

use super::Url;
pub(crate) use super::error::Error;
use super::error::{opening, running};

/// What every session begins with, in one round trip. A migration is not to be cut off by a timeout that was meant for the
/// program's own queries; expressions and values are to be spelled alike whatever the role's settings are; the timeouts that
/// a server's version does not know are left out.
const SETTINGS: [(&str, &str); 10] = [
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("client_min_messages", "warning"),
    ("standard_conforming_strings", "on"),
    ("check_function_bodies", "on"),
    ("quote_all_identifiers", "off"),
    ("row_security", "off"),
    ("extra_float_digits", "1"),
    ("IntervalStyle", "postgres"),
    ("bytea_output", "hex"),
];

/// What the driver asks for itself when it connects: the zone is UTC.
const BY_THE_DRIVER: [(&str, &str); 3] = [("client_encoding", "'UTF8'"), ("DateStyle", "'ISO, MDY'"), ("TimeZone", "'UTC'")];

const NO_TIMEOUT: &str =
    "set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN ('transaction_timeout', 'idle_session_timeout')";

const WHO: &str = "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version_num')::pg_catalog.int4";

/// What any other session has to begin with, so that the same statements do the same in it.
pub(crate) fn session() -> Vec<String> {
    let all = BY_THE_DRIVER.iter().chain(&SETTINGS);
    let mut statements: Vec<String> = all.map(|(name, value)| format!("SET {name} = {value}")).collect();
    statements.push(format!("DO $rosey$ BEGIN PERFORM {NO_TIMEOUT}; END $rosey$"));
    statements
}

/// What gives such a session its own settings back.
pub(crate) fn session_after() -> Vec<String> {
    BY_THE_DRIVER.iter().chain(&SETTINGS).map(|(name, _)| format!("RESET {name}")).collect()
}

fn set_up() -> String {
    let settings: String = SETTINGS.iter().map(|(name, value)| format!("SET {name} = {value};\n")).collect();
    format!("{settings}SELECT {NO_TIMEOUT};\n{WHO}")
}

/// A session. `search_path`, `lock_timeout` and the role are as the server, the URL and the user have them.
pub(crate) struct Connection {
    inner: PgConnection,
    url: Url,
    pid: i32,
    version: u32,
}

impl Connection {
    /// Opens a session that waits so long for another one's lock.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub(crate) async fn open_within(url: &Url, wait: Duration) -> Result<Connection, Error> {
        let mut connection = Connection::open(url).await?;
        // 0 would be no end at all.
        connection.execute(&format!("SET lock_timeout = {}", wait.as_millis().clamp(1, 2_000_000_000))).await?;
        Ok(connection)
    }

    /// Opens a session.
    pub(crate) async fn open(url: &Url) -> Result<Connection, Error> {
        readable(url.files())?;
        let inner = in_time(url, connect(url)).await?;
        let mut connection = Connection { inner, url: url.clone(), pid: 0, version: 0 };
        let statement = sqlx::raw_sql(AssertSqlSafe(set_up())).fetch_all(&mut connection.inner);
        let rows = in_time(url, async { statement.await.map_err(running) }).await?;
        let number = |column: usize| rows.last().and_then(|r| r.try_get::<i32, _>(column).ok());
        connection.pid = number(0).unwrap_or_default();
        connection.version = number(1).and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        Ok(connection)
    }

    /// Runs one statement, prepared: a second one behind it is an error of the server's.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<PgRow>, Error> {
        sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false).fetch_all(&mut self.inner).await.map_err(running)
    }

    /// Runs queries of rosey's own in one round trip, and hands over each row with the place of its query while the server
    /// goes on. They are not prepared, so nothing that comes from a schema file may be in them.
    pub(crate) async fn own_queries(&mut self, sql: &[String], mut take: impl FnMut(usize, &PgRow)) -> Result<(), Error> {
        let mut answers = sqlx::raw_sql(AssertSqlSafe(sql.join(";\n"))).fetch_many(&mut self.inner);
        let mut place = 0;
        while let Some(answer) = poll_fn(|context| answers.as_mut().poll_next(context)).await {
            match answer.map_err(running)? {
                Either::Left(_) => place += 1,
                Either::Right(row) => take(place, &row),
            }
        }
        Ok(())
    }

    /// Runs one statement and gives the number of rows it touched.
    pub(crate) async fn execute(&mut self, sql: &str) -> Result<u64, Error> {
        let statement = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false);
        Ok(statement.execute(&mut self.inner).await.map_err(running)?.rows_affected())
    }

    /// The one number of a query (`int8`; cast it); no row and NULL count as 0.
    pub(crate) async fn number(&mut self, sql: &str) -> Result<i64, Error> {
        let rows = self.query(sql).await?;
        let Some(row) = rows.first() else { return Ok(0) };
        Ok(row.try_get::<Option<i64>, _>(0).map_err(running)?.unwrap_or_default())
    }

    /// The first column of all rows (`text`; cast it), without NULLs.
    pub(crate) async fn texts(&mut self, sql: &str) -> Result<Vec<String>, Error> {
        let rows = self.query(sql).await?;
        let texts: Result<Vec<_>, _> = rows.iter().map(|r| r.try_get::<Option<String>, _>(0)).collect();
        Ok(texts.map_err(running)?.into_iter().flatten().collect())
    }

    /// The first two columns of all rows (`text`; cast them), NULL as nothing.
    pub(crate) async fn pairs(&mut self, sql: &str) -> Result<Vec<(String, String)>, Error> {
        let rows = self.query(sql).await?;
        let text = |row: &PgRow, i: usize| row.try_get::<Option<String>, _>(i).map(Option::unwrap_or_default).map_err(running);
        rows.iter().map(|r| Ok((text(r, 0)?, text(r, 1)?))).collect()
    }

    /// The server's version, like 150013 for 15.13.
    pub(crate) fn server_version(&self) -> u32 {
        self.version
    }

    /// What stops a statement of this session while it runs.
    pub(crate) fn canceller(&self) -> Canceller {
        Canceller { url: self.url.clone(), pid: self.pid }
    }

    /// Says goodbye.
    pub(crate) async fn close(self) -> Result<(), Error> {
        self.inner.close().await.map_err(running)
    }
}

/// Stops a session's statement from another session: dropping the future that waits for it would not.
#[derive(Debug, Clone)]
pub(crate) struct Canceller {
    url: Url,
    pid: i32,
}

impl Canceller {
    /// Has the statement end with [`Error::Cancelled`]. Nothing happens where none runs.
    pub(crate) async fn cancel(&self) -> Result<(), Error> {
        let mut other = Connection::open(&self.url).await?;
        other.query(&format!("SELECT pg_catalog.pg_cancel_backend({})", self.pid)).await?;
        other.close().await
    }
}

/// Connects as sslmode says (<https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS>): `allow`
/// and `prefer` have a second try where the server does not admit the first; the driver knows the first only.
async fn connect(url: &Url) -> Result<PgConnection, Error> {
    let options = url.options();
    let second = match options.get_ssl_mode() {
        PgSslMode::Allow => Some(PgSslMode::Require),
        PgSslMode::Prefer => Some(PgSslMode::Disable),
        _ => None,
    };
    match (options.connect().await, second) {
        (Err(error), Some(mode)) if not_admitted(&error) => retry(options, mode).await.map_err(|_| opening(error, url)),
        (outcome, _) => outcome.map_err(|e| opening(e, url)),
    }
}

async fn retry(options: &PgConnectOptions, mode: PgSslMode) -> Result<PgConnection, sqlx::Error> {
    options.clone().ssl_mode(mode).connect().await
}

fn not_admitted(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|e| e.code()).is_some_and(|code| code == "28000")
}

/// A server that is frozen, or a firewall that drops packets, is told from one that works.
async fn in_time<T>(url: &Url, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let Some(after) = url.connect_timeout() else { return work.await };
    tokio::time::timeout(after, work).await.unwrap_or_else(|_| Err(Error::NoAnswer { at: url.server(), after }))
}

/// The driver's own error does not say which file it missed.
fn readable(files: &[String]) -> Result<(), Error> {
    for path in files {
        std::fs::File::open(path).map_err(|e| Error::Certificate { path: path.clone(), reason: e.to_string() })?;
    }
    Ok(())
}
