//! Counts the rows that the hazards of a plan affect. Only reads, in one pass per step if possible.
//! Everything runs through the [`Gate`].

use std::collections::BTreeMap;

use super::connection::Error;
use super::gate::Gate;
use super::lexer::quote;
use super::lower::{Written, is_trial, written};
use crate::diff::{Changes, TableChange};
use crate::plan::{self, Action, Code, Counts, Hazard, Level, NotCounted, Probe, Step};

/// What is not evaluated, and why: a trial table as it is spelled in a probe, or an expression.
type Withheld = BTreeMap<String, NotCounted>;

/// Counts the rows of every step and every hazard, and removes hazards that affect no row.
///
/// # Errors
/// If SQLite cannot read. What is not evaluated, or fails on the rows, leaves its hazard uncounted, with the
/// reason.
pub(crate) async fn measure(gate: &mut Gate<'_>, changes: &Changes, steps: &mut [Step], counts: Counts) -> Result<(), Error> {
    if counts == Counts::None {
        plan::leave_uncounted(steps);
        return Ok(());
    }
    let mut withheld = Withheld::new();
    let trials = make_trials(gate, steps, &mut withheld).await?;
    if counts == Counts::Safe {
        judge(gate, changes, steps, &mut withheld).await?;
    }
    fill_trials(gate, &trials, &mut withheld).await?;
    for step in steps.iter_mut() {
        count(gate, step, &withheld).await?;
        if counts == Counts::Safe && gate.is_for_plan() {
            (step.rows, step.bytes) = (None, None);
            step.hazards.iter_mut().filter(|h| h.uncounted.is_none()).for_each(Hazard::only_some);
        }
    }
    for (name, _) in trials {
        let _ = gate.execute(&format!("DROP TABLE IF EXISTS temp.{}", quote(&name))).await?;
    }
    Ok(())
}

fn in_temp(trial: &str) -> String {
    format!("temp.{}", quote(trial))
}

/// Creates the temporary tables that hazards are counted on, without rows. Returns their names and the
/// statements that fill them.
async fn make_trials(gate: &mut Gate<'_>, steps: &[Step], withheld: &mut Withheld) -> Result<Vec<(String, Vec<String>)>, Error> {
    let probes: Vec<&str> = steps.iter().flat_map(|s| s.hazards.iter().filter_map(|h| h.probe.as_ref()).map(Probe::sql)).collect();
    let relations: Vec<&str> = steps.iter().filter(|s| has_aggregates(s)).filter_map(|s| s.rows_of.as_deref()).collect();
    let mut made = Vec::new();
    for (name, statements) in steps.iter().filter_map(|s| s.trial.as_ref()) {
        if !probes.iter().chain(&relations).any(|sql| sql.contains(&quote(name))) {
            continue;
        }
        let Some((create, fill)) = statements.split_first() else { continue };
        if let Err(why) = gate.execute(create).await? {
            withheld.insert(in_temp(name), why);
        }
        made.push((name.clone(), fill.to_vec()));
    }
    Ok(made)
}

/// Fills them. If one cannot be filled, what would be counted on it is unknown.
async fn fill_trials(gate: &mut Gate<'_>, trials: &[(String, Vec<String>)], withheld: &mut Withheld) -> Result<(), Error> {
    for (name, fill) in trials {
        for sql in fill {
            if withheld.contains_key(&in_temp(name)) {
                break;
            }
            if let Err(why) = gate.execute(sql).await? {
                withheld.insert(in_temp(name), why);
            }
        }
    }
    Ok(())
}

/// Finds the expressions that read more than their own row, in case the schema file is untrusted.
async fn judge(gate: &mut Gate<'_>, changes: &Changes, steps: &[Step], withheld: &mut Withheld) -> Result<(), Error> {
    for change in changes.tables() {
        let TableChange::Alter(edits) = change else { continue };
        let trial = steps.iter().filter_map(|s| s.trial.as_ref()).map(|(name, _)| name).find(|n| is_trial(edits, n));
        for Written { text, from, own, fills } in written(edits) {
            let Some(why) = gate.reads_more_than_a_row(&text, &from, own).await? else { continue };
            if let Some(trial) = trial.filter(|_| fills) {
                withheld.entry(in_temp(trial)).or_insert_with(|| why.clone());
            }
            withheld.entry(text).or_insert(why);
        }
    }
    Ok(())
}

