//! Foreign keys that would dangle after a table or its key is dropped, in tables that are ignored or with
//! keys declared `dangling`. If the schema manages both sides, it already states what is wanted.

use super::super::inspect::Live;
use super::super::lexer::quote;
use crate::diff::{Changes, Delta, TableChange, TableEdits};
use crate::plan::{Code, Hazard, Level, Probe, Step};
use crate::schema::{ForeignKey, Kind, Schema, Table};

/// Adds the hazards to the steps of the referenced tables.
pub(super) fn warn(steps: &mut [Step], changes: &Changes, live: &Live, desired: &Schema) {
    for change in changes.tables() {
        let parent = match change {
            TableChange::Create(_) => continue,
            TableChange::Drop(table) => table,
            TableChange::Alter(edits) => &edits.live,
        };
        let Some(step) = steps.iter_mut().find(|s| s.address == change.table().address()) else { continue };
        for child in live.current.schema().tables.values() {
            for fk in child.foreign_keys.iter().filter(|f| f.table == parent.name && is_key(f, parent)) {
                step.hazards
                    .extend(hazard(changes, change, child, fk, desired, live).filter(|_| !is_written_again(changes, change, child, fk)));
            }
        }
    }
}

fn hazard(changes: &Changes, change: &TableChange, child: &Table, fk: &ForeignKey, desired: &Schema, live: &Live) -> Option<Hazard> {
    let ignored = desired.ignores.iter().any(|i| i.covers(&Kind::Table.into(), &child.name));
    let address = child.foreign_key_at(fk);
    let goes = match change {
        TableChange::Drop(_) => format!("table {}, which is dropped", fk.table),
        TableChange::Alter(edits) if !is_key_after(fk, edits, live) => format!("columns that are no longer a key of table {}", fk.table),
        _ => return None,
    };
    if ignored {
        let message = format!("{address} is not in the schema, but references {goes}");
        let advice = "drop the foreign key first, or keep what it references";
        return Some(Hazard::new(Code::BreaksIgnored, Level::Blocks, address, message, advice));
    }
    let goes_whole = matches!(change, TableChange::Drop(_));
    let parent = if goes_whole { &fk.table } else { &change.table().name };
    let same = |f: &ForeignKey| f.columns == fk.columns && f.table == *parent && (goes_whole || f.to == fk.to);
    if !later(changes, desired, child).is_some_and(|t| t.foreign_keys.iter().any(same)) {
        return None;
    }
    if !goes_whole {
        let message = format!("{address} references {goes}: SQLite would reject writes to either table");
        let advice = "drop the foreign key as well, or keep what it references";
        return Some(Hazard::new(Code::BreaksForeignKey, Level::Blocks, address, message, advice));
    }
    let filled: Vec<String> = fk.columns.iter().map(|c| format!("{} IS NOT NULL", quote(c.as_str()))).collect();
    let (name, filled) = (quote(child.name.name.as_str()), filled.join(" AND "));
    let message = format!("{{count}} of {{total}} rows of {} reference {goes}", child.name);
    let hazard = Hazard::new(Code::BreaksForeignKey, Level::Blocks, address, message, "delete these rows first, or set them to NULL");
    let probe = Probe::Query(format!("SELECT (SELECT count(*) FROM {name} WHERE {filled}), (SELECT count(*) FROM {name})"));
    Some(hazard.counted(probe).found_by(format!("SELECT * FROM {name} WHERE {filled}")))
}

/// Returns the table as it will be, under its new name.
fn later<'t>(changes: &'t Changes, desired: &'t Schema, table: &Table) -> Option<&'t Table> {
    let altered = changes.tables().find_map(|change| match change {
        TableChange::Alter(edits) if edits.live.name == table.name => Some(&edits.after),
        _ => None,
    });
    altered.or_else(|| desired.tables.get(&table.name))
}

/// Returns true if the child's change writes the same foreign key again, and it then references a key: one
/// column of the parent takes the name of another, which is dropped.
fn is_written_again(changes: &Changes, parent: &TableChange, child: &Table, fk: &ForeignKey) -> bool {
    let TableChange::Alter(parent) = parent else { return false };
    let same = |f: &ForeignKey| f.columns == fk.columns && f.table == fk.table && f.to == fk.to && is_key(f, &parent.after);
    changes.tables().any(|change| match change {
        TableChange::Alter(edits) => edits.live.name == child.name && edits.foreign_keys.iter().filter_map(Delta::after).any(same),
        TableChange::Create(_) | TableChange::Drop(_) => false,
    })
}

/// Returns true if the foreign key references a key of the table, so that it works now.
fn is_key(fk: &ForeignKey, parent: &Table) -> bool {
    let mut read = Schema::default();
    read.tables.insert(parent.name.clone(), parent.clone());
    !read.leads_nowhere(fk)
}

/// Does the same for the changed table. SQLite renames columns in foreign keys as it does elsewhere.
fn is_key_after(fk: &ForeignKey, edits: &TableEdits, live: &Live) -> bool {
    let mut fk = fk.clone();
    for (old, new) in &edits.renamed_columns {
        fk.to.iter_mut().filter(|c| *c == old).for_each(|c| c.clone_from(new));
    }
    // An ignored unique index stays.
    let mut after = edits.after.clone();
    let stored = live.current.schema().tables.get(&edits.live.name);
    let kept = stored.into_iter().flat_map(|t| t.indexes.values()).filter(|i| !edits.live.indexes.contains_key(&i.name));
    after.indexes.extend(kept.map(|i| (i.name.clone(), i.clone())));
    fk.table = after.name.clone();
    is_key(&fk, &after)
}
