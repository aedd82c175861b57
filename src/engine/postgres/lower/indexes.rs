//! The indexes of a table that is altered. On a busy table they are built and dropped after the transaction,
//! without blocking writers.

use std::collections::BTreeSet;

use super::super::ddl;
use super::super::words::words;
use super::retype::live_column;
use super::rules::Op;
use super::tables::Altered;
use super::{World, alter, edited};
use crate::diff::{Attribute, Delta, Edit};
use crate::plan::Statement;
use crate::schema::{Ident, Index, PartKey, Unique};

/// What happens to an index.
pub(super) enum Fate<'i> {
    /// It is dropped; its live name.
    Goes(&'i Ident),
    /// It is created.
    Comes(&'i Index),
    /// The old one, by its live name, is replaced by the new one.
    Changes(&'i Ident, &'i Index),
    /// Its columns change: it must be dropped and re-created.
    Carried(&'i Ident, &'i Index),
    /// It is changed in place.
    Stays(&'i Index, &'i Index, &'i [Edit]),
}

/// Returns the live name of an index.
fn live<'t>(table: &'t Altered<'_>, name: &'t Ident) -> &'t Ident {
    table.edits.renamed_indexes.iter().find(|(_, new)| new == name).map_or(name, |(old, _)| old)
}

/// Returns what happens to each index that does not simply remain.
pub(super) fn fates<'t>(table: &'t Altered<'_>) -> Vec<Fate<'t>> {
    let edits = &table.edits;
    let mut found = Vec::new();
    for delta in &edits.indexes {
        found.push(match delta {
            Delta::Create(index) => Fate::Comes(index),
            Delta::Drop(index) => Fate::Goes(live(table, &index.name)),
            Delta::Alter { before, after, edits } => match is_stirred(table, live(table, &before.name)) {
                true => Fate::Carried(live(table, &before.name), after),
                false if edits.iter().all(|e| [Attribute::With, Attribute::Comment].contains(&e.attribute)) => {
                    Fate::Stays(before, after, edits)
                }
                false => Fate::Changes(live(table, &before.name), after),
            },
        });
    }
    let touched: BTreeSet<&Ident> = edits.indexes.iter().filter_map(|d| d.after().or(d.before())).map(|i| &i.name).collect();
    let kept = edits.after.indexes.values().filter(|i| !touched.contains(&i.name));
    found.extend(kept.map(|i| (live(table, &i.name), i)).filter(|(old, _)| is_stirred(table, old)).map(|(old, i)| Fate::Carried(old, i)));
    found
}

/// Returns whether an index uses an expression over a column whose type changes, or a column that is
/// re-created.
fn is_stirred(table: &Altered<'_>, index: &Ident) -> bool {
    let Some(index) = table.edits.live.indexes.get(index) else { return false };
    let again = |c: &Ident| table.recreated.iter().any(|r| live_column(&table.edits, r) == c);
    let named = |sql: &str| {
        let words = words(sql);
        let typed = table.moved_names.iter().any(|t| words.contains(t.as_str()));
        let retyped = typed || table.retyped.iter().any(|r| words.contains(r.live.as_str()) || words.contains(r.column.as_str()));
        retyped || table.recreated.iter().any(|r| words.contains(r.as_str()))
    };
    let part = |key: &PartKey| match key {
        PartKey::Column(c) => again(c),
        PartKey::Expr(e) => named(&e.text),
    };
    index.parts.iter().any(|p| part(&p.key)) || index.include.iter().any(again) || index.predicate.as_ref().is_some_and(|p| named(&p.text))
}

/// Returns whether dropping an index may wait until after the transaction: nothing in the change affects its
/// columns. Foreign keys may depend on a unique index, and an extension or a type cannot be dropped while an
/// index uses it.
pub(super) fn may_wait(world: &World<'_>, table: &Altered<'_>, index: &Ident) -> bool {
    if world.changes.extensions().any(|d| d.after().is_none()) || !world.dropped.is_empty() {
        return false;
    }
    let Some(index) = table.edits.live.indexes.get(index).filter(|i| !i.unique || !table.referenced) else { return false };
    if comes_as_a_rule(table, index) {
        return false;
    }
    let disturbed = table.disturbed();
    let columns = index.parts.iter().filter_map(|p| p.column()).chain(&index.include);
    table.busy && !columns.into_iter().any(|c| disturbed.contains(c)) && !is_stirred(table, &index.name)
}

/// Returns whether a unique constraint replaces a unique index.
fn comes_as_a_rule(table: &Altered<'_>, index: &Index) -> bool {
    let columns: Option<Vec<&Ident>> = index.parts.iter().map(|p| p.column()).collect();
    let added = table.rules.uniques.iter().filter_map(|op| if let Op::Add { item } = op { Some(item) } else { None });
    let same = |u: &Unique| Some(u.parts.iter().map(|p| &p.column).collect::<Vec<_>>()) == columns;
    index.unique && !index.invalid && added.into_iter().any(same)
}

