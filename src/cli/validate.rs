//! `rosey validate`.

use clap::Args;

use super::error::Failure;
use super::settings::Settings;
use super::{DialectArgument, EnvArguments, Exit, SchemaArguments, output, schema};
use crate::kdl::Diagnostics;
use crate::plan::counted;

/// Checks the schema file.
#[derive(Args)]
pub(super) struct Validate {
    #[command(flatten)]
    schema: SchemaArguments,
    #[command(flatten)]
    env: EnvArguments,
    /// Check for one kind of database only; default: that of rosey.kdl, else both.
    #[arg(long, value_enum)]
    dialect: Option<DialectArgument>,
}

impl Validate {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.env)?;
        let path = settings.schema(&self.schema)?;
        let sources = schema::sources(&path)?;
        let mut problems = Vec::new();
        let (mut valid, mut nothing) = (Vec::new(), Vec::new());
        for dialect in settings.dialects(self.dialect) {
            match schema::problems(&sources, dialect) {
                Ok(schema) if schema.is_empty() => nothing.push(dialect.word()),
                Ok(schema) => valid.push(format!("{} for {}", counted(schema.len() as i64, "object"), dialect.word())),
                Err(found) => problems.extend(found.problems().iter().cloned()),
            }
        }
        if !problems.is_empty() {
            return Err(Diagnostics::new(&sources, problems).into());
        }
        if !nothing.is_empty() {
            let whom = nothing.join(" and ");
            output::err(&format!("{} declares nothing for {whom}: plan and apply refuse an empty schema\n", path.display()));
        }
        if !valid.is_empty() {
            output::out(&format!("{} is valid: {}\n", path.display(), valid.join(", ")));
        }
        Ok(Exit::Done)
    }
}
