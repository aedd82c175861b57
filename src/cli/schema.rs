//! Reads the schema that a command works with.

use std::path::Path;
use std::sync::Arc;

use super::error::Failure;
use crate::apply::{ApplyError, Desired};
use crate::engine::{self, PlanError, scanner};
use crate::kdl::{Diagnostics, Sources, decode_all};
use crate::plan::{FileKind, Plan};
use crate::schema::{Dialect, Schema};

/// Reads and parses the files of the schema.
pub(super) fn sources(path: &Path) -> Result<Sources, Failure> {
    let shown = path.display();
    let sources = Sources::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Failure::new(format!("no schema at {shown}"))
            .help("name it with --schema, or create one from a live database: rosey inspect --url URL > schema.kdl"),
        std::io::ErrorKind::InvalidData => Failure::new(e.to_string()).help("save the file as UTF-8"),
        std::io::ErrorKind::InvalidInput | std::io::ErrorKind::FileTooLarge => Failure::new(e.to_string()),
        _ => Failure::new(format!("{shown} cannot be read: {e}")),
    })?;
    if path.is_dir() && sources.files().is_empty() && sources.clone().checked().is_ok() {
        return Err(Failure::new(format!("folder {shown} has no schema: none of its .kdl files declares one"))
            .help("name another with --schema, or create one from a live database: rosey inspect --url URL > schema.kdl"));
    }
    in_kdl(sources)
}

/// Refuses files that are not schemas: SQL, plans, states.
pub(super) fn in_kdl(sources: Sources) -> Result<Sources, Failure> {
    if let Some(file) = sources.files().iter().find(|f| is_sql(&f.name, &f.text)) {
        return Err(Failure::new(format!("{} is SQL; the schema must be KDL", file.name)).help(format!(
            "run it in an empty database (sqlite3 new.db < {}), then write the schema from that (rosey inspect --url new.db > \
             schema.kdl); rosey diff compares SQL files directly",
            file.name
        )));
    }
    match sources.files().iter().find_map(|f| Some((f, FileKind::of(&f.text)?))) {
        Some((file, kind)) => Err(no_schema(&file.name, kind)),
        None => Ok(sources),
    }
}

/// Returns whether a file given as a schema is SQL: by its name, or by its first word.
fn is_sql(name: &str, text: &str) -> bool {
    const STATEMENTS: [&str; 14] = [
        "ALTER", "BEGIN", "COMMENT", "COMMIT", "CREATE", "DELETE", "DROP", "GRANT", "INSERT", "PRAGMA", "SELECT", "SET", "START", "UPDATE",
    ];
    let kdl = name.to_ascii_lowercase().ends_with(".kdl");
    let named = name.to_ascii_lowercase().ends_with(".sql");
    let tokens = scanner::lex(text.strip_prefix('\u{feff}').unwrap_or(text).get(..4_096).unwrap_or(text));
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let begins = tokens.first().is_some_and(|t| STATEMENTS.iter().any(|s| t.is(text, s)));
    let ends = text.trim_end().ends_with(';');
    named || (begins && (ends || !kdl))
}

/// Returns whether a path leads to a schema without mistakes for at least one dialect.
pub(super) fn is_right(path: &Path) -> bool {
    let sources = sources(path).ok().and_then(|s| s.checked().ok());
    sources.is_some_and(|s| Dialect::ALL.into_iter().any(|dialect| problems(&s, dialect).is_ok()))
}

/// Returns the error for a plan or state that is given as a schema. Listing its mistakes as a schema would
/// help nobody.
fn no_schema(file: &str, kind: FileKind) -> Failure {
    let help = match kind {
        FileKind::Plan => "use rosey show to print and check it, or rosey apply to apply it",
        _ => "use it in place of a database with rosey plan --state",
    };
    Failure::new(format!("{file} is {}, not a schema", kind.word())).help(help)
}

/// Returns the schema for one dialect, or all problems with it.
pub(super) fn problems(sources: &Sources, dialect: Dialect) -> Result<Schema, Diagnostics> {
    let (schema, mut problems) = decode_all(sources, dialect);
    problems.extend(engine::problems(&schema, dialect));
    problems.extend(crate::lint::unknown_allows(&schema));
    if problems.is_empty() { Ok(schema) } else { Err(Diagnostics::new(sources, problems)) }
}

/// Returns the desired schema for one dialect.
pub(super) fn desired(sources: &Sources, dialect: Dialect) -> Result<Desired, Failure> {
    Desired::new(problems(sources, dialect)?, dialect).map_err(|e| failure(sources, e))
}

/// Refuses a schema that declares nothing, which is a mistake unless the database is empty too.
pub(super) fn declares_something(desired: &Desired, plan: &Plan) -> Result<(), Failure> {
    let is_right = !desired.written().is_empty() || (plan.is_empty() && !plan.creates_database);
    if is_right { Ok(()) } else { Err(ApplyError::EmptySchema.into()) }
}

/// Does the same on a separate thread.
pub(super) async fn desired_meanwhile(sources: &Arc<Sources>, dialect: Dialect) -> Result<Desired, Failure> {
    let sources = sources.clone();
    let reading = tokio::task::spawn_blocking(move || desired(&sources, dialect));
    reading.await.unwrap_or_else(|e| Err(Failure::new(format!("the schema could not be read: {e}"))))
}

/// Creates a failure from a failed plan or apply; problems of the schema are shown with their source.
pub(super) fn failure(sources: &Sources, error: ApplyError) -> Failure {
    match error {
        ApplyError::Plan(PlanError::Schema { problems, .. }) => Failure::from(Diagnostics::new(sources, problems)),
        other => other.into(),
    }
}
