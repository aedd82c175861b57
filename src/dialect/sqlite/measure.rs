//! Counts what the hazards of a plan are about, on the live rows. Reads only; one pass per step where it can.

use super::connection::{Connection, Error};
use super::lexer::quote;
use crate::plan::{self, Action, Code, Counts, Probe, Step};

/// Counts the rows of every step and of every hazard; hazards that turn out to be about no row go.
///
/// # Errors
/// Where SQLite cannot read. An expression that fails over the rows leaves its hazard uncounted, and so standing.
pub(crate) async fn measure(connection: &mut Connection, steps: &mut [Step], counts: Counts) -> Result<(), Error> {
    if counts == Counts::None {
        plan::leave_uncounted(steps);
        return Ok(());
    }
    let trials = make_trials(connection, steps).await?;
    let outcome = count(connection, steps).await;
    for name in trials {
        connection.execute(&format!("DROP TABLE IF EXISTS temp.{}", quote(&name))).await?;
    }
    outcome
}

/// Makes the temporary tables that some hazard is counted over. One that cannot be filled is left out: what is counted
/// over it is not known then.
async fn make_trials(connection: &mut Connection, steps: &[Step]) -> Result<Vec<String>, Error> {
    let probes: Vec<&str> = steps.iter().flat_map(|s| s.hazards.iter().filter_map(|h| h.probe.as_ref()).map(Probe::sql)).collect();
    let relations: Vec<&str> = steps.iter().filter(|s| has_aggregates(s)).filter_map(|s| s.rows_of.as_deref()).collect();
    let mut made = Vec::new();
    for (name, statements) in steps.iter().filter_map(|s| s.trial.as_ref()) {
        if !probes.iter().chain(&relations).any(|sql| sql.contains(&quote(name))) {
            continue;
        }
        for sql in statements {
            if let Err(error) = connection.execute(sql).await
                && tolerate(Err(error))?.is_none()
            {
                connection.execute(&format!("DROP TABLE IF EXISTS temp.{}", quote(name))).await?;
                break;
            }
        }
        made.push(name.clone());
    }
    Ok(made)
}

/// Whether hazards are counted over the step's rows as they will be.
fn has_aggregates(step: &Step) -> bool {
    step.hazards.iter().any(|h| matches!(h.probe, Some(Probe::Aggregate(_))))
}

async fn count(connection: &mut Connection, steps: &mut [Step]) -> Result<(), Error> {
    for step in steps {
        if let Some(sql) = step.size_query.clone().filter(|_| step.action == Action::Rebuild) {
            step.bytes = tolerate(connection.numbers(&sql).await)?.and_then(|n| n.first().copied());
        }
        let wanted = step.action == Action::Rebuild || !step.hazards.is_empty();
        // The old rows are as many as the new ones; only what they become needs the trial.
        let relation = if has_aggregates(step) { step.rows_of.clone() } else { step.old_rows.clone().or(step.rows_of.clone()) };
        if let Some(relation) = relation.filter(|_| wanted) {
            count_aggregates(connection, step, &relation).await?;
        }
        // What a copy is checked against comes from the old rows alone: a trial table is filled by the same expressions,
        // and would be short of the same rows.
        if let Some(old) = step.old_rows.clone().filter(|_| wanted && has_aggregates(step)) {
            let rows = tolerate(connection.numbers(&format!("SELECT count(*) FROM {old}")).await)?;
            step.rows = rows.and_then(|n| n.first().copied());
        }
        for hazard in &mut step.hazards {
            if let Some(Probe::Query(sql)) = &hazard.probe {
                let counts = tolerate(connection.numbers(sql).await)?;
                hazard.count = counts.as_ref().and_then(|c| c.first().copied());
                hazard.total = counts.and_then(|c| c.get(1).copied()).or(step.rows);
            }
        }
        step.hazards.retain(|h| h.probe.is_none() || is_drop(h) || (h.count != Some(0) && h.total != Some(0)));
    }
    Ok(())
}

/// A table or column that goes is worth a word even when it is empty.
fn is_drop(hazard: &crate::plan::Hazard) -> bool {
    matches!(hazard.code, Code::DestroysTable | Code::DestroysColumn)
}

async fn count_aggregates(connection: &mut Connection, step: &mut Step, relation: &str) -> Result<(), Error> {
    let aggregates: Vec<(usize, String)> = step
        .hazards
        .iter()
        .enumerate()
        .filter_map(|(i, h)| match &h.probe {
            Some(Probe::Aggregate(sql)) => Some((i, sql.clone())),
            _ => None,
        })
        .collect();
    let columns: Vec<&str> = std::iter::once("count(*)").chain(aggregates.iter().map(|(_, sql)| sql.as_str())).collect();
    let all = tolerate(connection.numbers(&format!("SELECT {} FROM {relation}", columns.join(", "))).await)?;
    if let Some(counts) = all {
        step.rows = counts.first().copied();
        for ((i, _), count) in aggregates.iter().zip(counts.into_iter().skip(1)) {
            step.hazards[*i].count = Some(count);
            step.hazards[*i].total = step.rows;
        }
        return Ok(());
    }
    // One expression among them fails over these rows: count the others one by one.
    for (i, sql) in aggregates {
        let one = tolerate(connection.numbers(&format!("SELECT {sql}, count(*) FROM {relation}")).await)?;
        step.hazards[i].count = one.as_ref().and_then(|c| c.first().copied());
        step.hazards[i].total = one.and_then(|c| c.get(1).copied());
    }
    Ok(())
}

/// An error of the statement itself is no answer; any other is an error.
fn tolerate(result: Result<Vec<i64>, Error>) -> Result<Option<Vec<i64>>, Error> {
    match result {
        Ok(numbers) => Ok(Some(numbers)),
        Err(Error::Sql { code, .. }) if [1, 19, 20].contains(&(code & 0xff)) => Ok(None),
        Err(other) => Err(other),
    }
}
