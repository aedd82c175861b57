//! Computes the columns of a rebuilt table from the old rows.

use std::collections::BTreeSet;

use super::super::lexer::quote;
use super::super::{ddl, types, value};
use crate::diff::TableEdits;
use crate::schema::{Column, Expr, Ident, Literal, PartKey, Table, Type, TypeName};

/// A column of the copy: its name and the SQL of its value, evaluated on the old rows.
pub(super) struct Value {
    pub(super) column: Ident,
    pub(super) sql: String,
    /// Whether this is the old column unchanged.
    pub(super) plain: bool,
}

/// Returns a name for the rowid that is not a column of the table
/// (<https://sqlite.org/lang_createtable.html#rowid>).
pub(crate) fn rowid_name(table: &Table) -> Option<&'static str> {
    let free = |name: &&str| !table.columns.keys().any(|c| c.matches(name));
    if table.without_rowid { None } else { ["rowid", "_rowid_", "oid"].into_iter().find(free) }
}

/// Returns the copied columns of a table and their values, evaluated on the old rows under the old names.
/// Columns that are left out get their default.
pub(super) fn values(edits: &TableEdits) -> Vec<Value> {
    let columns = edits.after.columns.values().filter(|c| c.generated.is_none());
    columns.filter_map(|column| value_of(edits, column)).collect()
}

/// Returns true if this change makes a nullable column NOT NULL.
pub(super) fn becomes_not_null(edits: &TableEdits, column: &Column) -> bool {
    column.not_null && edits.before.columns.get(&column.name).is_some_and(|b| !b.not_null)
}

/// Returns true if this change gives the column another type, or changes the meaning of its type.
pub(super) fn changes_type(edits: &TableEdits, column: &Column) -> bool {
    edits.before.columns.get(&column.name).is_some_and(|b| b.ty != column.ty || (edits.after.strict && !edits.before.strict))
}

/// Returns the quoted name of a column before the change.
pub(super) fn old_name(edits: &TableEdits, column: &Ident) -> String {
    let old = edits.renamed_columns.iter().find(|(_, new)| new == column).map_or(column, |(old, _)| old);
    quote(old.as_str())
}

fn value_of(edits: &TableEdits, column: &Column) -> Option<Value> {
    if !edits.before.columns.contains_key(&column.name) {
        return new_value(edits, column);
    }
    let base = old_name(edits, &column.name);
    let converted = column.using.as_ref().filter(|_| changes_type(edits, column)).map(|e| format!("({})", e.text));
    let filled = column.backfill.as_ref().filter(|_| becomes_not_null(edits, column));
    let plain = converted.is_none() && filled.is_none();
    let sql = converted.unwrap_or(base);
    let sql = filled.map_or(sql.clone(), |e| format!("coalesce({sql}, ({}))", e.text));
    Some(Value { column: column.name.clone(), sql, plain })
}

/// Returns the value of a new column: its backfill, or for a new rowid key the rowid, which already
/// identifies the row.
fn new_value(edits: &TableEdits, column: &Column) -> Option<Value> {
    let filled = column.backfill.as_ref().map(|e| format!("({})", e.text));
    let is_key = types::rowid_key(&edits.after).is_some_and(|k| k.name == column.name);
    let rowid = || rowid_name(&edits.live).filter(|_| is_key).map(str::to_owned);
    Some(Value { column: column.name.clone(), sql: filled.or_else(rowid)?, plain: false })
}

/// Returns the expressions that compute values of the new rows, and what the schema file calls each.
pub(crate) fn expressions(edits: &TableEdits) -> Vec<(&'static str, &Expr)> {
    let is_new = |c: &Column| !edits.before.columns.contains_key(&c.name);
    let columns = edits.after.columns.values().filter(|c| c.generated.is_none());
    let of = |c| {
        let column: &Column = c;
        let filled = column.backfill.as_ref().filter(|_| is_new(column) || becomes_not_null(edits, column));
        let converted = column.using.as_ref().filter(|_| !is_new(column) && changes_type(edits, column));
        filled.map(|e| ("backfill", e)).into_iter().chain(converted.map(|e| ("using", e)))
    };
    columns.flat_map(of).collect()
}

/// Returns true if there are backfills or conversions, which refer to the old columns by their old names.
pub(super) fn uses_expressions(edits: &TableEdits) -> bool {
    values(edits).iter().any(|v| !v.plain)
}

/// Returns the FROM clause of the copy: the table already has its new name, its columns still the old ones.
pub(super) fn source(edits: &TableEdits) -> String {
    let name = quote(edits.before.name.name.as_str());
    if uses_expressions(edits) && edits.renamed_from.is_some() {
        return format!("{name} AS {}", quote(edits.live.name.name.as_str()));
    }
    name
}

/// Returns what a copy writes: the columns, including the rowid if no key holds it, and their values on the
/// old rows.
pub(super) fn copied(edits: &TableEdits) -> (Vec<String>, Vec<String>) {
    let values = values(edits);
    let mut columns: Vec<String> = values.iter().map(|v| quote(v.column.as_str())).collect();
    let mut exprs: Vec<String> = values.into_iter().map(|v| v.sql).collect();
    if types::rowid_key(&edits.after).is_none()
        && let (Some(to), Some(from)) = (rowid_name(&edits.after), rowid_name(&edits.live))
    {
        columns.insert(0, to.to_owned());
        exprs.insert(0, from.to_owned());
    }
    if columns.is_empty()
        && let Some(column) = edits.after.columns.values().find(|c| c.generated.is_none())
    {
        // Nothing of the old rows remains except their rowid.
        columns.push(quote(column.name.as_str()));
        exprs.push(column.default.as_ref().map_or("NULL".to_owned(), |d| value::default_sql(&d.value)));
    }
    (columns, exprs)
}

