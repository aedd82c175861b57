//! Keeps `prevent-destroy` in force after its line is removed from the file: the last apply recorded what was
//! guarded.

use std::collections::BTreeSet;

use crate::diff::{Changes, Delta, TableChange, TableEdits};
use crate::kdl;
use crate::plan::{Code, Hazard, Level, Step};
use crate::schema::{Address, Column, Dialect, Head, Ident, Kind, ObjectName, Part, Schema, Table};

/// The objects that were guarded when the last apply recorded them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guards(Schema);

impl Guards {
    /// Returns the guards of the schema that the last apply recorded. A schema that cannot be read, for
    /// example because a later version of rosey wrote it, has no guards.
    pub(crate) fn of(recorded: &str, dialect: Dialect) -> Guards {
        let sources = kdl::Sources::from_text("history", recorded);
        Guards(sources.checked().and_then(|s| kdl::decode(&s, dialect)).unwrap_or_default())
    }

    /// Returns the guards of a recorded schema.
    pub(crate) fn in_schema(recorded: &Schema) -> Guards {
        Guards(recorded.clone())
    }

    /// Returns the recorded schema.
    pub(crate) fn schema(&self) -> &Schema {
        &self.0
    }

    /// Adds a hazard to each step that would destroy a guarded object.
    pub(crate) fn stop(&self, changes: &Changes, steps: &mut [Step]) {
        let mut lost = self.lost(changes);
        for step in steps {
            // An object may have several steps; report it once.
            for (_, guarded) in lost.extract_if(.., |(at, _)| *at == step.address) {
                step.hazards.push(hazard(guarded));
            }
        }
    }

    /// Returns the guarded objects that would lose their data, each with the address of the object that is
    /// changed. A new restriction, such as a type that the values have to fit, does not count as loss; it
    /// requires permission as usual.
    fn lost(&self, changes: &Changes) -> Vec<(Address, Address)> {
        let mut found: Vec<(Address, Address)> = changes.tables().flat_map(|t| self.lost_of_table(t)).collect();
        let mut whole = |address: Address| found.push((address.clone(), address));
        for change in changes.objects.iter().filter(|c| c.kind() != Kind::Table && c.kind().holds_values()) {
            let Some(before) = change.before() else { continue };
            let kept = self.0.head(change.kind(), &before.name).is_some_and(|h| h.prevent_destroy);
            // A virtual table that changes is dropped and re-created.
            let recreated = change.kind() == Kind::VirtualTable && change.is_alter();
            let wanted = change.after().is_some_and(|h| h.prevent_destroy);
            if (change.after().is_none() && kept) || (recreated && (kept || wanted)) {
                whole(change.address());
            }
        }
        found
    }

    fn lost_of_table(&self, change: &TableChange) -> Vec<(Address, Address)> {
        match change {
            TableChange::Create(_) => Vec::new(),
            TableChange::Drop(table) => {
                let (at, Some(kept)) = (table.address(), self.0.tables.get(&table.name)) else { return Vec::new() };
                if kept.prevent_destroy {
                    return vec![(at.clone(), at)];
                }
                let guarded = |c: &&Column| kept.columns.get(&c.name).is_some_and(|c| c.prevent_destroy);
                let column = |c: &Column| (at.clone(), at.child(Part::Column, &c.name));
                table.columns.values().filter(guarded).map(column).collect()
            }
            TableChange::Alter(edits) => {
                let at = edits.after.address();
                let lost = edits.columns.iter().filter_map(|d| self.lost_column(edits, d));
                lost.map(|name| (at.clone(), at.child(Part::Column, name))).collect()
            }
        }
    }

    /// Returns a guarded column that is dropped, or that becomes a generated column and so loses its values.
    fn lost_column<'d>(&self, edits: &'d TableEdits, delta: &'d Delta<Column>) -> Option<&'d Ident> {
        let column = match delta {
            Delta::Drop(column) => column,
            Delta::Alter { before, after, .. } if before.generated.is_none() && after.generated.is_some() => after,
            Delta::Create(_) | Delta::Alter { .. } => return None,
        };
        let old = edits.old_column(&column.name);
        let kept = self.0.tables.get(&edits.live.name).and_then(|t| t.columns.get(old)).is_some_and(|c| c.prevent_destroy);
        (kept || delta.after().is_some_and(|c| c.prevent_destroy)).then_some(if delta.after().is_some() { &column.name } else { old })
    }

