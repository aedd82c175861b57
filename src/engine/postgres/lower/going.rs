//! What a plan drops from the live database, or changes in a way that a dependent object would block: rosey
//! asks the server for the dependents. Does not include views, which have steps of their own.

use super::super::facts::Facts;
use super::context::LoweringContext;
use super::indexes::{IndexChange, index_changes};
use super::logging;
use super::rules::Op;
use super::tables::{Altered, altered};
use crate::diff::{Changes, Delta, TableChange};
use crate::schema::{Address, Column, Ident, ObjectName, Schema};

/// What is dropped or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A table or sequence.
    Relation(ObjectName),
    /// A column of a live table; `dropped` is false if only its type changes.
    Column { table: ObjectName, column: Ident, dropped: bool },
    /// An enum or domain.
    Type(ObjectName),
    /// The row type of a table whose rows are rewritten or get values, which no column may have.
    RowType(ObjectName),
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

/// Returns everything that is dropped or changed in this way, under live names.
pub(crate) fn going(changes: &Changes, current: &Schema, desired: &Schema, facts: &Facts) -> Vec<Going> {
    let context = LoweringContext::new(changes, current, desired, facts, true);
    let mut found = Vec::new();
    for change in changes.tables() {
        if let TableChange::Drop(table) = change {
            found.push(Going { what: What::Relation(table.name.clone()), by: table.address() });
            let own = table.columns.values().filter(|c| c.ty.is_serial() || c.identity.is_some());
            let sequences = own.map(|c| What::Relation(context.sequence_of(&table.name, &c.name)));
            found.extend(sequences.map(|what| Going { what, by: table.address() }));
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
    for table in altered(&context) {
        found.extend(of_table(&context, &table));
    }
    found.extend(of_types(&context));
    found
}

fn of_table(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Going> {
    let (live, by) = (&table.edits.live.name, table.edits.after.address());
    let retyped = |c: &Ident| table.retyped.iter().any(|r| r.live == *c);
    let column = |c: &Ident| What::Column { table: live.clone(), column: c.clone(), dropped: !retyped(c) };
    let rules = table.rules.keys.iter().filter_map(Op::gone).chain(table.rules.uniques.iter().filter_map(Op::gone));
    let rules = rules.chain(table.rules.exclusions.iter().filter_map(Op::gone));
    let rules = rules.map(super::super::inspect::ident);
    let index_changes = index_changes(table);
    let indexes = index_changes.iter().filter_map(|change| match change {
        IndexChange::Drop(old) | IndexChange::Replace(old, _) | IndexChange::Recreate(old, _) => Some((*old).clone()),
        IndexChange::Create(_) | IndexChange::Alter(..) => None,
    });
    let indexes = rules.chain(indexes).map(|name| What::Index(context.names.sibling(live, &name)));
    let unlogged = (logging::becomes(&table.edits) == Some(true)).then(|| What::Unlogged(live.clone()));
    let valued = |c: &Column| c.default.is_some() || c.generated.is_some() || c.identity.is_some() || c.ty.is_serial();
    let gains = table.edits.columns.iter().any(|d| matches!(d, Delta::Create(c) if valued(c)));
    let rewritten = (gains || !table.retyped.is_empty()).then(|| What::RowType(live.clone()));
    let gone = table.edits.columns.iter().filter_map(|d| if let Delta::Drop(c) = d { Some(table.edits.dropped(c)) } else { None });
    let sequences = gone.filter(|c| c.ty.is_serial()).map(|c| What::Relation(context.sequence_of(live, &c.name)));
    let all = sequences.chain(rewritten).chain(table.disturbed().into_iter().map(column)).chain(indexes).chain(unlogged);
    all.map(|what| Going { what, by: by.clone() }).collect()
}

/// Returns the types that are dropped, and those that are re-created beside the old one.
fn of_types(context: &LoweringContext<'_>) -> Vec<Going> {
    let one = |name: &ObjectName, by: Address| Going { what: What::Type(name.clone()), by };
    let moved = |after: &ObjectName| context.moved.contains_key(&context.names.key(after));
    let mut found = Vec::new();
    for delta in context.changes.enums() {
        match delta {
            Delta::Drop(ty) => found.push(one(&ty.name, ty.address())),
            Delta::Alter { before, after, .. } if moved(&after.name) => found.push(one(&before.name, after.address())),
            _ => {}
        }
    }
    for delta in context.changes.domains() {
        match delta {
            Delta::Drop(ty) => found.push(one(&ty.name, ty.address())),
            Delta::Alter { before, after, .. } if moved(&after.name) => found.push(one(&before.name, after.address())),
            _ => {}
        }
    }
    let changed = |name: &ObjectName| context.changes.domains().filter_map(Delta::after).any(|d| d.name == *name);
    let over = context.desired.domains.values().filter(|d| moved(&d.name) && !changed(&d.name));
    found.extend(over.map(|d| one(&d.name, d.address())));
    found
}