/// Returns the names of indexes that the step in the transaction releases, and those that it takes.
pub(super) fn names_passed(world: &World<'_>, table: &Altered<'_>) -> (Vec<Ident>, Vec<Ident>) {
    let (mut left, mut taken) = (Vec::new(), Vec::new());
    for fate in fates(table) {
        match fate {
            Fate::Goes(old) | Fate::Changes(old, _) if may_wait(world, table, old) => {}
            Fate::Goes(old) => left.push(old.clone()),
            Fate::Comes(new) if super::later::is_late_index(table, new) => {}
            Fate::Comes(new) => taken.push(new.name.clone()),
            Fate::Changes(old, new) | Fate::Carried(old, new) => {
                left.push(old.clone());
                taken.push(new.name.clone());
            }
            Fate::Stays(..) => {}
        }
    }
    let changed = |old: &Ident| fates(table).iter().any(|f| matches!(f, Fate::Changes(o, _) | Fate::Carried(o, _) if *o == old));
    for (old, new) in table.edits.renamed_indexes.iter().filter(|(old, _)| !changed(old)) {
        left.push(old.clone());
        taken.push(new.clone());
    }
    (left, taken)
}

fn name(world: &World<'_>, table: &Altered<'_>, index: &Ident) -> String {
    world.names.beside(&table.edits.after.name, index)
}

/// Returns the name of a live index in SQL while the steps run.
pub(super) fn live_name(world: &World<'_>, table: &Altered<'_>, index: &Ident) -> String {
    world.now(&world.names.sibling(&table.edits.live.name, index))
}

/// Drops indexes before everything else.
pub(super) fn away(world: &World<'_>, table: &Altered<'_>) -> Vec<Statement> {
    let drop = |index: &Ident| Statement::of_catalog(format!("DROP INDEX {}", live_name(world, table, index)));
    let gone = fates(table).into_iter().filter_map(|fate| match fate {
        Fate::Goes(old) | Fate::Changes(old, _) if may_wait(world, table, old) => None,
        Fate::Goes(old) | Fate::Changes(old, _) | Fate::Carried(old, _) => Some(old),
        Fate::Comes(_) | Fate::Stays(..) => None,
    });
    gone.map(drop).collect()
}

/// Returns indexes that are only renamed: the name when the step begins, and the new name.
pub(super) fn renamed(world: &World<'_>, table: &Altered<'_>) -> Vec<(String, String)> {
    let away: Vec<&Ident> = fates(table)
        .iter()
        .filter_map(|fate| match fate {
            Fate::Changes(old, _) | Fate::Carried(old, _) => Some(*old),
            _ => None,
        })
        .collect();
    let kept = table.edits.renamed_indexes.iter().filter(|(old, _)| !away.contains(&old));
    let now = |old: &Ident| world.at_run(&world.names.sibling(&table.edits.live.name, old)).name.to_string();
    kept.map(|(old, new)| (now(old), new.to_string())).collect()
}

/// Creates indexes in the transaction, and changes those that are changed in place.
pub(super) fn come(world: &World<'_>, table: &Altered<'_>) -> Vec<Statement> {
    let mut found = Vec::new();
    for fate in fates(table) {
        match fate {
            Fate::Comes(index) if super::later::is_late_index(table, index) => {}
            Fate::Changes(old, _) if may_wait(world, table, old) => {}
            Fate::Comes(index) | Fate::Changes(_, index) | Fate::Carried(_, index) => {
                found.push(Statement::new(ddl::create_index(index, &index.name, &table.edits.after.name, false, &world.names)));
                found.extend(index.comment.as_ref().map(|_| comment(world, table, index)));
            }
            Fate::Stays(before, after, edits) => found.extend(stays(world, table, before, after, edits)),
            Fate::Goes(_) => {}
        }
    }
    found
}

fn stays(world: &World<'_>, table: &Altered<'_>, before: &Index, after: &Index, edits: &[Edit]) -> Vec<Statement> {
    let on = name(world, table, &after.name);
    let mut found: Vec<Statement> = ddl::index_parameters(&before.with, &after.with).iter().map(|p| alter("INDEX", &on, p)).collect();
    found.extend(edited(edits, Attribute::Comment).then(|| comment(world, table, after)));
    found
}

/// Returns the comment statement of an index.
pub(super) fn comment(world: &World<'_>, table: &Altered<'_>, index: &Index) -> Statement {
    Statement::of_catalog(ddl::comment(&format!("INDEX {}", name(world, table, &index.name)), index.comment.as_deref()))
}
