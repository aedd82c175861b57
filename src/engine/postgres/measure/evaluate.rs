//! Evaluates counts: judges many of them in one view, and runs those that the gate admits, together if they are
//! fast, or each with its own time limit. Decides nothing about hazards.

use std::time::{Duration, Instant};

use super::super::clock::Clock;
use super::super::connection::{Connection, Error};
use super::super::error::meaning;
use super::super::gate::{self, Asked, Gate, Judged};
use super::super::settings::statement_timeout;
use super::{BUDGET, Counting, Measuring, Outcome, unasked};
use crate::plan::NotCounted;

/// The time limit of one count.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// The time limit of a statement that makes all counts of a view at once.
const LIMIT_TOGETHER: Duration = Duration::from_secs(2);

/// The minimum time for a count: it is not started with less.
const SHARE: Duration = Duration::from_millis(100);

/// Makes the server read tables without their indexes.
const WITHOUT_INDEXES: [&str; 3] =
    ["SET LOCAL enable_indexscan = off", "SET LOCAL enable_indexonlyscan = off", "SET LOCAL enable_bitmapscan = off"];

/// Makes the counts that have no outcome yet.
///
/// # Errors
/// The errors of [`super::measure`].
pub(super) async fn evaluate(
    connection: &mut Connection,
    all: &mut [Counting],
    measuring: &Measuring,
    until: Instant,
) -> Result<(), Error> {
    let mut open: Vec<&mut Counting> = all.iter_mut().filter(|c| c.outcome.is_none()).collect();
    if open.is_empty() {
        return Ok(());
    }
    if !measuring.may_ask {
        return unasked::count(connection, &mut open, until).await;
    }
    let mut gate = Gate::default();
    for some in open.chunks_mut(gate::AT_ONCE) {
        through_the_gate(connection, &mut gate, some, until).await?;
    }
    Ok(())
}

/// Judges counts in one view, removes those that are not admitted until all are, and runs the remaining ones.
async fn through_the_gate(connection: &mut Connection, gate: &mut Gate, all: &mut [&mut Counting], until: Instant) -> Result<(), Error> {
    let mut parts: Vec<Vec<usize>> = vec![(0..all.len()).collect()];
    while let Some(part) = parts.pop().filter(|p| !p.is_empty()) {
        let remaining = until.saturating_duration_since(Instant::now());
        if shares(remaining) == 0 {
            part.iter().for_each(|n| all[*n].outcome = Some(Outcome::Not(NotCounted::NoTimeLeft(BUDGET))));
            continue;
        }
        let limit = remaining.min(LIMIT);
        connection.set_clock(Clock::counts(limit));
        connection.own(&["SAVEPOINT rosey_gate", &statement_timeout(limit)]).await?;
        let asked: Vec<&Asked> = part.iter().map(|n| &all[*n].asked).collect();
        match judged(connection, gate, &asked, limit).await? {
            Ok(Judged::Admitted) => {
                if gate.must_avoid_indexes() {
                    connection.own(&WITHOUT_INDEXES).await?;
                }
                run(connection, all, &part, until).await?;
            }
            Ok(Judged::NotTaken(error @ Error::Raised { .. })) if part.len() == 1 => {
                all[part[0]].outcome = Some(Outcome::Not(NotCounted::Unknown(error.to_string())));
            }
            Ok(Judged::NotTaken(error)) if part.len() == 1 => all[part[0]].outcome = Some(Outcome::Refused(error.to_string())),
            Ok(Judged::Refused(each)) if part.len() == 1 || each.iter().any(Option::is_none) => {
                let mut left = Vec::new();
                for (n, why) in part.iter().zip(each) {
                    match why {
                        Some(why) => all[*n].outcome = Some(Outcome::Not(why)),
                        None => left.push(*n),
                    }
                }
                parts.push(left);
            }
            Err(why) if part.len() == 1 => all[part[0]].outcome = Some(Outcome::Not(why)),
            // The server does not say which one it is.
            Ok(Judged::NotTaken(_) | Judged::Refused(_)) | Err(_) => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second.to_vec(), first.to_vec()]);
            }
        }
        connection.own(&["ROLLBACK TO SAVEPOINT rosey_gate"]).await?;
        parts.retain(|p| !p.is_empty());
    }
    Ok(())
}

