//! Counts the rows that the hazards of a plan are about, as far as the [gate](super::gate) admits the
//! queries. Reads only, with a time limit for each count and another for all of them.
//!
//! What is not admitted is not evaluated: the hazard says why. If the evaluation itself fails (a value that
//! cannot be converted), the apply would fail too, so the hazard blocks; of the server's error only the
//! SQLSTATE is reported.

use std::time::{Duration, Instant};

use super::connection::{Connection, Error};
use super::error::meaning;
use super::gate::{self, Asked, Gate, Judged, Scope};
use crate::plan::{self, Code, Counts, Hazard, Level, NotCounted, Probe, Step};

/// The time limit of one count.
const LIMIT: Duration = Duration::from_secs(10);

/// The time limit of all counts of a plan.
const BUDGET: Duration = Duration::from_secs(60);

/// The time limit of a statement that makes all counts of a view at once.
const LIMIT_TOGETHER: Duration = Duration::from_secs(2);

/// The minimum time for a count: it is not started with less.
const SHARE: Duration = Duration::from_millis(100);

/// What a count may contain from the schema file, and whether rosey can ask the server about it.
#[derive(Debug, Clone)]
pub(crate) struct Measuring {
    pub(crate) counts: Counts,
    /// Whether rosey can ask the server what an expression calls: the role may create temporary views.
    pub(crate) may_ask: bool,
    /// The expressions and types of the schema file that a count may contain.
    pub(crate) fragments: Vec<String>,
}

/// A count and its outcome.
struct Counting {
    step: usize,
    hazard: usize,
    sql: String,
    asked: Asked,
    outcome: Option<Outcome>,
}

/// The outcome of a count.
enum Outcome {
    Counted(i64, Option<i64>),
    Not(NotCounted),
    /// The server rejects it: its message is about the plan's own SQL.
    Refused(String),
}

/// Fills in the counts, and removes hazards that affect no row.
///
/// # Errors
/// If the connection is lost or the statement is cancelled.
pub(crate) async fn measure(connection: &mut Connection, steps: &mut [Step], measuring: &Measuring) -> Result<(), Error> {
    if measuring.counts == Counts::None {
        plan::leave_uncounted(steps);
        return Ok(());
    }
    let until = Instant::now() + BUDGET;
    let mut all = countings(steps, measuring);
    evaluate(connection, &mut all, measuring, until).await?;
    let mut forward = without_cast_back(steps, &all);
    evaluate(connection, &mut forward, measuring, until).await?;
    let told = |c: &Counting| matches!(c.outcome, Some(Outcome::Counted(..) | Outcome::Not(NotCounted::Fails { .. })));
    for counted in forward.into_iter().filter(told) {
        all.retain(|c| (c.step, c.hazard) != (counted.step, counted.hazard));
        steps[counted.step].hazards[counted.hazard].find = None;
        all.push(counted);
    }
    for counting in all {
        let hazard = &mut steps[counting.step].hazards[counting.hazard];
        take(hazard, counting.outcome.unwrap_or(Outcome::Not(gate::not_taken())), measuring.counts);
    }
    for step in steps {
        step.rows = step.rows.or_else(|| step.hazards.iter().find_map(|h| h.total));
        step.hazards.retain(|h| h.probe.is_none() || h.count != Some(0) || is_drop(h.code));
    }
    Ok(())
}

async fn evaluate(connection: &mut Connection, all: &mut [Counting], measuring: &Measuring, until: Instant) -> Result<(), Error> {
    let mut open: Vec<&mut Counting> = all.iter_mut().filter(|c| c.outcome.is_none()).collect();
    if open.is_empty() {
        return Ok(());
    }
    if !measuring.may_ask {
        return directly(connection, &mut open, until).await;
    }
    let mut gate = Gate::default();
    for some in open.chunks_mut(gate::AT_ONCE) {
        through_the_gate(connection, &mut gate, some, until).await?;
    }
    Ok(())
}

/// Returns counts without the cast back, for counts of converted values that failed: they show whether only
/// the cast back fails.
fn without_cast_back(steps: &[Step], all: &[Counting]) -> Vec<Counting> {
    let failed = |c: &&Counting| matches!(c.outcome, Some(Outcome::Refused(_) | Outcome::Not(NotCounted::Fails { .. })));
    let forward = |c: &Counting| {
        let sql = steps.get(c.step)?.hazards.get(c.hazard)?.forward.clone()?;
        let asked = Asked { select: format!("(SELECT ARRAY[p.n, p.total] FROM ({sql}\n) AS p(n, total))"), scope: c.asked.scope.clone() };
        Some(Counting { step: c.step, hazard: c.hazard, sql, asked, outcome: None })
    };
    all.iter().filter(failed).filter_map(forward).collect()
}

/// Returns whether the hazard is about a dropped table, column or extension, which is reported even if there
/// are no rows.
fn is_drop(code: Code) -> bool {
    matches!(code, Code::DestroysTable | Code::DestroysColumn | Code::DestroysExtension)
}

