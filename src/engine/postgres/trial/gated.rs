//! Removes from a trial what a plan does not run. On an empty table no row is read, but constants are
//! evaluated: the condition of an index or a generated column calls its functions if their arguments are
//! constant, and a user-defined IMMUTABLE function may do anything. Defaults, and checks that are not
//! validated, are only parsed.

use std::collections::BTreeSet;

use super::super::connection::{Connection, Error};
use super::super::gate::{Asked, Gate, Scope};
use super::super::{ask, fragments, types};
use super::Trial;
use crate::schema::{Index, Table};

/// Keeps the parts whose expressions pass the gate.
///
/// # Errors
/// If the connection is lost.
pub(super) async fn keep_safe(connection: &mut Connection, tables: &mut [Trial]) -> Result<(), Error> {
    let asked: Vec<(usize, String, Asked)> = tables.iter().enumerate().flat_map(|(n, t)| questions(n, t)).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let each: Vec<&Asked> = asked.iter().map(|(_, _, a)| a).collect();
    let verdicts = Gate::default().verdicts(connection, &each).await?;
    for (n, trial) in tables.iter_mut().enumerate() {
        let refused = asked.iter().zip(&verdicts).filter(|((t, ..), why)| *t == n && why.is_some()).map(|((_, text, _), _)| text.as_str());
        let refused: BTreeSet<&str> = refused.collect();
        if !refused.is_empty() {
            take_out(trial, &refused);
        }
    }
    Ok(())
}

/// Returns each expression of a table once, over NULLs of its columns' types.
fn questions(n: usize, trial: &Trial) -> Vec<(usize, String, Asked)> {
    let columns: Vec<_> = trial.table.columns.values().map(|c| (c.name.to_string(), types::value_type(&c.ty), None)).collect();
    let texts: BTreeSet<String> = expressions(&trial.table).into_iter().chain(trial.indexes.iter().flat_map(fragments::of_index)).collect();
    let question = |sql: String| {
        let alias = trial.table.name.name.to_string();
        let question = ask::Question { sql: sql.clone(), cast: None, columns: columns.clone(), alias };
        (n, sql, Asked { select: ask::select(&question), scope: Scope::Constants, reads: Vec::new() })
    };
    texts.into_iter().map(question).collect()
}

/// Returns the expressions of generated columns and exclusion constraints.
fn expressions(table: &Table) -> Vec<String> {
    let mut found: Vec<String> = table.columns.values().filter_map(|c| Some(c.generated.as_ref()?.expr.text.clone())).collect();
    found.extend(table.exclusions.iter().flat_map(fragments::of_exclusion));
    found
}

/// Removes the parts that contain a refused expression. A generated column remains as a plain column, which
/// others may read.
fn take_out(trial: &mut Trial, refused: &BTreeSet<&str>) {
    let is_safe = |texts: Vec<String>| !texts.iter().any(|t| refused.contains(t.as_str()));
    for column in trial.table.columns.values_mut() {
        column.generated = column.generated.take().filter(|g| !refused.contains(g.expr.text.as_str()));
    }
    trial.table.exclusions.retain(|e| is_safe(fragments::of_exclusion(e)));
    trial.indexes.retain(|i: &Index| is_safe(fragments::of_index(i)));
}
