//! The registry: the only place outside the engines that names them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::address::{Address, BadUrl, Trust};
use super::postgres::Url;
use super::postgres::product::Postgres;
use super::postgres::session::Server;
use super::product::Product;
use super::sqlite::SqlitePath;
use super::sqlite::product::Sqlite;
use super::sqlite::session::File;
use super::traits::Engine;
use super::{PlanError, postgres, sqlite};
use crate::schema::{Dialect, Normalized, Problem, Schema};

/// A database on any engine. Opens nothing until it is used.
#[derive(Clone)]
pub struct Database(Arc<dyn Engine>);

impl Database {
    /// Returns a SQLite file, which may not exist yet.
    pub fn file(path: impl Into<PathBuf>) -> Database {
        Database(Arc::new(File(path.into())))
    }

    /// Returns a database on a PostgreSQL server.
    pub fn server(url: Url) -> Database {
        Database(Arc::new(Server(url)))
    }

    /// Returns its dialect.
    pub fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    /// Returns its engine.
    pub(crate) fn engine(&self) -> &dyn Engine {
        &*self.0
    }

    /// Returns the address of its server, if it has one.
    pub(crate) fn address(&self) -> Option<Address> {
        self.0.address()
    }

    /// Decides where a password may be sent that is not in the URL itself.
    #[must_use]
    pub fn trusted(self, trust: Trust) -> Database {
        self.0.trusted(trust).map_or(self, Database)
    }

    /// Returns whether it is a file that does not exist yet.
    pub fn is_missing(&self) -> bool {
        self.0.is_missing()
    }

    /// Returns its name for display, without a password.
    pub fn shown(&self) -> String {
        self.0.shown()
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({})", self.shown())
    }
}

/// The options of plans that only one engine has. Each engine reads its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineOptions {
    /// SQLite's.
    pub sqlite: sqlite::PlanningOptions,
    /// PostgreSQL's.
    pub postgres: postgres::PlanningOptions,
}

impl EngineOptions {
    /// Returns the options with this method of changing tables of SQLite files.
    #[must_use]
    pub fn by(self, path: SqlitePath) -> EngineOptions {
        EngineOptions { sqlite: sqlite::PlanningOptions { path }, ..self }
    }

    /// Returns the options with or without changes to PostgreSQL tables that do not block writers.
    #[must_use]
    pub fn online(self, online: bool) -> EngineOptions {
        EngineOptions { postgres: postgres::PlanningOptions { online }, ..self }
    }

    /// Returns the options that a plan was made with, as it records them.
    pub(crate) fn recorded(rebuild_only: bool, online: bool) -> EngineOptions {
        let path = if rebuild_only { SqlitePath::Rebuild } else { SqlitePath::Cheapest };
        EngineOptions::default().by(path).online(online)
    }
}

/// Returns the database of a URL of this dialect; `rest` is what follows the scheme.
pub(crate) fn database_of(dialect: Dialect, url: &str, rest: &str) -> Result<Database, BadUrl> {
    Ok(Database(product_of(dialect).engine(url, rest)?))
}

/// Cancels all statements that run for this program on servers.
pub(crate) async fn cancel_all() {
    for dialect in Dialect::ALL {
        product_of(dialect).cancel_all().await;
    }
}

/// Returns what a dialect supports without a database.
pub(crate) fn product_of(dialect: Dialect) -> &'static dyn Product {
    match dialect {
        Dialect::Sqlite => &Sqlite,
        Dialect::Postgres => &Postgres,
    }
}

/// Returns all problems of a schema for an engine, except for those that only a database can detect.
pub fn problems(schema: &Schema, dialect: Dialect) -> Vec<Problem> {
    product_of(dialect).problems(schema)
}

/// Returns a desired schema in an engine's spelling, if it is valid for that engine.
///
/// # Errors
/// [`PlanError::Schema`] with every problem.
pub fn desired(schema: Schema, dialect: Dialect) -> Result<Normalized, PlanError> {
    let problems = product_of(dialect).problems(&schema);
    if problems.is_empty() {
        return Ok(product_of(dialect).normalized(schema));
    }
    Err(PlanError::Schema { engine: dialect.capabilities().title, problems })
}

/// Returns a schema that a database had, in its engine's spelling.
pub(crate) fn normalized(schema: Schema, dialect: Dialect) -> Normalized {
    product_of(dialect).normalized(schema)
}

/// Returns whether a word in lower case must be quoted to be a name.
pub(crate) fn is_reserved(word: &str, dialect: Dialect) -> bool {
    product_of(dialect).is_reserved(word)
}
