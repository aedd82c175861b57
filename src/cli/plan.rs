//! `rosey plan`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::again::Again;
use super::backfill::BackfillArguments;
use super::error::Failure;
use super::quiet::{Inputs, Quiet, Remembered};
use super::settings::Settings;
use super::target::Target;
use super::{Exit, PlanningArguments, SchemaArguments, TargetArguments, output, remarks, rollback, saved, schema};
use crate::apply::rollback::To;
use crate::apply::saved::Label;
use crate::apply::{self, ApplyError, Desired, Options, PlanOptions, Planned};
use crate::kdl::Sources;
use crate::plan::{Frame, Kind};
use crate::render::{Declared, Provenance};
use crate::schema::Schema;
use crate::{plan, render};

/// Shows what would change.
#[derive(Args)]
pub(super) struct Plan {
    #[command(flatten)]
    schema: SchemaArguments,
    #[command(flatten)]
    target: TargetArguments,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Save the plan for `rosey apply FILE`; in a folder, its name is made from its version and message.
    #[arg(long, value_name = "FILE|FOLDER")]
    out: Option<PathBuf>,
    /// Message for the saved plan or script, later recorded in the history.
    #[arg(short, long)]
    message: Option<String>,
    /// Plan against a state file written by `rosey state pull`, without a database.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "config", "to"])]
    state: Option<PathBuf>,
    /// Exit with 2 if there are changes.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Plan a rollback instead: to the schema of this version, or to base, the schema before version 1.
    #[arg(long, value_name = "VERSION|base", value_parser = rollback::to, conflicts_with = "schema")]
    to: Option<To>,
    #[command(flatten)]
    backfill: BackfillArguments,
    #[command(flatten)]
    planning: PlanningArguments,
    /// Show the queries that find the rows a warning is about.
    #[arg(short, long)]
    verbose: bool,
}

/// An output format for a plan.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// The SQL script.
    Sql,
    /// A comment for a pull request.
    Markdown,
    /// A page for a browser.
    Html,
    /// The warnings, for code scanning.
    Sarif,
    /// The warnings, as GitHub Actions annotations.
    Github,
}

impl Format {
    /// Returns whether this format is stored separately from its source, and therefore names it.
    fn names_its_origin(self) -> bool {
        matches!(self, Format::Html)
    }

    /// Renders the plan in this form. `name` is the name of the schema file.
    pub(super) fn write(self, plan: &plan::Plan, name: &str, style: render::Style, declared: Declared<'_>) -> String {
        match self {
            Format::Text => render::text_and_findings(plan, name, style, declared.found),
            Format::Json => render::json(plan, name),
            Format::Sql => render::for_reading(plan),
            Format::Markdown => render::markdown_and_findings(plan, name, declared.found),
            Format::Html => render::html_from(plan, name, declared.schema, declared.provenance),
            Format::Sarif => render::sarif(plan, declared),
            Format::Github => render::annotations(plan, name, declared),
        }
    }
}

/// Returns where and when a plan is made.
fn provenance(database: String) -> Provenance {
    let now = jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_default();
    Provenance { database, commit: super::apply::git_commit(), at: now.to_string() }
}

/// A plan, and what else was requested.
struct Made {
    plan: plan::Plan,
    desired: Desired,
    /// The text for its file.
    file: Option<String>,
    /// The context of its script.
    frame: Option<Frame>,
    /// The digest of what it depends on in the database, if that is known and there is nothing to say of it.
    database: Option<String>,
}

/// How long a plan waits for locks on what it reads.
const WAIT: Duration = Duration::from_secs(5);

