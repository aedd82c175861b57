//! `rosey apply`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use clap::Args;

use super::error::Failure;
use super::progress::Progress;
use super::settings::{Settings, Way};
use super::target::{Database, Target};
use super::{Exit, SafetyArguments, SchemaArguments, TargetArguments, WayArguments, output, postgres, schema};
use crate::apply::{self, ApplyError, Identity, Options, Outcome, Report};
use crate::dialect::sqlite::{Error, PlanError, Pulse};
use crate::kdl::Sources;
use crate::plan::{Plan, counted};
use crate::render;
use crate::schema::{Dialect, Normalized};

/// Applies the schema.
#[derive(Args)]
pub(super) struct Apply {
    #[command(flatten)]
    schema: SchemaArguments,
    #[command(flatten)]
    target: TargetArguments,
    /// Do not ask.
    #[arg(long)]
    auto_approve: bool,
    #[command(flatten)]
    safety: SafetyArguments,
    /// What the history shall say of it.
    #[arg(short, long)]
    message: Option<String>,
    #[command(flatten)]
    way: WayArguments,
    /// Show the queries that find the rows a warning is about.
    #[arg(short, long)]
    verbose: bool,
    /// Print neither the plan nor the steps, only the outcome.
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
}

impl Apply {
    pub(super) async fn run(self, colour: bool) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.target.env)?;
        let way = settings.way(&self.way);
        let options = settings.options(&self.safety, self.message.clone(), identity());
        let approved = settings.auto_approve(self.auto_approve);
        let path = settings.schema(&self.schema);
        let sources = schema::sources(&path)?;
        let target = settings.target(&self.target)?;
        let (desired, plan) = match &target.database {
            Database::Sqlite(file) => plan_sqlite(&sources, &target, file, way, &options).await?,
            Database::Postgres(url) => {
                let desired = declared(schema::desired_postgres(&sources)?, &target)?;
                let plan = postgres::plan(&sources, url, &desired, way.online).await?;
                (desired, plan)
            }
        };
        let name = path.display().to_string();
        if !self.quiet || !approved || plan.is_empty() {
            output::out(&render::text(&settings.under_policy(&plan), &name, render::Style { colour, verbose: self.verbose }));
        }
        if plan.is_empty() && plan.guards.is_empty() {
            return Ok(Exit::Done);
        }
        let blocking: Vec<_> = plan.blocking(options.allow_destructive).into_iter().cloned().collect();
        if !blocking.is_empty() {
            return Err(settings.refusal(&blocking));
        }
        if !plan.is_empty() {
            approve(approved, "\nApply this to the database? Only `yes` is taken for an answer: ")?;
        }
        let outcome = self.apply(&target.database, &desired, &plan, &options).await.map_err(|e| match e {
            ApplyError::Blocked(hazards) => settings.refusal(&hazards),
            ApplyError::Plan(e) => schema::plan_failure(&sources, e),
            ApplyError::PostgresPlan(e) => postgres::failure(&sources, e),
            other => other.into(),
        })?;
        output::out(&self.report(&plan, &outcome));
        Ok(Exit::Done)
    }

    async fn apply(&self, database: &Database, desired: &Normalized, plan: &Plan, options: &Options) -> Result<Outcome, ApplyError> {
        let pulse = Arc::new(Pulse::default());
        let mut progress = Progress::new(self.quiet, pulse.clone());
        let cancel = pulse.clone();
        let work = async {
            match database {
                Database::Sqlite(path) => apply::apply(path, desired, plan, options, pulse, &mut progress).await,
                Database::Postgres(url) => apply::postgres::apply(url, desired, plan, options, pulse, &mut progress).await,
            }
        };
        tokio::pin!(work);
        loop {
            tokio::select! {
                outcome = &mut work => return outcome,
                () = interrupted() => cancel.cancel.store(true, Relaxed),
            }
        }
    }

    fn report(&self, plan: &Plan, outcome: &Outcome) -> String {
        let Outcome::Applied(Report { number, rows_copied, backup, .. }) = outcome else {
            return "No changes. Another apply has made them meanwhile.\n".to_owned();
        };
        if plan.is_empty() {
            let guards: Vec<String> = plan.guards.iter().map(|g| format!("{}\n", render::escape(g))).collect();
            return format!("Recorded (number {number}):\n{}", guards.concat());
        }
        let s = plan.summary();
        let mut text = format!("Apply complete (number {number}): {} added, {} changed, {} destroyed", s.add, s.change, s.destroy);
        if s.rebuilt > 0 {
            text.push_str(&format!("; {} copied", counted(*rows_copied, "row")));
        }
        text.push_str(".\n");
        if let Some(backup) = backup {
            let what =
                if plan.dialect == Dialect::Postgres { "The tables that lost values, as they were" } else { "The database as it was" };
            text.push_str(&format!("{what}: {}\n", render::escape(&backup.display().to_string())));
        }
        text
    }
}

/// The schema, which must declare something.
fn declared(desired: Normalized, target: &Target) -> Result<Normalized, Failure> {
    target.announce();
    if desired.schema().is_empty() { Err(ApplyError::EmptySchema.into()) } else { Ok(desired) }
}

async fn plan_sqlite(sources: &Sources, target: &Target, file: &Path, way: Way, options: &Options) -> Result<(Normalized, Plan), Failure> {
    let desired = declared(schema::desired(sources)?, target)?;
    if target.is_default && !file.exists() {
        return Err(Failure::new(format!("{} does not exist, and nobody named it", file.display()))
            .help("name the database with --url, and it will be created"));
    }
    let wait = options.lock_timeout;
    let plan = crate::apply::plan_within(file, &desired, way.path, wait).await.map_err(|e| match e {
        PlanError::Database(Error::Locked) => ApplyError::LockTimeout(wait).into(),
        other => schema::plan_failure(sources, other),
    })?;
    Ok((desired, plan))
}

/// Asks for `yes`, unless that has been given beforehand.
pub(super) fn approve(given: bool, question: &str) -> Result<(), Failure> {
    if given {
        return Ok(());
    }
    match output::ask(question) {
        Some(answer) if answer == "yes" => Ok(()),
        Some(_) => Err(Failure::new("not approved; nothing was changed")),
        None => Err(Failure::new("there is no terminal to ask on; nothing was changed").help("add --auto-approve")),
    }
}

/// Ctrl-C, and SIGTERM where there is such a thing.
async fn interrupted() {
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

fn identity() -> Identity {
    let variable = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    Identity {
        user: variable("USER").or_else(|| variable("USERNAME")).or_else(|| variable("LOGNAME")),
        host: gethostname::gethostname().into_string().ok().filter(|h| !h.is_empty()),
        git_commit: git_commit(),
    }
}

/// The commit of the working directory's repository, where there is one.
fn git_commit() -> Option<String> {
    let output = std::process::Command::new("git").args(["rev-parse", "HEAD"]).stderr(std::process::Stdio::null()).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}
