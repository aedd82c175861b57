//! SQL for indexes.

use super::super::names::{Names, list, quote, word};
use super::{parameters, with};
use crate::schema::{Ident, Index, IndexPart, NullsOrder, ObjectName, PartKey};

/// Returns `CREATE INDEX` with a name chosen by the caller.
pub(crate) fn create_index(index: &Index, name: Option<&Ident>, table: &ObjectName, concurrently: bool, names: &Names) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let concurrently = if concurrently { "CONCURRENTLY " } else { "" };
    let method = index.method.as_deref().map(|m| format!(" USING {}", word(m))).unwrap_or_default();
    let parts: Vec<String> = index.parts.iter().map(part).collect();
    let name = name.map(|n| format!("{} ", quote(n.as_str()))).unwrap_or_default();
    let mut sql = format!("CREATE {unique}INDEX {concurrently}{name}ON {}{method} ({})", names.sql(table), parts.join(", "));
    if !index.include.is_empty() {
        sql.push_str(&format!(" INCLUDE ({})", list(&index.include)));
    }
    if index.nulls_not_distinct {
        sql.push_str(" NULLS NOT DISTINCT");
    }
    sql.push_str(&with(&index.with));
    if let Some(predicate) = &index.predicate {
        sql.push_str(&format!(" WHERE {}", predicate.text));
    }
    sql
}

/// Returns one part of an index or exclusion constraint.
pub(super) fn part(part: &IndexPart) -> String {
    let mut sql = match &part.key {
        PartKey::Column(c) => quote(c.as_str()),
        PartKey::Expr(e) => format!("({})", e.text),
    };
    if let Some(collate) = &part.collate {
        sql.push_str(&format!(" COLLATE {}", quote(collate.as_str())));
    }
    if let Some(opclass) = &part.opclass {
        sql.push_str(&format!(" {opclass}"));
    }
    if part.desc {
        sql.push_str(" DESC");
    }
    match part.nulls {
        Some(NullsOrder::First) => sql.push_str(" NULLS FIRST"),
        Some(NullsOrder::Last) => sql.push_str(" NULLS LAST"),
        None => {}
    }
    sql
}

/// Returns the `SET (…)` and `RESET (…)` that change one set of storage parameters into another.
pub(crate) fn index_parameters(before: &[(String, String)], after: &[(String, String)]) -> Vec<String> {
    let gone: Vec<String> = before.iter().filter(|(n, _)| !after.iter().any(|(a, _)| a == n)).map(|(n, _)| super::parameter(n)).collect();
    let set: Vec<(String, String)> = after.iter().filter(|p| !before.contains(p)).cloned().collect();
    let mut found = Vec::new();
    if !gone.is_empty() {
        found.push(format!("RESET ({})", gone.join(", ")));
    }
    if !set.is_empty() {
        found.push(format!("SET ({})", parameters(&set)));
    }
    found
}
