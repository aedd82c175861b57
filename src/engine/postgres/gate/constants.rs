//! Makes the server parse a statement that contains SQL from a schema file, without running a user-defined
//! function.
//!
//! The server converts a constant to its type when it parses it. For an array, a row or a range that runs the
//! input functions of the parts, and with them the conditions of domains; a range also calls the comparison
//! function of its operator class. If the database has such a domain or range, a statement whose literals may
//! be such values is first parsed with harmless ones in their place, which shows what they would be converted
//! to. The input functions of types of extensions are trusted.

use super::super::connection::{Connection, Error};
use super::admit::Judge;
use super::literals::{self, Place};
use super::{Gate, Tree, calls, tree};
use crate::engine::postgres::catalog_row::catalog_row;

/// Domains with conditions, and ranges that are compared by user-defined functions.
const CANDIDATES: &str = "SELECT DISTINCT contypid::pg_catalog.int8 AS oid FROM pg_catalog.pg_constraint \
    WHERE contypid <> 0 AND conbin IS NOT NULL \
    UNION SELECT rngtypid::pg_catalog.int8 FROM pg_catalog.pg_range \
    WHERE rngsubopc >= 16384 OR rngcanonical::pg_catalog.oid >= 16384 ORDER BY oid";

/// The parse trees of the views that rosey uses to ask the server.
const TREES: &str = "SELECT r.ev_action::pg_catalog.text AS tree FROM pg_catalog.pg_rewrite r WHERE r.ev_class IN \
    (pg_catalog.to_regclass('pg_temp._rosey_ask'), pg_catalog.to_regclass('pg_temp._rosey_gate'))";

catalog_row! {
    /// A row of [`CANDIDATES`].
    struct TypeRow from "types with code of their own" {
        oid: i64,
    }
}

catalog_row! {
    /// A row of [`TREES`].
    struct TreeRow from "parse trees" {
        tree: Option<String>,
    }
}

/// Runs a statement that only creates an object. Does not send one that could run a user-defined function
/// while it is parsed.
///
/// # Errors
/// [`Error::NotParsed`] for such a statement; otherwise the server's error.
pub(crate) async fn execute(connection: &mut Connection, sql: &str) -> Result<(), Error> {
    if literals::may_have_parts(sql) && has_guarded(connection).await? {
        try_without(connection, sql).await?;
    }
    connection.ask(sql).await
}

/// Returns whether the database has a type whose values run user-defined functions when they are read as a
/// part of another value.
async fn has_guarded(connection: &mut Connection) -> Result<bool, Error> {
    if let Some(known) = connection.has_guarded_types() {
        return Ok(known);
    }
    let rows: Vec<TypeRow> = connection.rows(CANDIDATES).await?;
    let oids = rows.iter().filter_map(|r| u32::try_from(r.oid).ok());
    let found = are_guarded(connection, oids.collect()).await?;
    connection.set_guarded_types(found);
    Ok(found)
}

/// Returns whether reading a value of one of the types runs a user-defined function.
async fn are_guarded(connection: &mut Connection, types: Vec<u32>) -> Result<bool, Error> {
    let mut gate = Gate::default();
    let wanted = calls::Calls { types: types.clone(), ..calls::Calls::default() };
    gate.look_up(connection, &wanted).await?;
    let judge = Judge { facts: &gate.facts, view: 0, named: &[] };
    Ok(types.iter().any(|t| judge.is_guarded(*t)))
}

/// Parses the statement with harmless literals in place of those that may have parts.
async fn try_without(connection: &mut Connection, sql: &str) -> Result<(), Error> {
    for place in [Place::Plain, Place::Empty] {
        let Some(probe) = literals::replaced(sql, place) else { return Err(Error::NotParsed) };
        connection.own(&["SAVEPOINT rosey_constants"]).await?;
        let taken = connection.ask(&probe).await;
        if taken.as_ref().is_err_and(Error::is_interruption) {
            return taken;
        }
        // A plain literal cannot become a value with parts: if the server accepts it, the type is a text or
        // similar.
        let is_safe = taken.is_ok() && (place == Place::Plain || has_no_guarded_constant(connection).await?);
        connection.own(&["ROLLBACK TO SAVEPOINT rosey_constants"]).await?;
        match taken {
            _ if is_safe => return Ok(()),
            // An error that is not about a literal is an error in the statement as it is written.
            Err(Error::Sql { ref code, .. }) if !code.starts_with("22") => return taken,
            _ => {}
        }
    }
    Err(Error::NotParsed)
}

/// Returns whether the views that were just created contain no constant of a guarded type.
async fn has_no_guarded_constant(connection: &mut Connection) -> Result<bool, Error> {
    let texts: Vec<TreeRow> = connection.rows(TREES).await?;
    let trees: Vec<Option<Tree>> = texts.iter().map(|r| tree::read(r.tree.as_ref()?)).collect();
    if trees.is_empty() || trees.iter().any(Option::is_none) {
        return Ok(false);
    }
    let mut types = Vec::new();
    trees.iter().flatten().for_each(|t| calls::types_of_constants(t, &mut types));
    Ok(!are_guarded(connection, types).await?)
}
