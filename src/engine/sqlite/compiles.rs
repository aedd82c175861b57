//! Determines which views and virtual tables can be read and which triggers can run, on an empty in-memory
//! copy. SQLite creates and keeps them whatever their texts name, and they fail when they are used.
//! Statements are compiled but never run, except for reading a virtual table: only then does SQLite look for
//! the table that holds its contents (<https://sqlite.org/fts5.html#external_content_tables>).

use std::collections::{BTreeMap, BTreeSet};

use super::connection::{Connection, Error, Row};
use super::cursor::Cursor;
use super::lexer::{quote, quote_string};
use super::lower::words;
use crate::schema::{AnyKind, DefinedKind, Kind};

/// A view, trigger or virtual table: its kind as SQLite stores it, and its name in lower case.
pub(crate) type Body = (AnyKind, String);

/// Views and triggers that do not work, with SQLite's reason.
pub(crate) type Broken = BTreeMap<Body, String>;

/// A stored view or trigger.
struct Stored {
    kind: AnyKind,
    name: String,
    table: String,
    sql: String,
    words: BTreeSet<String>,
}

/// When a trigger fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Insert,
    Update,
    Delete,
}

/// Returns the views and triggers that do not work, among those that a change of these names (in lower case)
/// can affect.
pub(crate) async fn broken(memory: &mut Connection, changed: &BTreeSet<String>) -> Result<Broken, Error> {
    let bodies = reached(stored(memory).await?, changed.clone());
    let mut broken = Broken::new();
    for view in bodies.iter().filter(|b| b.kind == Kind::View) {
        if let Err(error) = memory.query(&format!("EXPLAIN SELECT * FROM {}", quote(&view.name))).await {
            broken.insert(key(view), error.to_string());
        }
    }
    for table in bodies.iter().filter(|b| b.kind == Kind::Table) {
        if let Err(error) = memory.query(&format!("SELECT * FROM {} LIMIT 1", quote(&table.name))).await {
            broken.insert(key(table), error.to_string());
        }
    }
    let mut tables: BTreeMap<String, Vec<&Stored>> = BTreeMap::new();
    for trigger in bodies.iter().filter(|b| b.kind == DefinedKind::Trigger) {
        tables.entry(trigger.table.to_ascii_lowercase()).or_default().push(trigger);
    }
    for triggers in tables.values() {
        broken.extend(broken_triggers(memory, triggers).await?);
    }
    Ok(broken)
}

fn key(body: &Stored) -> Body {
    (body.kind.clone(), body.name.to_ascii_lowercase())
}

async fn stored(memory: &mut Connection) -> Result<Vec<Stored>, Error> {
    let rows = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger') OR (type = 'table' AND rootpage = 0)";
    let rows = memory.rows(rows).await?;
    let read = |row: &Row<'_>| {
        let sql = row.text("sql")?;
        let kind = AnyKind::of_word(&row.text("type")?);
        let words = if kind == Kind::Table { names_in_arguments(&sql) } else { words(&sql) };
        Ok(Stored { kind, name: row.text("name")?, table: row.text("tbl_name")?, words, sql })
    };
    rows.iter().map(read).collect()
}

/// Returns all names and words of a virtual table's definition in lower case: its arguments may name a table, quoted or
/// not, as a whole or within an argument such as `content='t'`.
pub(super) fn names_in_arguments(sql: &str) -> BTreeSet<String> {
    let apart = |c: char| !(c.is_alphanumeric() || c == '_');
    let parts = sql.split(apart).filter(|w| !w.is_empty()).map(str::to_ascii_lowercase);
    words(sql).into_iter().chain(parts).collect()
}

/// Returns those that name one of these, or something affected itself: a view, or the table of a trigger.
fn reached(mut left: Vec<Stored>, mut names: BTreeSet<String>) -> Vec<Stored> {
    let mut found = Vec::new();
    loop {
        let (hit, rest): (Vec<Stored>, Vec<Stored>) = left.into_iter().partition(|b| {
            !b.words.is_disjoint(&names) || names.contains(&b.name.to_ascii_lowercase()) || names.contains(&b.table.to_ascii_lowercase())
        });
        if hit.is_empty() {
            return found;
        }
        names.extend(hit.iter().map(|b| b.table.to_ascii_lowercase()));
        found.extend(hit);
        left = rest;
    }
}

