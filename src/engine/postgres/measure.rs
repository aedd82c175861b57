//! Counts the rows that the hazards of a plan affect, as far as the [gate](super::gate) admits the queries.
//! Only reads, with a time limit for each count and another for all of them.
//!
//! What is not admitted is not evaluated: the hazard says why. If the evaluation itself fails (a value that
//! cannot be converted), the apply would fail too, so the hazard blocks; of the server's error only the
//! SQLSTATE is reported.

mod evaluate;
mod unasked;

use std::time::{Duration, Instant};

use super::clock::Clock;
use super::connection::{Connection, Error};
use super::gate::{self, Asked, Scope};
use crate::plan::{self, Action, Code, Counts, Hazard, Level, NotCounted, Probe, Step};
use crate::schema::Kind;

/// The time limit of all counts of a plan.
const BUDGET: Duration = Duration::from_secs(60);

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
    /// The relations that it reads, as spelled in it.
    reads: Vec<String>,
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
/// If the connection is lost, the statement is canceled, or the server does not stop it at its time limit. In
/// the last case the session cannot be used any more, and its process on the server continues.
pub(crate) async fn measure(connection: &mut Connection, steps: &mut [Step], measuring: &Measuring) -> Result<(), Error> {
    if measuring.counts == Counts::None {
        plan::leave_uncounted(steps);
        return Ok(());
    }
    let until = Instant::now() + BUDGET;
    let mut all = countings(steps, measuring);
    let before = connection.set_clock(Clock::counts(evaluate::LIMIT));
    evaluate::evaluate(connection, &mut all, measuring, until).await?;
    let mut forward = without_cast_back(steps, &all);
    evaluate::evaluate(connection, &mut forward, measuring, until).await?;
    connection.set_clock(before);
    let told = |c: &Counting| matches!(c.outcome, Some(Outcome::Counted(..) | Outcome::Not(NotCounted::Fails { .. })));
    for counted in forward.into_iter().filter(told) {
        all.retain(|c| (c.step, c.hazard) != (counted.step, counted.hazard));
        steps[counted.step].hazards[counted.hazard].find = None;
        all.push(counted);
    }
    let extension = steps.iter().find(|s| s.action == Action::Create && *s.address.kind() == Kind::Extension);
    let extension = extension.map(|s| s.address.last().to_owned());
    let objects = steps.iter().filter(|s| s.action != Action::Destroy && *s.address.kind() != Kind::Extension);
    let there_then = objects.map(|s| format!("\"{}\"", s.address.last()));
    let routines = steps.iter().filter(|s| s.action != Action::Destroy && s.address.kind().object().is_some_and(Kind::is_routine));
    let routines = routines.filter_map(|s| s.address.last().split_once('(').map(|(name, _)| format!("{name}(")));
    let there_then: Vec<String> = there_then.chain(routines).collect();
    for counting in all {
        let hazard = &mut steps[counting.step].hazards[counting.hazard];
        let outcome = match (counting.outcome.unwrap_or(Outcome::Not(gate::not_taken())), &extension) {
            (Outcome::Refused(message), _) if message.ends_with("does not exist") && there_then.iter().any(|n| message.contains(n)) => {
                Outcome::Not(NotCounted::Unknown(format!("{message} yet")))
            }
            (Outcome::Refused(message), Some(name)) if message.contains("does not exist") => {
                Outcome::Not(NotCounted::Unknown(format!("{message} yet; extension {name}, which this plan creates, may provide it")))
            }
            (outcome, _) => outcome,
        };
        take(hazard, outcome, measuring.counts);
    }
    for step in steps {
        step.rows = step.rows.or_else(|| step.hazards.iter().find_map(|h| h.total));
        step.hazards.retain(|h| h.probe.is_none() || h.count != Some(0) || is_drop(h.code));
    }
    Ok(())
}

/// Returns counts without the cast back, for counts of converted values that failed: they show whether only
/// the cast back fails.
fn without_cast_back(steps: &[Step], all: &[Counting]) -> Vec<Counting> {
    let failed = |c: &&Counting| matches!(c.outcome, Some(Outcome::Refused(_) | Outcome::Not(NotCounted::Fails { .. })));
    let forward = |c: &Counting| {
        let hazard = steps.get(c.step)?.hazards.get(c.hazard)?;
        let (sql, reads) = (hazard.forward.clone()?, hazard.reads.clone());
        let asked = asked(&sql, c.asked.scope.clone(), &reads);
        Some(Counting { step: c.step, hazard: c.hazard, sql, reads, asked, outcome: None })
    };
    all.iter().filter(failed).filter_map(forward).collect()
}

/// Returns whether the hazard is a dropped table, column or extension, which is reported even if there are no
/// rows.
fn is_drop(code: Code) -> bool {
    matches!(code, Code::DestroysTable | Code::DestroysColumn | Code::DestroysExtension)
}

/// Returns the counts to run. Those that are never sent to the server already have an outcome.
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
            let asked = asked(&sql, if safe { Scope::Named } else { Scope::Tables }, &hazard.reads);
            found.push(Counting { step: s, hazard: h, sql, reads: hazard.reads.clone(), asked, outcome });
        }
    }
    found
}

/// Returns what the gate judges of a count.
fn asked(sql: &str, scope: Scope, reads: &[String]) -> Asked {
    Asked { select: format!("(SELECT ARRAY[p.n, p.total] FROM ({sql}\n) AS p(n, total))"), scope, reads: reads.to_vec() }
}

/// Returns whether a text may contain a subquery: it contains a word that every subquery needs, possibly in a
/// string. This check only prevents more counts than the server's own parser would.
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
            // Which error occurs may depend on the values.
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
