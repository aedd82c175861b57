//! What is checked before the commit: the rows that should have been filled, and the references. Changes
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::connection::{Connection, Error};
use super::lexer::quote;
use super::references::{Listed, foreign_keys, mismatched, orphans, points_to_a_key};
use crate::diff::TableChange;
use crate::plan::Plan;
use crate::schema::{Column, Table};

/// Returns a column that should have been filled and still contains NULL, if there is one. Does not use
/// `IS NULL`, which SQLite assumes to be false for a NOT NULL column.
///
/// # Errors
/// If SQLite cannot read the rows.
pub(crate) async fn unfilled(connection: &mut Connection, plan: &Plan) -> Result<Option<String>, Error> {
    for change in plan.changes.tables() {
        let TableChange::Alter(edits) = change else { continue };
        let table = quote(edits.after.name.name.as_str());
        let was_filled = |c: &&Column| c.backfill.is_some() && c.not_null && !edits.before.columns.get(&c.name).is_some_and(|b| b.not_null);
        for column in edits.after.columns.values().filter(was_filled) {
            let nulls = format!("SELECT count(*) FROM {table} WHERE typeof({}) = 'null'", quote(column.name.as_str()));
            if connection.number(&nulls).await? > 0 {
                return Ok(Some(format!("column {} of {} still contains NULL", column.name, edits.after.name)));
            }
        }
    }
    Ok(None)
}

/// A table and its foreign key, in lower case and under the names after the change, so that renamed tables
/// and columns keep their keys.
pub(crate) type Key = (String, String);

/// The rows that violate a foreign key, and how often each does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Orphans {
    Rows(BTreeMap<String, usize>),
    /// SQLite cannot check the key, because the referenced columns are not a key.
    Mismatch,
    /// All referencing rows, because the referenced table does not exist.
    Nowhere(BTreeMap<String, usize>),
}

/// The rows that break each foreign key.
pub(crate) type Broken = BTreeMap<Key, Orphans>;

/// Returns the live foreign keys that the plan may break, and the rows that already violate them: keys of the
/// tables that the plan changes and keys that reference these tables, managed or not.
///
/// # Errors
/// If SQLite cannot read the rows.
pub(crate) async fn broken_references(connection: &mut Connection, plan: &Plan, names: &Names) -> Result<Broken, Error> {
    let touched: BTreeSet<String> = plan.changes.tables().flat_map(touched).collect();
    let mut found = BTreeMap::new();
    let sql = "SELECT lower(name) FROM sqlite_schema WHERE type IN ('table', 'view')";
    let there: BTreeSet<String> = connection.texts(sql).await?.into_iter().collect();
    for (table, keys) in foreign_keys(connection).await? {
        let concerned = touched.contains(&lower(&table)) || keys.values().any(|k| touched.contains(&lower(&k.parent)));
        if !concerned {
            continue;
        }
        let mismatched = mismatched(connection, &table).await?;
        for key in keys.into_values() {
            let nowhere = !there.contains(&lower(&key.parent));
            let state = if !nowhere && mismatched && !points_to_a_key(connection, &key).await? {
                Orphans::Mismatch
            } else {
                let rows = orphans(connection, &table, &key, names.keeps_rowids(&table), nowhere).await?;
                if nowhere { Orphans::Nowhere(rows) } else { Orphans::Rows(rows) }
            };
            found.insert(names.after(&table, &key), state);
        }
    }
    Ok(found)
}

/// Returns a table that violates a foreign key that it did not violate before, if there is one, and how.
/// Ignores keys that could not be checked before, and new keys to a missing table, which the schema declares
/// as such.
pub(crate) fn newly_broken(before: &Broken, after: &Broken) -> Option<String> {
    for (key, now) in after {
        let orphans = match (before.get(key), now) {
            (None, Orphans::Mismatch | Orphans::Nowhere(_)) | (Some(Orphans::Mismatch), _) => false,
            (Some(_), Orphans::Mismatch) => {
                return Some(format!("foreign key {} of {} would not reference a primary key or unique index", key.1, key.0));
            }
            (old, new) => {
                let before = |row: &String| old.and_then(|o| o.rows().get(row).copied()).unwrap_or(0);
                new.rows().iter().any(|(row, n)| *n > before(row))
            }
        };
        if orphans {
            return Some(format!("rows of {} would reference missing rows", key.0));
        }
    }
    None
}

impl Orphans {
    fn rows(&self) -> &BTreeMap<String, usize> {
        const NONE: &BTreeMap<String, usize> = &BTreeMap::new();
        match self {
            Orphans::Rows(rows) | Orphans::Nowhere(rows) => rows,
            Orphans::Mismatch => NONE,
        }
    }
}

/// The names that the plan changes: from live names to the names after the plan.
#[derive(Debug, Default)]
pub(crate) struct Names {
    tables: BTreeMap<String, String>,
    columns: BTreeMap<(String, String), String>,
    /// The tables whose rowids change.
    renumbered: BTreeSet<String>,
}

impl Names {
    /// Returns those of a plan.
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut names = Names::default();
        for change in plan.changes.tables() {
            let TableChange::Alter(edits) = change else { continue };
            let (old, new) = (lower(edits.live.name.name.as_str()), lower(edits.after.name.name.as_str()));
            let columns = edits.renamed_columns.iter().map(|(from, to)| ((old.clone(), lower(from.as_str())), lower(to.as_str())));
            names.columns.extend(columns);
            let key = |t: &Table| t.single_key().map(|c| c.name.clone());
            if key(&edits.before) != key(&edits.after)
                || edits.primary_key.is_some()
                || edits.before.without_rowid != edits.after.without_rowid
            {
                names.renumbered.extend([old.clone(), new.clone()]);
            }
            names.tables.insert(old, new);
        }
        names
    }

    /// Returns the mapping after the plan, which changes no more names.
    pub(crate) fn done(self) -> Self {
        Names { renumbered: self.renumbered, ..Names::default() }
    }

    /// Returns true if the rows of a table keep their rowids.
    pub(crate) fn keeps_rowids(&self, table: &str) -> bool {
        !self.renumbered.contains(&lower(table))
    }

    /// Returns a key under the names after the plan.
    pub(crate) fn after(&self, table: &str, key: &Listed) -> Key {
        let name = |table: &str| self.tables.get(&lower(table)).cloned().unwrap_or_else(|| lower(table));
        let column = |table: &str, column: &str| {
            let column = lower(column);
            self.columns.get(&(lower(table), column.clone())).cloned().unwrap_or(column)
        };
        let list = |table: &str, columns: &[String]| columns.iter().map(|c| column(table, c)).collect::<Vec<_>>().join(", ");
        (name(table), format!("({}) -> {}({})", list(table, &key.from), name(&key.parent), list(&key.parent, &key.to)))
    }
}

/// Returns all names of the table of a change, in lower case.
pub(crate) fn touched(change: &TableChange) -> Vec<String> {
    match change {
        TableChange::Create(t) | TableChange::Drop(t) => vec![lower(t.name.name.as_str())],
        TableChange::Alter(e) => vec![lower(e.live.name.name.as_str()), lower(e.after.name.name.as_str())],
    }
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}