/// Returns the verdict, or that the server needed too long to parse the expressions.
async fn judged(
    connection: &mut Connection,
    gate: &mut Gate,
    asked: &[&Asked],
    limit: Duration,
) -> Result<Result<Judged, NotCounted>, Error> {
    let began = Instant::now();
    match gate.judge(connection, asked).await {
        Ok(judged) => Ok(Ok(judged)),
        Err(Error::Cancelled) => Ok(Err(why(Error::Cancelled, began.elapsed(), limit)?)),
        Err(error) => Err(error),
    }
}

/// Runs the columns of the admitted view: all in one statement if none fails and together they are fast, or
/// else [one by one](one_by_one).
async fn run(connection: &mut Connection, all: &mut [&mut Counting], part: &[usize], until: Instant) -> Result<(), Error> {
    // JIT compilation takes memory that grows with the expression.
    connection.own(&["SET LOCAL transaction_read_only = on", "SET LOCAL jit = off"]).await?;
    end_with_the_connection(connection).await?;
    let remaining = until.saturating_duration_since(Instant::now());
    if part.len() > 1
        && remaining > LIMIT_TOGETHER * 2
        && let Some(counted) = run_together(connection, part.len()).await?
    {
        part.iter().zip(counted).for_each(|(n, outcome)| all[*n].outcome = Some(outcome));
        return Ok(());
    }
    one_by_one(connection, all, part, until).await
}

/// Runs all of the view's columns in one statement, which expands the view only once. Returns `None` if that
/// fails or takes too long: the server does not say which column caused it.
async fn run_together(connection: &mut Connection, columns: usize) -> Result<Option<Vec<Outcome>>, Error> {
    let list: Vec<String> = (0..columns).map(|c| format!("c{c}::pg_catalog.text")).collect();
    let sql = format!("SELECT {} FROM {}", list.join(", "), gate::VIEW);
    connection.set_clock(Clock::counts(LIMIT_TOGETHER));
    let commands = [statement_timeout(LIMIT_TOGETHER), "SAVEPOINT rosey_count".to_owned(), sql, "RELEASE SAVEPOINT rosey_count".to_owned()];
    let (mut counted, began) = (Vec::new(), Instant::now());
    let outcome = connection.own_queries(&commands, |_, row| counted.extend((0..columns).map(|c| numbers(row, c)))).await;
    if let Err(error) = outcome {
        why(error, began.elapsed(), LIMIT_TOGETHER)?;
        connection.own(&["ROLLBACK TO SAVEPOINT rosey_count"]).await?;
        return Ok(None);
    }
    let counted: Option<Vec<Outcome>> = counted.into_iter().map(|n| n.map(|(n, total)| Outcome::Counted(n, total))).collect();
    Ok(counted.filter(|c| c.len() == columns))
}

/// Runs the columns of the admitted view, each in a statement of its own: as many as the time allows in one
/// round trip, then those that were not reached. A count that needs more than its share of the time is run
/// again by itself.
async fn one_by_one(connection: &mut Connection, all: &mut [&mut Counting], part: &[usize], until: Instant) -> Result<(), Error> {
    let (mut next, mut alone) = (0, false);
    while next < part.len() {
        let remaining = until.saturating_duration_since(Instant::now());
        let at_once = shares(remaining).min(if alone { 1 } else { part.len() - next });
        if at_once == 0 {
            part[next..].iter().for_each(|n| all[*n].outcome = Some(Outcome::Not(NotCounted::NoTimeLeft(BUDGET))));
            break;
        }
        let limit = share(remaining, at_once);
        let (mut counted, ended) = run_some(connection, next..next + at_once, limit).await?;
        // A count has one row; without it, it is unknown which one is missing.
        if counted.len() > at_once || (ended.is_none() && counted.len() < at_once) {
            counted = (0..at_once).map(|_| Outcome::Not(gate::not_taken())).collect();
        }
        for outcome in counted {
            all[part[next]].outcome = Some(outcome);
            next += 1;
        }
        // Its share was too short, but its limit may not be.
        alone = matches!(&ended, Some(NotCounted::TookLonger(_))) && at_once > 1 && limit < LIMIT;
        if let Some(why) = ended.filter(|_| !alone) {
            all[part[next]].outcome = Some(Outcome::Not(why));
            next += 1;
        }
    }
    Ok(())
}

