//! Rollback: chooses the recorded schema to restore, finds the current names of its objects, and lists what a
//! rollback cannot restore.
//!
//! Pure: it reads the rows of the history and derives a desired schema from one of them. Planning,
//! permission, backup and verification are the same as for any apply.

mod adopted;
mod conversions;
mod definitions;
mod losses;
mod positions;

use super::drift::read;
use super::{Entry, chained};
use crate::engine::guards;
use crate::plan::{Lost, Plan, Rename};
use crate::schema::{AnyKind, Dialect, Ident, Kind, ObjectName, Part, Schema};

/// How far to roll back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum To {
    /// By this many applies that have not been undone yet.
    Back(usize),
    /// To the schema after this version.
    Number(i64),
    /// To the schema before the first version: for an adopted database, the one that was found.
    Base,
}

/// Why a rollback is not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoRollbackTarget {
    /// Nothing has been applied.
    #[error("the history is empty; there is nothing to roll back")]
    Empty,
    /// There are fewer applies left to undo.
    #[error("{}", too_far(*left, *wanted))]
    TooFar {
        /// How many are left.
        left: usize,
        /// How many were requested.
        wanted: usize,
    },
    /// The version does not exist.
    #[error("the history has no version {0}")]
    NoSuchNumber(i64),
    /// The version has itself been undone, so a rollback cannot lead to it.
    #[error("version {number} was undone by version {by}")]
    Undone {
        /// The version.
        number: i64,
        /// The version that undid it.
        by: i64,
    },
    /// The recorded schema cannot be read.
    #[error("this rosey cannot read the schema recorded as version {0}")]
    Unreadable(i64),
    /// A row of the history was changed after rosey wrote it.
    #[error("version {0} of the history, or an earlier one, was modified after rosey wrote it; nothing was changed")]
    Changed(i64),
}

fn too_far(left: usize, wanted: usize) -> String {
    match left {
        0 => "there is nothing left to roll back".to_owned(),
        1 => format!("only one apply can be rolled back; {wanted} were requested"),
        _ => format!("only {left} applies can be rolled back; {wanted} were requested"),
    }
}

/// A recorded schema to roll back to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RollbackTarget {
    /// The version of the schema; 0 is the schema before the first version.
    pub back_to: i64,
    /// The schema; its objects carry their current names.
    pub desired: Schema,
    /// The versions that are undone, latest first.
    pub undone: Vec<i64>,
    /// What these versions did to values, with their backups.
    losses: Vec<losses::Loss>,
    /// The schemas before and after each of these versions.
    recorded: Vec<adopted::Recorded>,
}

/// Returns the applies and stamps that led to the current schema, in order: those that no rollback has
/// undone.
pub fn standing(entries: &[Entry]) -> Vec<&Entry> {
    let mut standing: Vec<&Entry> = Vec::new();
    for entry in entries {
        match entry.back_to {
            Some(number) => standing.retain(|e| e.number <= number),
            None => standing.push(entry),
        }
    }
    standing
}

/// Finds the schema to roll back to.
///
/// # Errors
/// If the history does not contain such a schema.
pub fn rollback_target(entries: &[Entry], to: To, dialect: Dialect) -> Result<RollbackTarget, NoRollbackTarget> {
    let first = entries.first().ok_or(NoRollbackTarget::Empty)?;
    if let Some(number) = chained::first_changed(entries) {
        return Err(NoRollbackTarget::Changed(number));
    }
    let standing = standing(entries);
    let to = match to {
        // The schema after a rollback is the one that it restored.
        To::Number(number) => entries
            .iter()
            .find(|e| e.number == number)
            .and_then(|e| e.back_to)
            .map_or(to, |n| if n == 0 { To::Base } else { To::Number(n) }),
        other => other,
    };
    // The number of rows that have not been rolled back and remain.
    let kept = match to {
        To::Base => 0,
        To::Number(0) => return Err(NoRollbackTarget::NoSuchNumber(0)),
        To::Number(number) => match standing.iter().position(|e| e.number == number) {
            Some(at) => at + 1,
            None => return Err(not_standing(entries, number)),
        },
        To::Back(wanted) => {
            let applies: Vec<usize> = standing.iter().enumerate().filter(|(_, e)| e.kind == "apply").map(|(i, _)| i).collect();
            let at = applies.len().checked_sub(wanted).ok_or(NoRollbackTarget::TooFar { left: applies.len(), wanted })?;
            applies.get(at).copied().unwrap_or(standing.len())
        }
    };
    let undone = standing.get(kept..).unwrap_or_default();
    let oldest = match to {
        // The schema that existed then, even if something had changed it since the previous version.
        To::Back(_) => undone.first().map(|e| (e.number, &e.schema_before)),
        To::Number(_) => None,
        To::Base => Some((first.number, &first.schema_before)),
    };
    let back_to = kept.checked_sub(1).and_then(|i| standing.get(i));
    let here = || back_to.map_or((first.number, &first.schema_before), |e| (e.number, &e.schema_after));
    let (number, text) = oldest.unwrap_or_else(here);
    let mut desired = read(text, dialect).ok_or(NoRollbackTarget::Unreadable(number))?;
    // The schema that was found lacks what a database cannot store: guards, and how values are converted and
    // filled.
    if let Some(recorded) = back_to.and_then(|e| read(&e.schema_after, dialect)) {
        guards::remember(&mut desired, &recorded);
    }
    let renames: Vec<Vec<Rename>> = undone.iter().map(|e| e.renames()).collect();
    let losses = losses::found(&desired, undone, &renames, dialect);
    let recorded = adopted::recorded(undone, &renames, dialect);
    desired.renames_done = desired.exchanged();
    record_current_names(&mut desired, &renames);
    if let Some(now) = entries.last().and_then(|e| read(&e.schema_after, dialect)) {
        conversions::keep_fitting(&mut desired, standing.get(..kept).unwrap_or_default(), &now, dialect);
        // What the schema has ignored since then is not part of this plan.
        desired.ignores = now.ignores;
    }
    desired.names_are_exact = true;
    let undone = undone.iter().rev().map(|e| e.number).collect();
    Ok(RollbackTarget { back_to: back_to.map_or(0, |e| e.number), desired, undone, losses, recorded })
}

