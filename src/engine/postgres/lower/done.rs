//! Conditions by which a script that is run again detects which statements outside its transaction have been
//! completed: the object exists in the catalog and is valid. The operators match exactly, so that no operator
//! in the search path matches better. Queries nothing itself.

use super::super::names::literal;

/// Returns the condition that a table, named as in SQL, has this constraint.
pub(super) fn has_constraint(table: &str, name: &str) -> String {
    let (table, name) = (literal(table), literal(name));
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = pg_catalog.to_regclass({table})::pg_catalog.oid AND conname = {name})"
    )
}

/// Returns the condition that a table has no constraint of this name that has not been validated.
pub(super) fn has_no_open_constraint(table: &str, name: &str) -> String {
    let (table, name) = (literal(table), literal(name));
    format!(
        "NOT EXISTS (SELECT FROM pg_catalog.pg_constraint \
         WHERE conrelid = pg_catalog.to_regclass({table})::pg_catalog.oid AND conname = {name} AND NOT convalidated)"
    )
}

/// Returns the condition that an index, named as in SQL, exists and that its build was completed
/// (<https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>).
pub(super) fn has_valid_index(index: &str) -> String {
    let index = literal(index);
    format!("EXISTS (SELECT FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass({index})::pg_catalog.oid AND indisvalid)")
}
