//! `rosey apply`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use clap::Args;

use super::again::{self, Again};
use super::apply_saved::Run;
use super::error::Failure;
use super::interrupt::{self, Phase};
use super::progress::Progress;
use super::settings::Settings;
use super::target::{self, Database, Target};
use super::{Exit, PlanningArguments, SafetyArguments, SchemaArguments, TargetArguments, foreign_commands, output, remarks, saved, schema};
use crate::apply::{ApplyError, Desired, Identity, Options, Outcome, PlanOptions, Report};
use crate::engine::CancelToken;
use crate::kdl::Sources;
use crate::plan::{Plan, counted};
use crate::render;

/// Applies the schema.
#[derive(Args)]
pub(super) struct Apply {
    /// Saved plans, or folders of them, to apply exactly as reviewed; default: the schema file.
    #[arg(value_name = "PLAN|FOLDER", conflicts_with_all = ["schema", "sqlite_path", "online"])]
    plans: Vec<PathBuf>,
    /// Apply at most this many plans of a folder.
    #[arg(long, value_name = "NUMBER", requires = "plans", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    #[command(flatten)]
    schema: SchemaArguments,
    #[command(flatten)]
    target: TargetArguments,
    /// Apply without asking for approval.
    #[arg(long)]
    auto_approve: bool,
    #[command(flatten)]
    safety: SafetyArguments,
    /// Message to record in the history.
    #[arg(short, long)]
    message: Option<String>,
    #[command(flatten)]
    planning: PlanningArguments,
    /// Show the queries that find the rows a warning is about.
    #[arg(short, long)]
    verbose: bool,
    /// Print only the result, not the plan or the steps.
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
}

impl Apply {
    pub(super) async fn run(self, colour: bool) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.target.env)?;
        let options = settings.options(&self.safety, self.message.clone(), identity());
        let plan_options = settings.plan_options(&self.planning, options.lock_timeout);
        let approved = settings.auto_approve(self.auto_approve);
        if !self.plans.is_empty() {
            self.names_plans()?;
            let target = settings.target(&self.target)?;
            let style = render::Style { colour, verbose: self.verbose };
            let count = self.count.map(|n| n as usize);
            let again = Again::on(&self.target);
            let allow = &self.safety.allow;
            let run = Run {
                settings: &settings,
                target: &target,
                again,
                options,
                counts: plan_options.counts,
                allow,
                style,
                approved,
                quiet: self.quiet,
                count,
            };
            return run.all(&self.plans).await;
        }
        let path = settings.schema(&self.schema)?;
        let sources = schema::sources(&path)?;
        let target = settings.target(&self.target)?;
        let desired = schema::desired(&sources, target.database.dialect())?;
        target.announce();
        let plan = plan(&sources, &target, &desired, plan_options).await?;
        schema::declares_something(&desired, &plan)?;
        let name = path.display().to_string();
        let judged = settings.judged(&plan, &sources, &options);
        if !self.quiet || !approved || plan.is_empty() {
            output::out(&render::text(&settings.shown(&judged), &name, render::Style { colour, verbose: self.verbose }));
        }
        if plan.is_empty() && plan.guards.is_empty() {
            target.database.finish().await?;
            return Ok(Exit::Done);
        }
        remarks::unused(&self.safety.allow, &judged);
        settings.refuse(&judged)?;
        if !plan.is_empty() {
            approve(approved, "\nApply these changes? Only 'yes' will be accepted: ")?;
        }
        let outcome = apply(&target.database, &desired, &plan, &options, self.quiet).await.map_err(|e| match e {
            ApplyError::Blocked(hazards) => settings.refusal(&hazards),
            other @ ApplyError::Plan(_) => schema::failure(&sources, other),
            other => {
                let address = match &other {
                    ApplyError::Statement { address, source } if source.is_about_definition() => address.clone(),
                    _ => String::new(),
                };
                let failure = Failure::of_apply(other);
                match render::declared_at(desired.written(), &sources, &address) {
                    Some(place) => failure.help(format!("{address} is declared at {place}")),
                    None => failure,
                }
            }
        })?;
        output::out(&report(&plan, &outcome));
        Ok(Exit::Done)
    }
}

impl Apply {
    /// Refuses a database or a schema if saved plans are given.
    fn names_plans(&self) -> Result<(), Failure> {
        for word in self.plans.iter().filter_map(|p| p.to_str()) {
            if foreign_commands::names_database(word) {
                let failure = Failure::new(format!("{} is a database; apply takes saved plans as arguments", target::shown(word)));
                return Err(failure.help(format!("use rosey apply --url {}", foreign_commands::shell(word))));
            }
            if (word.ends_with(".kdl") && !word.ends_with(".plan.kdl") && !saved::is_plan(Path::new(word))) || word.ends_with(".sql") {
                let failure = Failure::new(format!("{word} is not a saved plan"));
                return Err(failure.help(format!("to apply a schema: rosey apply --schema {}", again::word(word))));
            }
        }
        Ok(())
    }
}