/// Returns the broken triggers of one table. SQLite compiles all triggers of an event together; if that
/// fails, each is tried by itself.
async fn broken_triggers(memory: &mut Connection, triggers: &[&Stored]) -> Result<Broken, Error> {
    let Some(first) = triggers.first() else { return Ok(Broken::new()) };
    let sql = format!("SELECT name FROM pragma_table_xinfo({}) WHERE hidden = 0", quote_string(&first.table));
    let columns = match memory.texts(&sql).await {
        Ok(columns) => columns,
        // SQLite cannot report the columns of a broken view, and nothing can be written to one either.
        Err(error) => return Ok(triggers.iter().map(|t| (key(t), error.to_string())).collect()),
    };
    let all = memory.texts(&format!("SELECT name FROM pragma_table_xinfo({})", quote_string(&first.table))).await?;
    let mut broken = Broken::new();
    for trigger in triggers {
        let (_, of) = event(&trigger.sql);
        if let Some(gone) = of.iter().find(|c| !all.iter().any(|a| a.eq_ignore_ascii_case(c))) {
            broken.insert(key(trigger), format!("it fires on UPDATE OF {gone}, but {} has no such column", trigger.table));
        }
    }
    let events: BTreeSet<Event> = triggers.iter().map(|t| event(&t.sql).0).collect();
    for event in events {
        if compiles(memory, &first.table, &columns, event).await.is_some() {
            broken.extend(one_by_one(memory, triggers, &columns, event).await?);
        }
    }
    Ok(broken)
}

/// Tries each trigger of an event without the others of its table.
async fn one_by_one(memory: &mut Connection, triggers: &[&Stored], columns: &[String], on: Event) -> Result<Broken, Error> {
    let mut broken = Broken::new();
    for trigger in triggers.iter().filter(|t| event(&t.sql).0 == on) {
        memory.execute("SAVEPOINT alone").await?;
        let others = format!(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = {} COLLATE NOCASE AND name <> {} COLLATE NOCASE",
            quote_string(&trigger.table),
            quote_string(&trigger.name)
        );
        for other in memory.texts(&others).await? {
            memory.execute(&format!("DROP TRIGGER {}", quote(&other))).await?;
        }
        if let Some(reason) = compiles(memory, &trigger.table, columns, on).await {
            broken.insert(key(trigger), reason);
        }
        memory.execute("ROLLBACK TO alone").await?;
        memory.execute("RELEASE alone").await?;
    }
    Ok(broken)
}

/// Returns why a write to the table or view cannot be compiled, if so.
async fn compiles(memory: &mut Connection, table: &str, columns: &[String], event: Event) -> Option<String> {
    let name = quote(table);
    let write = match event {
        Event::Insert => format!("INSERT INTO {name} DEFAULT VALUES"),
        Event::Delete => format!("DELETE FROM {name}"),
        Event::Update => {
            let set: Vec<String> = columns.iter().map(|c| format!("{0} = {0}", quote(c))).collect();
            if set.is_empty() {
                return None;
            }
            format!("UPDATE {name} SET {}", set.join(", "))
        }
    };
    memory.query(&format!("EXPLAIN {write}")).await.err().map(|e| e.to_string())
}

/// Returns the event of a trigger, and the columns of an UPDATE OF.
fn event(sql: &str) -> (Event, Vec<String>) {
    let mut c = Cursor::new(sql);
    while c.peek().is_some() {
        if c.eat("INSERT") {
            return (Event::Insert, Vec::new());
        }
        if c.eat("DELETE") {
            return (Event::Delete, Vec::new());
        }
        if c.eat("UPDATE") {
            let mut columns = Vec::new();
            if c.eat("OF") {
                while let Ok(name) = c.name() {
                    columns.push(name.to_string());
                    if !c.eat_op(",") {
                        break;
                    }
                }
            }
            return (Event::Update, columns);
        }
        // The preceding tokens are CREATE TRIGGER and a name, which may be any word.
        c.at += 1;
    }
    (Event::Insert, Vec::new())
}
