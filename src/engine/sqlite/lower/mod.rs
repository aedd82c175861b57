//! Turns changes into steps for SQLite. Considers all edits of a table at once and picks the cheapest safe
//! path that can make them all.

mod ahead;
mod carry;
mod catalog;
mod fill;
mod indexes;
mod native;
mod path;
mod probes;
mod rebuild;
mod references;
mod rows;
mod table;
mod unreadable;

use std::collections::BTreeSet;

pub(crate) use ahead::found as written_ahead;
pub(crate) use path::Limits;
pub(crate) use rows::{Written, expressions, is_trial, rowid_name, written};

use path::Path;

use super::ddl;
use super::inspect::Live;
use super::lexer::{Kind, lex, quote};
use crate::diff::{Changes, Delta, TableChange};
use crate::plan::{Action, Code, Hazard, Level, Probe, Resource, Statement, Step};
use crate::schema::{Ident, ObjectName, Schema, VirtualTable};

/// Turns changes into steps, not yet ordered and without counts.
pub(crate) fn lower(changes: &Changes, live: &Live, desired: &Schema, limits: &Limits) -> Vec<Step> {
    let path = |change: &TableChange| match change {
        TableChange::Alter(edits) => Path::of(edits, live, limits),
        _ => Path::Native,
    };
    let paths: Vec<Path> = changes.tables().map(path).collect();
    let gone = disturbed(changes, &paths);
    let rewritten = only_renamed(changes, &paths);
    let held = unreadable::indexes(changes, &paths, live);
    let lowered = changes.tables().zip(paths).flat_map(|(c, path)| table::lower(c, path, live, changes, limits));
    let mut steps: Vec<Step> = lowered.collect();
    steps.extend(changes.virtual_tables().flat_map(virtual_table));
    let (carried, bodies) = carry::lower(changes, live, desired, gone, &rewritten, &limits.broken);
    unreadable::refuse(&mut steps, held.into_iter().chain(bodies));
    steps.extend(carried);
    for (address, hazard) in carry::left_behind(changes, live, desired, &rewritten) {
        if let Some(step) = steps.iter_mut().find(|s| s.address == address) {
            step.hazards.push(hazard);
        }
    }
    references::warn(&mut steps, changes, live, desired);
    for (kind, name) in &changes.lacking {
        steps.push(unreadable::lacking(kind, name, live));
    }
    steps
}

/// Returns the resource of a name, which tables, views, virtual tables and indexes share: SQLite has one
/// namespace for them all.
fn name_of(name: &Ident) -> Resource {
    Resource::Name(name.as_str().to_ascii_lowercase())
}

fn trigger_of(name: &Ident) -> Resource {
    Resource::Trigger(name.as_str().to_ascii_lowercase())
}

/// Returns the names in an SQL text, in lower case: a superset of the tables it depends on. SQLite accepts
/// `'t'` as a name too.
pub(crate) fn words(sql: &str) -> BTreeSet<String> {
    let names = lex(sql).into_iter().filter(|t| matches!(t.kind, Kind::Word | Kind::Quoted | Kind::String));
    names.map(|t| t.value(sql).to_ascii_lowercase()).collect()
}

/// Returns the tables that a change disturbs under views and triggers, under their old and new names, in
/// lower case.
fn disturbed(changes: &Changes, paths: &[Path]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut add = |name: &ObjectName| {
        names.insert(name.name.as_str().to_ascii_lowercase());
    };
    for (change, path) in changes.tables().zip(paths) {
        match change {
            TableChange::Create(_) => {}
            TableChange::Drop(t) => add(&t.name),
            TableChange::Alter(edits) if path.disturbs(edits) => {
                add(&edits.before.name);
                add(&edits.live.name);
            }
            TableChange::Alter(_) => {}
        }
    }
    changes.virtual_tables().filter_map(Delta::before).for_each(|v| add(&v.name));
    names
}

/// Returns the tables that only have themselves or columns renamed and keep all columns: SQLite rewrites what
/// names them.
fn only_renamed(changes: &Changes, paths: &[Path]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (change, path) in changes.tables().zip(paths) {
        if let (TableChange::Alter(edits), Path::Native) = (change, path)
            && !native::drops_columns(edits)
        {
            names.insert(edits.live.name.name.as_str().to_ascii_lowercase());
            names.insert(edits.after.name.name.as_str().to_ascii_lowercase());
        }
    }
    names
}

/// Returns the names of the tables in which a virtual table stores its rows
/// (<https://sqlite.org/fts5.html#fts5_data_structures>, <https://sqlite.org/rtree.html#the_shadow_tables>).
fn shadows(table: &VirtualTable) -> Vec<Resource> {
    let sql = &table.using.text;
    let module = lex(sql).first().map(|t| t.value(sql).to_ascii_lowercase()).unwrap_or_default();
    let suffixes: &[&str] = match module.as_str() {
        "fts5" => &["data", "idx", "content", "docsize", "config"],
        "fts3" | "fts4" => &["content", "segments", "segdir", "docsize", "stat"],
        "rtree" | "rtree_i32" | "geopoly" => &["node", "parent", "rowid"],
        _ => &[],
    };
    suffixes.iter().map(|s| Resource::Name(format!("{}_{s}", table.name.name.as_str().to_ascii_lowercase()))).collect()
}

fn virtual_table(delta: &Delta<VirtualTable>) -> Vec<Step> {
    let create = |v: &VirtualTable| Statement::new(ddl::create_virtual(v));
    let drop = |v: &VirtualTable| Statement::new(format!("DROP TABLE {}", quote(v.name.name.as_str())));
    let mut step = match delta {
        Delta::Create(v) => Step::new(v.address(), Action::Create, vec![create(v)]),
        Delta::Drop(v) => Step::new(v.address(), Action::Destroy, vec![drop(v)]),
        Delta::Alter { before, after, .. } => {
            let mut step = Step::new(after.address(), Action::Replace, vec![drop(before), create(after)]);
            step.reason = "a virtual table cannot be altered".to_owned();
            step
        }
    };
    if let Some(before) = delta.before() {
        step.hazards.push(
            Hazard::new(
                Code::DestroysTable,
                Level::Destroys,
                before.address(),
                format!("drops virtual table {} ({{rows}})", before.name),
                "",
            )
            .counted(Probe::Query(format!("SELECT count(*) FROM {}", quote(before.name.name.as_str())))),
        );
        step.footprint.drops.push(name_of(&before.name.name));
        step.footprint.drops.extend(shadows(before));
    }
    if let Some(after) = delta.after() {
        step.footprint.creates.push(name_of(&after.name.name));
        step.footprint.creates.extend(shadows(after));
        step.footprint.prefers.extend(words(&after.using.text).into_iter().map(Resource::Name));
    }
    vec![step]
}
