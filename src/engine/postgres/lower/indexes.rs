//! The indexes of a table that is altered. On a busy table they are built and dropped after the transaction,
//! without blocking writers.

use std::collections::BTreeSet;

use super::super::ddl;
use super::super::words::words;
use super::retype::live_column;
use super::rules::Op;
use super::tables::Altered;
use super::{LoweringContext, alter, edited};
use crate::diff::{Attribute, Delta, Edit};
use crate::plan::Statement;
use crate::schema::{Ident, Index, PartKey, Unique};

/// What happens to an index.
pub(super) enum IndexChange<'i> {
    /// It is dropped; its live name.
    Drop(&'i Ident),
    /// It is created.
    Create(&'i Index),
    /// The old one, by its live name, is replaced by the new one.
    Replace(&'i Ident, &'i Index),
    /// Its columns change: it must be dropped and re-created.
    Recreate(&'i Ident, &'i Index),
    /// It is changed in place.
    Alter(&'i Index, &'i Index, &'i [Edit]),
}

/// Returns the live name of an index.
fn live<'t>(table: &'t Altered<'_>, name: &'t Ident) -> &'t Ident {
    table.edits.renamed_indexes.iter().find(|(_, new)| new == name).map_or(name, |(old, _)| old)
}

/// Returns what happens to each index that does not simply remain.
pub(super) fn index_changes<'t>(table: &'t Altered<'_>) -> Vec<IndexChange<'t>> {
    let edits = &table.edits;
    let mut found = Vec::new();
    for delta in &edits.indexes {
        found.push(match delta {
            Delta::Create(index) => IndexChange::Create(index),
            Delta::Drop(index) => IndexChange::Drop(live(table, &index.name)),
            Delta::Alter { before, after, edits } => match is_stirred(table, live(table, &before.name)) {
                true => IndexChange::Recreate(live(table, &before.name), after),
                false if edits.iter().all(|e| [Attribute::With, Attribute::Comment].contains(&e.attribute)) => {
                    IndexChange::Alter(before, after, edits)
                }
                false => IndexChange::Replace(live(table, &before.name), after),
            },
        });
    }
    let touched: BTreeSet<&Ident> = edits.indexes.iter().filter_map(|d| d.after().or(d.before())).map(|i| &i.name).collect();
    let kept = edits.after.indexes.values().filter(|i| !touched.contains(&i.name));
    found.extend(
        kept.map(|i| (live(table, &i.name), i)).filter(|(old, _)| is_stirred(table, old)).map(|(old, i)| IndexChange::Recreate(old, i)),
    );
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
pub(super) fn may_wait(context: &LoweringContext<'_>, table: &Altered<'_>, index: &Ident) -> bool {
    if context.changes.extensions().any(|d| d.after().is_none()) || !context.dropped.is_empty() {
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

/// Returns whether a unique constraint replaces the unique index.
fn comes_as_a_rule(table: &Altered<'_>, index: &Index) -> bool {
    let columns: Option<Vec<&Ident>> = index.parts.iter().map(|p| p.column()).collect();
    let added = table.rules.uniques.iter().filter_map(|op| if let Op::Add { item } = op { Some(item) } else { None });
    let same = |u: &Unique| Some(u.parts.iter().map(|p| &p.column).collect::<Vec<_>>()) == columns;
    index.unique && !index.invalid && added.into_iter().any(same)
}

/// Returns the names of indexes that the step in the transaction releases, and those that it takes.
pub(super) fn names_passed(context: &LoweringContext<'_>, table: &Altered<'_>) -> (Vec<Ident>, Vec<Ident>) {
    let (mut left, mut taken) = (Vec::new(), Vec::new());
    for change in index_changes(table) {
        match change {
            IndexChange::Drop(old) | IndexChange::Replace(old, _) if may_wait(context, table, old) => {}
            IndexChange::Drop(old) => left.push(old.clone()),
            IndexChange::Create(new) if super::later::is_late_index(table, new) => {}
            IndexChange::Create(new) => taken.push(new.name.clone()),
            IndexChange::Replace(old, new) | IndexChange::Recreate(old, new) => {
                left.push(old.clone());
                taken.push(new.name.clone());
            }
            IndexChange::Alter(..) => {}
        }
    }
    let changed = |old: &Ident| {
        index_changes(table).iter().any(|f| matches!(f, IndexChange::Replace(o, _) | IndexChange::Recreate(o, _) if *o == old))
    };
    for (old, new) in table.edits.renamed_indexes.iter().filter(|(old, _)| !changed(old)) {
        left.push(old.clone());
        taken.push(new.clone());
    }
    (left, taken)
}

/// Returns the indexes that are re-created although they do not differ.
pub(super) fn recreated(table: &Altered<'_>) -> Vec<String> {
    let name = |change| if let IndexChange::Recreate(_, index) = change { Some(index.name.to_string()) } else { None };
    index_changes(table).into_iter().filter_map(name).collect()
}

fn name(context: &LoweringContext<'_>, table: &Altered<'_>, index: &Ident) -> String {
    context.names.beside(&table.edits.after.name, index)
}

/// Returns the name of a live index in SQL while the steps run.
pub(super) fn live_name(context: &LoweringContext<'_>, table: &Altered<'_>, index: &Ident) -> String {
    context.now(&context.names.sibling(&table.edits.live.name, index))
}

/// Drops indexes before everything else.
pub(super) fn away(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Statement> {
    let drop = |index: &Ident| Statement::of_catalog(format!("DROP INDEX {}", live_name(context, table, index)));
    let gone = index_changes(table).into_iter().filter_map(|change| match change {
        IndexChange::Drop(old) | IndexChange::Replace(old, _) if may_wait(context, table, old) => None,
        IndexChange::Drop(old) | IndexChange::Replace(old, _) | IndexChange::Recreate(old, _) => Some(old),
        IndexChange::Create(_) | IndexChange::Alter(..) => None,
    });
    gone.map(drop).collect()
}

/// Returns indexes that are only renamed: the name when the step begins, and the new name.
pub(super) fn renamed(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<(String, String)> {
    let away: Vec<&Ident> = index_changes(table)
        .iter()
        .filter_map(|change| match change {
            IndexChange::Replace(old, _) | IndexChange::Recreate(old, _) => Some(*old),
            _ => None,
        })
        .collect();
    let kept = table.edits.renamed_indexes.iter().filter(|(old, _)| !away.contains(&old));
    let now = |old: &Ident| context.at_run(&context.names.sibling(&table.edits.live.name, old)).name.to_string();
    kept.map(|(old, new)| (now(old), new.to_string())).collect()
}

/// Creates indexes in the transaction, and changes those that are changed in place.
pub(super) fn come(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Statement> {
    let mut found = Vec::new();
    for change in index_changes(table) {
        match change {
            IndexChange::Create(index) if super::later::is_late_index(table, index) => {}
            IndexChange::Replace(old, _) if may_wait(context, table, old) => {}
            IndexChange::Create(index) | IndexChange::Replace(_, index) | IndexChange::Recreate(_, index) => {
                found.push(Statement::new(ddl::create_index(index, Some(&index.name), &table.edits.after.name, false, &context.names)));
                found.extend(index.comment.as_ref().map(|_| comment(context, table, index)));
            }
            IndexChange::Alter(before, after, edits) => found.extend(stays(context, table, before, after, edits)),
            IndexChange::Drop(_) => {}
        }
    }
    found
}

fn stays(context: &LoweringContext<'_>, table: &Altered<'_>, before: &Index, after: &Index, edits: &[Edit]) -> Vec<Statement> {
    let on = name(context, table, &after.name);
    let mut found: Vec<Statement> = ddl::index_parameters(&before.with, &after.with).iter().map(|p| alter("INDEX", &on, p)).collect();
    found.extend(edited(edits, Attribute::Comment).then(|| comment(context, table, after)));
    found
}

/// Returns the comment statement of an index.
pub(super) fn comment(context: &LoweringContext<'_>, table: &Altered<'_>, index: &Index) -> Statement {
    Statement::of_catalog(ddl::comment(&format!("INDEX {}", name(context, table, &index.name)), index.comment.as_deref()))
}
