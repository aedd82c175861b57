//! Normalizes a schema for SQLite, from a file or from a database.
//!
//! What has no meaning on SQLite is removed (comments, INCLUDE, operator classes), portable types become
//! SQLite's types, and every expression, default and collation gets its canonical form. Both sides pass
//! through this same code.

use std::collections::{BTreeMap, BTreeSet};

use super::canon::{Scope, canon, canon_module};
use super::cursor::ident;
use super::lexer::{lex, slice};
use super::read_other::trigger_table;
use super::types::{self, Affinity};
use super::value;
use crate::schema::{Dialect, Explicit, Expr, Ident, Index, KeyPart, Literal, Normalized, ObjectName, PartKey, Schema, Table, Type};

/// Normalizes a whole schema.
pub(crate) fn normalize(mut schema: Schema) -> Normalized {
    let keys: BTreeMap<ObjectName, Vec<Ident>> = schema.tables.values().map(|t| (t.name.clone(), key_columns(t))).collect();
    for table in schema.tables.values_mut() {
        normalize_table(table, &keys);
    }
    // Objects that exist only on PostgreSQL have no effect here.
    schema.retain(|kind, _| !kind.does_nothing_in(Dialect::Sqlite));
    for view in schema.views.values_mut() {
        view.comment = None;
        view.with.clear();
        tidy(&mut view.query);
        view.query.canon = canon(&view.query.text, &Scope::default());
    }
    for trigger in schema.definitions.values_mut() {
        trigger.comment = None;
        tidy(&mut trigger.body);
        trigger.body.canon = canon(&trigger.body.text, &Scope::default());
        trigger.table = trigger_table(&trigger.body.text).map(ObjectName::bare);
    }
    for table in schema.virtual_tables.values_mut() {
        tidy(&mut table.using);
        table.using.canon = canon_module(&table.using.text);
    }
    Normalized::by_dialect(schema)
}

/// Removes what only PostgreSQL stores of a table and its constraints.
fn without_postgres_parts(table: &mut Table) {
    table.comment = None;
    table.name.schema = None;
    table.unlogged = false;
    table.with.clear();
    table.exclusions.clear();
    if let Some(key) = &mut table.primary_key {
        (key.deferrable, key.comment) = (None, None);
        key.include.clear();
    }
    for unique in &mut table.uniques {
        (unique.deferrable, unique.comment) = (None, None);
        unique.include.clear();
    }
    for check in &mut table.checks {
        (check.no_inherit, check.not_valid, check.comment) = (false, false, None);
    }
    for fk in &mut table.foreign_keys {
        (fk.not_valid, fk.comment) = (false, None);
    }
    for column in table.columns.values_mut() {
        column.comment = None;
        column.sequence = Default::default();
    }
}

/// Trims the text to its first and last token: a trailing comment would extend over what rosey writes after
/// it.
fn tidy(expr: &mut Expr) {
    let tokens = lex(&expr.text);
    let end = tokens.iter().rposition(|t| !t.is_op(&expr.text, ";")).map_or(0, |i| i + 1);
    let text = slice(&expr.text, &tokens[..end]);
    if text.len() < expr.text.len() {
        expr.text = text.to_owned();
    }
}

fn key_columns(table: &Table) -> Vec<Ident> {
    table.primary_key.iter().flat_map(|k| k.parts.iter().map(|p| p.column.clone())).collect()
}

fn normalize_table(table: &mut Table, keys: &BTreeMap<ObjectName, Vec<Ident>>) {
    without_postgres_parts(table);
    normalize_columns(table);
    normalize_key(table);
    normalize_uniques(table);
    for fk in &mut table.foreign_keys {
        fk.dangling = false;
        fk.table.schema = None;
        if fk.to.is_empty()
            && let Some(key) = keys.get(&fk.table).filter(|k| k.len() == fk.columns.len())
        {
            fk.to.clone_from(key);
        }
    }
    let names: BTreeSet<String> = table.columns.keys().map(|c| c.as_str().to_ascii_lowercase()).collect();
    let own = table.name.name.clone();
    let scope = Scope { table: Some(own.as_str()), columns: Some(&names) };
    let spell = |e: &mut Expr| {
        tidy(e);
        e.canon = canon(&e.text, &scope);
    };
    table.checks.iter_mut().for_each(|c| spell(&mut c.expr));
    table.columns.values_mut().filter_map(|c| c.generated.as_mut()).for_each(|g| spell(&mut g.expr));
    let collations: BTreeMap<Ident, Ident> = table.columns.values().filter_map(|c| Some((c.name.clone(), c.collate.clone()?))).collect();
    for index in table.indexes.values_mut() {
        normalize_index(index, &collations, &spell);
    }
}