/// Returns the counts to make. Those that are never sent to the server already have an outcome.
fn countings(steps: &[Step], measuring: &Measuring) -> Vec<Counting> {
    let safe = measuring.counts == Counts::Safe;
    let with_subquery: Vec<&String> = measuring.fragments.iter().filter(|f| safe && has_subquery(f)).collect();
    let mut found = Vec::new();
    for (s, step) in steps.iter().enumerate() {
        for (h, hazard) in step.hazards.iter().enumerate() {
            let sql = match (&hazard.probe, &step.rows_of) {
                (Some(Probe::Query(sql)), _) => sql.clone(),
                (Some(Probe::Aggregate(sql)), Some(rows)) => of_rows(sql, rows),
                _ => continue,
            };
            let holds = |fragment: &&String| sql.contains(fragment.as_str());
            let outcome = if with_subquery.iter().any(holds) {
                Some(Outcome::Not(NotCounted::Reads("a subquery".to_owned())))
            } else if safe && !measuring.may_ask && hazard.code == Code::BreaksForeignKey {
                Some(Outcome::Not(NotCounted::Reads("another table".to_owned())))
            } else if !measuring.may_ask && measuring.fragments.iter().any(|f| holds(&f)) {
                let why = "the role cannot create temporary views, so the functions that it calls are not known";
                Some(Outcome::Not(NotCounted::Unknown(why.to_owned())))
            } else {
                None
            };
            let scope = if safe { Scope::Only(hazard.reads.clone()) } else { Scope::Tables };
            let asked = Asked { select: format!("(SELECT ARRAY[p.n, p.total] FROM ({sql}\n) AS p(n, total))"), scope };
            found.push(Counting { step: s, hazard: h, sql, asked, outcome });
        }
    }
    found
}

/// Returns whether a text may contain a subquery: it contains a word that every subquery needs, perhaps in a
/// string. This check can only prevent more counts than the server's own parse does.
fn has_subquery(text: &str) -> bool {
    let is_word = |c: char| c.is_alphabetic() || c == '_';
    let lower = text.to_lowercase();
    lower.split(|c: char| !is_word(c)).any(|w| ["select", "values", "table", "with"].contains(&w))
}

/// Returns the query of an aggregate over a step's rows, and of their number. A subquery needs an alias
/// before PostgreSQL 16.
pub(super) fn of_rows(aggregate: &str, rows: &str) -> String {
    let called = if rows.starts_with('(') { " AS t" } else { "" };
    format!("SELECT {aggregate}, count(*) FROM {rows}{called}")
}

/// Judges counts in one view, removes those that are not admitted until the rest is, and runs that.
async fn through_the_gate(connection: &mut Connection, gate: &mut Gate, all: &mut [&mut Counting], until: Instant) -> Result<(), Error> {
    let mut parts: Vec<Vec<usize>> = vec![(0..all.len()).collect()];
    while let Some(part) = parts.pop().filter(|p| !p.is_empty()) {
        connection.own(&["SAVEPOINT rosey_gate", &timeout(LIMIT)]).await?;
        let asked: Vec<&Asked> = part.iter().map(|n| &all[*n].asked).collect();
        match gate.judge(connection, &asked).await? {
            Judged::Admitted => run(connection, all, &part, until).await?,
            Judged::NotTaken(error) if part.len() == 1 => all[part[0]].outcome = Some(Outcome::Refused(error.to_string())),
            Judged::Refused(each) if part.len() == 1 || each.iter().any(Option::is_none) => {
                let mut left = Vec::new();
                for (n, why) in part.iter().zip(each) {
                    match why {
                        Some(why) => all[*n].outcome = Some(Outcome::Not(why)),
                        None => left.push(*n),
                    }
                }
                parts.push(left);
            }
            // The server does not say which one it is.
            Judged::NotTaken(_) | Judged::Refused(_) => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second.to_vec(), first.to_vec()]);
            }
        }
        connection.own(&["ROLLBACK TO SAVEPOINT rosey_gate"]).await?;
        parts.retain(|p| !p.is_empty());
    }
    Ok(())
}

/// Runs the columns of the admitted view: all in one statement if none fails and together they are fast, or
/// else [one by one](one_by_one).
async fn run(connection: &mut Connection, all: &mut [&mut Counting], part: &[usize], until: Instant) -> Result<(), Error> {
    // JIT compilation takes memory that grows with the expression.
    connection.own(&["SET LOCAL transaction_read_only = on", "SET LOCAL jit = off"]).await?;
    end_with_the_connection(connection).await?;
    let remaining = until.saturating_duration_since(Instant::now());
    if part.len() > 1 && remaining > LIMIT_TOGETHER * 2 {
        if let Some(counted) = run_together(connection, part.len()).await? {
            part.iter().zip(counted).for_each(|(n, outcome)| all[*n].outcome = Some(outcome));
            return Ok(());
        }
    }
    one_by_one(connection, all, part, until).await
}

