//! What a plan drops from the live database, or changes in a way that a dependent object would block: rosey
//! asks the server for the dependents. Says nothing about views, whose steps show it.

use super::super::facts::Facts;
use super::indexes::{Fate, fates};
use super::logging;
use super::rules::Op;
use super::tables::{Altered, altered};
use super::world::World;
use crate::diff::{Changes, Delta, TableChange};
use crate::schema::{Address, Ident, ObjectName, Schema};

/// What is dropped or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A table or sequence.
    Relation(ObjectName),
    /// A column of a live table; `dropped` is false if only its type changes.
    Column { table: ObjectName, column: Ident, dropped: bool },
    /// An enum or domain.
    Type(ObjectName),
    /// A table that becomes unlogged, which no permanent table may reference.
    Unlogged(ObjectName),
    /// An index, with the constraint that it may belong to.
    Index(ObjectName),
    /// An extension, with everything that belongs to it.
    Extension(Ident),
}

/// What is dropped or changed, and the object whose step does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Going {
    pub(crate) what: What,
    pub(crate) by: Address,
}

/// Returns everything that is dropped or changed so, under live names.
pub(crate) fn going(changes: &Changes, current: &Schema, desired: &Schema, facts: &Facts) -> Vec<Going> {
    let world = World::new(changes, current, desired, facts, true);
    let mut found = Vec::new();
    for change in changes.tables() {
        if let TableChange::Drop(table) = change {
            found.push(Going { what: What::Relation(table.name.clone()), by: table.address() });
        }
    }
    for delta in changes.sequences() {
        if let Delta::Drop(sequence) = delta {
            found.push(Going { what: What::Relation(sequence.name.clone()), by: sequence.address() });
        }
    }
    for delta in changes.extensions() {
        if let Delta::Drop(extension) = delta {
            found.push(Going { what: What::Extension(extension.name.name.clone()), by: extension.address() });
        }
    }
    for table in altered(&world) {
        found.extend(of_table(&world, &table));
    }
    found.extend(of_types(&world));
    found
}

fn of_table(world: &World<'_>, table: &Altered<'_>) -> Vec<Going> {
    let (live, by) = (&table.edits.live.name, table.edits.after.address());
    let retyped = |c: &Ident| table.retyped.iter().any(|r| r.live == *c);
    let column = |c: &Ident| What::Column { table: live.clone(), column: c.clone(), dropped: !retyped(c) };
    let rules = table.rules.keys.iter().filter_map(Op::gone).chain(table.rules.uniques.iter().filter_map(Op::gone));
    let rules = rules.map(super::super::inspect::ident);
    let fates = fates(table);
    let indexes = fates.iter().filter_map(|fate| match fate {
        Fate::Goes(old) | Fate::Changes(old, _) | Fate::Carried(old, _) => Some((*old).clone()),
        Fate::Comes(_) | Fate::Stays(..) => None,
    });
    let indexes = rules.chain(indexes).map(|name| What::Index(world.names.sibling(live, &name)));
    let unlogged = (logging::becomes(&table.edits) == Some(true)).then(|| What::Unlogged(live.clone()));
    let all = table.disturbed().into_iter().map(column).chain(indexes).chain(unlogged);
    all.map(|what| Going { what, by: by.clone() }).collect()
}

/// Returns the types that are dropped, and those that are re-created beside the old one.
fn of_types(world: &World<'_>) -> Vec<Going> {
    let one = |name: &ObjectName, by: Address| Going { what: What::Type(name.clone()), by };
    let moved = |after: &ObjectName| world.moved.contains_key(&world.names.key(after));
    let mut found = Vec::new();
    for delta in world.changes.enums() {
        match delta {
            Delta::Drop(ty) => found.push(one(&ty.name, ty.address())),
            Delta::Alter { before, after, .. } if moved(&after.name) => found.push(one(&before.name, after.address())),
            _ => {}
        }
    }
    for delta in world.changes.domains() {
        match delta {
            Delta::Drop(ty) => found.push(one(&ty.name, ty.address())),
            Delta::Alter { before, after, .. } if moved(&after.name) => found.push(one(&before.name, after.address())),
            _ => {}
        }
    }
    let changed = |name: &ObjectName| world.changes.domains().filter_map(Delta::after).any(|d| d.name == *name);
    let over = world.desired.domains.values().filter(|d| moved(&d.name) && !changed(&d.name));
    found.extend(over.map(|d| one(&d.name, d.address())));
    found
}