    /// Returns the guards that the desired schema adds and removes.
    pub(crate) fn changes(&self, desired: &Schema) -> Vec<String> {
        let (old, new) = (guarded(&self.0), guarded(desired));
        let set = new.difference(&old).map(|a| format!("{a} is guarded by prevent-destroy"));
        let kept = |a: &&Address| exists(desired, a);
        let off = old.difference(&new).filter(kept).map(|a| format!("{a} is no longer guarded by prevent-destroy"));
        set.chain(off).collect()
    }
}

fn guarded(schema: &Schema) -> BTreeSet<Address> {
    let objects = schema.heads().filter(|(_, head)| head.prevent_destroy).map(|(kind, head)| Address::of(kind, &head.name));
    let columns = schema
        .tables
        .values()
        .flat_map(|t| t.columns.values().filter(|c| c.prevent_destroy).map(|c| t.address().child(Part::Column, &c.name)));
    objects.chain(columns).collect()
}

fn exists(schema: &Schema, address: &Address) -> bool {
    let mut columns = schema.tables.values().flat_map(|t| t.columns.keys().map(|c| t.address().child(Part::Column, c)));
    schema.heads().any(|(kind, head)| Address::of(kind, &head.name) == *address) || columns.any(|a| a == *address)
}

fn hazard(address: Address) -> Hazard {
    let message = format!("{address} is guarded by prevent-destroy");
    let advice = "apply it once without prevent-destroy; a later apply can then destroy it";
    Hazard::new(Code::PreventDestroy, Level::Blocks, address, message, advice)
}

/// Copies into the recorded schema what a database cannot store: the guards of the desired schema, what it
/// ignores, and how values are converted and filled, for a rollback to it.
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
    let done = if desired.names_are_exact { desired.renames_done.clone() } else { desired.exchanged() };
    recorded.say_exchanged(&done);
}

/// Keeps in the schema that a rollback leads to the name exchanges that were done before it and that it does
/// not undo. `last` has the names of tables and columns before the rollback.
pub(crate) fn carry_exchanged(recorded: &mut Schema, desired: &Schema, last: &Schema) {
    if !desired.names_are_exact {
        return;
    }
    let last = last.exchanged();
    let mut done = desired.renames_done.clone();
    let mut keep = |now: &Address, then: &Address| {
        let olds = last.iter().filter(|(address, _)| address.is_same(now)).map(|(_, old)| (then.clone(), old.clone()));
        done.extend(olds);
    };
    for (kind, head) in desired.heads().filter(|(kind, head)| kind.holds_values() && head.was.is_empty()) {
        let at = Address::of(kind, &head.name);
        keep(&at, &at);
    }
    for table in desired.tables.values() {
        let now = table.was.first().map_or_else(|| table.name.clone(), |old| ObjectName { name: old.clone(), ..table.name.clone() });
        let (now, then) = (Address::of(Kind::Table, &now), table.address());
        for column in table.columns.values().filter(|c| c.was.is_empty()) {
            keep(&now.child(Part::Column, &column.name), &then.child(Part::Column, &column.name));
        }
    }
    recorded.say_exchanged(&done);
}

/// Keeps in the recorded schema what was guarded before and is ignored now, so that it is still guarded once
/// it is no longer ignored.
pub(crate) fn carry(recorded: &mut Schema, guards: &Schema) {
    let ignores = recorded.ignores.clone();
    let left_alone = |kind: Kind, name: &ObjectName| ignores.iter().any(|i| i.covers(&kind.into(), name));
    for table in guards.tables.values().filter(|t| t.prevent_destroy || t.columns.values().any(|c| c.prevent_destroy)) {
        if !left_alone(Kind::Table, &table.name) {
            continue;
        }
        match recorded.tables.get_mut(&table.name) {
            Some(there) => mark_table(there, table),
            None => {
                let mut kept = table.clone();
                kept.foreign_keys.retain(|f| f.table == table.name || recorded.tables.contains_key(&f.table));
                recorded.tables.insert(kept.name.clone(), kept);
            }
        }
    }
    let is_kept = |kind: Kind, head: &Head| kind != Kind::Table && head.prevent_destroy && left_alone(kind, &head.name);
    recorded.copy_missing(guards, is_kept);
    for (kind, head) in recorded.heads_mut() {
        head.prevent_destroy |= guards.head(kind, &head.name).is_some_and(|h| is_kept(kind, h));
    }
}

