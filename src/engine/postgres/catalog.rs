//! Runs rosey's own statements so that every name in them refers to an object of the server's own catalog,
//! whatever the schemas in the search path contain. Otherwise a user-defined operator or function that
//! matches the arguments better than a built-in one would be called, with the privileges of the role that
//! plans.
//!
//! The server resolves names when it parses a statement, and functions that show names (`pg_get_expr`,
//! `format_type`, `regclass`) look at the search path when they run. So a query is parsed as a cursor with
//! only `pg_catalog` in the path, and fetched with the session's own path. Not for SQL from a schema file,
//! and not for functions of `pg_catalog` that are written in SQL: before PostgreSQL 14 those are parsed when
//! they run.

use sqlx::postgres::PgRow;

use super::catalog_row::CatalogRow;
use super::connection::{Connection, Error};

/// Remembers the search path until the end of the transaction.
const REMEMBER: &str = "SELECT pg_catalog.set_config('rosey.search_path', pg_catalog.current_setting('search_path'), true)";

/// Makes names mean objects of the catalog.
const CATALOG_ONLY: &str = "SET LOCAL search_path = pg_catalog, pg_temp";

/// Restores the search path.
const RESTORE: &str = "SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('rosey.search_path'), true)";

/// All rows of a cursor are fetched, so the server should plan for all of them.
const ALL_ROWS: &str = "SET LOCAL cursor_tuple_fraction = 1";

/// Queries on catalogs have many expressions and few rows: compiling them takes longer than running them.
const NO_JIT: &str = "SET LOCAL jit = off";

impl Connection {
    /// Runs queries in one round trip, and passes on each row with the index of its query while the server
    /// continues.
    ///
    /// # Errors
    /// If the server does not respond.
    pub(crate) async fn catalog_queries(&mut self, queries: &[String], mut take: impl FnMut(usize, PgRow)) -> Result<(), Error> {
        let mut sql: Vec<String> = [REMEMBER, ALL_ROWS, NO_JIT, CATALOG_ONLY].map(str::to_owned).to_vec();
        sql.extend(queries.iter().enumerate().map(|(n, query)| format!("DECLARE rosey_{n} NO SCROLL CURSOR FOR {query}")));
        sql.push(RESTORE.to_owned());
        let first = sql.len();
        for n in 0..queries.len() {
            sql.extend([format!("FETCH ALL FROM rosey_{n}"), format!("CLOSE rosey_{n}")]);
        }
        let pass = |place: usize, row: PgRow| {
            if let Some(n) = place.checked_sub(first) {
                take(n / 2, row);
            }
        };
        self.unprepared(&sql, pass).await.map(drop)
    }

    /// Returns the rows of a query.
    pub(crate) async fn catalog(&mut self, query: &str) -> Result<Vec<PgRow>, Error> {
        let mut rows = Vec::new();
        self.catalog_queries(&[query.to_owned()], |_, row| rows.push(row)).await?;
        Ok(rows)
    }

    /// Returns the decoded rows of a query.
    pub(super) async fn rows<R: CatalogRow>(&mut self, query: &str) -> Result<Vec<R>, Error> {
        self.catalog(query).await?.iter().map(R::of).collect()
    }

    /// Runs a command in which all other objects are qualified with their schemas, and returns the number of
    /// affected rows.
    pub(crate) async fn catalog_command(&mut self, command: &str) -> Result<u64, Error> {
        let sql = [REMEMBER, CATALOG_ONLY, command, RESTORE].map(str::to_owned);
        let affected = self.unprepared(&sql, |_, _| ()).await?;
        Ok(affected.get(2).copied().unwrap_or_default())
    }
}
