//! `rosey init`: creates a schema file. From a live database it writes the current schema, checks that it
//! plans to nothing, and stamps it; without a database it writes an example. It never overwrites a file.

use std::io::Write as _;
use std::path::Path;

use clap::Args;

use super::apply::identity;
use super::error::{Failure, reading};
use super::settings::Settings;
use super::target::{Database, Lookup};
use super::{Exit, SchemaArguments, TargetArguments, migrators, output, schema};
use crate::apply::{Desired, Options, PlanOptions};
use crate::kdl::{self, Sources};
use crate::render::escape;

/// Creates a schema file.
#[derive(Args)]
pub(super) struct Init {
    #[command(flatten)]
    schema: SchemaArguments,
    #[command(flatten)]
    target: TargetArguments,
    /// Stamp the database without asking for approval.
    #[arg(long)]
    auto_approve: bool,
    /// Message to record in the history for the stamp.
    #[arg(short, long)]
    message: Option<String>,
}

/// The example for a new project.
const STARTER: &str = r#"// The desired schema of the database. `rosey plan` shows what would change; `rosey apply` applies it.
//
// table users {
//     column id serial primary-key
//     column email text not-null unique
//     column created_at timestamptz not-null default=(sql)"CURRENT_TIMESTAMP"
// }
//
// table notes {
//     column id serial primary-key
//     column author integer not-null references=users
//     column body text not-null
//     index idx_notes_author author
// }
"#;

impl Init {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.target.env)?;
        let file = settings.schema(&self.schema)?;
        let found = settings.look_for_target(&self.target)?;
        if file.exists() {
            return Err(Failure::new(format!("{} already exists; init does not overwrite files", file.display()))
                .help("name another file with --schema, or update this one from the database: rosey inspect --write"));
        }
        let Lookup::Target(target) = found else {
            write_new(&file, STARTER)?;
            output::out(&format!("Wrote {} with an example to start from; no database is configured yet.\n", shown(&file)));
            output::out(&alembic(&[], &file));
            return Ok(Exit::Done);
        };
        target.announce();
        let database = &target.database;
        let live = if is_there(database) { database.inspect().await.map_err(reading)? } else { String::new() };
        if holds_nothing(&live, database)? {
            write_new(&file, STARTER)?;
            output::out(&format!("Wrote {} with an example to start from.\n", shown(&file)));
            let others = if is_there(database) { database.other_migrators().await.map_err(reading)? } else { Vec::new() };
            output::out(&(migrators::named(&others) + &alembic(&others, &file)));
            return Ok(Exit::Done);
        }
        let desired = declared(&file, &live, database)?;
        write_new(&file, &live)?;
        output::out(&format!("Wrote {} from the database.\n", shown(&file)));
        proven(database, &desired, &file).await?;
        let others = database.other_migrators().await.map_err(reading)?;
        output::out(&(migrators::named(&others) + &alembic(&others, &file)));
        let options = Options { message: self.message.clone(), identity: identity(), ..Options::default() };
        stamp(database, &desired, &options, settings.auto_approve(self.auto_approve)).await
    }
}

/// Returns a note if Alembic is in use: in the working directory, or next to the schema file.
fn alembic(tables: &[String], file: &Path) -> String {
    migrators::alembics_commands(tables, &[Path::new(""), file.parent().unwrap_or(Path::new(""))])
}

/// Returns whether the database exists: a server's must, but a file may be created later.
fn is_there(database: &Database) -> bool {
    !database.is_missing()
}

/// Returns whether the database contains nothing except the schemas that every PostgreSQL database has.
fn holds_nothing(live: &str, database: &Database) -> Result<bool, Failure> {
    let schema = kdl::decode(&Sources::from_text("database", live), database.dialect())?;
    Ok(schema.len() == schema.namespaces.len() && schema.unmanaged.is_empty())
}

fn declared(file: &Path, live: &str, database: &Database) -> Result<Desired, Failure> {
    let sources = Sources::from_text(&file.display().to_string(), live);
    schema::desired(&sources, database.dialect())
}

/// Checks that the plan for the written file is empty.
async fn proven(database: &Database, desired: &Desired, file: &Path) -> Result<(), Failure> {
    let plan = database.plan(desired, PlanOptions::default()).await?.plan;
    if plan.is_empty() {
        output::out("Verified: it matches the database.\n");
        return Ok(());
    }
    let names: Vec<String> = plan.changes.addresses().iter().map(ToString::to_string).collect();
    Err(Failure::new(format!("{} does not describe the database completely; it differs in {}", file.display(), names.join(", ")))
        .help("run rosey plan to see the difference; the database was not stamped"))
}

/// Records the first version of the history, the base for drift and rollbacks.
async fn stamp(database: &Database, desired: &Desired, options: &Options, given: bool) -> Result<Exit, Failure> {
    if let Some(last) = database.history().await?.last() {
        output::out(&format!("The history already has version {}; the database was not stamped.\n", last.number));
        return Ok(Exit::Done);
    }
    let wanted =
        given || output::ask("\nRecord this in the history of the database? Only 'yes' will be accepted: ").is_some_and(|a| a == "yes");
    if !wanted {
        output::out("Not stamped: nothing was written to the database. Run rosey stamp to stamp it later.\n");
        return Ok(Exit::Done);
    }
    let number = database.stamp(desired, false, options).await?.number;
    output::out(&format!("Stamped (version {number}): nothing else was changed.\n"));
    Ok(Exit::Done)
}

fn shown(path: &Path) -> String {
    escape(&path.display().to_string())
}

/// Writes a file that must not exist.
fn write_new(file: &Path, text: &str) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::new(format!("{} cannot be written: {e}", file.display()));
    let mut to = std::fs::OpenOptions::new().write(true).create_new(true).open(file).map_err(failed)?;
    to.write_all(text.as_bytes()).map_err(failed)
}