/// Returns the columns whose values this change computes, converts or compares differently.
pub(super) fn remade(edits: &TableEdits) -> Vec<Ident> {
    let made = values(edits).into_iter().filter(|v| !v.plain).map(|v| v.column);
    let affinity = |c: &Column, t: &Table| types::column_affinity(c, t);
    let converted =
        |b: &Column, c: &Column| affinity(b, &edits.before) != affinity(c, &edits.after) || edits.after.strict != edits.before.strict;
    let other = |c: &&Column| {
        edits.before.columns.get(&c.name).is_some_and(|b| b.collate != c.collate || converted(b, c) || b.generated != c.generated)
    };
    made.chain(edits.after.columns.values().filter(other).map(|c| c.name.clone())).collect()
}

/// Returns true if the rows after the change will differ from the existing ones.
fn needs_trial(edits: &TableEdits) -> bool {
    let new = edits.after.columns.keys().any(|c| !edits.before.columns.contains_key(c));
    new || !edits.renamed_columns.is_empty() || !remade(edits).is_empty()
}

fn trial_name(edits: &TableEdits) -> String {
    format!("_rosey_trial_{}", edits.after.name.name)
}

/// Returns the FROM clause for the rows as they will be, for counting: the live table if they do not change,
/// otherwise a temporary table with the new columns and no constraints, so that SQLite itself applies
/// affinities, collations, defaults and generated columns.
pub(super) fn new_rows(edits: &TableEdits) -> String {
    if needs_trial(edits) { format!("temp.{}", quote(&trial_name(edits))) } else { quote(edits.live.name.name.as_str()) }
}

/// Returns the name and the statements of the temporary table in [`new_rows`], if one is needed.
pub(super) fn trial(edits: &TableEdits) -> Option<(String, Vec<String>)> {
    if !needs_trial(edits) {
        return None;
    }
    let mut bare = edits.after.clone();
    (bare.primary_key, bare.strict, bare.without_rowid) = (None, false, false);
    (bare.uniques, bare.checks, bare.foreign_keys) = (Vec::new(), Vec::new(), Vec::new());
    for column in bare.columns.values_mut() {
        column.not_null = false;
        if edits.after.strict && column.ty == Type::Other(TypeName::new("ANY")) {
            column.ty = Type::Other(TypeName::new(""));
        }
    }
    let name = trial_name(edits);
    let create = ddl::create_table(&bare, &name).replacen("CREATE TABLE", "CREATE TEMP TABLE", 1);
    let (columns, exprs) = copied(edits);
    let old = quote(edits.live.name.name.as_str());
    let fill = format!("INSERT INTO temp.{} ({}) SELECT {} FROM {old}", quote(&name), columns.join(", "), exprs.join(", "));
    Some((name, vec![create, fill]))
}

/// Returns the rows as they will be, as a query for users to run.
pub(super) fn shown_rows(edits: &TableEdits) -> String {
    if !needs_trial(edits) {
        return quote(edits.live.name.name.as_str());
    }
    let values = values(edits);
    let columns: Vec<String> = values.iter().map(|v| format!("{} AS {}", v.sql, quote(v.column.as_str()))).collect();
    format!("(SELECT {} FROM {})", columns.join(", "), quote(edits.live.name.name.as_str()))
}

/// An expression from the schema file, and the rows that it is evaluated on.
pub(crate) struct Written {
    pub(crate) text: String,
    /// The FROM clause of the rows.
    pub(crate) from: String,
    /// The tables of these rows, in lower case.
    pub(crate) own: BTreeSet<String>,
    /// Whether it computes values of [`trial`]'s rows.
    pub(crate) fills: bool,
}

/// Returns the expressions of a table that counting its hazards may evaluate.
pub(crate) fn written(edits: &TableEdits) -> Vec<Written> {
    let (live, after) = (edits.live.name.name.as_str(), edits.after.name.name.as_str());
    let own: BTreeSet<String> = [live, after, &trial_name(edits)].map(str::to_ascii_lowercase).into();
    let new = format!("{} AS {}", new_rows(edits), quote(after));
    let one = |expr: &Expr, from: &str, fills| Written { text: expr.text.clone(), from: from.to_owned(), own: own.clone(), fills };
    let mut found: Vec<Written> = expressions(edits).into_iter().map(|(_, e)| one(e, &quote(live), true)).collect();
    for column in edits.after.columns.values() {
        found.extend(column.generated.iter().map(|g| one(&g.expr, &new, true)));
        if let Some(Literal::Expr(expr)) = column.default.as_ref().map(|d| &d.value) {
            found.push(one(expr, &new, true));
        }
    }
    found.extend(edits.after.checks.iter().map(|c| one(&c.expr, &new, false)));
    for index in edits.after.indexes.values() {
        let keys = index.parts.iter().filter_map(|p| if let PartKey::Expr(e) = &p.key { Some(e) } else { None });
        found.extend(keys.chain(&index.predicate).map(|e| one(e, &new, false)));
    }
    found
}

/// Returns true if this is the name of the table's [`trial`].
pub(crate) fn is_trial(edits: &TableEdits, name: &str) -> bool {
    trial_name(edits) == name
}
