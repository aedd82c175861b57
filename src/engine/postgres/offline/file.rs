//! The desired schema as a plan file contains it: what the server considers equal gets the spelling of the
//! live schema, so that a plan made only from the file finds it equal too.

use std::collections::BTreeMap;

use super::super::canon;
use super::super::planner::NormalizedPair;
use crate::diff::{Changes, TableChange};
use crate::schema::{DefaultValue, Domain, Expr, Ident, Index, MaterializedView, ObjectName, Of, PartKey, Schema, Table, View};

/// Pairs of old and new names.
type Renames = Vec<(Ident, Ident)>;

/// Returns the desired schema in a spelling that needs no server.
pub(crate) fn for_file(settled: &NormalizedPair, changes: &Changes) -> Schema {
    let (current, mut desired) = (settled.current.schema(), settled.desired.schema().clone());
    let mut tables: BTreeMap<ObjectName, (&Table, Renames)> =
        current.tables.iter().map(|(name, table)| (name.clone(), (table, Vec::new()))).collect();
    let mut moved = Renames::new();
    for change in changes.tables() {
        let TableChange::Alter(edits) = change else { continue };
        if let Some(old) = &edits.renamed_from {
            moved.push((old.name.clone(), edits.after.name.name.clone()));
        }
        if let Some(live) = current.tables.get(&edits.live.name) {
            tables.insert(edits.after.name.clone(), (live, edits.renamed_columns.clone()));
        }
    }
    for table in desired.tables.values_mut() {
        if let Some((live, renames)) = tables.get(&table.name) {
            of_table(live, table, renames);
        }
    }
    for domain in desired.domains.values_mut() {
        if let Some(live) = live(&current.domains, &domain.name, &domain.was) {
            of_domain(live, domain);
        }
    }
    for view in desired.views.values_mut() {
        if let Some(live) = live(&current.views, &view.name, &view.was) {
            of_view(live, view, &moved);
        }
    }
    for view in desired.materialized_views.values_mut() {
        if let Some(live) = live(&current.materialized_views, &view.name, &view.was) {
            of_materialized(live, view, &moved);
        }
    }
    for definition in desired.definitions.values_mut() {
        let mut name = definition.name.clone();
        if let Of::Relation(on) = &mut name.of
            && let Some((old, _)) = moved.iter().find(|(_, renamed)| *renamed == on.relation)
        {
            on.relation = old.clone();
        }
        if let Some(live) = live(current.definitions.of(definition.kind), &name, &definition.was) {
            let columns = definition.table.as_ref().and_then(|t| tables.get(t)).map(|(_, columns)| columns.as_slice());
            let columns = columns.filter(|_| definition.follows_columns()).unwrap_or_default();
            say(&mut definition.body, [&live.body], &moved.iter().chain(columns).cloned().collect());
        }
    }
    desired
}

fn live<'l, T>(all: &'l indexmap::IndexMap<ObjectName, T>, name: &ObjectName, was: &[Ident]) -> Option<&'l T> {
    let olds = was.iter().map(|w| name.renamed(w.clone()));
    std::iter::once(name.clone()).chain(olds).find_map(|n| all.get(&n))
}

/// Gives an expression the spelling of the live one that the server considers equal; returns whether there is
/// such an expression.
fn say<'e>(expr: &mut Expr, live: impl IntoIterator<Item = &'e Expr>, renames: &Renames) -> bool {
    for there in live {
        let mut renamed = there.clone();
        renames.iter().for_each(|(old, new)| renamed.rename(old, new));
        if renamed == *expr {
            let text = if renamed.canon == there.canon { there.text.clone() } else { canon::renamed(&there.text, renames) };
            if canon::canon(&expr.text) != canon::canon(&text) {
                expr.text = text;
            }
            return true;
        }
    }
    false
}

fn say_one(expr: &mut Expr, live: &[&Expr], renames: &Renames) {
    say(expr, live.iter().copied(), renames);
}

fn say_default(default: &mut Option<DefaultValue>, live: Option<&DefaultValue>) {
    if let Some(live) = live.filter(|l| default.as_ref() == Some(*l)) {
        *default = Some(live.clone());
    }
}

fn of_table(live: &Table, table: &mut Table, renames: &Renames) {
    for column in table.columns.values_mut() {
        let old = renames.iter().find(|(_, new)| *new == column.name).map_or(&column.name, |(old, _)| old);
        let Some(before) = live.columns.get(old) else { continue };
        say_default(&mut column.default, before.default.as_ref());
        if let (Some(after), Some(before)) = (&mut column.generated, &before.generated) {
            say(&mut after.expr, [&before.expr], renames);
        }
    }
    for check in &mut table.checks {
        say(&mut check.expr, live.checks.iter().map(|c| &c.expr), renames);
    }
    let parts = live.exclusions.iter().flat_map(|e| e.parts.iter().map(|(p, _)| &p.key)).filter_map(expr);
    let there: Vec<&Expr> = parts.chain(live.exclusions.iter().filter_map(|e| e.predicate.as_ref())).collect();
    for exclusion in &mut table.exclusions {
        let parts = exclusion.parts.iter_mut().filter_map(|(p, _)| if let PartKey::Expr(e) = &mut p.key { Some(e) } else { None });
        parts.chain(&mut exclusion.predicate).for_each(|e| say_one(e, &there, renames));
    }
    of_indexes(live.indexes.values(), table.indexes.values_mut(), renames);
}

fn expr(key: &PartKey) -> Option<&Expr> {
    if let PartKey::Expr(e) = key { Some(e) } else { None }
}

fn of_indexes<'i>(live: impl Iterator<Item = &'i Index>, indexes: impl Iterator<Item = &'i mut Index>, renames: &Renames) {
    let there: Vec<&Expr> = live.flat_map(|i| i.parts.iter().filter_map(|p| expr(&p.key)).chain(&i.predicate)).collect();
    for index in indexes {
        let parts = index.parts.iter_mut().filter_map(|p| if let PartKey::Expr(e) = &mut p.key { Some(e) } else { None });
        parts.chain(&mut index.predicate).for_each(|e| say_one(e, &there, renames));
    }
}

fn of_domain(live: &Domain, domain: &mut Domain) {
    say_default(&mut domain.default, live.default.as_ref());
    for check in &mut domain.checks {
        say(&mut check.expr, live.checks.iter().map(|c| &c.expr), &Renames::new());
    }
}

/// The server's query already names its columns.
fn of_view(live: &View, view: &mut View, moved: &Renames) {
    if view.columns == live.columns && say(&mut view.query, [&live.query], moved) {
        view.columns.clear();
    }
}

fn of_materialized(live: &MaterializedView, view: &mut MaterializedView, moved: &Renames) {
    if view.columns == live.columns && say(&mut view.query, [&live.query], moved) {
        view.columns.clear();
    }
    of_indexes(live.indexes.values(), view.indexes.values_mut(), &Renames::new());
}
