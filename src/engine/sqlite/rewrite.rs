//! Determines how SQLite rewrites views and triggers when it renames tables and columns: only SQLite knows
//! which `x` is the renamed one. It therefore does so on an empty in-memory copy. Decides nothing.

use std::collections::BTreeSet;

use super::connection::{Connection, Error};
use super::gate;
use super::inspect::{self, Live, Stored};
use super::lexer::quote;
use super::lower::words;
use super::prove;
use crate::diff::OrderedRenames;
use crate::schema::{Kind, Objects, Schema};

/// Returns the views and triggers that name something renamed, as they are afterwards. Those that SQLite
/// cannot rewrite, because they do not work or would no longer work, are left out.
///
/// # Errors
/// If SQLite cannot read its in-memory database.
pub(crate) async fn bodies(live: &Live, renames: &OrderedRenames) -> Result<Schema, Error> {
    let mut names: BTreeSet<String> = renames.tables.iter().map(|(old, _)| old.name.as_str().to_ascii_lowercase()).collect();
    names.extend(renames.columns.keys().map(|t| t.name.as_str().to_ascii_lowercase()));
    let concerned = concerned(live, &mut names);
    if concerned.is_empty() {
        return Ok(Schema::default());
    }
    let mut memory = Connection::in_memory().await?;
    copy(&mut memory, live, &concerned, names).await;
    let _secluded = gate::seclude(&mut memory, live.longest_definition()).await?;
    for sql in statements(renames) {
        rename(&mut memory, live, &sql).await;
    }
    let after = inspect::inspect(&mut memory).await?.current;
    memory.close().await?;
    let is_concerned = |name: &str| concerned.iter().any(|r| r.name.eq_ignore_ascii_case(name));
    let (views, definitions) = (after.schema().views.clone(), after.schema().definitions.clone());
    let mut rewritten = Schema { objects: Objects { views, definitions, ..Objects::default() }, ..Schema::default() };
    rewritten.retain(|_, head| is_concerned(head.name.name.as_str()));
    Ok(rewritten)
}

/// Returns the views and triggers that name one of these, directly or through a view, and adds the names of
/// such views.
fn concerned<'l>(live: &'l Live, names: &mut BTreeSet<String>) -> Vec<&'l Stored> {
    let bodies = live.stored.iter().filter(|r| prove::is_body(r) && r.garbled.is_none());
    let mut left: Vec<(&Stored, BTreeSet<String>)> = bodies.map(|r| (r, words(r.sql.as_deref().unwrap_or_default()))).collect();
    let mut found = Vec::new();
    loop {
        let (hit, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, named)| !named.is_disjoint(names));
        if hit.is_empty() {
            return found;
        }
        names.extend(hit.iter().filter(|(r, _)| r.kind == Kind::View).map(|(r, _)| r.name.to_ascii_lowercase()));
        found.extend(hit.into_iter().map(|(r, _)| r));
        left = rest;
    }
}

/// Creates these views and triggers, with the tables and views that they name, in order of creation.
async fn copy(memory: &mut Connection, live: &Live, concerned: &[&Stored], mut names: BTreeSet<String>) {
    let mut open: Vec<&Stored> = concerned.to_vec();
    while !open.is_empty() {
        let named: BTreeSet<String> = open.iter().flat_map(|r| words(r.sql.as_deref().unwrap_or_default())).collect();
        let is_new = |r: &&Stored| {
            r.kind == Kind::View && named.contains(&r.name.to_ascii_lowercase()) && !names.contains(&r.name.to_ascii_lowercase())
        };
        open = live.stored.iter().filter(is_new).collect();
        names.extend(named);
    }
    let is_named = |r: &&Stored| names.contains(&r.name.to_ascii_lowercase()) && (r.kind == Kind::Table || r.kind == Kind::View);
    let is_wanted = |r: &&Stored| is_named(r) || concerned.iter().any(|c| std::ptr::eq(*c, *r));
    for row in live.stored.iter().filter(is_wanted).filter(|r| !inspect::is_reserved(&r.name)) {
        if let Some(sql) = &row.sql {
            memory.execute(sql).await.ok();
        }
    }
}

fn statements(renames: &OrderedRenames) -> Vec<String> {
    let tables = renames.tables.iter().map(|(old, new)| {
        let (old, new) = (quote(old.name.as_str()), quote(new.name.as_str()));
        format!("ALTER TABLE {old} RENAME TO {new}")
    });
    let columns = renames.columns.iter().flat_map(|(table, columns)| {
        let table = quote(table.name.as_str());
        columns
            .iter()
            .map(move |(old, new)| format!("ALTER TABLE {table} RENAME COLUMN {} TO {}", quote(old.as_str()), quote(new.as_str())))
    });
    tables.chain(columns).collect()
}

/// Makes one rename. If SQLite stops at a view or trigger that does not work, drops it and tries again.
async fn rename(memory: &mut Connection, live: &Live, sql: &str) {
    for _ in &live.stored {
        let Err(error) = memory.execute(sql).await else { return };
        let Some(row) = live.named_in_error(&error.to_string()) else { return };
        if memory.execute(&format!("DROP {} {}", row.kind.word().to_uppercase(), quote(&row.name))).await.is_err() {
            return;
        }
    }
}
