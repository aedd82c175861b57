//! Decides how a rollback converts and fills values: as specified in the restored schema, but only if that
//! was written for the same starting point. A `using` or `backfill` stays in a schema file long after it has
//! run; if it ran again on other values, it would corrupt them.

use super::super::Entry;
use super::super::drift::read;
use super::{column_before, table_before};
use crate::schema::{Column, Dialect, Expr, Ident, ObjectName, Schema, Table, Type};

/// The location of a column in a schema.
#[derive(Clone)]
struct At {
    table: ObjectName,
    column: Ident,
}

/// Removes from `desired` what was written for another starting point. `kept` are the rows that led to it,
/// oldest first; `now` is the current schema.
pub(super) fn keep_fitting(desired: &mut Schema, kept: &[&Entry], now: &Schema, dialect: Dialect) {
    let steps = Steps::new(kept, dialect);
    for table in desired.tables.values_mut() {
        let live = now.tables.get(&super::now_called(&table.name, &table.was));
        for column in table.columns.values_mut() {
            let at = At { table: table.head.name.clone(), column: column.name.clone() };
            let there = live.and_then(|t| t.columns.get(column.was.first().unwrap_or(&column.name)));
            let converts =
                |e: &Expr| there.is_some_and(|c| steps.converted(&at, e).is_some_and(|(ty, t)| ty == c.ty && reads_alike(e, &t, live)));
            let fills = |e: &Expr| steps.filled(&at, e).is_some_and(|t| reads_alike(e, &t, live));
            column.using = column.using.take().filter(converts);
            column.backfill = column.backfill.take().filter(fills);
        }
    }
}

/// Returns true if all columns that the expression read then still exist with the same types.
fn reads_alike(expr: &Expr, then: &Table, now: Option<&Table>) -> bool {
    let same = |c: &Column| now.and_then(|t| t.columns.get(&c.name)).is_some_and(|n| n.ty == c.ty);
    then.columns.values().filter(|c| names(&expr.text, c.name.as_str())).all(same)
}

/// Returns true if the SQL may name the column, that is, if the name occurs in it as a whole word in any
/// role.
fn names(sql: &str, name: &str) -> bool {
    let (sql, name) = (sql.to_lowercase(), name.to_lowercase());
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    sql.match_indices(&name).any(|(at, found)| {
        let (before, after) = (&sql[..at], &sql[at + found.len()..]);
        !before.ends_with(is_word) && !after.starts_with(is_word)
    })
}

/// The applies that led to a schema, latest first, with the schemas before and after each.
struct Steps<'e>(Vec<(&'e Entry, Schema, Schema)>);

impl<'e> Steps<'e> {
    fn new(kept: &[&'e Entry], dialect: Dialect) -> Self {
        let applies = kept.iter().rev().filter(|e| e.kind == "apply");
        Steps(applies.filter_map(|e| Some((*e, read(&e.schema_before, dialect)?, read(&e.schema_after, dialect)?))).collect())
    }

    /// Returns the type that a `using` was written for, and the table at that time.
    fn converted(&self, at: &At, using: &Expr) -> Option<(Type, Table)> {
        self.find(at, |before, after| {
            let before = before.filter(|b| after.using.as_ref().is_some_and(|u| u.text == using.text) && b.ty != after.ty);
            before.map(|b| b.ty.clone())
        })
    }

    /// Returns the table as it was when a `backfill` filled the column.
    fn filled(&self, at: &At, backfill: &Expr) -> Option<Table> {
        let found = self.find(at, |before, after| {
            let same = after.backfill.as_ref().is_some_and(|b| b.text == backfill.text);
            (same && before.is_none_or(|b| !b.not_null && after.not_null)).then_some(())
        });
        found.map(|(_, table)| table)
    }

    /// Returns the latest apply that changed the column, as determined by `did` from its states before and
    /// after.
    fn find<T>(&self, at: &At, did: impl Fn(Option<&Column>, &Column) -> Option<T>) -> Option<(T, Table)> {
        let mut at = at.clone();
        for (entry, before, after) in &self.0 {
            let renames = entry.renames();
            let column = after.tables.get(&at.table)?.columns.get(&at.column)?;
            let was = At { column: column_before(&at.table, &at.column, &renames), table: table_before(&at.table, &renames) };
            let table = before.tables.get(&was.table)?;
            let old = table.columns.get(&was.column);
            if let Some(found) = did(old, column) {
                return Some((found, table.clone()));
            }
            old?;
            at = was;
        }
        None
    }
}
