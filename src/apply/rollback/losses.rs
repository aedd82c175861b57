//! Finds what the undone applies did to values, and what of that a rollback does not restore: what they
//! dropped, what their `using` converted, and what their `backfill` filled in for NULL.

use std::path::Path;

use super::super::Entry;
use super::super::drift::read;
use super::super::restore::from_here;
use super::definitions::{converts, refuses_null, under};
use super::{after, column_after};
use crate::diff::{Delta, TableChange, TableEdits};
use crate::plan::{LossCause, Lost, Plan, Rename};
use crate::schema::{Address, Column, Dialect, Ident, Kind, ObjectName, Part, Schema, Table};

/// What one apply did to the values of a table or column, under the name that the rollback restores.
#[derive(Debug, Clone)]
pub(super) struct Loss {
    pub(super) table: ObjectName,
    pub(super) column: Option<Ident>,
    pub(super) cause: LossCause,
    pub(super) by: i64,
    pub(super) backup: Option<String>,
    /// The enums and domains that the type of the column is over.
    pub(super) types: Vec<ObjectName>,
}

impl Loss {
    fn lost(&self) -> Lost {
        let table = Address::top(Kind::Table, &self.table);
        let values = match &self.backup {
            None => "that version has no backup".to_owned(),
            Some(file) if Path::new(file).exists() => format!("the data is in {}", from_here(Path::new(file)).display()),
            Some(file) => format!("the data was in {}, which no longer exists", from_here(Path::new(file)).display()),
        };
        let address = self.column.as_ref().map_or(table.clone(), |c| table.child(Part::Column, c));
        Lost { address, cause: self.cause, by: self.by, values: Some(values) }
    }
}

/// Returns everything that the undone applies, oldest first, did to the objects of the restored schema.
pub(super) fn found(schema: &Schema, undone: &[&Entry], renames: &[Vec<Rename>], dialect: Dialect) -> Vec<Loss> {
    let states = |e: &&Entry| Some((read(&e.schema_before, dialect)?, read(&e.schema_after, dialect)?));
    let states: Vec<Option<(Schema, Schema)>> = undone.iter().map(states).collect();
    let mut found = Vec::new();
    for table in schema.tables.values() {
        let (mut name, first) = (table.name.clone(), found.len());
        let mut columns: Vec<(Ident, Ident)> = table.columns.keys().map(|c| (c.clone(), c.clone())).collect();
        for ((entry, states), step) in undone.iter().zip(&states).zip(renames) {
            let is = after(&Kind::Table.into(), &name, step);
            let was = std::mem::replace(&mut name, is);
            let Some((before, then)) = states else { continue };
            let loss = |column: Option<Ident>, cause| {
                let own = column.as_ref().and_then(|c| table.columns.get(c)).map(|c| under(schema, &c.ty)).unwrap_or_default();
                let types = own.iter().map(|d| d.name().clone()).collect();
                Loss { table: table.name.clone(), column, cause, by: entry.number, backup: entry.backup.clone(), types }
            };
            let Some(now) = then.tables.get(&name) else {
                found.push(loss(None, LossCause::Dropped));
                break;
            };
            columns.retain_mut(|(old, current)| {
                let was = column_of(before.tables.get(&was), current);
                *current = column_after(&name, current, step);
                let cause = cause((before, was), (then, column_of(Some(now), current)));
                found.extend(cause.map(|f| loss(Some(old.clone()), f)));
                cause != Some(LossCause::Dropped)
            });
        }
        // A dropped object whose name exists again, under the table's current name, is a different object.
        if let Some((_, now)) = states.last().and_then(Option::as_ref) {
            let there = now.tables.get(&name);
            let is_there = |l: &&mut Loss| l.column.as_ref().map_or(there.is_some(), |c| column_of(there, c).is_some());
            found
                .iter_mut()
                .skip(first)
                .filter(|l| l.cause == LossCause::Dropped)
                .filter(is_there)
                .for_each(|l| l.cause = LossCause::Replaced);
        }
    }
    found
}

fn column_of<'t>(table: Option<&'t Table>, name: &Ident) -> Option<&'t Column> {
    table.and_then(|t| t.columns.get(name))
}

/// Returns what an apply did to the values of a column, given as it was before and after, in the schemas of that time.
fn cause((old, before): (&Schema, Option<&Column>), (new, after): (&Schema, Option<&Column>)) -> Option<LossCause> {
    let Some(after) = after else { return Some(LossCause::Dropped) };
    let before = before?;
    if after.using.is_some() && (before.ty != after.ty || converts(&under(old, &before.ty), &under(new, &after.ty))) {
        Some(LossCause::Converted)
    } else {
        (after.backfill.is_some() && !refuses_null(old, before) && refuses_null(new, after)).then_some(LossCause::Filled)
    }
}

/// Returns the losses that the plan does not make up for: those in what it re-creates and in what it changes
/// back.
pub(super) fn lost(losses: &[Loss], plan: &Plan) -> Vec<Lost> {
    losses.iter().filter(|l| concerns(l, plan)).map(Loss::lost).collect()
}

fn concerns(loss: &Loss, plan: &Plan) -> bool {
    // Whether the plan touches it or not, it is not the original object.
    if loss.cause == LossCause::Replaced {
        return true;
    }
    let mut types = plan.changes.enums().filter_map(|d| d.after()).map(|e| &e.name);
    let mut domains = plan.changes.domains().filter_map(|d| d.after()).map(|d| &d.name);
    if loss.cause != LossCause::Dropped && (types.any(|n| loss.types.contains(n)) || domains.any(|n| loss.types.contains(n))) {
        return true;
    }
    plan.changes.tables().any(|change| match (change, &loss.column) {
        (TableChange::Create(t), None) => t.name == loss.table,
        (TableChange::Alter(edits), Some(column)) => edits.after.name == loss.table && changes(edits, column, loss.cause),
        _ => false,
    })
}

fn changes(edits: &TableEdits, column: &Ident, cause: LossCause) -> bool {
    let of_it = |d: &&Delta<Column>| d.after().is_some_and(|c| c.name == *column && c.generated.is_none());
    edits.columns.iter().find(of_it).is_some_and(|d| d.before().is_none() == (cause == LossCause::Dropped))
}
