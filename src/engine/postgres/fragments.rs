//! The pieces of SQL from the schema file that a table or domain contains. Only lists them.

use super::types;
use crate::schema::{Check, Column, DefaultValue, Domain, Exclusion, Index, IndexPart, Literal, PartKey, Table, Type};

/// Returns the pieces of a table: expressions, and types that are written as in SQL.
pub(super) fn of_table(table: &Table) -> Vec<String> {
    let mut found: Vec<String> = table.columns.values().flat_map(of_column).collect();
    found.extend(table.checks.iter().map(of_check));
    found.extend(table.exclusions.iter().flat_map(of_exclusion));
    found.extend(table.indexes.values().flat_map(of_index));
    found
}

/// Returns the pieces of a domain.
pub(super) fn of_domain(domain: &Domain) -> Vec<String> {
    domain.checks.iter().map(of_check).chain(of_default(domain.default.as_ref())).chain(of_type(&domain.ty)).collect()
}

fn of_column(column: &Column) -> Vec<String> {
    let expressions = [column.backfill.as_ref(), column.using.as_ref(), column.generated.as_ref().map(|g| &g.expr)];
    let expressions = expressions.into_iter().flatten().map(|e| e.text.clone());
    expressions.chain(of_default(column.default.as_ref())).chain(of_type(&column.ty)).collect()
}

fn of_type(ty: &Type) -> Option<String> {
    matches!(ty, Type::Other(_)).then(|| types::value_type(ty))
}

fn of_default(default: Option<&DefaultValue>) -> Option<String> {
    match &default?.value {
        Literal::Expr(e) => Some(e.text.clone()),
        _ => None,
    }
}

fn of_check(check: &Check) -> String {
    check.expr.text.clone()
}

/// Returns the pieces of an exclusion constraint.
pub(super) fn of_exclusion(exclusion: &Exclusion) -> Vec<String> {
    let parts = exclusion.parts.iter().filter_map(|(part, _)| of_part(part));
    parts.chain(exclusion.predicate.iter().map(|p| p.text.clone())).collect()
}

/// Returns the pieces of an index.
pub(super) fn of_index(index: &Index) -> Vec<String> {
    index.parts.iter().filter_map(of_part).chain(index.predicate.iter().map(|p| p.text.clone())).collect()
}

fn of_part(part: &IndexPart) -> Option<String> {
    match &part.key {
        PartKey::Column(_) => None,
        PartKey::Expr(e) => Some(e.text.clone()),
    }
}
