//! `rosey graph`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::error::Failure;
use super::settings::Settings;
use super::target::Lookup;
use super::{Exit, PlanningArguments, SchemaArguments, TargetArguments, output, remarks, schema};
use crate::kdl::{Sources, decode};
use crate::render::graph::{self, Notation};
use crate::schema::Dialect;

/// Draws the schema, or a plan's order.
#[derive(Args)]
pub(super) struct Graph {
    #[command(flatten)]
    schema: SchemaArguments,
    #[command(flatten)]
    target: TargetArguments,
    /// Output format.
    #[arg(long, value_enum, default_value = "svg")]
    format: Format,
    /// Draw the schema file for this kind of database; default: that of --url or of the environment.
    #[arg(long, value_enum, conflicts_with_all = ["live", "plan", "order"])]
    dialect: Option<Dialect>,
    /// Draw the live schema instead of the schema file.
    #[arg(long, conflicts_with_all = ["plan", "order"])]
    live: bool,
    /// Mark the changes of a plan.
    #[arg(long, conflicts_with = "order")]
    plan: bool,
    /// Draw the steps of a plan in execution order.
    #[arg(long)]
    order: bool,
    #[command(flatten)]
    planning: PlanningArguments,
}

/// A graph language.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For a browser.
    Svg,
    /// For GitHub and GitLab.
    Mermaid,
    /// For Graphviz.
    Dot,
}

impl From<Format> for Notation {
    fn from(format: Format) -> Notation {
        match format {
            Format::Svg => Notation::Svg,
            Format::Mermaid => Notation::Mermaid,
            Format::Dot => Notation::Dot,
        }
    }
}

/// How long a plan waits for a writer of a SQLite file.
const WAIT: Duration = Duration::from_secs(5);

impl Graph {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.target.env)?;
        let notation = self.format.into();
        let text = if self.live {
            let target = settings.target(&self.target)?;
            target.announce();
            drawn(&Sources::from_text("the database", &target.database.inspect().await?), target.database.dialect(), notation)?
        } else if self.plan || self.order {
            self.planned(&settings, notation).await?
        } else {
            let dialect = match self.dialect {
                Some(dialect) => dialect,
                // Only the file is read, so no database is needed.
                None => match settings.look_for_target(&self.target)? {
                    Lookup::Target(target) => target.database.dialect(),
                    Lookup::Nothing(_) => settings.dialects(None).first().copied().unwrap_or(Dialect::ALL[0]),
                },
            };
            drawn(&schema::sources(&settings.schema(&self.schema)?)?, dialect, notation)?
        };
        output::out(&text);
        Ok(Exit::Done)
    }

    /// Returns the schema with the changes of a plan marked, or the steps of the plan.
    async fn planned(&self, settings: &Settings, notation: Notation) -> Result<String, Failure> {
        let sources = schema::sources(&settings.schema(&self.schema)?)?;
        let target = settings.target(&self.target)?;
        let desired = schema::desired(&sources, target.database.dialect())?;
        target.announce();
        let planned = target.database.plan(&desired, settings.plan_options(&self.planning, WAIT)).await;
        let planned = planned.map_err(|e| schema::failure(&sources, e))?;
        remarks::tell(&planned.remarks);
        let plan = &planned.plan;
        Ok(if self.order { graph::order(plan, notation) } else { graph::entities(desired.written(), Some(plan), notation) })
    }
}

/// Returns the tables that the sources declare.
fn drawn(sources: &Sources, dialect: Dialect, notation: Notation) -> Result<String, Failure> {
    Ok(graph::entities(&decode(sources, dialect)?, None, notation))
}
