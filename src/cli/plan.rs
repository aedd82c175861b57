//! `rosey plan`.

use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::error::Failure;
use super::settings::{Settings, Way};
use super::target::{Database, Target};
use super::{Exit, SchemaArguments, TargetArguments, WayArguments, output, postgres, schema};
use crate::kdl::Sources;
use crate::plan::Frame;
use crate::{apply, plan, render};

/// Shows what would change.
#[derive(Args)]
pub(super) struct Plan {
    #[command(flatten)]
    schema: SchemaArguments,
    #[command(flatten)]
    target: TargetArguments,
    /// How the plan is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Exit with 2 where there are changes.
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    way: WayArguments,
    /// Show the queries that find the rows a warning is about.
    #[arg(short, long)]
    verbose: bool,
}

/// A form of the plan.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// The script.
    Sql,
}

impl Plan {
    pub(super) async fn run(self, colour: bool) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.target.env)?;
        let path = settings.schema(&self.schema);
        let way = settings.way(&self.way);
        let sources = schema::sources(&path)?;
        let target = settings.target(&self.target)?;
        let (plan, frame) = match &target.database {
            Database::Sqlite(file) => on_sqlite(&sources, &target, file, way, self.is_script()).await?,
            Database::Postgres(url) => {
                let desired = schema::desired_postgres(&sources)?;
                target.announce();
                if self.is_script() {
                    postgres::plan_with_frame(&sources, url, &desired, way.online).await?
                } else {
                    (postgres::plan(&sources, url, &desired, way.online).await?, Frame::default())
                }
            }
        };
        let plan = settings.under_policy(&plan);
        let name = path.display().to_string();
        output::out(&match self.format {
            Format::Text => render::text(&plan, &name, render::Style { colour, verbose: self.verbose }),
            Format::Json => render::json(&plan, &name),
            Format::Sql => render::script(&plan, &frame),
        });
        Ok(if self.detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Done })
    }

    fn is_script(&self) -> bool {
        matches!(self.format, Format::Sql)
    }
}

/// The plan, and for a script what stands around it.
async fn on_sqlite(sources: &Sources, target: &Target, file: &Path, way: Way, script: bool) -> Result<(plan::Plan, Frame), Failure> {
    let desired = schema::desired(sources)?;
    target.announce();
    let failed = |e| schema::plan_failure(sources, e);
    let (plan, state) = apply::plan_with_state(file, &desired, way.path, Duration::from_secs(5)).await.map_err(failed)?;
    if plan.creates_database {
        output::err(&missing(target, plan.is_empty()));
    }
    if !script {
        return Ok((plan, Frame::default()));
    }
    let frame = apply::frame(&plan, &state, &desired, &apply::Options::default()).await.map_err(failed)?;
    Ok((plan, frame))
}

fn missing(target: &Target, empty: bool) -> String {
    if empty {
        "the file does not exist; the schema declares no object at all, which apply refuses\n".to_owned()
    } else if target.is_default {
        "the file does not exist; apply creates it only where --url, the environment or a config.json names it\n".to_owned()
    } else {
        "the file does not exist and will be created\n".to_owned()
    }
}