/// Returns true if hazards are counted on the step's rows as they will be.
fn has_aggregates(step: &Step) -> bool {
    step.hazards.iter().any(|h| matches!(h.probe, Some(Probe::Aggregate(_))))
}

/// Returns why a probe is not run.
fn reason<'w>(withheld: &'w Withheld, sql: &str) -> Option<&'w NotCounted> {
    withheld.iter().find(|(text, _)| sql.contains(text.as_str())).map(|(_, why)| why)
}

async fn count(gate: &mut Gate<'_>, step: &mut Step, withheld: &Withheld) -> Result<(), Error> {
    if let Some(sql) = step.size_query.clone().filter(|_| step.action == Action::Rebuild) {
        step.bytes = gate.numbers(&sql).await?.ok().and_then(|n| n.first().copied());
    }
    let wanted = step.action == Action::Rebuild || !step.hazards.is_empty();
    // The number of rows does not change; only their new values need the trial.
    let relation = if has_aggregates(step) { step.rows_of.clone() } else { step.old_rows.clone().or(step.rows_of.clone()) };
    if let Some(relation) = relation.filter(|_| wanted) {
        count_aggregates(gate, step, &relation, withheld).await?;
    }
    // The number that a copy is checked against comes only from the old rows: a trial table is filled by the
    // same expressions and would miss the same rows.
    if let Some(old) = step.old_rows.clone().filter(|_| wanted && has_aggregates(step)) {
        step.rows = gate.numbers(&format!("SELECT count(*) FROM {old}")).await?.ok().and_then(|n| n.first().copied());
    }
    let rows = step.rows;
    for hazard in &mut step.hazards {
        let Some(Probe::Query(sql)) = hazard.probe.clone() else { continue };
        match one(gate, &sql, withheld).await? {
            Ok(counts) => (hazard.count, hazard.total) = (counts.first().copied(), counts.get(1).copied().or(rows)),
            Err(why) => leave_uncounted(hazard, why),
        }
    }
    step.hazards.retain(|h| h.probe.is_none() || is_drop(h) || (h.count != Some(0) && h.total != Some(0)));
    Ok(())
}

async fn one(gate: &mut Gate<'_>, sql: &str, withheld: &Withheld) -> Result<Result<Vec<i64>, NotCounted>, Error> {
    match reason(withheld, sql) {
        Some(why) => Ok(Err(why.clone())),
        None => gate.numbers(sql).await,
    }
}

/// Leaves a hazard uncounted. A possible violation then becomes a warning, because the apply finds it. An
/// expression that fails on the rows would fail in the apply too, so it still blocks.
fn leave_uncounted(hazard: &mut Hazard, why: NotCounted) {
    if hazard.level == Level::Blocks && !matches!(why, NotCounted::Fails { .. }) {
        hazard.level = Level::Warns;
    }
    hazard.not_counted(why);
}

/// Returns true if a table or column is dropped, which is reported even if it is empty.
fn is_drop(hazard: &Hazard) -> bool {
    matches!(hazard.code, Code::DestroysTable | Code::DestroysColumn)
}

async fn count_aggregates(gate: &mut Gate<'_>, step: &mut Step, relation: &str, withheld: &Withheld) -> Result<(), Error> {
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
    match one(gate, &format!("SELECT {} FROM {relation}", columns.join(", ")), withheld).await? {
        Ok(counts) => {
            step.rows = counts.first().copied();
            for ((i, _), count) in aggregates.iter().zip(counts.into_iter().skip(1)) {
                (step.hazards[*i].count, step.hazards[*i].total) = (Some(count), step.rows);
            }
        }
        // One of the expressions fails on these rows: count them one by one.
        Err(NotCounted::Fails { .. }) => {
            for (i, sql) in aggregates {
                match one(gate, &format!("SELECT {sql}, count(*) FROM {relation}"), withheld).await? {
                    Ok(n) => (step.hazards[i].count, step.hazards[i].total) = (n.first().copied(), n.get(1).copied()),
                    Err(why) => leave_uncounted(&mut step.hazards[i], why),
                }
            }
        }
        Err(why) => aggregates.iter().for_each(|(i, _)| leave_uncounted(&mut step.hazards[*i], why.clone())),
    }
    Ok(())
}
