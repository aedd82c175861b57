//! Fills the NULLs of columns that become NOT NULL, around a definition edit: computes the values from the
//! old rows before it, as a rebuild does, and writes them under the new constraints after it.
//!
//! One statement cannot do both: an expression that reads its own table would see rows that are already
//! filled, and the old constraints would be checked against the new values.

use super::super::lexer::quote;
use super::rows;
use crate::diff::TableEdits;
use crate::plan::{Statement, StatementKind};
use crate::schema::Column;

/// The statements before and after the edit.
#[derive(Default)]
pub(super) struct Fill {
    pub(super) compute: Vec<Statement>,
    pub(super) write: Vec<Statement>,
}

const VALUES: &str = "temp.\"_rosey_fill\"";

fn filled(edits: &TableEdits) -> Vec<&Column> {
    edits.after.columns.values().filter(|c| c.backfill.is_some() && rows::becomes_not_null(edits, c)).collect()
}

/// Returns true if there is something to fill.
pub(super) fn is_needed(edits: &TableEdits) -> bool {
    !filled(edits).is_empty()
}

/// Returns `None` if there is no rowid to identify the rows by. No statement may look for a NULL under the
/// new definition, because SQLite assumes from NOT NULL that there is none.
pub(super) fn statements(edits: &TableEdits) -> Option<Fill> {
    let filled = filled(edits);
    if filled.is_empty() {
        return Some(Fill::default());
    }
    let (table, rowid) = (quote(edits.after.name.name.as_str()), rows::rowid_name(&edits.after)?);
    let values: Vec<String> = (1..=filled.len()).map(|n| format!("v{n}")).collect();
    let computed = |c: &&Column| {
        let (name, backfill) = (quote(c.name.as_str()), c.backfill.as_ref().map_or("NULL", |e| e.text.as_str()));
        format!("coalesce({name}, ({backfill}))")
    };
    let computed: Vec<String> = filled.iter().map(computed).collect();
    let nulls: Vec<String> = filled.iter().map(|c| format!("{} IS NULL", quote(c.name.as_str()))).collect();
    let set = |(c, v): (&&Column, &String)| format!("{} = (SELECT {v} FROM {VALUES} WHERE r = {table}.{rowid})", quote(c.name.as_str()));
    let set: Vec<String> = filled.iter().zip(&values).map(set).collect();
    Some(Fill {
        compute: vec![
            Statement::new(format!("DROP TABLE IF EXISTS {VALUES}")),
            Statement::new(format!("CREATE TEMP TABLE \"_rosey_fill\" (r INTEGER PRIMARY KEY, {})", values.join(", "))),
            Statement::new(format!(
                "INSERT INTO {VALUES} (r, {}) SELECT {rowid}, {} FROM {table} WHERE {}",
                values.join(", "),
                computed.join(", "),
                nulls.join(" OR ")
            )),
        ],
        write: vec![
            Statement::new(format!("UPDATE OR ABORT {table} SET {} WHERE {rowid} IN (SELECT r FROM {VALUES})", set.join(", ")))
                .kind(StatementKind::WritesValues),
            Statement::new(format!("DROP TABLE {VALUES}")),
        ],
    })
}
