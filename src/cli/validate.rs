//! `rosey validate`.

use clap::Args;

use super::error::Failure;
use super::settings::Settings;
use super::{DialectArgument, EnvArguments, Exit, SchemaArguments, output, schema};
use crate::kdl::Diagnostics;
use crate::plan::counted;
use crate::schema::Dialect;

/// Checks the schema file.
#[derive(Args)]
pub(super) struct Validate {
    #[command(flatten)]
    schema: SchemaArguments,
    #[command(flatten)]
    env: EnvArguments,
    /// For one database only; for both where this is not given.
    #[arg(long, value_enum)]
    dialect: Option<DialectArgument>,
}

impl Validate {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let path = Settings::load(&self.env)?.schema(&self.schema);
        let sources = schema::sources(&path)?;
        let dialects = self.dialect.map_or(vec![Dialect::Sqlite, Dialect::Postgres], |d| vec![d.into()]);
        let mut problems = Vec::new();
        let mut valid = Vec::new();
        for dialect in dialects {
            match schema::problems(&sources, dialect) {
                Ok(schema) => valid.push(format!("{} for {}", counted(schema.len() as i64, "object"), dialect.word())),
                Err(found) => problems.extend(found.problems().iter().cloned()),
            }
        }
        if !problems.is_empty() {
            return Err(Diagnostics::new(&sources, problems).into());
        }
        output::out(&format!("{} is valid: {}\n", path.display(), valid.join(", ")));
        Ok(Exit::Done)
    }
}
