//! Reading the schema that a command works with.

use std::path::Path;

use super::error::Failure;
use crate::dialect::postgres;
use crate::dialect::sqlite::{self, PlanError};
use crate::kdl::{Diagnostics, Sources, decode_all};
use crate::schema::{Dialect, Normalized, Problem, Schema};

/// The schema's files, parsed.
pub(super) fn sources(path: &Path) -> Result<Sources, Failure> {
    let shown = path.display();
    Sources::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Failure::new(format!("there is no schema at {shown}"))
            .help("name it with --schema, or write one from a live database: rosey inspect --url URL > schema.kdl"),
        std::io::ErrorKind::InvalidData => Failure::new(e.to_string()).help("save the file as UTF-8"),
        _ => Failure::new(format!("{shown} cannot be read: {e}")),
    })
}

/// All that is wrong with the schema for one dialect.
pub(super) fn problems(sources: &Sources, dialect: Dialect) -> Result<Schema, Diagnostics> {
    let (schema, mut problems) = decode_all(sources, dialect);
    problems.extend(match dialect {
        Dialect::Sqlite => sqlite::problems(&schema),
        Dialect::Postgres => postgres::problems(&schema),
    });
    if problems.is_empty() { Ok(schema) } else { Err(Diagnostics::new(sources, problems)) }
}

/// The desired schema for SQLite.
pub(super) fn desired(sources: &Sources) -> Result<Normalized, Failure> {
    let schema = problems(sources, Dialect::Sqlite)?;
    sqlite::desired(schema).map_err(|e| plan_failure(sources, e))
}

/// The desired schema for PostgreSQL.
pub(super) fn desired_postgres(sources: &Sources) -> Result<Normalized, Failure> {
    let schema = problems(sources, Dialect::Postgres)?;
    postgres::desired(schema).map_err(|e| super::postgres::failure(sources, e))
}

/// A failed plan, its problems shown with their source.
pub(super) fn plan_failure(sources: &Sources, error: PlanError) -> Failure {
    match error {
        PlanError::Schema(problems) => diagnosed(sources, problems),
        other => Failure::from(other),
    }
}

/// Problems with their source.
pub(super) fn diagnosed(sources: &Sources, problems: Vec<Problem>) -> Failure {
    Failure::from(Diagnostics::new(sources, problems))
}
