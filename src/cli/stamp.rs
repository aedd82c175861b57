//! `rosey stamp`: records that the database matches the schema. It writes a row of the history and nothing else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::apply::identity;
use super::error::Failure;
use super::settings::Settings;
use super::{Exit, SchemaArguments, TargetArguments, output, schema};
use crate::apply::{Desired, Options};
use crate::kdl::Sources;
use crate::kdl::project::duration;
use crate::plan::read_plan;
use crate::schema::Dialect;

/// Records what is there.
#[derive(Args)]
pub(super) struct Stamp {
    /// A saved plan: the database has to match the schema that it leads to.
    #[arg(conflicts_with = "schema")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    schema: SchemaArguments,
    #[command(flatten)]
    target: TargetArguments,
    /// Record what is found, also where it does not match.
    #[arg(long)]
    force: bool,
    /// What the history shall say of it.
    #[arg(short, long)]
    message: Option<String>,
    /// How long to wait for another program's lock, like 500ms, 10s (the default) or 2m.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    lock_timeout: Option<Duration>,
}

/// What the database has to match.
struct Wanted {
    sources: Sources,
    desired: Desired,
    plan_id: Option<String>,
    message: Option<String>,
}

impl Stamp {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.target.env)?;
        let target = settings.target(&self.target)?;
        let dialect = target.database.dialect();
        let wanted = match &self.plan {
            Some(file) => of_plan(file, dialect)?,
            None => of_schema(&settings.schema(&self.schema), dialect)?,
        };
        target.announce();
        let options = Options {
            lock_timeout: settings.lock_timeout(self.lock_timeout),
            message: self.message.or(wanted.message),
            identity: identity(),
            plan_id: wanted.plan_id,
            ..Options::default()
        };
        let stamped = target.database.stamp(&wanted.desired, self.force, &options).await;
        let number = stamped.map_err(|e| schema::failure(&wanted.sources, e))?;
        output::out(&format!("Stamped (number {number}): the database is recorded as it is, nothing else was changed.\n"));
        Ok(Exit::Done)
    }
}

fn of_schema(path: &Path, dialect: Dialect) -> Result<Wanted, Failure> {
    let sources = schema::sources(path)?;
    let desired = schema::desired(&sources, dialect)?;
    Ok(Wanted { sources, desired, plan_id: None, message: None })
}

fn of_plan(file: &Path, dialect: Dialect) -> Result<Wanted, Failure> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|e| Failure::new(format!("{shown} cannot be read: {e}")))?;
    let plan = read_plan(&text).map_err(|e| Failure::new(format!("{shown}: {e}")).refused())?;
    if plan.dialect != dialect {
        return Err(
            Failure::new(format!("{shown} is a plan for {}, and the database is {}", plan.dialect.word(), dialect.word())).refused()
        );
    }
    let sources = Sources::from_text(&shown.to_string(), &plan.desired);
    let desired = schema::desired(&sources, dialect)?;
    Ok(Wanted { sources, desired, plan_id: Some(plan.digest), message: plan.message })
}
