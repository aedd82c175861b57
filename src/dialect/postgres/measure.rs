//! Counts what the hazards of a plan are about: one pass over a table for all aggregates of a step.
//!
//! A count that the server refuses (a value that cannot be converted at all) is no failure of the plan: the hazard says
//! so, and blocks.

use super::connection::{Connection, Error};
use crate::plan::{Hazard, Level, Probe, Step};

/// Fills in the counts, and takes out the hazards that are none.
///
/// # Errors
/// Where the connection is lost.
pub(crate) async fn measure(connection: &mut Connection, steps: &mut [Step]) -> Result<(), Error> {
    for step in steps.iter_mut().filter(|s| s.hazards.iter().any(|h| h.probe.is_some())) {
        let rows = step.rows_of.clone();
        let total = match &rows {
            Some(rows) => count(connection, &format!("SELECT count(*) FROM {rows}")).await?.ok(),
            None => None,
        };
        for hazard in &mut step.hazards {
            measure_one(connection, hazard, rows.as_deref(), total).await?;
        }
        step.rows = step.rows.or(total);
        step.hazards.retain(|h| h.probe.is_none() || h.count != Some(0) || h.level == Level::Destroys);
    }
    Ok(())
}

async fn measure_one(connection: &mut Connection, hazard: &mut Hazard, rows: Option<&str>, total: Option<i64>) -> Result<(), Error> {
    let sql = match (&hazard.probe, rows) {
        (Some(Probe::Query(sql)), _) => sql.clone(),
        (Some(Probe::Aggregate(sql)), Some(rows)) => format!("SELECT {sql} FROM {rows}"),
        _ => return Ok(()),
    };
    hazard.total = hazard.total.or(total);
    match count(connection, &sql).await? {
        Ok(n) => hazard.count = Some(n),
        Err(refusal) => {
            hazard.level = Level::Blocks;
            hazard.message = format!("{}: some values cannot be converted at all ({})", hazard.address, first_word_of(&refusal));
            hazard.advice = "say how with `using`, or mend the values first".to_owned();
        }
    }
    Ok(())
}

/// The kind of refusal. The server's message quotes the value, which is nobody's business here.
fn first_word_of(error: &Error) -> String {
    let text = error.to_string();
    text.split(['"', ':']).next().unwrap_or_default().trim().to_owned()
}

/// A number, or why there is none; the transaction goes on in either case.
async fn count(connection: &mut Connection, sql: &str) -> Result<Result<i64, Error>, Error> {
    connection.execute("SAVEPOINT rosey_count").await?;
    match connection.number(&format!("SELECT coalesce(({sql}), 0)::int8")).await {
        Ok(n) => {
            connection.execute("RELEASE SAVEPOINT rosey_count").await?;
            Ok(Ok(n))
        }
        Err(lost @ Error::Lost(_)) => Err(lost),
        Err(refusal) => {
            connection.execute("ROLLBACK TO SAVEPOINT rosey_count").await?;
            Ok(Err(refusal))
        }
    }
}
