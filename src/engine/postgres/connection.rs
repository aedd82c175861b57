//! The only access to a PostgreSQL server: opens a session, runs statements in it, and reports when it is
//! lost. Sets nothing that outlives a transaction unless the session is known to keep its server process (see
//! `affinity`).

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Either, Row as _};

use super::Url;
use super::cancel::{AtWork, Canceller};
use super::catalog_row::CatalogRow;
use super::clock::Clock;
pub(crate) use super::error::Error;
use super::error::{opening, running};
use super::url::Password;
use super::{settings, watch};

/// The isolation of a transaction, and whether it may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// Each statement sees what others committed before it started.
    Write,
    /// All statements see one snapshot.
    Snapshot,
    /// Like `Snapshot`, and nothing can be written.
    ReadOnly,
}

impl Begin {
    /// Returns how long one statement may take. The time of a plan is limited, whatever its schema file makes
    /// the server evaluate; that of an apply, which somebody has approved, is not.
    fn limit(self) -> Option<Duration> {
        match self {
            Begin::Write => None,
            Begin::Snapshot | Begin::ReadOnly => Some(Duration::from_secs(60)),
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Begin::Write => "BEGIN",
            Begin::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ",
            Begin::ReadOnly => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }
}

/// How long closing a connection may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// A session. The role is the one that the server, the URL and the user determine; the settings are those of
/// the transaction that [`Connection::begin`] opens.
pub(crate) struct Connection {
    inner: PgConnection,
    url: Arc<Url>,
    /// How long a statement waits for another session's lock.
    wait: Duration,
    version: u32,
    /// The server process of the transaction, or of the session if the session keeps its process.
    at_work: Option<(Canceller, AtWork)>,
    /// The process that the session keeps, if known.
    kept: Option<i32>,
    /// Whether the database has types that run user-defined functions when a constant is read, if that has
    /// been looked up.
    guarded_types: Option<bool>,
    /// How long rosey waits for the statements of the transaction.
    clock: Clock,
    lost: bool,
}

impl Connection {
    /// Opens a session with a limit on how long a statement waits for another session's lock.
    ///
    /// # Errors
    /// As for [`Connection::open`].
    pub(crate) async fn open_within(url: &Url, wait: Duration) -> Result<Connection, Error> {
        Ok(Connection { wait, ..Connection::open(url).await? })
    }

    /// Opens a session.
    pub(crate) async fn open(url: &Url) -> Result<Connection, Error> {
        readable(url.files())?;
        let inner = in_time(url, connect(url)).await?;
        let version = inner.server_version_num().unwrap_or_default();
        let wait = Duration::from_secs(5);
        let (url, clock) = (Arc::new(url.clone()), Clock::default());
        Ok(Connection { inner, url, wait, version, at_work: None, kept: None, guarded_types: None, clock, lost: false })
    }

    /// Begins a transaction with rosey's settings, which end with it.
    ///
    /// # Errors
    /// If the server does not respond, or if the session no longer has the process that it kept.
    pub(crate) async fn begin(&mut self, how: Begin) -> Result<(), Error> {
        // 0 would disable the timeout.
        let wait = self.wait.as_millis().clamp(1, 2_000_000_000);
        let sql = format!("{};\n{}", how.sql(), settings::for_transaction(self.version, wait, how.limit()));
        let (url, statements) = (self.url.clone(), [sql]);
        let began = in_time(&url, self.last_row::<settings::Began>(&statements)).await?;
        self.version = u32::try_from(began.version).unwrap_or(self.version);
        self.guarded_types = None;
        if self.kept.is_some_and(|kept| kept != began.process) {
            return Err(Error::Pooled { at: self.url.server() });
        }
        self.works(began.process);
        self.clock = how.limit().map(Clock::plan).unwrap_or_default();
        Ok(())
    }

    /// Replaces the time limits that rosey keeps, and returns the previous ones.
    pub(super) fn set_clock(&mut self, clock: Clock) -> Clock {
        std::mem::replace(&mut self.clock, clock)
    }

    /// Commits the transaction.
    pub(crate) async fn commit(&mut self) -> Result<(), Error> {
        self.execute("COMMIT").await?;
        self.rests();
        Ok(())
    }

    /// Rolls the transaction back.
    pub(crate) async fn rollback(&mut self) -> Result<(), Error> {
        self.execute("ROLLBACK").await?;
        self.rests();
        Ok(())
    }

