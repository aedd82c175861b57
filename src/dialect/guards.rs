//! `prevent-destroy` that outlives its line in the file: the last apply remembers what was guarded.

use std::collections::BTreeSet;

use crate::diff::{Changes, Delta, TableChange};
use crate::kdl;
use crate::plan::{Code, Hazard, Level, Step};
use crate::schema::{Address, Dialect, Schema};

/// What the last apply guarded.
#[derive(Debug, Default)]
pub(crate) struct Guards(Schema);

impl Guards {
    /// Those of the schema that the last apply recorded. It was written in rosey's own spelling; what a later rosey wrote
    /// and this one cannot read guards nothing.
    pub(crate) fn of(recorded: &str, dialect: Dialect) -> Guards {
        let sources = kdl::Sources::from_text("history", recorded);
        Guards(sources.checked().and_then(|s| kdl::decode(&s, dialect)).unwrap_or_default())
    }

    /// Those of a schema that was recorded.
    pub(crate) fn in_schema(recorded: &Schema) -> Guards {
        Guards(recorded.clone())
    }

    /// The schema that was recorded.
    pub(crate) fn schema(&self) -> &Schema {
        &self.0
    }

    /// Adds a hazard to each step that would drop what is guarded.
    pub(crate) fn stop(&self, changes: &Changes, steps: &mut [Step]) {
        if drops_something(changes) {
            for step in steps {
                let guarded = guarded_drops(changes, &self.0, &step.address);
                step.hazards.extend(guarded.into_iter().map(hazard));
            }
        }
    }

    /// What the desired schema guards anew, and what it no longer guards.
    pub(crate) fn changes(&self, desired: &Schema) -> Vec<String> {
        let (old, new) = (guarded(&self.0), guarded(desired));
        let set = new.difference(&old).map(|a| format!("{a} is guarded by prevent-destroy"));
        let kept = |a: &&Address| exists(desired, a);
        let off = old.difference(&new).filter(kept).map(|a| format!("{a} is no longer guarded by prevent-destroy"));
        set.chain(off).collect()
    }
}

fn guarded(schema: &Schema) -> BTreeSet<Address> {
    let tables = schema.tables.values().filter(|t| t.prevent_destroy).map(|t| t.address());
    let columns =
        schema.tables.values().flat_map(|t| t.columns.values().filter(|c| c.prevent_destroy).map(|c| t.address().child("column", &c.name)));
    let virtuals = schema.virtual_tables.values().filter(|v| v.prevent_destroy).map(|v| v.address());
    let sequences = schema.sequences.values().filter(|s| s.prevent_destroy).map(|s| s.address());
    tables.chain(columns).chain(virtuals).chain(sequences).collect()
}

fn exists(schema: &Schema, address: &Address) -> bool {
    let columns = |t: &crate::schema::Table| t.columns.values().any(|c| t.address().child("column", &c.name) == *address);
    schema.tables.values().any(|t| t.address() == *address || columns(t))
        || schema.virtual_tables.values().any(|v| v.address() == *address)
        || schema.sequences.values().any(|s| s.address() == *address)
}

fn drops_something(changes: &Changes) -> bool {
    changes.virtual_tables.iter().any(|v| v.before().is_some())
        || changes.sequences.iter().any(|s| s.after().is_none())
        || changes.tables.iter().any(|t| match t {
            TableChange::Drop(_) => true,
            TableChange::Alter(e) => e.columns.iter().any(|c| c.after().is_none()),
            TableChange::Create(_) => false,
        })
}

fn guarded_drops(changes: &Changes, remembered: &Schema, at: &Address) -> Vec<Address> {
    let mut found = Vec::new();
    for change in &changes.tables {
        match change {
            TableChange::Drop(t) if t.address() == *at && remembered.tables.get(&t.name).is_some_and(|t| t.prevent_destroy) => {
                found.push(t.address());
            }
            TableChange::Alter(e) if e.after.address() == *at => {
                let Some(table) = remembered.tables.get(&e.live.name) else { continue };
                let gone = e.columns.iter().filter(|d| d.after().is_none()).filter_map(Delta::before);
                let guarded = gone.filter(|c| table.columns.get(&c.name).is_some_and(|c| c.prevent_destroy));
                found.extend(guarded.map(|c| table.address().child("column", &c.name)));
            }
            _ => {}
        }
    }
    let virtuals = changes.virtual_tables.iter().filter_map(Delta::before).filter(|v| v.address() == *at);
    found.extend(virtuals.filter(|v| remembered.virtual_tables.get(&v.name).is_some_and(|v| v.prevent_destroy)).map(|v| v.address()));
    let sequences = changes.sequences.iter().filter(|d| d.after().is_none()).filter_map(Delta::before).filter(|s| s.address() == *at);
    found.extend(sequences.filter(|s| remembered.sequences.get(&s.name).is_some_and(|s| s.prevent_destroy)).map(|s| s.address()));
    found
}

fn hazard(address: Address) -> Hazard {
    let message = format!("{address} is guarded by prevent-destroy");
    let advice = "apply it once without the flag; the next apply may drop it";
    Hazard::new(Code::PreventDestroy, Level::Blocks, address, message, advice)
}

/// Takes over into the schema that is recorded what a database cannot hold: the guards of the desired one, what it
/// leaves alone, and how values are converted and filled, for the way back to it.
pub(crate) fn remember(recorded: &mut Schema, desired: &Schema) {
    recorded.ignores = desired.ignores.clone();
    mark(recorded, desired);
    for table in recorded.tables.values_mut() {
        let Some(wanted) = desired.tables.get(&table.name) else { continue };
        for column in table.columns.values_mut() {
            let Some(wanted) = wanted.columns.get(&column.name) else { continue };
            column.using = wanted.using.clone();
            column.backfill = wanted.backfill.clone();
        }
    }
}

/// Guards in one schema what the other one guards.
pub(crate) fn mark(schema: &mut Schema, guarded: &Schema) {
    for table in schema.tables.values_mut() {
        let Some(wanted) = guarded.tables.get(&table.name) else { continue };
        table.prevent_destroy = wanted.prevent_destroy;
        for column in table.columns.values_mut() {
            column.prevent_destroy = wanted.columns.get(&column.name).is_some_and(|c| c.prevent_destroy);
        }
    }
    for sequence in schema.sequences.values_mut() {
        sequence.prevent_destroy = guarded.sequences.get(&sequence.name).is_some_and(|s| s.prevent_destroy);
    }
    for table in schema.virtual_tables.values_mut() {
        table.prevent_destroy = guarded.virtual_tables.get(&table.name).is_some_and(|v| v.prevent_destroy);
    }
}
