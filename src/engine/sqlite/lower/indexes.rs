//! Unmanaged indexes: what they read, and how they are re-created after a rebuild. They are never changed,
//! and a change that would remove a column they need is refused.

use super::super::inspect::{Live, Stored};
use super::super::lexer::replace_names;
use super::super::read_other::read_index;
use super::words;
use crate::diff::{Delta, TableEdits};
use crate::plan::{Code, Hazard, Level, Statement};
use crate::schema::{Address, Ident, Part, PartKey, Table};

/// Returns true if an index uses the column, and also in case of doubt.
pub(super) fn reads(row: &Stored, column: &Ident, table: &Table) -> bool {
    let Ok((_, index)) = read_index(row.sql.as_deref().unwrap_or_default(), |_| Some(table)) else { return true };
    let named = |sql: &str| words(sql).contains(&column.as_str().to_ascii_lowercase());
    row.garbled.is_some()
        || index.predicate.is_some_and(|p| named(&p.text))
        || index.parts.iter().any(|p| match &p.key {
            PartKey::Column(c) => c == column,
            PartKey::Expr(e) => named(&e.text),
        })
}

/// Returns the unmanaged indexes on the table.
fn others<'l>(edits: &'l TableEdits, live: &'l Live) -> impl Iterator<Item = &'l Stored> {
    let known = |index: &str| {
        let has = |t: &Table| t.indexes.keys().any(|i| i.matches(index));
        has(&edits.live) || has(&edits.after)
    };
    live.indexes_of(&edits.live.name.name).filter(move |r| r.garbled.is_none() && !known(&r.name))
}

/// Returns a dropped column that the index uses.
fn lost<'e>(row: &Stored, edits: &'e TableEdits) -> Option<&'e Ident> {
    let gone = edits.columns.iter().filter(|d| d.after().is_none()).filter_map(Delta::before).map(|c| &c.name);
    gone.into_iter().find(|c| reads(row, c, &edits.live))
}

/// Re-creates the indexes as they were; they are dropped with the old table.
pub(super) fn put_back(edits: &TableEdits, live: &Live) -> Vec<Statement> {
    let name = &edits.live.name.name;
    let new = |word: &str| {
        let column = edits.renamed_columns.iter().find(|(old, _)| old.matches(word)).map(|(_, new)| new.to_string());
        column.or_else(|| name.matches(word).then(|| edits.after.name.name.to_string()))
    };
    let kept = others(edits, live).filter(|row| lost(row, edits).is_none()).filter_map(|r| r.sql.as_deref());
    kept.map(|sql| Statement::new(if edits.renames() { replace_names(sql, new) } else { sql.to_owned() })).collect()
}

/// Returns hazards for the indexes that would lose a column.
pub(super) fn left_behind(edits: &TableEdits, live: &Live) -> Vec<Hazard> {
    let hazard = |row: &Stored| {
        let column = lost(row, edits)?;
        let address = Address::top(Part::Index, &row.name);
        let message = format!("{address} is not in the schema, but uses column {column}, which is dropped");
        Some(Hazard::new(Code::BreaksIgnored, Level::Blocks, address, message, "drop the index first, or keep the column"))
    };
    others(edits, live).filter_map(hazard).collect()
}
