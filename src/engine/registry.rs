//! The registry: the one place outside the engines that names them.

use std::path::PathBuf;

use super::postgres::Url;
use super::postgres::session::Server;
use super::sqlite::session::File;
use super::traits::Engine;
use super::{PlanError, postgres, sqlite};
use crate::schema::{Dialect, Normalized, Problem, Schema};

/// A database and its location.
#[derive(Debug, Clone)]
pub enum Database {
    /// A SQLite file, which may not exist yet.
    Sqlite(PathBuf),
    /// On a server.
    Postgres(Box<Url>),
}

impl Database {
    /// Its kind.
    pub fn dialect(&self) -> Dialect {
        self.engine().dialect()
    }

    /// What works with it.
    pub(crate) fn engine(&self) -> Box<dyn Engine + '_> {
        match self {
            Database::Sqlite(path) => Box::new(File(path)),
            Database::Postgres(url) => Box::new(Server(url)),
        }
    }

    /// Whether it is a file that is still to be made.
    pub fn is_missing(&self) -> bool {
        matches!(self, Database::Sqlite(path) if !path.exists())
    }
}

/// All that is wrong with a schema for an engine. What only a database can tell is not in it.
pub fn problems(schema: &Schema, dialect: Dialect) -> Vec<Problem> {
    match dialect {
        Dialect::Sqlite => sqlite::problems(schema),
        Dialect::Postgres => postgres::problems(schema),
    }
}

/// A desired schema in an engine's spelling, once it has been found fit for it.
///
/// # Errors
/// [`PlanError::Schema`] with every problem.
pub fn desired(schema: Schema, dialect: Dialect) -> Result<Normalized, PlanError> {
    Ok(match dialect {
        Dialect::Sqlite => sqlite::desired(schema)?,
        Dialect::Postgres => postgres::desired(schema)?,
    })
}

/// A schema that a database had, in its engine's spelling.
pub(crate) fn normalized(schema: Schema, dialect: Dialect) -> Normalized {
    match dialect {
        Dialect::Sqlite => sqlite::normalized(schema),
        Dialect::Postgres => Normalized::by_dialect(schema),
    }
}

/// Whether a word in lower case must be quoted to be a name.
pub(crate) fn is_reserved(word: &str, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Sqlite => sqlite::keywords::is_reserved(word),
        Dialect::Postgres => postgres::keywords::is_reserved(word),
    }
}
