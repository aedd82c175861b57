//! Conditions by which a script that is run again detects which statements outside its transaction are done:
//! by whether the object exists in the catalog and is valid. Their operators fit exactly, so that none in the search
//! path fits better. Asks nothing itself.

use super::super::names::literal;

/// A table, named as in SQL, has this constraint.
pub(super) fn has_constraint(table: &str, name: &str) -> String {
    let (table, name) = (literal(table), literal(name));
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = pg_catalog.to_regclass({table})::pg_catalog.oid AND conname = {name})"
    )
}

/// A table has no constraint of this name that has not been validated.
pub(super) fn has_no_open_constraint(table: &str, name: &str) -> String {
    let (table, name) = (literal(table), literal(name));
    format!(
        "NOT EXISTS (SELECT FROM pg_catalog.pg_constraint \
         WHERE conrelid = pg_catalog.to_regclass({table})::pg_catalog.oid AND conname = {name} AND NOT convalidated)"
    )
}

/// An index, named as in SQL, exists, and its build was completed
/// (<https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>).
pub(super) fn has_valid_index(index: &str) -> String {
    let index = literal(index);
    format!("EXISTS (SELECT FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass({index})::pg_catalog.oid AND indisvalid)")
}
