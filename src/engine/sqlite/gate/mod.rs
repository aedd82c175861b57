//! The only place where SQL from a schema file is evaluated on rows or tried in a private database.
//!
//! The file may be untrusted. SQLite's authorizer therefore decides what a statement may do ([`rules`]), its
//! resources are limited ([`limits`]), and if it fails on rows, only the error code is reported. Refuses to
//! write anything but temporary tables.

mod damage;
mod functions;
mod limits;
mod rules;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use libsqlite3_sys as ffi;

use super::codes;
use super::connection::{Connection, Error, GRACE};
use crate::plan::NotCounted;
pub(crate) use damage::{damage, is_damaged};
use limits::{Clock, Memory};
use rules::{Guard, Rules};

/// The time limit for all counts of a plan, as a multiple of the limit of one.
const COUNTS: u32 = 6;

/// The time limit for the work in a private database.
const PRIVATE: Duration = Duration::from_secs(30);

/// How long to pause for other writers.
const PAUSE: Duration = Duration::from_millis(20);

/// A connection that runs counts.
pub(crate) struct Gate<'c> {
    connection: &'c mut Connection,
    guard: Arc<Guard>,
    timing: Option<Timing>,
}

/// The limits of a plan's counts. An apply has none: it holds the lock and was approved.
struct Timing {
    clock: Arc<Clock>,
    limit: Duration,
    end: Instant,
    is_lost: bool,
    /// Whether the length limit was raised to the longest value in the database.
    is_long: bool,
    _memory: Memory,
}

/// The result of a count.
pub(crate) type Counted = Result<Result<Vec<i64>, NotCounted>, Error>;

#[derive(Clone, Copy)]
enum Wants {
    Numbers,
    Nothing,
}