fn normalize_columns(table: &mut Table) {
    let single = table.single_key().map(|c| c.name.clone());
    let (strict, without_rowid) = (table.strict, table.without_rowid);
    let key: Vec<Ident> = key_columns(table);
    for column in table.columns.values_mut() {
        let counted = column.identity.take().is_some() || column.ty.is_serial();
        let ty = if counted && single.as_ref() == Some(&column.name) { Type::Integer } else { column.ty.clone() };
        column.ty = types::from_declared(&types::declared(&ty, strict));
        column.comment = None;
        let directives = &mut column.directives;
        directives.backfill.iter_mut().chain(&mut directives.using).for_each(tidy);
        if let Some(Literal::Expr(e)) = column.default.as_mut().map(|d| &mut d.value) {
            tidy(e);
        }
        column.not_null |= (strict || without_rowid) && key.contains(&column.name);
        column.collate = column.collate.take().filter(|c| !c.matches("BINARY"));
    }
    let affinities: Vec<Affinity> = table.columns.values().map(|c| types::column_affinity(c, table)).collect();
    for (column, affinity) in table.columns.values_mut().zip(affinities) {
        column.default = column.default.take().and_then(|d| value::normalize_default(d, affinity));
    }
    let rowid = types::rowid_key(table).map(|c| c.name.clone());
    for column in table.columns.values_mut() {
        if rowid.as_ref() == Some(&column.name) {
            column.not_null = true;
            column.not_null_conflict = None;
        } else {
            // All other key columns are written with NOT NULL or are NOT NULL because of their table.
            column.explicit_not_null = Explicit(false);
        }
    }
}

fn normalize_key(table: &mut Table) {
    let integer = table.single_key().is_some_and(|c| c.ty == Type::Integer) && !table.without_rowid;
    let rowid = types::rowid_key(table).is_some();
    let collations: BTreeMap<Ident, Ident> = table.columns.values().filter_map(|c| Some((c.name.clone(), c.collate.clone()?))).collect();
    let Some(key) = &mut table.primary_key else { return };
    key.inline_desc &= integer;
    key.autoincrement &= rowid;
    for part in &mut key.parts {
        part.collate = own_collation(part.collate.take(), collations.get(&part.column));
        part.desc &= !rowid;
    }
}

fn normalize_uniques(table: &mut Table) {
    let collations: BTreeMap<Ident, Ident> = table.columns.values().filter_map(|c| Some((c.name.clone(), c.collate.clone()?))).collect();
    let mut seen: Vec<(Vec<KeyPart>, Option<crate::schema::Conflict>)> = Vec::new();
    table.uniques.retain_mut(|unique| {
        for part in &mut unique.parts {
            part.collate = own_collation(part.collate.take(), collations.get(&part.column));
        }
        let what = (unique.parts.clone(), unique.conflict);
        let new = !seen.contains(&what);
        seen.push(what);
        new
    });
}

fn normalize_index(index: &mut Index, collations: &BTreeMap<Ident, Ident>, spell: &impl Fn(&mut Expr)) {
    index.include.clear();
    index.with.clear();
    index.comment = None;
    for part in &mut index.parts {
        part.opclass = None;
        if let PartKey::Expr(e) = &mut part.key {
            spell(e);
        }
        let column = part.column().and_then(|c| collations.get(c)).cloned();
        part.collate = own_collation(part.collate.take(), column.as_ref());
    }
    if let Some(predicate) = &mut index.predicate {
        spell(predicate);
    }
}

/// Keeps a collation only if it differs from the column's.
fn own_collation(part: Option<Ident>, column: Option<&Ident>) -> Option<Ident> {
    let binary = ident("BINARY");
    part.filter(|c| c != column.unwrap_or(&binary))
}