/// Runs some of the view's columns in one round trip, each with a time limit; returns the outcomes up to the
/// first one that failed, and why that failed.
async fn run_some(
    connection: &mut Connection,
    columns: std::ops::Range<usize>,
    limit: Duration,
) -> Result<(Vec<Outcome>, Option<NotCounted>), Error> {
    // From PostgreSQL 13 on, the limit applies to each statement in a message
    // (https://www.postgresql.org/docs/current/runtime-config-client.html).
    connection.set_clock(Clock::counts(limit * u32::try_from(columns.len()).unwrap_or(u32::MAX)));
    let mut commands = vec![statement_timeout(limit), "SAVEPOINT rosey_count".to_owned()];
    commands.extend(columns.map(|c| format!("SELECT c{c}::pg_catalog.text FROM {}", gate::VIEW)));
    commands.push("RELEASE SAVEPOINT rosey_count".to_owned());
    // The server sends the rows of a message together, so the time at which a row arrives does not show how
    // long its count took. A count that was canceled by its limit has taken at least that long.
    let (mut counted, began) = (Vec::new(), Instant::now());
    let outcome = connection
        .own_queries(&commands, |_, row| {
            counted.push(numbers(row, 0).map_or(Outcome::Not(gate::not_taken()), |(n, total)| Outcome::Counted(n, total)));
        })
        .await;
    let Err(error) = outcome else { return Ok((counted, None)) };
    let why = why(error, began.elapsed(), limit)?;
    connection.own(&["ROLLBACK TO SAVEPOINT rosey_count"]).await?;
    Ok((counted, Some(why)))
}

/// Makes the server cancel a count whose client has disconnected, from PostgreSQL 14 on and if the operating
/// system can detect it (<https://www.postgresql.org/docs/current/runtime-config-connection.html>).
async fn end_with_the_connection(connection: &mut Connection) -> Result<(), Error> {
    if connection.server_version() < 140_000 {
        return Ok(());
    }
    match connection.own(&["SAVEPOINT rosey_check", "SET LOCAL client_connection_check_interval = 500"]).await {
        Err(error) if error.is_interruption() => Err(error),
        Err(_) => connection.own(&["ROLLBACK TO SAVEPOINT rosey_check"]).await,
        Ok(()) => Ok(()),
    }
}

/// Returns how many counts can have a share of the remaining time; 0 if it has run out.
pub(super) fn shares(remaining: Duration) -> usize {
    usize::try_from(remaining.as_millis() / SHARE.as_millis()).unwrap_or(usize::MAX)
}

/// Returns the time limit of each count.
pub(super) fn share(remaining: Duration, counts: usize) -> Duration {
    (remaining / u32::try_from(counts).unwrap_or(u32::MAX).max(1)).min(LIMIT)
}

/// Parses `{3,10}` in a column.
pub(super) fn numbers(row: &sqlx::postgres::PgRow, column: usize) -> Option<(i64, Option<i64>)> {
    use sqlx::Row as _;
    let text: String = row.try_get(column).ok()?;
    let (count, total) = text.strip_prefix('{')?.strip_suffix('}')?.split_once(',')?;
    Some((count.parse().ok()?, total.parse().ok()))
}

/// Returns why a count failed. A lost session or a canceled statement is an error.
pub(super) fn why(error: Error, took: Duration, limit: Duration) -> Result<NotCounted, Error> {
    match error {
        Error::Cancelled if took + Duration::from_millis(50) >= limit => Ok(NotCounted::TookLonger(limit)),
        error if error.is_interruption() => Err(error),
        Error::Privilege(_) => Ok(NotCounted::NoPrivilege),
        error => {
            let (code, meaning) = meaning(&error);
            Ok(NotCounted::Fails { code, meaning: meaning.to_owned() })
        }
    }
}