impl<'c> Gate<'c> {
    /// Creates the gate for a plan, on a connection of its own, with a time limit for each count.
    pub(crate) async fn for_plan(connection: &'c mut Connection, limit: Duration) -> Result<Gate<'c>, Error> {
        let is_wal = connection.texts("PRAGMA journal_mode").await?.concat().eq_ignore_ascii_case("wal");
        let clock = Arc::new(Clock::default());
        limits::watch(connection, &clock, !is_wal).await?;
        limits::limit_length(connection, limits::LENGTH).await?;
        let guard = Guard::put_on(connection, Rules::Count).await?;
        let (end, _memory) = (Instant::now() + limit * COUNTS, Memory::limit());
        Ok(Gate { connection, guard, timing: Some(Timing { clock, limit, end, is_lost: false, is_long: false, _memory }) })
    }

    /// Creates the gate for an apply, in its transaction.
    pub(crate) async fn for_apply(connection: &'c mut Connection) -> Result<Gate<'c>, Error> {
        let guard = Guard::put_on(connection, Rules::Count).await?;
        Ok(Gate { connection, guard, timing: None })
    }

    /// Returns true if this is for a plan, not for an apply.
    pub(crate) fn is_for_plan(&self) -> bool {
        self.timing.is_some()
    }

    /// Returns true if a statement could not be stopped. The connection must then be dropped; its thread ends
    /// with the process.
    pub(crate) fn is_lost(&self) -> bool {
        self.timing.as_ref().is_some_and(|t| t.is_lost)
    }

    /// Removes the restrictions from the connection.
    pub(crate) async fn close(self) -> Result<(), Error> {
        if self.is_lost() { Ok(()) } else { self.guard.take_off(self.connection).await }
    }

    /// Returns the first row's numbers.
    pub(crate) async fn numbers(&mut self, sql: &str) -> Counted {
        self.run(sql, Wants::Numbers).await
    }

    /// Runs a statement on temporary tables.
    pub(crate) async fn execute(&mut self, sql: &str) -> Result<Result<(), NotCounted>, Error> {
        Ok(self.run(sql, Wants::Nothing).await?.map(drop))
    }

    /// Returns why the text is not an expression that reads a single row of these tables (in lower case) and
    /// nothing else. Prepares it without running it.
    pub(crate) async fn reads_more_than_a_row(
        &mut self,
        text: &str,
        from: &str,
        own: BTreeSet<String>,
    ) -> Result<Option<NotCounted>, Error> {
        if self.is_lost() {
            return Ok(self.timing.as_ref().map(|t| NotCounted::NoTimeLeft(t.limit * COUNTS)));
        }
        let sql = format!("SELECT (\n{text}\n) FROM {from}");
        if let Some(timing) = &mut self.timing {
            self.guard.turn(Rules::Row(own.clone()));
            let until = Instant::now() + timing.limit;
            timing.clock.start(Some(until));
            if tokio::time::timeout_at((until + GRACE).into(), self.connection.prepare_apart(&sql)).await.is_err() {
                timing.is_lost = true;
                return Ok(Some(NotCounted::TookLonger(timing.limit)));
            }
        }
        self.guard.turn(Rules::Row(own));
        let prepared = self.connection.prepared(&sql).await;
        let refused = self.guard.take_refused();
        self.guard.turn(Rules::Count);
        Ok(match (refused, prepared) {
            (Some(why), _) => Some(why),
            (None, Ok(columns)) => (columns != 1).then(|| NotCounted::Unknown("it is not a single expression".to_owned())),
            (None, Err(_)) => Some(NotCounted::Unknown("SQLite cannot parse it on its own".to_owned())),
        })
    }

    async fn run(&mut self, sql: &str, wants: Wants) -> Counted {
        let first = self.within_limit(sql, wants).await?;
        let too_big = matches!(&first, Err(NotCounted::Fails { code, .. }) if code == codes::name(ffi::SQLITE_TOOBIG));
        if too_big && self.lengthen().await? { self.within_limit(sql, wants).await } else { Ok(first) }
    }

    /// Raises the length limit to the longest existing value, if that exceeds the current limit.
    async fn lengthen(&mut self) -> Result<bool, Error> {
        if self.timing.as_ref().is_none_or(|t| t.is_long) {
            return Ok(false);
        }
        let longest = self.within_limit("SELECT max(mx_payload) FROM dbstat", Wants::Numbers).await?;
        let longest = longest.ok().and_then(|n| n.first().copied()).unwrap_or(0);
        let wanted = longest.saturating_mul(2).min(1_000_000_000);
        let Some(length) = i32::try_from(wanted).ok().filter(|n| *n > limits::LENGTH) else { return Ok(false) };
        limits::limit_length(self.connection, length).await?;
        self.timing.iter_mut().for_each(|t| t.is_long = true);
        Ok(true)
    }

    async fn within_limit(&mut self, sql: &str, wants: Wants) -> Counted {
        let Some(timing) = &mut self.timing else {
            let outcome = once(self.connection, sql, wants).await;
            return outcome_of(outcome, &self.guard);
        };
        let began = Instant::now();
        if timing.is_lost || began >= timing.end {
            return Ok(Err(NotCounted::NoTimeLeft(timing.limit * COUNTS)));
        }
        let until = began + timing.limit;
        loop {
            timing.clock.start(Some(until));
            let work = async {
                self.connection.prepare_apart(sql).await;
                once(self.connection, sql, wants).await
            };
            let outcome = tokio::time::timeout_at((until + GRACE).into(), work).await;
            let Ok(outcome) = outcome else {
                timing.is_lost = true;
                return Ok(Err(NotCounted::TookLonger(timing.limit)));
            };
            match outcome {
                Err(Error::Interrupted) if timing.clock.has_yielded.load(Relaxed) => {
                    if Instant::now() + PAUSE >= until {
                        return Ok(Err(NotCounted::Unknown("other connections keep writing to the database".to_owned())));
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Err(Error::Interrupted) if timing.clock.is_over.load(Relaxed) => return Ok(Err(NotCounted::TookLonger(timing.limit))),
                other => return outcome_of(other, &self.guard),
            }
        }
    }
}

async fn once(connection: &mut Connection, sql: &str, wants: Wants) -> Result<Vec<i64>, Error> {
    connection.prepared(sql).await?;
    match wants {
        Wants::Numbers => connection.numbers(sql).await,
        Wants::Nothing => connection.execute(sql).await.map(|_| Vec::new()),
    }
}

/// Treats an error in the statement itself as a reason for an unknown count; any other error is returned.
fn outcome_of(outcome: Result<Vec<i64>, Error>, guard: &Guard) -> Counted {
    let (code, fails) = match outcome {
        Ok(numbers) => return Ok(Ok(numbers)),
        Err(Error::Full) => return Ok(Err(NotCounted::Unknown("the disk that holds SQLite's temporary files is full".to_owned()))),
        Err(Error::Sql { code, message, sql }) => (code, Error::Sql { code, message, sql }),
        Err(Error::Rows { code, named, sql }) => (code, Error::Rows { code, named, sql }),
        Err(other) => return Err(other),
    };
    match code & 0xff {
        ffi::SQLITE_AUTH => {
            Ok(Err(guard.take_refused().unwrap_or_else(|| NotCounted::Calls("something that a plan does not run".to_owned()))))
        }
        ffi::SQLITE_NOMEM => Ok(Err(NotCounted::TooMuchMemory(limits::MEMORY.unsigned_abs()))),
        ffi::SQLITE_ERROR | ffi::SQLITE_TOOBIG | ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => {
            Ok(Err(NotCounted::Fails { code: codes::name(code).to_owned(), meaning: codes::meaning(code).to_owned() }))
        }
        _ => Err(fails),
    }
}

/// Restricts a private database to schema statements, with limits on time and on the length of values, of which
/// `longest` is the longest definition. A statement that does not end in time makes this and every later one fail, and
/// the connection is abandoned.
pub(crate) async fn seclude(memory: &mut Connection, longest: usize) -> Result<Secluded, Error> {
    let clock = Arc::new(Clock::default());
    clock.start(Some(Instant::now() + PRIVATE));
    limits::watch(memory, &clock, false).await?;
    limits::limit_private(memory, longest).await?;
    Guard::put_on(memory, Rules::Schema).await?;
    memory.limit_time(PRIVATE);
    Ok(Secluded { _memory: Memory::limit() })
}

/// Keeps the limits of a private database in force while it exists.
pub(crate) struct Secluded {
    _memory: Memory,
}
