//! An application that contains its schema and applies it to its database at startup:
//!
//! ```text
//! cargo run --example apply_at_startup -- notes.db
//! ```
//!
//! It prints the plan, applies it, and continues. It refuses to destroy data: if the plan would drop a table or a column,
//! or if rows violate a new constraint, it prints the reason and stops, and the database is unchanged. Several instances
//! can start at the same time: one applies, the others wait for it and find nothing to do.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use rosey::apply::{ApplyError, Database, Desired, Options, Outcome, PlanOptions, Silent};
use rosey::engine::{self, CancelToken};
use rosey::kdl::{self, Diagnostics, Sources};
use rosey::render;
use rosey::schema::Dialect;

const SCHEMA: &str = include_str!("notes.kdl");

fn main() -> ExitCode {
    let path = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "notes.db".to_owned()));
    match start(&path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("the schema could not be applied: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Applies the schema to the database, before the application does anything else.
pub fn start(path: &Path) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(bring_up_to_date(path))?;
    println!("{} is ready", path.display());
    Ok(())
}

async fn bring_up_to_date(path: &Path) -> Result<(), Box<dyn Error>> {
    let (database, desired) = (Database::file(path), desired()?);
    let plan = database.plan(&desired, PlanOptions::default()).await?.plan;
    print!("{}", render::text(&plan, "the schema", render::Style::default()));
    if plan.is_empty() && plan.guards.is_empty() {
        return Ok(());
    }
    // `allow_destructive` is false in the default options.
    let options = Options { message: Some("at start-up".to_owned()), ..Options::default() };
    match database.apply(desired.normalized(), &plan, &options, Arc::new(CancelToken::default()), &mut Silent).await {
        Ok(Outcome::Applied(report)) => println!("applied as version {}", report.number),
        Ok(_) => println!("another instance has applied it in the meantime"),
        Err(ApplyError::Blocked(hazards)) => {
            let reasons: Vec<String> = hazards.iter().map(|h| format!("{}: {}", h.code.name(), h.text())).collect();
            return Err(format!("refused, and nothing was changed\n  {}", reasons.join("\n  ")).into());
        }
        Err(e) => return Err(e.into()),
    }
    Ok(())
}

/// Returns the schema for SQLite.
///
/// # Errors
/// The mistakes in the schema, each with its line.
fn desired() -> Result<Desired, Box<dyn Error>> {
    let sources = Sources::from_text("notes.kdl", SCHEMA).checked()?;
    let schema = kdl::decode(&sources, Dialect::Sqlite)?;
    let problems = engine::problems(&schema, Dialect::Sqlite);
    if !problems.is_empty() {
        return Err(Diagnostics::new(&sources, problems).into());
    }
    Ok(Desired::new(schema, Dialect::Sqlite)?)
}
