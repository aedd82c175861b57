//! `rosey plan`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::error::Failure;
use super::settings::Settings;
use super::target::Target;
use super::{Exit, SchemaArguments, TargetArguments, WayArguments, output, remarks, schema};
use crate::render;

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
    /// A comment for a pull request.
    Markdown,
    /// A page for a browser.
    Html,
    /// The warnings, for code scanning.
    Sarif,
    /// The warnings, as annotations of GitHub Actions.
    Github,
}

/// How long a plan waits for a writer of a SQLite file.
const WAIT: Duration = Duration::from_secs(5);

impl Plan {
    pub(super) async fn run(self, colour: bool) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.target.env)?;
        let path = settings.schema(&self.schema);
        let way = settings.way(&self.way, WAIT);
        let sources = schema::sources(&path)?;
        let target = settings.target(&self.target)?;
        let desired = schema::desired(&sources, target.database.dialect())?;
        target.announce();
        let planned = target.database.plan(&desired, way).await.map_err(|e| schema::failure(&sources, e))?;
        remarks::tell(&planned.remarks);
        let plan = settings.under_policy(&planned.plan);
        if plan.creates_database {
            output::err(&missing(&target, plan.is_empty()));
        }
        let name = path.display().to_string();
        let declared = render::Declared { schema: desired.written(), sources: &sources };
        output::out(&match self.format {
            Format::Text => render::text(&plan, &name, render::Style { colour, verbose: self.verbose }),
            Format::Json => render::json(&plan, &name),
            Format::Sql => render::sql(&plan),
            Format::Markdown => render::markdown(&plan, &name),
            Format::Html => render::html(&plan, &name, desired.written()),
            Format::Sarif => render::sarif(&plan, declared),
            Format::Github => render::annotations(&plan, &name, declared),
        });
        Ok(if self.detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Done })
    }
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
