//! `rosey plan`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::error::Failure;
use super::settings::Settings;
use super::target::Target;
use super::{Exit, SchemaArguments, TargetArguments, WayArguments, output, remarks, saved, schema};
use crate::apply::{self, Options, Way};
use crate::kdl::Sources;
use crate::plan::Frame;
use crate::{plan, render};

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
    /// Save the plan, for `rosey apply FILE`; in a folder under its number and message.
    #[arg(long, value_name = "FILE|FOLDER")]
    out: Option<PathBuf>,
    /// What the saved plan, and later the history, shall say of it.
    #[arg(short, long, requires = "out")]
    message: Option<String>,
    /// Plan against a state that `rosey state pull` has written, with no database at hand.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "config"])]
    state: Option<PathBuf>,
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
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// The script.
    Sql,
}

impl Format {
    /// The plan in this form. `name` is what the schema file is called.
    pub(super) fn write(self, plan: &plan::Plan, name: &str, style: render::Style) -> String {
        match self {
            Format::Text => render::text(plan, name, style),
            Format::Json => render::json(plan, name),
            Format::Sql => render::sql(plan),
        }
    }
}

/// A plan, and what else was asked for.
struct Made {
    plan: plan::Plan,
    /// The text of its file.
    file: Option<String>,
    /// What makes a script of it.
    frame: Option<Frame>,
}

/// How long a plan waits for a writer of a SQLite file.
const WAIT: Duration = Duration::from_secs(5);

impl Plan {
    pub(super) async fn run(self, colour: bool) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.target.env)?;
        let path = settings.schema(&self.schema);
        let way = settings.way(&self.way, WAIT);
        let sources = schema::sources(&path)?;
        let made = match &self.state {
            Some(file) => self.from_state(file, &sources, way).await?,
            None => self.from_database(&settings.target(&self.target)?, &sources, way).await?,
        };
        let plan = settings.under_policy(&made.plan);
        let name = path.display().to_string();
        output::out(&match &made.frame {
            Some(frame) => render::script(&plan, frame),
            None => self.format.write(&plan, &name, render::Style { colour, verbose: self.verbose }),
        });
        if let Some(out) = &self.out {
            self.save(out, made.file, plan.is_empty())?;
        }
        Ok(if self.detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Done })
    }

    /// Plans against the live database. The file's text comes with the plan where it is to be saved.
    async fn from_database(&self, target: &Target, sources: &Sources, way: Way) -> Result<Made, Failure> {
        let desired = schema::desired(sources, target.database.dialect())?;
        target.announce();
        let failed = |e| schema::failure(sources, e);
        let (mut file, mut frame) = (None, None);
        let (plan, said) = if self.out.is_some() {
            let noted = target.database.plan_noted(&desired, way).await.map_err(failed)?;
            if !noted.plan.is_empty() {
                file = Some(apply::saved::save(&noted, self.message.as_deref(), way, &saved::shown).await.map_err(failed)?.text);
            }
            (noted.plan, noted.remarks)
        } else {
            let planned = target.database.plan(&desired, way).await.map_err(failed)?;
            (planned.plan, planned.remarks)
        };
        if matches!(self.format, Format::Sql) {
            frame = Some(target.database.plan_script(&desired, way, &Options::default()).await.map_err(failed)?.1);
        }
        remarks::tell(&said);
        if plan.creates_database {
            output::err(&missing(target, plan.is_empty()));
        }
        Ok(Made { plan, file, frame })
    }

    /// Plans against a state file, with no database at hand.
    async fn from_state(&self, file: &Path, sources: &Sources, way: Way) -> Result<Made, Failure> {
        let text = saved::read_state(file)?;
        let state = plan::State::read(&text).map_err(|e| saved::bad_state(file, &e))?;
        let desired = schema::desired(sources, state.dialect)?;
        output::err(&render::escape(&format!("state: {} ({}); rows are not counted\n", file.display(), saved::name(state.dialect))));
        let failed = |e| schema::failure(sources, e);
        let made = apply::plan_offline(&state, &desired, way).await.map_err(failed)?;
        remarks::tell_unsettled(&made.unsettled);
        let text = match self.out.is_some() && !made.plan.is_empty() {
            false => None,
            true => {
                let written = apply::saved::save_state(&state, &made.desired, self.message.as_deref(), way, &saved::shown);
                Some(written.await.map_err(failed)?.text)
            }
        };
        Ok(Made { plan: made.plan, file: text, frame: None })
    }

    fn save(&self, out: &Path, text: Option<String>, empty: bool) -> Result<(), Failure> {
        let Some(text) = text else {
            let why = if empty { "there is nothing to do" } else { "there is no plan" };
            output::err(&format!("{why}, so no plan was saved\n"));
            return Ok(());
        };
        let number = plan::read_plan(&text).map_or(1, |p| p.number);
        let path = saved::place(out, number, self.message.as_deref());
        saved::write(&path, &text)?;
        output::err(&render::escape(&format!("saved: {}\n", path.display())));
        Ok(())
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
