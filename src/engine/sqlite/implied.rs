//! Foreign keys that name no columns (`REFERENCES par`) reference the primary key, whatever it is. When that
//! key changes, they change with it, so a foreign key that must keep referencing the old columns has to name
//! them in the same plan.

use std::collections::BTreeSet;

use super::inspect::{Live, Stored};
use super::lower::words;
use super::read_table::read_table;
use crate::diff::{Attribute, Change, Changes, Delta, Edit, TableChange, TableEdits, untouched};
use crate::plan::{Code, Hazard, Level, Step};
use crate::schema::{ForeignKey, Ident, Kind, ObjectName, Schema, Table};

/// Adds the change of each foreign key that would reference other columns although its definition does not
/// differ.
pub(super) fn follow(changes: &mut Changes, live: &Live, desired: &Schema) {
    for (child, fk) in led_elsewhere(changes, live) {
        // The child under its new name.
        let is_it = |c: &Change| matches!(c, Change::Table(TableChange::Alter(e)) if e.live.name == child.name);
        let at = changes.objects.iter().position(is_it);
        let mut edits = match at.and_then(|i| changes.objects.get(i)) {
            Some(Change::Table(TableChange::Alter(edits))) => edits.clone(),
            _ => match desired.tables.get(&child.name) {
                Some(after) if !desired.ignores(Kind::Table, &child.name) => {
                    Box::new(TableEdits { live: child.clone(), ..untouched(&renamed(&child, changes), after) })
                }
                _ => continue,
            },
        };
        let Some(delta) = spelled_out(&fk, &edits) else { continue };
        edits.foreign_keys.push(delta);
        let change = Change::Table(TableChange::Alter(edits));
        match at.and_then(|i| changes.objects.get_mut(i)) {
            Some(there) => *there = change,
            None => changes.objects.push(change),
        }
    }
}

/// Returns a table whose foreign keys follow the renames of what they reference.
fn renamed(child: &Table, changes: &Changes) -> Table {
    let mut table = child.clone();
    for change in changes.tables() {
        let TableChange::Alter(parent) = change else { continue };
        for key in table.foreign_keys.iter_mut().filter(|k| k.table == parent.live.name) {
            key.to.iter_mut().for_each(|to| *to = parent.new_column(to).clone());
            key.table.clone_from(&parent.after.name);
        }
    }
    table
}

/// Blocks the plan if an ignored table has such a foreign key.
pub(super) fn stop(changes: &Changes, live: &Live, desired: &Schema, steps: &mut [Step]) {
    for (child, fk) in led_elsewhere(changes, live).into_iter().filter(|(c, _)| desired.ignores(Kind::Table, &c.name)) {
        let address = child.foreign_key_at(&fk);
        let message = format!(
            "{address} is not managed and references {} without naming a column, but the primary key of that table changes",
            fk.table
        );
        let advice = "name the column in its definition first, or keep the primary key";
        if let Some(step) = steps.first_mut() {
            step.hazards.push(Hazard::new(Code::BreaksIgnored, Level::Blocks, address, message, advice));
        }
    }
}

/// Returns the tables that the given objects reference without naming columns, in lower case.
pub(super) fn parents<'s>(rows: impl Iterator<Item = &'s Stored>) -> BTreeSet<String> {
    // Most tables need not be parsed.
    let references = |r: &&Stored| r.kind == Kind::Table && r.sql.as_deref().is_some_and(|sql| words(sql).contains("references"));
    let tables = rows.filter(references);
    let read = tables.filter_map(|r| read_table(r.sql.as_deref()?).ok());
    let implied = read.flat_map(|t| t.foreign_keys).filter(|f| f.to.is_empty());
    implied.map(|f| f.table.name.as_str().to_ascii_lowercase()).collect()
}

/// Returns the live foreign keys without columns that reference a table whose key changes, with their tables.
fn led_elsewhere(changes: &Changes, live: &Live) -> Vec<(Table, ForeignKey)> {
    let mut found = Vec::new();
    let rekeyed: Vec<&ObjectName> = changes.tables().filter_map(rekeyed).collect();
    if rekeyed.is_empty() {
        return found;
    }
    for child in live.current.schema().tables.values() {
        if !child.foreign_keys.iter().any(|f| rekeyed.contains(&&f.table)) {
            continue;
        }
        let Some(stored) = live.table_sql(&child.name.name).and_then(|sql| read_table(sql).ok()) else { continue };
        let is_implied =
            |f: &&ForeignKey| stored.foreign_keys.iter().any(|s| s.to.is_empty() && s.columns == f.columns && s.table == f.table);
        let implied = child.foreign_keys.iter().filter(|f| rekeyed.contains(&&f.table) && !f.to.is_empty()).filter(is_implied);
        found.extend(implied.map(|f| (child.clone(), f.clone())));
    }
    found
}

fn rekeyed(change: &TableChange) -> Option<&ObjectName> {
    let TableChange::Alter(edits) = change else { return None };
    (key(&edits.before) != key(&edits.after)).then_some(&edits.live.name)
}

fn key(table: &Table) -> Vec<&Ident> {
    table.primary_key.iter().flat_map(|k| &k.parts).map(|p| &p.column).collect()
}

/// Returns the change that names the columns; `None` if the foreign key is changed or dropped anyway.
fn spelled_out(fk: &ForeignKey, edits: &TableEdits) -> Option<Delta<ForeignKey>> {
    let at = edits.live.foreign_keys.iter().position(|f| f == fk)?;
    let before = edits.before.foreign_keys.get(at)?;
    if edits.foreign_keys.iter().any(|d| d.before() == Some(before)) {
        return None;
    }
    let after = edits.after.foreign_keys.iter().find(|f| f.columns == before.columns && f.table == before.table && f.to == before.to)?;
    let columns: Vec<String> = after.to.iter().map(ToString::to_string).collect();
    let shown = (before.table.to_string(), format!("{}({})", after.table, columns.join(", ")));
    let edit = Edit { attribute: Attribute::References, before: Some(shown.0), after: Some(shown.1) };
    Some(Delta::Alter { before: before.clone(), after: after.clone(), edits: vec![edit] })
}
