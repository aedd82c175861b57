//! What each column of a rebuilt table gets from the old rows.

use super::super::lexer::quote;
use super::super::types::{self, Affinity};
use crate::diff::TableEdits;
use crate::schema::{Column, Ident, Table};

/// One column of the copy: its name and the SQL of its value over the old rows.
pub(super) struct Value {
    pub(super) column: Ident,
    pub(super) sql: String,
    /// Whether this is the old column as it stands.
    pub(super) plain: bool,
}

/// A name for the rowid that no column of the table takes (<https://sqlite.org/lang_createtable.html#rowid>).
pub(super) fn rowid_name(table: &Table) -> Option<&'static str> {
    let free = |name: &&str| !table.columns.keys().any(|c| c.matches(name));
    if table.without_rowid { None } else { ["rowid", "_rowid_", "oid"].into_iter().find(free) }
}

/// The copied columns of a table. Columns that are left out get their default.
/// `old_names`: whether the old rows still have their columns under the old names, as before the change.
pub(super) fn values(edits: &TableEdits, old_names: bool) -> Vec<Value> {
    let columns = edits.after.columns.values().filter(|c| c.generated.is_none());
    columns.filter_map(|column| value(edits, column, old_names)).collect()
}

/// Whether this change makes a nullable column refuse NULL.
pub(super) fn becomes_not_null(edits: &TableEdits, column: &Column) -> bool {
    column.not_null && edits.before.columns.get(&column.name).is_some_and(|b| !b.not_null)
}

/// Whether this change gives the column another type, or its type another meaning.
pub(super) fn changes_type(edits: &TableEdits, column: &Column) -> bool {
    edits.before.columns.get(&column.name).is_some_and(|b| b.ty != column.ty || (edits.after.strict && !edits.before.strict))
}

fn value(edits: &TableEdits, column: &Column, old_names: bool) -> Option<Value> {
    let Some(before) = edits.before.columns.get(&column.name) else { return new_value(edits, column) };
    let old = edits.renamed_columns.iter().find(|(_, new)| old_names && *new == column.name).map_or(&before.name, |(old, _)| old);
    let base = quote(old.as_str());
    let converted = column.using.as_ref().filter(|_| changes_type(edits, column)).map(|e| format!("({})", e.text));
    let filled = column.backfill.as_ref().filter(|_| becomes_not_null(edits, column));
    let plain = converted.is_none() && filled.is_none();
    let sql = converted.unwrap_or(base);
    let sql = filled.map_or(sql.clone(), |e| format!("coalesce({sql}, ({}))", e.text));
    Some(Value { column: column.name.clone(), sql, plain })
}

/// A new column is filled by its backfill; a new rowid key takes over the rowids, which are the rows' ids already.
fn new_value(edits: &TableEdits, column: &Column) -> Option<Value> {
    let filled = column.backfill.as_ref().map(|e| format!("({})", e.text));
    let is_key = types::rowid_key(&edits.after).is_some_and(|k| k.name == column.name);
    let rowid = || rowid_name(&edits.live).filter(|_| is_key).map(str::to_owned);
    Some(Value { column: column.name.clone(), sql: filled.or_else(rowid)?, plain: false })
}

/// Whether backfills or conversions are at work, which see the old columns under their old names.
pub(super) fn uses_expressions(edits: &TableEdits) -> bool {
    values(edits, true).iter().any(|v| !v.plain)
}

/// The old rows as the copy reads them, once tables and columns have been renamed: behind FROM.
pub(super) fn source(edits: &TableEdits) -> String {
    let name = quote(edits.before.name.name.as_str());
    let old = quote(edits.live.name.name.as_str());
    if !uses_expressions(edits) || !edits.renames() {
        return name;
    }
    if edits.renamed_columns.is_empty() {
        return format!("{name} AS {old}");
    }
    let aliases: Vec<String> =
        edits.renamed_columns.iter().map(|(o, n)| format!("{} AS {}", quote(n.as_str()), quote(o.as_str()))).collect();
    let rowid = rowid_name(&edits.before).map(|r| format!("{r} AS {r}, ")).unwrap_or_default();
    format!("(SELECT {rowid}*, {} FROM {name}) AS {old}", aliases.join(", "))
}

/// The rows as they will be, over the live table: behind FROM, for counting. Columns that get their default have it.
pub(super) fn new_rows(edits: &TableEdits) -> String {
    let old = quote(edits.live.name.name.as_str());
    let mut columns: Vec<String> =
        values(edits, true).iter().map(|v| format!("{} AS {}", stored(edits, v), quote(v.column.as_str()))).collect();
    let given: Vec<Ident> = values(edits, true).into_iter().map(|v| v.column).collect();
    for column in edits.after.columns.values().filter(|c| c.generated.is_none() && !given.contains(&c.name)) {
        let default = column.default.as_ref().map_or("NULL".to_owned(), |d| super::super::value::default_sql(&d.value));
        columns.push(format!("{default} AS {}", quote(column.name.as_str())));
    }
    format!("(SELECT {} FROM {old})", columns.join(", "))
}

/// The value as the new column stores it: text that looks like a number becomes one under a numeric affinity, a number
/// becomes text under TEXT (<https://sqlite.org/datatype3.html#type_affinity>).
fn stored(edits: &TableEdits, value: &Value) -> String {
    let v = &value.sql;
    let Some(after) = edits.after.columns.get(&value.column) else { return v.clone() };
    let from = edits.before.columns.get(&value.column).map(|b| types::column_affinity(b, &edits.before));
    let to = types::column_affinity(after, &edits.after);
    if value.plain && from == Some(to) {
        return v.clone();
    }
    match to {
        Affinity::Blob => v.clone(),
        Affinity::Text => format!("CASE WHEN typeof({v}) IN ('integer', 'real') THEN CAST({v} AS TEXT) ELSE {v} END"),
        Affinity::Integer | Affinity::Numeric | Affinity::Real => {
            format!("CASE WHEN typeof({v}) = 'text' AND CAST({v} AS NUMERIC) = {v} THEN CAST({v} AS NUMERIC) ELSE {v} END")
        }
    }
}
