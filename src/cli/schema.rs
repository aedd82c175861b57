//! Reading the schema that a command works with.

use std::path::Path;
use std::sync::Arc;

use super::error::Failure;
use crate::apply::{ApplyError, Desired};
use crate::dialect::{postgres, sqlite};
use crate::kdl::{Diagnostics, Sources, decode_all};
use crate::plan::FileKind;
use crate::schema::{Dialect, Schema};

/// The schema's files, parsed.
pub(super) fn sources(path: &Path) -> Result<Sources, Failure> {
    let shown = path.display();
    let sources = Sources::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Failure::new(format!("there is no schema at {shown}"))
            .help("name it with --schema, or write one from a live database: rosey inspect --url URL > schema.kdl"),
        std::io::ErrorKind::InvalidData => Failure::new(e.to_string()).help("save the file as UTF-8"),
        _ => Failure::new(format!("{shown} cannot be read: {e}")),
    })?;
    match sources.files().iter().find_map(|f| Some((f, FileKind::of(&f.text)?))) {
        Some((file, kind)) => Err(no_schema(&file.name, kind)),
        None => Ok(sources),
    }
}

/// A plan or a state, named where a schema stands: what is wrong with it as a schema tells nobody anything.
fn no_schema(file: &str, kind: FileKind) -> Failure {
    let help = match kind {
        FileKind::Plan => "rosey show prints it and sees whether it is whole; rosey apply applies it",
        _ => "rosey plan --state takes it, in the place of a database",
    };
    Failure::new(format!("{file} is {}, and no schema", kind.word())).help(help)
}

/// All that is wrong with the schema for one dialect.
pub(super) fn problems(sources: &Sources, dialect: Dialect) -> Result<Schema, Diagnostics> {
    let (schema, mut problems) = decode_all(sources, dialect);
    problems.extend(match dialect {
        Dialect::Sqlite => sqlite::problems(&schema),
        Dialect::Postgres => postgres::problems(&schema),
    });
    problems.extend(crate::lint::unknown_allows(&schema));
    if problems.is_empty() { Ok(schema) } else { Err(Diagnostics::new(sources, problems)) }
}

/// The desired schema for one dialect.
pub(super) fn desired(sources: &Sources, dialect: Dialect) -> Result<Desired, Failure> {
    Desired::new(problems(sources, dialect)?, dialect).map_err(|e| failure(sources, e))
}

/// The same, read on a thread of its own.
pub(super) async fn desired_meanwhile(sources: &Arc<Sources>, dialect: Dialect) -> Result<Desired, Failure> {
    let sources = sources.clone();
    let reading = tokio::task::spawn_blocking(move || desired(&sources, dialect));
    reading.await.unwrap_or_else(|e| Err(Failure::new(format!("the schema could not be read: {e}"))))
}

/// A failed plan or apply, problems of the schema shown with their source.
pub(super) fn failure(sources: &Sources, error: ApplyError) -> Failure {
    match error {
        ApplyError::Plan(sqlite::PlanError::Schema(problems)) | ApplyError::PostgresPlan(postgres::PlanError::Schema(problems)) => {
            Failure::from(Diagnostics::new(sources, problems))
        }
        other => other.into(),
    }
}
