//! `rosey stamp`: records that the database matches the schema. It only adds a version to the history.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::again::Again;
use super::apply::identity;
use super::error::Failure;
use super::settings::Settings;
use super::{Exit, SchemaArguments, TargetArguments, output, saved, schema};
use crate::apply::{ApplyError, Desired, Options, Stamped};
use crate::kdl::Sources;
use crate::kdl::project::duration;
use crate::plan::read_plan;
use crate::render::escape;
use crate::schema::Dialect;

/// Records the current schema.
#[derive(Args)]
pub(super) struct Stamp {
    /// A saved plan: the database must match the schema it leads to.
    #[arg(conflicts_with = "schema")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    schema: SchemaArguments,
    #[command(flatten)]
    target: TargetArguments,
    /// Record the database as it is, even if it does not match.
    #[arg(long)]
    force: bool,
    /// Message to record in the history.
    #[arg(short, long)]
    message: Option<String>,
    /// How long to wait for a lock held by another process, for example 500ms, 10s (the default) or 2m.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    lock_timeout: Option<Duration>,
}

/// The schema that the database must match.
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
            Some(file) => of_plan(file, dialect, &Again::on(&self.target))?,
            None => of_schema(&settings.schema(&self.schema)?, dialect)?,
        };
        target.announce();
        let options = Options {
            lock_timeout: settings.lock_timeout(self.lock_timeout),
            message: self.message.or(wanted.message),
            identity: identity(),
            plan_id: wanted.plan_id,
            ..Options::default()
        };
        super::interrupt::enter(super::interrupt::Phase::Writing);
        let stamped = target.database.stamp(&wanted.desired, self.force, &options).await;
        let stamped = stamped.map_err(|e| match (&self.plan, e) {
            (Some(file), e @ ApplyError::Differs(_)) => Failure::new(format!("{e}; nothing was recorded"))
                .help(format!(
                    "run rosey diff DATABASE {} to see the difference; add --force to record the database as it is",
                    file.display()
                ))
                .refused(),
            (_, e) => schema::failure(&wanted.sources, e),
        })?;
        output::out(&told(&stamped));
        Ok(Exit::Done)
    }
}

fn told(stamped: &Stamped) -> String {
    let number = stamped.number;
    if stamped.already {
        return format!("Already recorded as version {number}; nothing was written.\n");
    }
    let mut text = format!("Stamped (version {number}): the current schema was recorded; nothing else was changed.\n");
    if !stamped.differs.is_empty() {
        text.push_str(&escape(&format!("The database differs from the desired schema in {}.\n", stamped.differs.join(", "))));
    }
    text
}

fn of_schema(path: &Path, dialect: Dialect) -> Result<Wanted, Failure> {
    let sources = schema::sources(path)?;
    let desired = schema::desired(&sources, dialect)?;
    Ok(Wanted { sources, desired, plan_id: None, message: None })
}

fn of_plan(file: &Path, dialect: Dialect, again: &Again) -> Result<Wanted, Failure> {
    let plan = read_plan(&saved::read(file, again)?).map_err(|e| saved::refusal(file, e.into(), again))?;
    if plan.dialect != dialect {
        return Err(saved::foreign(file, plan.dialect, dialect));
    }
    let sources = Sources::from_text(&file.display().to_string(), &plan.desired);
    let desired = schema::desired(&sources, dialect)?;
    Ok(Wanted { sources, desired, plan_id: Some(plan.digest), message: plan.message })
}
