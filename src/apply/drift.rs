//! Detects changes to a database since the last version of its history that rosey did not make.

use super::HistoryError;
use super::history;
use crate::diff::{Changes, remaining};
use crate::engine::snapshot::LiveSnapshot;
use crate::engine::{Error, guards};
use crate::kdl::{self, Sources};
use crate::plan::Drift;
use crate::schema::{Dialect, Normalized, Schema};

/// Returns the last recorded schema; `None` if there is none, or if steps of its apply are unfinished.
fn recorded(entries: Vec<history::Entry>) -> Option<(i64, String)> {
    entries.into_iter().next().filter(|e| e.outcome != "running").map(|e| (e.number, e.schema_after))
}

/// Returns true if the schema is the recorded one as text, in which case nothing needs to be parsed. What the
/// database cannot store is recorded as the schema file states it, and has usually not changed.
fn is_same_text(shown: &Schema, desired: &Schema, recorded: &str) -> bool {
    let mut shown = shown.clone();
    if kdl::encode(&shown) == recorded {
        return true;
    }
    guards::remember(&mut shown, desired);
    kdl::encode(&shown) == recorded
}

/// Reads a recorded schema. Returns `None` if it cannot be read, for example if a later version of rosey
/// wrote it; no drift is reported then.
pub(super) fn read(text: &str, dialect: Dialect) -> Option<Schema> {
    kdl::decode(&Sources::from_text("history", text), dialect).ok()
}

/// Returns the differences between the recorded schema and the live one, except for what the recorded schema
/// ignores.
pub(super) fn between(recorded: &Normalized, live: &Normalized) -> Changes {
    let mut seen = live.schema().clone();
    seen.ignores = recorded.schema().ignores.clone();
    // If a plan back to the recorded schema would be empty, there is no drift: what that schema leaves open,
    // such as the name of a constraint, may be anything.
    let back = Changes { lacking: Vec::new(), ..remaining(live, recorded) };
    if back.is_empty() {
        return Changes::default();
    }
    let changes = remaining(recorded, &Normalized::by_dialect(seen));
    // Unmanaged objects are compared separately.
    Changes { lacking: Vec::new(), ..changes }
}

pub(super) fn drift(number: i64, changes: Changes) -> Option<Drift> {
    (!changes.is_empty()).then_some(Drift { number, changes, unmanaged: Vec::new() })
}

/// What the last row of the history says about a database.
#[derive(Debug, Default)]
pub(super) struct Since {
    pub(super) drift: Option<Drift>,
    /// Set if a later version of rosey wrote the row: its content is unknown here, and no row may be added
    /// after it.
    pub(super) later: Option<String>,
}

/// Returns the drift of a database whose schema is `shown` and whose history ends with `last`. If the texts differ, the
/// database compares the schemas as it does for a plan.
pub(super) async fn since(
    snapshot: &mut dyn LiveSnapshot,
    dialect: Dialect,
    last: Result<Vec<history::Entry>, HistoryError>,
    shown: &Schema,
    desired: &Schema,
) -> Result<Since, Error> {
    let last = match last {
        Err(later @ HistoryError::Later { .. }) => return Ok(Since { drift: None, later: Some(later.to_string()) }),
        other => other.unwrap_or_default(),
    };
    let Some((number, text)) = recorded(last) else { return Ok(Since::default()) };
    if is_same_text(shown, desired, &text) {
        return Ok(Since::default());
    }
    let Some(recorded) = read(&text, dialect) else { return Ok(Since::default()) };
    let (recorded, live) = snapshot.beside(recorded).await?;
    Ok(Since { drift: drift(number, between(&recorded, &live)), later: None })
}