/// Runs all of the view's columns in one statement, which expands the view only once. Returns `None` if that
/// fails or takes too long: the server does not say which column is to blame.
async fn run_together(connection: &mut Connection, columns: usize) -> Result<Option<Vec<Outcome>>, Error> {
    let list: Vec<String> = (0..columns).map(|c| format!("c{c}::pg_catalog.text")).collect();
    let sql = format!("SELECT {} FROM {}", list.join(", "), gate::VIEW);
    let commands = [timeout(LIMIT_TOGETHER), "SAVEPOINT rosey_count".to_owned(), sql, "RELEASE SAVEPOINT rosey_count".to_owned()];
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
        // A count has one row; without it nothing says which one is missing.
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
    let mut commands = vec![timeout(limit), "SAVEPOINT rosey_count".to_owned()];
    commands.extend(columns.map(|c| format!("SELECT c{c}::pg_catalog.text FROM {}", gate::VIEW)));
    commands.push("RELEASE SAVEPOINT rosey_count".to_owned());
    // The server sends the rows of a message together, so when a row arrives says nothing of how long its count took. A
    // count that was cancelled by its limit has taken at least as long.
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

/// Makes the server cancel a count whose client is gone, from PostgreSQL 14 on and where the operating system
/// can detect it (<https://www.postgresql.org/docs/current/runtime-config-connection.html>).
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

/// Runs counts that contain nothing from a schema file, if rosey cannot ask the server.
async fn directly(connection: &mut Connection, all: &mut [&mut Counting], until: Instant) -> Result<(), Error> {
    connection.own(&["SAVEPOINT rosey_gate", "SET LOCAL transaction_read_only = on"]).await?;
    for counting in all {
        let remaining = until.saturating_duration_since(Instant::now());
        if shares(remaining) == 0 {
            counting.outcome = Some(Outcome::Not(NotCounted::NoTimeLeft(BUDGET)));
            continue;
        }
        let (limit, began) = (share(remaining, 1), Instant::now());
        connection.own(&[&timeout(limit), "SAVEPOINT rosey_count"]).await?;
        let sql = format!("SELECT ARRAY[p.n, p.total]::pg_catalog.text FROM ({}\n) AS p(n, total)", counting.sql);
        counting.outcome = Some(match connection.query(&sql).await {
            Ok(rows) => match rows.first().and_then(|r| numbers(r, 0)) {
                Some((n, total)) => Outcome::Counted(n, total),
                None => Outcome::Not(gate::not_taken()),
            },
            Err(error) => Outcome::Not(why(error, began.elapsed(), limit)?),
        });
        connection.own(&["ROLLBACK TO SAVEPOINT rosey_count"]).await?;
    }
    connection.own(&["ROLLBACK TO SAVEPOINT rosey_gate"]).await
}

/// Returns how many counts can have a share of the remaining time; 0 if it has run out.
fn shares(remaining: Duration) -> usize {
    usize::try_from(remaining.as_millis() / SHARE.as_millis()).unwrap_or(usize::MAX)
}

/// Returns the time limit of each count.
fn share(remaining: Duration, counts: usize) -> Duration {
    (remaining / u32::try_from(counts).unwrap_or(u32::MAX).max(1)).min(LIMIT)
}

fn timeout(limit: Duration) -> String {
    format!("SET LOCAL statement_timeout = {}", limit.as_millis().max(1))
}

/// Parses `{3,10}` in a column.
fn numbers(row: &sqlx::postgres::PgRow, column: usize) -> Option<(i64, Option<i64>)> {
    use sqlx::Row as _;
    let text: String = row.try_get(column).ok()?;
    let (count, total) = text.strip_prefix('{')?.strip_suffix('}')?.split_once(',')?;
    Some((count.parse().ok()?, total.parse().ok()))
}

/// Returns why a count failed. A lost session or a cancelled statement is an error.
fn why(error: Error, took: Duration, limit: Duration) -> Result<NotCounted, Error> {
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

/// Stores the outcome of its count in a hazard.
fn take(hazard: &mut Hazard, outcome: Outcome, counts: Counts) {
    match outcome {
        Outcome::Counted(count, total) => {
            (hazard.count, hazard.total) = (Some(count), total.or(hazard.total));
            if counts == Counts::Safe {
                hazard.only_some();
            }
        }
        Outcome::Refused(message) => {
            hazard.level = Level::Blocks;
            hazard.message = format!("{}: the server cannot check it: {message}", hazard.subject());
            hazard.advice = match hazard.code {
                Code::BreaksForeignKey => "give the column the type of the column that it references".to_owned(),
                _ => "correct the expression, or specify a conversion with `using`".to_owned(),
            };
        }
        Outcome::Not(why @ NotCounted::Fails { .. }) => {
            hazard.level = Level::Blocks;
            // Which error it is may depend on the values.
            let only_that = counts == Counts::Safe;
            hazard.not_counted(if only_that { NotCounted::Unknown("it fails on some rows".to_owned()) } else { why });
            hazard.advice = "fix the values or the expression first: the apply would fail in the same way".to_owned();
        }
        Outcome::Not(why) => {
            hazard.not_counted(why);
            if hazard.level == Level::Blocks {
                hazard.level = Level::Warns;
                hazard.advice = "if such rows exist, the server rejects the change when it is applied".to_owned();
            }
        }
    }
}