fn mark_table(table: &mut Table, guarded: &Table) {
    table.prevent_destroy = guarded.prevent_destroy;
    for column in table.columns.values_mut() {
        column.prevent_destroy = guarded.columns.get(&column.name).is_some_and(|c| c.prevent_destroy);
    }
}

/// Sets the guards of one schema to those of another.
pub(crate) fn mark(schema: &mut Schema, guarded: &Schema) {
    for table in schema.tables.values_mut() {
        if let Some(wanted) = guarded.tables.get(&table.name) {
            mark_table(table, wanted);
        }
    }
    for (kind, head) in schema.heads_mut() {
        head.prevent_destroy = guarded.head(kind, &head.name).is_some_and(|h| h.prevent_destroy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::diff;
    use crate::plan::Action;
    use crate::schema::Normalized;

    fn schema(kdl: &str, dialect: Dialect) -> Schema {
        kdl::decode(&kdl::Sources::from_text("schema.kdl", kdl), dialect).unwrap()
    }

    /// Returns what blocks the change from a recorded schema to another if each object has two steps.
    fn stopped(recorded: &str, desired: &str, dialect: Dialect) -> Vec<String> {
        let (old, new) = (schema(recorded, dialect), schema(desired, dialect));
        let changes = diff(&Normalized::by_dialect(old.clone()), &Normalized::by_dialect(new)).unwrap();
        let step = |a: Address| Step::new(a, Action::Destroy, Vec::new());
        let mut steps: Vec<Step> = changes.addresses().into_iter().flat_map(|a| [step(a.clone()), step(a)]).collect();
        Guards::in_schema(&old).stop(&changes, &mut steps);
        steps.iter().flat_map(|s| &s.hazards).map(|h| h.address.to_string()).collect()
    }

    #[test]
    fn each_way_to_destroy_what_is_guarded() {
        let table = |rest: &str| format!("table t {{ column id integer primary-key; {rest}; }}");
        for (recorded, desired, wanted) in [
            (table("column a text prevent-destroy"), table("column b text"), "table.t.column.a"),
            (table("column a text prevent-destroy"), String::new(), "table.t.column.a"),
            (table("column a text prevent-destroy"), table("column a text generated=\"id\""), "table.t.column.a"),
            (table("column a text prevent-destroy"), table("column a text prevent-destroy generated=\"id\""), "table.t.column.a"),
            (table("column a text prevent-destroy"), table("column b text was=a generated=\"id\""), "table.t.column.b"),
            (table("column a text prevent-destroy"), table("column b text was=a"), ""),
            (table("column a text prevent-destroy"), table("column a integer"), ""),
            (table("column a text"), table("column a text prevent-destroy generated=\"id\""), "table.t.column.a"),
            (table("column a text").replace("table t", "table t prevent-destroy"), String::new(), "table.t"),
        ] {
            assert_eq!(stopped(&recorded, &desired, Dialect::Sqlite).join(" "), wanted, "{recorded} -> {desired}");
        }
        let docs = |using: &str| format!("virtual-table docs prevent-destroy {{ using \"{using}\"; }}");
        assert_eq!(stopped(&docs("fts5(a)"), &docs("fts5(b)"), Dialect::Sqlite), ["virtual-table.docs"]);
        assert_eq!(stopped("sequence s prevent-destroy", "", Dialect::Postgres), ["sequence.s"]);
    }

    #[test]
    fn what_is_left_alone_stays_guarded() {
        let dialect = Dialect::Postgres;
        let old = schema("table t prevent-destroy { column id integer prevent-destroy; }\nsequence s prevent-destroy", dialect);
        for there in ["", "table t { column id integer; }\nsequence s"] {
            let mut recorded = schema(there, dialect);
            let desired = schema("ignore t s", dialect);
            remember(&mut recorded, &desired);
            carry(&mut recorded, &old);
            assert_eq!(guarded(&recorded), guarded(&old));
        }
        let mut recorded = Schema::default();
        carry(&mut recorded, &old);
        assert!(guarded(&recorded).is_empty(), "what is not ignored has gone");
    }
}
