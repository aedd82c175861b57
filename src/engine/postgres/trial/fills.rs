//! Tries the `backfill` and `using` of changed columns: the server parses them over the live columns of the table.
//! Runs none of them. A subquery is left out, because it may read what the change creates.

use std::collections::BTreeSet;

use super::super::ask::{self, Question};
use super::super::connection::{Connection, Error};
use super::super::settle::stand_ins;
use super::super::{canon, sqlstate, types};
use super::Refused;
use crate::diff::{Changes, Delta, TableChange, TableEdits};
use crate::schema::{Column, Expr, Origin};

/// Codes that are about the expression itself: undefined column or function, ambiguous name, syntax, types that do
/// not match.
const TOLD: [&str; 6] = ["42703", "42883", "42702", "42601", "42804", "42846"];

/// Returns what the server rejects.
///
/// # Errors
/// If the connection is lost.
pub(super) async fn refused(connection: &mut Connection, changes: &Changes, stood: &BTreeSet<&str>) -> Result<Vec<Refused>, Error> {
    let edits = changes.tables().filter_map(|c| if let TableChange::Alter(edits) = c { Some(&**edits) } else { None });
    let all: Vec<(Question, Origin)> = edits.flat_map(questions).collect();
    let questions: Vec<Question> = all.iter().map(|(q, _)| q.clone()).collect();
    let answers = ask::ask(connection, &questions).await?;
    let mut found = Vec::new();
    for ((question, at), answer) in all.iter().zip(answers) {
        let typed: Vec<String> = question.columns.iter().map(|(_, ty, _)| ty.clone()).chain([question.sql.clone()]).collect();
        let (Err(refusal), Some(at)) = (answer, at.0) else { continue };
        if TOLD.contains(&refusal.code.as_str()) && !stand_ins::names_any(stood, &typed) {
            let help = sqlstate::advice(&refusal.code).to_owned();
            found.push(Refused { code: refusal.code, message: refusal.message, help, at });
        }
    }
    Ok(found)
}

/// Returns whether there is anything to try.
pub(super) fn has_any(edits: &TableEdits) -> bool {
    !questions(edits).is_empty()
}

fn questions(edits: &TableEdits) -> Vec<(Question, Origin)> {
    let live = edits.live.columns.values();
    let columns: Vec<_> = live.map(|c: &Column| (c.name.to_string(), types::value_type(&c.ty), None)).collect();
    let question = |expr: &Expr| {
        let named: BTreeSet<String> = canon::names(&expr.text).into_iter().collect();
        let columns = columns.iter().filter(|(name, ..)| named.contains(name)).cloned().collect();
        let question = Question { sql: expr.text.clone(), cast: None, columns, alias: edits.live.name.name.to_string() };
        (!named.contains("select")).then_some((question, expr.origin))
    };
    let filled = |d: &Delta<Column>| match d {
        Delta::Create(column) => column.backfill.clone().into_iter().collect::<Vec<_>>(),
        Delta::Alter { before, after, .. } => {
            let filled = after.backfill.iter().filter(|_| after.not_null && !before.not_null);
            let converted = after.using.iter().filter(|_| before.ty != after.ty);
            filled.chain(converted).cloned().collect()
        }
        Delta::Drop(_) => Vec::new(),
    };
    edits.columns.iter().flat_map(filled).filter_map(|e| question(&e)).collect()
}