impl Plan {
    pub(super) async fn run(mut self, colour: bool) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.target.env)?;
        self.check_message()?;
        let kept = self.keep_message();
        let plan_options = settings.plan_options(&self.planning, WAIT);
        let style = render::Style { colour, verbose: self.verbose };
        let (made, shown) = match self.to {
            Some(to) => self.back(&settings, to, plan_options, style).await?,
            None if !self.backfill.is_empty() => {
                let failure = Failure::new("--backfill is only for a rollback: it requires --to");
                return Err(failure.help("for a plan to the schema file, write `backfill` as a child of the column"));
            }
            None => self.forth(&settings, plan_options, style).await?,
        };
        output::out(&shown);
        if let Some(out) = &self.out {
            self.save(out, made.file, kept)?;
        }
        Ok(if self.detailed_exitcode && !made.plan.is_empty() { Exit::Changes } else { Exit::Done })
    }

    /// Refuses a message that nothing would record.
    fn check_message(&self) -> Result<(), Failure> {
        let is_script = matches!(self.format, Format::Sql);
        if self.message.is_none() || self.out.is_some() || is_script {
            return Ok(());
        }
        Err(Failure::new("-m has no effect: no plan is saved").help("save the plan with --out plans/, or remove -m"))
    }

    /// Keeps the message of the saved plan that is being replaced, unless there is a new one.
    fn keep_message(&mut self) -> bool {
        let old = self.out.as_deref().filter(|_| self.message.is_none()).and_then(saved::message_of);
        let kept = old.is_some();
        self.message = self.message.take().or(old);
        kept
    }

    /// Returns the plan to the schema file, and its text.
    async fn forth(&self, settings: &Settings, plan_options: PlanOptions, style: render::Style) -> Result<(Made, String), Failure> {
        let path = settings.schema(&self.schema)?;
        let sources = Arc::new(schema::sources(&path)?);
        let name = path.display().to_string();
        let (made, database, quiet) = match &self.state {
            Some(file) => (self.against_state(file, &sources, plan_options).await?, file.display().to_string(), None),
            None => {
                let target = settings.target(&self.target)?;
                let quiet = self.quiet(Inputs {
                    settings,
                    schema: &path,
                    sources: &sources,
                    target: &target,
                    options: plan_options,
                    form: format!("{:?} {style:?}", self.format),
                });
                let made = self.to_schema(&target, &sources, plan_options, quiet.as_ref()).await?;
                if made.plan.creates_database {
                    output::err(missing(&target));
                }
                (made, target.shown(), quiet)
            }
        };
        let plan = settings.under_policy(&made.plan, &sources);
        let shown = match &made.frame {
            Some(frame) => render::script(&plan, frame),
            None => {
                let schema = made.desired.written();
                let found = settings.found(&plan, schema);
                let provenance = self.format.names_its_origin().then(|| provenance(database));
                let declared = Declared { schema, sources: &sources, found: &found, provenance: provenance.as_ref() };
                self.format.write(&plan, &name, style, declared)
            }
        };
        if let (Some(quiet), Some(database)) = (&quiet, &made.database) {
            // Only if all that is shown follows from the plan's being empty.
            let nothing = plan::Plan::of_nothing(plan.dialect, &plan.fingerprint, plan_options.counts);
            let declared = Declared { schema: &Schema::default(), sources: &sources, found: &[], provenance: None };
            if plan.is_empty() && shown == self.format.write(&nothing, &name, style, declared) {
                quiet.remember(&Remembered { database: database.clone(), fingerprint: plan.fingerprint.clone() });
            }
        }
        Ok((made, shown))
    }

    /// Returns where the plan is remembered if it has nothing to do; `None` if it needs more than that.
    fn quiet(&self, inputs: Inputs<'_>) -> Option<Quiet> {
        let is_about_changes = match self.format {
            Format::Text | Format::Json | Format::Markdown | Format::Sarif | Format::Github => true,
            Format::Sql | Format::Html => false,
        };
        (is_about_changes && self.out.is_none()).then(|| Quiet::of(&inputs)).flatten()
    }

    /// Returns the rollback plan, and its text.
    async fn back(&self, settings: &Settings, to: To, plan_options: PlanOptions, style: render::Style) -> Result<(Made, String), Failure> {
        let target = settings.target(&self.target)?;
        target.announce();
        let back = rollback::desired(&target.database, to, &self.backfill).await?;
        let number = back.rolled_to.back_to;
        let made =
            self.against_database(&target, &back.desired, Some(&back), plan_options).await.map_err(|e| rollback::unfit(e, number))?;
        self.backfill.check_used(&made.plan)?;
        let plan = settings.under_policy(&made.plan, &Sources::default());
        let shown = match (&made.frame, self.format) {
            (Some(frame), _) => render::script(&plan, frame),
            (None, Format::Text) => back.text(&plan, style),
            // The target schema of a rollback is not in a file.
            (None, format) => {
                let provenance = format.names_its_origin().then(|| provenance(target.shown()));
                let (schema, sources) = (&back.rolled_to.desired, &Sources::default());
                let declared = Declared { schema, sources, found: &[], provenance: provenance.as_ref() };
                format.write(&plan, &back.name(), style, declared)
            }
        };
        Ok((made, shown))
    }

    /// Plans from the live database to the schema file.
    async fn to_schema(
        &self,
        target: &Target,
        sources: &Arc<Sources>,
        plan_options: PlanOptions,
        quiet: Option<&Quiet>,
    ) -> Result<Made, Failure> {
        let failed = |e| schema::failure(sources, e);
        let desired = async {
            let desired = schema::desired_meanwhile(sources, target.database.dialect()).await?;
            target.announce();
            Ok::<_, Failure>(desired)
        };
        if self.out.is_some() || matches!(self.format, Format::Sql) {
            let made = self.against_database(target, &desired.await?, None, plan_options).await.map_err(failed)?;
            schema::declares_something(&made.desired, &made.plan).map_err(Failure::into_error)?;
            return Ok(made);
        }
        let Some(quiet) = quiet else {
            let (desired, planned) = target.database.plan_when(desired, plan_options).await?;
            return with_remarks(desired, planned.map_err(failed)?);
        };
        let remembered = quiet.remembered();
        let known = remembered.as_ref().map(|r| r.database.as_str());
        match (target.database.plan_unless(known, desired, plan_options).await?, &remembered) {
            (Some((desired, planned)), _) => with_remarks(desired, planned.map_err(failed)?),
            (None, remembered) => {
                target.announce();
                let fingerprint = remembered.as_ref().map_or("", |r| r.fingerprint.as_str());
                let plan = plan::Plan::of_nothing(target.database.dialect(), fingerprint, plan_options.counts);
                let desired = Desired::new(Schema::default(), target.database.dialect()).map_err(failed)?;
                Ok(Made { plan, desired, file: None, frame: None, database: None })
            }
        }
    }

    /// Plans against the live database. Also returns the text of the file if the plan is to be saved.
    async fn against_database(
        &self,
        target: &Target,
        desired: &Desired,
        back: Option<&rollback::Back>,
        plan_options: PlanOptions,
    ) -> Result<Made, ApplyError> {
        let back_to = back.map(|b| b.rolled_to.back_to);
        let (mut file, mut frame) = (None, None);
        let (plan, said) = if self.out.is_some() {
            let noted = target.database.plan_with_snapshot(desired, plan_options).await?;
            let lost = back.map(|b| b.rolled_to.lost(&noted.plan)).unwrap_or_default();
            let label = Label {
                message: self.message.as_deref(),
                back_to,
                lost: &lost,
                exchanged: back.map(|b| &b.rolled_to.desired.renames_done),
            };
            if !noted.plan.is_empty() {
                file = Some(apply::saved::save(&noted, label, plan_options, &saved::shown).await?.text);
            }
            (noted.plan, noted.remarks)
        } else {
            let planned = target.database.plan(desired, plan_options).await?;
            (planned.plan, planned.remarks)
        };
        if matches!(self.format, Format::Sql) {
            let kind = if back_to.is_some() { Kind::Rollback } else { Kind::Apply };
            let options = Options { kind, back_to, message: self.message.clone(), ..Options::default() };
            frame = Some(target.database.plan_script(desired, plan_options, &options).await?.1);
        }
        remarks::tell(&said);
        let plan = if let Some(back) = back { back.leads(plan) } else { plan };
        Ok(Made { plan, desired: desired.clone(), file, frame, database: None })
    }

    /// Plans against a state file, without a database.
    async fn against_state(&self, file: &Path, sources: &Sources, plan_options: PlanOptions) -> Result<Made, Failure> {
        let text = saved::read_state(file)?;
        let state = plan::State::read(&text).map_err(|e| saved::bad_state(file, &e))?;
        let desired = schema::desired(sources, state.dialect)?;
        output::err(&render::escape(&format!("state: {} ({}); rows are not counted\n", file.display(), saved::name(state.dialect))));
        let failed = |e| schema::failure(sources, e);
        let made = apply::plan_offline(&state, &desired, plan_options).await.map_err(failed)?;
        schema::declares_something(&desired, &made.plan).map_err(Failure::into_error)?;
        remarks::tell_unsettled(&made.unsettled);
        let mut text = None;
        if self.out.is_some() && !made.plan.is_empty() {
            let label = Label { message: self.message.as_deref(), ..Label::default() };
            text = Some(apply::saved::save_state(&state, &made.desired, label, plan_options, &saved::shown).await.map_err(failed)?.text);
        }
        let mut frame = None;
        if matches!(self.format, Format::Sql) {
            let options = Options { message: self.message.clone(), ..Options::default() };
            frame = Some(apply::frame_offline(&state, &desired, plan_options, &options).await.map_err(failed)?);
        }
        Ok(Made { plan: made.plan, desired, file: text, frame, database: None })
    }

    fn save(&self, out: &Path, text: Option<String>, kept: bool) -> Result<(), Failure> {
        let Some(text) = text else {
            let rest =
                if saved::is_plan(out) { format!("; {} was left unchanged and is no longer needed", out.display()) } else { String::new() };
            output::err(&render::escape(&format!("no changes; no plan was saved{rest}\n")));
            return Ok(());
        };
        let number = plan::read_plan(&text).map_or(1, |p| p.number);
        let place = saved::place(out, number, self.message.as_deref());
        saved::write(&place, &text, &Again::on(&self.target).to(&self.schema))?;
        let message = self.message.as_deref().filter(|_| kept).map(|m| format!(", keeping its message: {m}"));
        output::err(&render::escape(&format!("saved: {}{}\n", place.path.display(), message.unwrap_or_default())));
        Ok(())
    }
}

/// Prints the remarks on a plan.
fn with_remarks(desired: Desired, planned: Planned) -> Result<Made, Failure> {
    let Planned { plan, remarks, digest, .. } = planned;
    schema::declares_something(&desired, &plan).map_err(Failure::into_error)?;
    remarks::tell(&remarks);
    let database = digest.filter(|_| remarks.is_empty());
    Ok(Made { plan, desired, file: None, frame: None, database })
}

fn missing(target: &Target) -> &'static str {
    if target.missing_file().is_some() {
        "the file does not exist; apply creates it only if --url, --env, ROSEY_DATABASE_URL or database_url in config.json names it\n"
    } else {
        "the file does not exist and will be created\n"
    }
}
