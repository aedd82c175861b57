//! An application that contains its schema and applies it to its database at startup:
//!
//! ```text
//! cargo run --example apply_at_startup -- notes.db
//! ```
//!
//! It prints the plan, applies it, and continues. It refuses to destroy data: if the plan would drop a table or a column,
//! or if rows violate a new constraint, it prints the reason and stops, and the database is unchanged. Several instances
//! can start at the same time: one applies, the others wait for it and find nothing to do.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rosey::{ApplyError, ApplyOptions, Database, Error, Outcome, PlanOptions, SchemaFile, Silent, render};

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
pub fn start(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = path.to_str().ok_or("the path is not UTF-8")?;
    runtime.block_on(bring_up_to_date(url))?;
    println!("{} is ready", path.display());
    Ok(())
}

async fn bring_up_to_date(url: &str) -> Result<(), Box<dyn std::error::Error>> {
    let database = Database::open(url)?;
    // A mistake in the schema is an error with its line.
    let schema = SchemaFile::from_text("notes.kdl", SCHEMA);
    let prepared = database.plan(&schema, PlanOptions::default()).await?;
    print!("{}", render::text(prepared.plan(), "the schema", render::Style::default()));
    if prepared.is_empty() {
        return Ok(());
    }
    // `allow_destructive` is false in the default options.
    let options = ApplyOptions { message: Some("at start-up".to_owned()), ..ApplyOptions::default() };
    match database.apply(&prepared, options, &mut Silent).await {
        Ok(Outcome::Applied(report)) => println!("applied as version {}", report.number),
        Ok(_) => println!("another instance has applied it in the meantime"),
        Err(Error::Apply(ApplyError::Blocked(hazards))) => {
            let reasons: Vec<String> = hazards.iter().map(|h| format!("{}: {}", h.code.name(), h.text())).collect();
            return Err(format!("refused, and nothing was changed\n  {}", reasons.join("\n  ")).into());
        }
        Err(e) => return Err(e.into()),
    }
    Ok(())
}
