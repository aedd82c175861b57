//! Counts what the hazards of a plan are about. Reads only, and the server is told so: a condition from a schema file may
//! call any function.
//!
//! A count that the server refuses (a value that cannot be converted at all) is no failure of the plan: the hazard says
//! so, and blocks.

use std::collections::BTreeSet;

use sqlx::Row as _;

use super::connection::{Connection, Error};
use super::scan::{self, Kind, Piece};
use crate::plan::{self, Code, Counts, Hazard, Level, Probe, Step};

/// Fills in the counts, and takes out the hazards that are none.
///
/// # Errors
/// Where the connection is lost.
pub(crate) async fn measure(connection: &mut Connection, steps: &mut [Step], counts: Counts) -> Result<(), Error> {
    if counts == Counts::None {
        plan::leave_uncounted(steps);
        return Ok(());
    }
    if steps.iter().all(|s| s.hazards.iter().all(|h| h.probe.is_none())) {
        return Ok(());
    }
    connection.execute("SAVEPOINT rosey_measure").await?;
    connection.execute("SET LOCAL transaction_read_only = on").await?;
    let volatile = volatile(connection, steps).await?;
    for step in steps.iter_mut() {
        let rows = step.rows_of.clone();
        for hazard in &mut step.hazards {
            measure_one(connection, hazard, rows.as_deref(), &volatile).await?;
        }
        step.rows = step.rows.or_else(|| step.hazards.iter().find_map(|h| h.total));
        step.hazards.retain(|h| h.probe.is_none() || h.count != Some(0) || goes(h.code));
    }
    connection.execute("ROLLBACK TO SAVEPOINT rosey_measure").await.map(drop)
}

/// A table, column or extension that is dropped is worth a message though it holds no rows.
fn goes(code: Code) -> bool {
    matches!(code, Code::DestroysTable | Code::DestroysColumn | Code::DestroysExtension)
}

async fn measure_one(
    connection: &mut Connection,
    hazard: &mut Hazard,
    rows: Option<&str>,
    volatile: &BTreeSet<String>,
) -> Result<(), Error> {
    let sql = match (&hazard.probe, rows) {
        (Some(Probe::Query(sql)), _) => sql.clone(),
        (Some(Probe::Aggregate(sql)), Some(rows)) => of_rows(sql, rows),
        _ => return Ok(()),
    };
    if let Some(function) = calls(&sql).into_iter().find(|f| volatile.contains(f)) {
        hazard.message = format!("{} is not counted, because {function}() may do something: {}", hazard.address, hazard.code.name());
        if hazard.level == Level::Blocks {
            hazard.level = Level::Warns;
        }
        hazard.probe = None;
        return Ok(());
    }
    match count(connection, &sql).await? {
        Ok((n, total)) => (hazard.count, hazard.total) = (Some(n), total.or(hazard.total)),
        Err(refusal) => {
            let refusal = refusal.without_values();
            hazard.level = Level::Blocks;
            hazard.message = format!("{} cannot be counted, because values cannot be converted at all: {refusal}", hazard.address);
            hazard.advice = "say how with `using`, or mend the values first".to_owned();
        }
    }
    Ok(())
}

/// The query of an aggregate over a step's rows, and of how many these are. A sub-select must be called something before
/// PostgreSQL 16.
pub(super) fn of_rows(aggregate: &str, rows: &str) -> String {
    let called = if rows.starts_with('(') { " AS t" } else { "" };
    format!("SELECT {aggregate}, count(*) FROM {rows}{called}")
}

/// The functions among those that the probes call which may do something, or give something else each time
/// (<https://www.postgresql.org/docs/current/xfunc-volatility.html>). A plan calls none of them: what a schema file says may
/// come from a stranger.
async fn volatile(connection: &mut Connection, steps: &[Step]) -> Result<BTreeSet<String>, Error> {
    let probes = steps.iter().flat_map(|s| &s.hazards).filter_map(|h| h.probe.as_ref().map(Probe::sql));
    let rows = steps.iter().filter_map(|s| s.rows_of.as_deref());
    let called: BTreeSet<String> = probes.chain(rows).flat_map(calls).collect();
    if called.is_empty() {
        return Ok(BTreeSet::new());
    }
    let names: Vec<String> = called.iter().map(|n| super::canon::literal(n)).collect();
    let sql = format!("SELECT DISTINCT proname::text FROM pg_proc WHERE provolatile = 'v' AND proname IN ({})", names.join(", "));
    Ok(connection.texts(&sql).await?.into_iter().collect())
}

/// The names that stand before a bracket, and those behind a point, which may be calls as well.
pub(super) fn calls(sql: &str) -> BTreeSet<String> {
    let pieces = scan::scan(sql).unwrap_or_default();
    let name = |p: &Piece| {
        let text = sql.get(p.start..p.end).unwrap_or_default();
        match p.kind {
            Kind::Word => Some(text.to_lowercase()),
            Kind::Name => Some(text.trim_matches('"').replace("\"\"", "\"")),
            _ => None,
        }
    };
    let symbol = |p: Option<&Piece>, c: char| p.is_some_and(|p| p.kind == Kind::Symbol(c));
    let mut found = BTreeSet::new();
    for (i, piece) in pieces.iter().enumerate() {
        // `(row).function` is a call too.
        let behind = i > 1 && symbol(pieces.get(i - 1), '.') && symbol(pieces.get(i - 2), ')');
        if symbol(pieces.get(i + 1), '(') || behind {
            found.extend(name(piece));
        }
    }
    found
}

/// A number and the total it is of, or why there is none; the transaction goes on in either case.
async fn count(connection: &mut Connection, sql: &str) -> Result<Result<(i64, Option<i64>), Error>, Error> {
    connection.execute("SAVEPOINT rosey_count").await?;
    match connection.query(sql).await {
        Ok(rows) => {
            connection.execute("RELEASE SAVEPOINT rosey_count").await?;
            let number = |i: usize| rows.first().and_then(|r| r.try_get::<Option<i64>, _>(i).ok()).flatten();
            Ok(Ok((number(0).unwrap_or_default(), number(1))))
        }
        Err(error) if error.is_no_refusal() => Err(error),
        Err(refusal) => {
            connection.execute("ROLLBACK TO SAVEPOINT rosey_count").await?;
            Ok(Err(refusal))
        }
    }
}
