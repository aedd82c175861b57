//! The lines of objects that are neither tables nor SQL text: schemas, extensions, types, sequences,
//! materialized views.

use super::lines::{changed, edit, object};
use super::view::{Line, Symbol};
use crate::diff::Change;
use crate::kdl;
use crate::schema::{Of, Schema};

/// Head and lines of an object that is declared as a whole: in the schema language if it is created.
pub(super) fn body(change: &Change) -> (String, Vec<Line>) {
    if change.before().is_none() {
        return written(change);
    }
    let lines = if change.is_alter() { change.edits() } else { &[] };
    let at = change.address();
    let name = &change.head().name;
    let head = if name.of == Of::Nothing { object(name) } else { kdl::string_repr(at.last()) };
    (format!("{} {head}", at.kind()), lines.iter().map(|e| changed(&edit(e))).collect())
}

/// Returns the object as KDL.
fn written(change: &Change) -> (String, Vec<Line>) {
    let mut alone = Schema::default();
    change.declare(&mut alone);
    let text = kdl::encode(&alone);
    let mut rows = text.lines();
    let first = rows.next().unwrap_or_default();
    let Some(head) = first.strip_suffix('{') else { return (first.to_owned(), Vec::new()) };
    let inner: Vec<&str> = rows.map(|r| r.strip_prefix("    ").unwrap_or(r)).collect();
    let inner = inner.split_last().map_or(&[][..], |(_, rest)| rest);
    (head.trim_end().to_owned(), inner.iter().map(|text| Line { symbol: Symbol::Create, text: (*text).to_owned() }).collect())
}