fn not_standing(entries: &[Entry], number: i64) -> NoRollbackTarget {
    let Some(entry) = entries.iter().find(|e| e.number == number) else { return NoRollbackTarget::NoSuchNumber(number) };
    let undid = |e: &&Entry| e.number > entry.number && e.back_to.is_some_and(|n| n < number);
    let by = entries.iter().find(undid).map_or(number, |e| e.number);
    NoRollbackTarget::Undone { number, by }
}

/// Returns the name of an object after these renames, applied in order.
fn followed(kind: &AnyKind, name: &ObjectName, renames: &[Vec<Rename>]) -> ObjectName {
    renames.iter().fold(name.clone(), |name, step| after(kind, &name, step))
}

fn after(kind: &AnyKind, name: &ObjectName, step: &[Rename]) -> ObjectName {
    let is_it = |r: &&Rename| r.kind == *kind && same_schema(r, name) && name.name.matches(&r.old);
    match step.iter().find(is_it) {
        Some(rename) => name.renamed(Ident::new(rename.new.as_str(), name.name.case())),
        None => name.clone(),
    }
}

fn same_schema(rename: &Rename, name: &ObjectName) -> bool {
    match (&rename.schema, &name.schema) {
        (None, None) => true,
        (Some(a), Some(b)) => b.matches(a),
        _ => false,
    }
}

/// Returns the name of a table before one step.
fn table_before(table: &ObjectName, step: &[Rename]) -> ObjectName {
    let is_it = |r: &&Rename| r.kind == Kind::Table && same_schema(r, table) && table.name.matches(&r.new);
    let old = step.iter().find(is_it).map(|r| Ident::new(r.old.as_str(), table.name.case()));
    table.renamed(old.unwrap_or_else(|| table.name.clone()))
}

/// Returns the name of a column before one step; `table` is its table's name after that step.
fn column_before(table: &ObjectName, column: &Ident, step: &[Rename]) -> Ident {
    let found = columns_of(table, step).find(|r| column.matches(&r.new));
    found.map_or_else(|| column.clone(), |r| Ident::new(r.old.as_str(), column.case()))
}

/// Returns the renames of a table's columns; `table` is its name after the step.
fn columns_of<'r>(table: &ObjectName, step: &'r [Rename]) -> impl Iterator<Item = &'r Rename> {
    step.iter().filter(|r| r.kind == Part::Column && same_schema(r, table) && r.table.as_ref().is_some_and(|t| table.name.matches(t)))
}

/// Returns the current name of a table, which a rollback stores as the first of its `was` names.
fn now_called(name: &ObjectName, was: &[Ident]) -> ObjectName {
    was.first().map_or_else(|| name.clone(), |w| name.renamed(w.clone()))
}

/// Returns the name of a column after one step; `table` is its table's name after that step.
fn column_after(table: &ObjectName, column: &Ident, step: &[Rename]) -> Ident {
    let found = columns_of(table, step).find(|r| column.matches(&r.old));
    found.map_or_else(|| column.clone(), |r| Ident::new(r.new.as_str(), column.case()))
}

/// Records the current name of each object, so that it is renamed back.
fn record_current_names(schema: &mut Schema, renames: &[Vec<Rename>]) {
    for table in schema.tables.values_mut() {
        for column in table.columns.values_mut() {
            let mut at = (table.head.name.clone(), column.name.clone());
            for step in renames {
                let name = after(&Kind::Table.into(), &at.0, step);
                at = (name.clone(), column_after(&name, &at.1, step));
            }
            column.was = was(&column.name, at.1);
        }
        for index in table.indexes.values_mut() {
            let at = table.head.name.renamed(index.name.clone());
            index.was = was(&index.name, followed(&Part::Index.into(), &at, renames).name);
        }
    }
    for (kind, head) in schema.heads_mut() {
        head.was = was(&head.name.name, followed(&kind.into(), &head.name, renames).name);
    }
}

fn was(name: &Ident, now: Ident) -> Vec<Ident> {
    // Two spellings of one name are not a rename.
    if now == *name && now.as_str() == name.as_str() { Vec::new() } else { vec![now] }
}

impl RollbackTarget {
    /// Returns true if the restored schema contains conversions or backfills.
    pub fn converts(&self) -> bool {
        self.desired.tables.values().flat_map(|t| t.columns.values()).any(|c| c.using.is_some() || c.backfill.is_some())
    }

    /// Removes conversions and backfills that do not fit changes made outside rosey; `live` is the schema of
    /// the database.
    pub fn fit(&mut self, entries: &[Entry], live: &Schema, dialect: Dialect) {
        let kept: Vec<&Entry> = standing(entries).into_iter().filter(|e| e.number <= self.back_to).collect();
        conversions::keep_fitting(&mut self.desired, &kept, live, dialect);
    }

    /// Returns the values that the plan does not restore and where they are, followed by the dropped objects
    /// that no apply created.
    pub fn lost(&self, plan: &Plan) -> Vec<Lost> {
        let mut lost = losses::lost(&self.losses, plan);
        lost.extend(positions::lost(&self.recorded, plan));
        lost.extend(adopted::lost(&self.recorded, plan));
        lost
    }
}

#[cfg(test)]
mod tests;