    /// Records that the session keeps this process: session settings and session locks may then be used.
    pub(super) fn keeps(&mut self, pid: i32) {
        self.kept = Some(pid);
        self.works(pid);
    }

    /// Returns what cancels a statement of the transaction, or of a session that keeps its process.
    pub(crate) fn canceller(&self) -> Option<Canceller> {
        self.at_work.as_ref().map(|(canceller, _)| canceller.clone())
    }

    fn works(&mut self, pid: i32) {
        let canceller = Canceller { url: self.url.clone(), pid };
        self.at_work = Some((canceller.clone(), AtWork::new(canceller)));
    }

    fn rests(&mut self) {
        self.clock = Clock::default();
        if self.kept.is_none() {
            self.at_work = None;
        }
    }

    /// Waits for an operation, unless the connection is or becomes lost, or the server does not stop the
    /// operation in time.
    async fn watched<T>(
        &mut self,
        statements: usize,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, Error> {
        if self.lost {
            return Err(Error::Lost(format!("{}: the connection was already closed", self.url.server())));
        }
        let watch = self.canceller();
        let (patience, inner) = (self.clock.patience(statements), &mut self.inner);
        let outcome = watch::over(watch, patience, async { work(inner).await.map_err(running) }).await;
        self.lost |= matches!(outcome, Err(Error::Lost(_) | Error::NotStopped { .. }));
        outcome.map_err(|e| match e {
            Error::Pooled { .. } => Error::Pooled { at: self.url.server() },
            other => other,
        })
    }

    /// Runs a statement with SQL of a schema file that the server only parses. In a plan, all of these have one time
    /// limit.
    ///
    /// # Errors
    /// [`Error::TooLong`] when they have used it up; otherwise the server's error.
    pub(super) async fn ask(&mut self, sql: &str) -> Result<(), Error> {
        let Some(allowed) = self.clock.for_a_question(Instant::now())? else { return self.execute(sql).await.map(drop) };
        if self.clock.limit().is_some_and(|limit| allowed < limit) {
            self.own(&[&settings::statement_timeout(allowed)]).await?;
        }
        let began = Instant::now();
        let outcome = self.execute(sql).await;
        let is_cancelled = matches!(outcome, Err(Error::Cancelled));
        self.clock.record(sql, began.elapsed(), allowed, is_cancelled)?;
        outcome.map(drop)
    }

    /// Runs one prepared statement: the server rejects a second statement after it. Names in it are resolved
    /// with the search path, as required for those of a schema file.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<PgRow>, Error> {
        let statement = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false);
        self.watched(1, async |inner| statement.fetch_all(inner).await).await
    }

    /// Runs queries of rosey's own in one round trip, and passes on each row with the index of its query
    /// while the server continues. They are not prepared, so they must not contain text from a schema file. Names are
    /// resolved by the search path: every operator and function needs its schema, or arguments that fit exactly
    /// (see [`Connection::catalog`]).
    pub(crate) async fn own_queries(&mut self, sql: &[String], mut take: impl FnMut(usize, &PgRow)) -> Result<(), Error> {
        self.unprepared(sql, |place, row| take(place, &row)).await.map(drop)
    }

    /// Runs statements of rosey's own in one round trip, and returns the last row of their results.
    pub(super) async fn last_row<R: CatalogRow>(&mut self, sql: &[String]) -> Result<R, Error> {
        let mut last = None;
        self.unprepared(sql, |_, row| last = Some(row)).await?;
        last.as_ref().map_or_else(|| Err(Error::Driver(format!("the server did not respond to the query for {}", R::QUERY))), R::of)
    }

    /// Runs statements in one round trip, passes on each row with the index of its statement, and returns how
    /// many rows each statement affected.
    pub(super) async fn unprepared(&mut self, sql: &[String], mut take: impl FnMut(usize, PgRow)) -> Result<Vec<u64>, Error> {
        let (number, sql) = (sql.len(), sql.join(";\n"));
        self.watched(number, async |inner| {
            let mut answers = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(inner);
            let mut affected = Vec::new();
            while let Some(answer) = poll_fn(|context| answers.as_mut().poll_next(context)).await {
                match answer? {
                    Either::Left(done) => affected.push(done.rows_affected()),
                    Either::Right(row) => take(affected.len(), row),
                }
            }
            Ok(affected)
        })
        .await
    }