/// Applies with progress output; Ctrl-C and SIGTERM cancel it cleanly.
pub(super) async fn apply(
    database: &Database,
    desired: &Desired,
    plan: &Plan,
    options: &Options,
    quiet: bool,
) -> Result<Outcome, ApplyError> {
    interrupt::enter(Phase::Changing);
    let cancel_token = Arc::new(CancelToken::default());
    let mut progress = Progress::new(quiet, cancel_token.clone());
    let cancel = cancel_token.clone();
    let work = database.apply(desired.normalized(), plan, options, cancel_token, &mut progress);
    tokio::pin!(work);
    loop {
        tokio::select! {
            outcome = &mut work => {
                interrupt::enter(Phase::Changed);
                return outcome;
            }
            () = interrupted() => cancel.cancel.store(true, Relaxed),
        }
    }
}

/// Returns the outcome, for display.
pub(super) fn report(plan: &Plan, outcome: &Outcome) -> String {
    let Outcome::Applied(Report { number, rows_copied, backup, .. }) = outcome else {
        return "No changes. Another apply has already made them.\n".to_owned();
    };
    if plan.is_empty() {
        let guards: Vec<String> = plan.guards.iter().map(|g| format!("{}\n", render::escape(g))).collect();
        return format!("Recorded (version {number}):\n{}", guards.concat());
    }
    let s = plan.summary();
    let lost = s.losses_in_brackets();
    let mut text = format!("Apply complete (version {number}): {} added, {} changed, {} destroyed{lost}", s.add, s.change, s.destroy);
    if s.rebuilt > 0 {
        text.push_str(&format!("; {} copied", counted(*rows_copied, "row")));
    }
    text.push_str(".\n");
    if let Some(backup) = backup {
        let is_whole = plan.dialect.capabilities().backs_up_whole;
        let what = if is_whole { "Backup of the database" } else { "Backup of the affected tables" };
        text.push_str(&format!("{what}: {}\n", render::escape(&backup.display().to_string())));
    }
    text
}

async fn plan(sources: &Sources, target: &Target, desired: &Desired, plan_options: PlanOptions) -> Result<Plan, Failure> {
    if let Some(file) = target.missing_file() {
        let failure = Failure::new(format!(
            "{} does not exist; apply creates a database file only if a URL names it; nothing was changed",
            file.display()
        ));
        return Err(failure.help(format!("to create it: rosey apply --url {}", again::word(&file.display().to_string()))));
    }
    target.database.wait_for_others(plan_options.wait).await?;
    let planned = target.database.plan(desired, plan_options).await.map_err(|e| match e {
        error if error.is_lock_timeout() => ApplyError::Locked { holder: None, waited: plan_options.wait }.into(),
        other => schema::failure(sources, other),
    })?;
    remarks::tell(&planned.remarks);
    Ok(planned.plan)
}

/// Asks for `yes`, unless approval was given beforehand.
pub(super) fn approve(given: bool, question: &str) -> Result<(), Failure> {
    if given {
        return Ok(());
    }
    match output::ask(question) {
        Some(answer) if answer == "yes" => Ok(()),
        Some(_) => Err(Failure::new("not approved; nothing was changed")),
        None => {
            Err(Failure::new("cannot ask for approval without a terminal; nothing was changed")
                .help("add --auto-approve to skip the question"))
        }
    }
}

/// Waits for Ctrl-C, or SIGTERM if the system has it.
pub(super) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    tokio::signal::ctrl_c().await.ok();
}

pub(super) fn identity() -> Identity {
    let variable = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    Identity {
        // A service or a container may have none of these; if the system has no name either, PostgreSQL
        // provides that of the role.
        user: ["USER", "USERNAME", "LOGNAME"].into_iter().find_map(variable).or_else(|| whoami::username().ok().filter(|u| !u.is_empty())),
        host: gethostname::gethostname().into_string().ok().filter(|h| !h.is_empty()),
        git_commit: git_commit(),
    }
}

/// Returns the commit of the repository in the working directory, if there is one.
pub(super) fn git_commit() -> Option<String> {
    let output = std::process::Command::new("git").args(["rev-parse", "HEAD"]).stderr(std::process::Stdio::null()).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}
