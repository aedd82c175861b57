//! `rosey inspect`: prints the live schema, or copies the differences into the schema file. It never writes
//! to the database.

use std::path::PathBuf;

use clap::Args;

use super::error::{Failure, reading};
use super::settings::Settings;
use super::{Exit, SchemaArguments, TargetArguments, inspect_write, output};

/// Prints the live schema.
#[derive(Args)]
pub(super) struct Inspect {
    #[command(flatten)]
    target: TargetArguments,
    /// Update the schema file to match the database; everything else in it stays as it is. Comments inside rewritten
    /// nodes are lost.
    #[arg(long)]
    write: bool,
    /// The schema to update: a file, or a folder of `*.kdl` files.
    #[arg(long, value_name = "FILE|FOLDER", requires = "write")]
    schema: Option<PathBuf>,
}

/// The schema file for an empty database: it says why it is empty.
const EMPTY: &str = "// The database has no objects yet.\n";

impl Inspect {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.target.env)?;
        let target = settings.target(&self.target)?;
        target.announce();
        if self.write {
            inspect_write::update(&target.database, &settings.schema(&SchemaArguments { schema: self.schema })?).await?;
        } else {
            let text = target.database.inspect().await.map_err(reading)?;
            output::out(if text.is_empty() { EMPTY } else { &text });
        }
        Ok(Exit::Done)
    }
}
