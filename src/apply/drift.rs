//! What changed in a database since the last number of its history, and was not rosey's doing.

use super::HistoryError;
use super::history;
use crate::dialect::{Error, guards, postgres, sqlite};
use crate::diff::{Changes, remaining};
use crate::kdl::{self, Sources};
use crate::plan::Drift;
use crate::schema::{Dialect, Normalized, Schema};

/// The last recorded schema; nothing where there is none, or where steps of its apply are still to come.
fn recorded(entries: Vec<history::Entry>) -> Option<(i64, String)> {
    entries.into_iter().next().filter(|e| e.outcome != "running").map(|e| (e.number, e.schema_after))
}

/// Whether the schema is the recorded one, word for word: then nothing needs to be parsed. What the database cannot hold
/// is in the record as the schema file says it, which has mostly stayed the same.
fn is_same_text(shown: &Schema, desired: &Schema, recorded: &str) -> bool {
    let mut shown = shown.clone();
    if kdl::encode(&shown) == recorded {
        return true;
    }
    guards::remember(&mut shown, desired);
    kdl::encode(&shown) == recorded
}

/// Reads what rosey wrote; what a later one wrote and this one cannot read is no drift that could be told.
pub(super) fn read(text: &str, dialect: Dialect) -> Option<Schema> {
    kdl::decode(&Sources::from_text("history", text), dialect).ok()
}

/// What differs between the recorded schema and the live one, but for what the record leaves alone.
pub(super) fn between(recorded: &Normalized, live: &Normalized) -> Changes {
    let mut seen = live.schema().clone();
    seen.ignores = recorded.schema().ignores.clone();
    // A plan to the record would have nothing to do: what it leaves open, like the name of a rule, is as it may be.
    let back = Changes { lacking: Vec::new(), ..remaining(live, recorded) };
    if back.is_empty() {
        return Changes::default();
    }
    let changes = remaining(recorded, &Normalized::by_dialect(seen));
    // What rosey does not manage, it does not watch.
    Changes { lacking: Vec::new(), ..changes }
}

pub(super) fn drift(number: i64, changes: Changes) -> Option<Drift> {
    (!changes.is_empty()).then_some(Drift { number, changes, unmanaged: Vec::new() })
}

/// What the last row of the history tells of a database.
#[derive(Debug, Default)]
pub(super) struct Since {
    pub(super) drift: Option<Drift>,
    /// A later rosey wrote the row: what it tells is not known here, and nothing is to be written behind it.
    pub(super) later: Option<String>,
}

fn since(drift: Option<Drift>) -> Since {
    Since { drift, later: None }
}

/// The drift of a SQLite file whose schema is `live`, and whose history ends with `last`.
pub(super) fn on_sqlite(last: Result<Vec<history::Entry>, HistoryError>, live: &Normalized, desired: &Schema) -> Result<Since, Error> {
    let last = match last {
        Err(later @ HistoryError::Later { .. }) => return Ok(Since { drift: None, later: Some(later.to_string()) }),
        other => other.unwrap_or_default(),
    };
    let Some((number, text)) = recorded(last) else { return Ok(Since::default()) };
    let shown = sqlite::inspect::for_display(live.schema());
    if is_same_text(&shown, desired, &text) {
        return Ok(Since::default());
    }
    let Some(recorded) = read(&text, Dialect::Sqlite) else { return Ok(Since::default()) };
    Ok(since(drift(number, between(&sqlite::normalized(recorded), live))))
}

/// The drift of a PostgreSQL database whose schema is `live`. Where the texts differ, the server is asked as for a plan.
pub(super) async fn on_postgres(
    connection: &mut postgres::connection::Connection,
    live: &Normalized,
    desired: &Schema,
) -> Result<Since, Error> {
    if !postgres::planner::may_read_history(connection).await? {
        return Ok(Since::default());
    }
    let last = match history::decode(&postgres::engine::history(connection, true).await?) {
        Err(later @ HistoryError::Later { .. }) => return Ok(Since { drift: None, later: Some(later.to_string()) }),
        other => other.unwrap_or_default(),
    };
    let Some((number, text)) = recorded(last) else { return Ok(Since::default()) };
    if is_same_text(live.schema(), desired, &text) {
        return Ok(Since::default());
    }
    let Some(recorded) = read(&text, Dialect::Postgres) else { return Ok(Since::default()) };
    let settled = postgres::planner::settled(connection, &recorded).await?.0;
    Ok(since(drift(number, between(&settled.desired, &settled.current))))
}
