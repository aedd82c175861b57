//! Finds what a rollback drops although no apply created it: it existed before rosey, or something else added
//! it, and a stamp or a later apply recorded it. Ignores what was created and dropped again in between.

use super::super::Entry;
use super::super::drift::read;
use super::{column_before, table_before};
use crate::diff::{Delta, TableChange};
use crate::plan::{LossCause, Lost, Plan, Rename};
use crate::schema::{Address, Dialect, Ident, ObjectName, Part, Schema};

/// The schemas before and after an undone version.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) number: i64,
    /// Whether this is an apply, which created what is only in `after`.
    creates: bool,
    pub(super) before: Schema,
    pub(super) after: Schema,
    renames: Vec<Rename>,
}

/// Returns these rows, oldest first. A row that cannot be read is left out.
pub(super) fn recorded(undone: &[&Entry], renames: &[Vec<Rename>], dialect: Dialect) -> Vec<Recorded> {
    let one = |(entry, renames): (&&Entry, &Vec<Rename>)| {
        let (before, after) = (read(&entry.schema_before, dialect)?, read(&entry.schema_after, dialect)?);
        Some(Recorded { number: entry.number, creates: entry.kind == "apply", before, after, renames: renames.clone() })
    };
    undone.iter().zip(renames).filter_map(one).collect()
}

/// Returns the tables and columns that the plan drops and no apply created.
pub(super) fn lost(recorded: &[Recorded], plan: &Plan) -> Vec<Lost> {
    let mut found = Vec::new();
    let mut look = |address: Address, table: &ObjectName, column: Option<&Ident>| {
        let by = adopter(recorded, table, column);
        found.extend(by.map(|by| Lost { address, cause: LossCause::Adopted, by, values: None }));
        by.is_some()
    };
    for change in plan.changes.tables() {
        match change {
            TableChange::Create(_) => {}
            TableChange::Drop(table) => {
                if !look(table.address(), &table.name, None) {
                    for column in table.columns.keys() {
                        look(table.address().child(Part::Column, column), &table.name, Some(column));
                    }
                }
            }
            TableChange::Alter(edits) => {
                for column in edits.columns.iter().filter_map(|d| if let Delta::Drop(c) = d { Some(edits.dropped(c)) } else { None }) {
                    look(edits.after.address().child(Part::Column, &column.name), &edits.live.name, Some(&column.name));
                }
            }
        }
    }
    found
}

/// Returns the version that found the object in the database; `None` if an apply created it, and 0 if it is
/// newer than all versions.
fn adopter(recorded: &[Recorded], table: &ObjectName, column: Option<&Ident>) -> Option<i64> {
    let (mut table, mut column) = (table.clone(), column.cloned());
    let mut by = 0;
    for step in recorded.iter().rev() {
        if !holds(&step.after, &table, column.as_ref()) {
            return Some(by);
        }
        by = step.number;
        column = column.map(|c| column_before(&table, &c, &step.renames));
        table = table_before(&table, &step.renames);
        if !holds(&step.before, &table, column.as_ref()) {
            return (!step.creates).then_some(by);
        }
    }
    Some(by)
}

fn holds(schema: &Schema, table: &ObjectName, column: Option<&Ident>) -> bool {
    schema.tables.get(table).is_some_and(|t| column.is_none_or(|c| t.columns.contains_key(c)))
}