    /// Runs commands of rosey's own in one round trip.
    pub(crate) async fn own(&mut self, commands: &[&str]) -> Result<(), Error> {
        let commands: Vec<String> = commands.iter().map(|c| (*c).to_owned()).collect();
        self.own_queries(&commands, |_, _| {}).await
    }

    /// Runs one statement and returns the number of affected rows.
    pub(crate) async fn execute(&mut self, sql: &str) -> Result<u64, Error> {
        let statement = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false);
        Ok(self.watched(1, async |inner| statement.execute(inner).await).await?.rows_affected())
    }

    /// Returns the number that a [catalog query](Connection::catalog) returns (`int8`; cast it); no row and
    /// NULL count as 0.
    pub(crate) async fn number(&mut self, sql: &str) -> Result<i64, Error> {
        let rows = self.catalog(sql).await?;
        let Some(row) = rows.first() else { return Ok(0) };
        Ok(row.try_get::<Option<i64>, _>(0).map_err(running)?.unwrap_or_default())
    }

    /// Returns the first column of all rows of a [catalog query](Connection::catalog) (`text`; cast it), without NULLs.
    pub(crate) async fn texts(&mut self, sql: &str) -> Result<Vec<String>, Error> {
        let rows = self.catalog(sql).await?;
        texts(&rows)
    }

    /// Returns the first two columns of all rows of a [catalog query](Connection::catalog) (`text`; cast them), NULL as an
    /// empty string.
    pub(crate) async fn pairs(&mut self, sql: &str) -> Result<Vec<(String, String)>, Error> {
        let rows = self.catalog(sql).await?;
        let text = |row: &PgRow, i: usize| row.try_get::<Option<String>, _>(i).map(Option::unwrap_or_default).map_err(running);
        rows.iter().map(|r| Ok((text(r, 0)?, text(r, 1)?))).collect()
    }

    /// Returns the server's version, such as 150013 for 15.13.
    pub(crate) fn server_version(&self) -> u32 {
        self.version
    }

    /// Returns whether this transaction has found guarded types, if it has looked for them.
    pub(super) fn has_guarded_types(&self) -> Option<bool> {
        self.guarded_types
    }

    /// Records whether the database has guarded types.
    pub(super) fn set_guarded_types(&mut self, has: bool) {
        self.guarded_types = Some(has);
    }

    /// Returns the URL of the connection.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Closes the session; a lost connection is only dropped.
    pub(crate) async fn close(self) -> Result<(), Error> {
        if self.lost {
            return Ok(());
        }
        let goodbye = tokio::time::timeout(GOODBYE, self.inner.close()).await;
        goodbye.unwrap_or(Ok(())).map_err(running)
    }
}

/// Returns the first column of rows of texts, without NULLs.
pub(super) fn texts(rows: &[PgRow]) -> Result<Vec<String>, Error> {
    let texts: Result<Vec<_>, _> = rows.iter().map(|r| r.try_get::<Option<String>, _>(0)).collect();
    Ok(texts.map_err(running)?.into_iter().flatten().collect())
}

/// Connects as sslmode requires
/// (<https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS>): `allow` and
/// `prefer` try a second time if the server rejects the first attempt; the driver makes only the first. A
/// password that must not be sent in clear text is used only in an attempt that encrypts.
async fn connect(url: &Url) -> Result<PgConnection, Error> {
    if url.password() == Password::OverTls && !url.always_encrypts() {
        return match connect_as(&url.encrypted()).await {
            Err(Error::NoTls { .. }) => connect_as(&url.without_password(Password::Clear)).await,
            outcome => outcome,
        };
    }
    connect_as(url).await
}

async fn connect_as(url: &Url) -> Result<PgConnection, Error> {
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

/// Limits the time of an attempt, to detect a frozen server or a firewall that drops packets.
async fn in_time<T>(url: &Url, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let Some(after) = url.connect_timeout() else { return work.await };
    tokio::time::timeout(after, work).await.unwrap_or_else(|_| Err(Error::NoAnswer { at: url.server(), after }))
}

/// Checks that the files can be read, because the driver's own error does not name the file.
fn readable(files: &[String]) -> Result<(), Error> {
    for path in files {
        std::fs::File::open(path).map_err(|e| Error::Certificate { path: path.clone(), reason: e.to_string() })?;
    }
    Ok(())
}
