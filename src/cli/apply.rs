//! `rosey apply`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::error::Failure;
use super::progress::Progress;
use super::target::{Database, Target};
use super::{Exit, SchemaArguments, TargetArguments, WayArguments, output, postgres, schema};
use crate::apply::{self, ApplyError, BackupMode, Identity, Options, Outcome, Report};
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
    /// Allow what destroys data: dropped tables and columns, conversions that lose values.
    #[arg(long)]
    allow_destructive: bool,
    /// When a backup is made first; auto: before a step that rebuilds or destroys.
    #[arg(long, value_enum, default_value = "auto")]
    backup: Backup,
    /// Where backups go; beside the SQLite file, or in the working directory, where this is not given.
    #[arg(long, value_name = "FOLDER")]
    backup_dir: Option<PathBuf>,
    /// Keep so many backups, the new one included, and delete older ones; all are kept where this is not given.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    keep_backups: Option<u32>,
    /// How long to wait for another program's lock, like 500ms, 10s or 2m.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    lock_timeout: Duration,
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

#[derive(Clone, Copy, ValueEnum)]
enum Backup {
    Auto,
    Always,
    Never,
}

impl Apply {
    pub(super) async fn run(self, colour: bool) -> Result<Exit, Failure> {
        let sources = schema::sources(&self.schema.schema)?;
        let target = Target::find(&self.target)?;
        let (desired, plan) = match &target.database {
            Database::Sqlite(path) => self.plan_sqlite(&sources, &target, path).await?,
            Database::Postgres(url) => {
                let desired = self.declared(schema::desired_postgres(&sources)?, &target)?;
                let plan = postgres::plan(&sources, url, &desired, self.way.online).await?;
                (desired, plan)
            }
        };
        let name = self.schema.schema.display().to_string();
        if !self.quiet || !self.auto_approve || plan.is_empty() {
            output::out(&render::text(&plan, &name, render::Style { colour, verbose: self.verbose }));
        }
        if plan.is_empty() && plan.guards.is_empty() {
            return Ok(Exit::Done);
        }
        let blocking: Vec<_> = plan.blocking(self.allow_destructive).into_iter().cloned().collect();
        if !blocking.is_empty() {
            return Err(ApplyError::Blocked(blocking).into());
        }
        if !plan.is_empty() {
            approve(self.auto_approve, "\nApply this to the database? Only `yes` is taken for an answer: ")?;
        }
        let outcome = self.apply(&target.database, &desired, &plan).await.map_err(|e| match e {
            ApplyError::Plan(e) => schema::plan_failure(&sources, e),
            ApplyError::PostgresPlan(e) => postgres::failure(&sources, e),
            other => other.into(),
        })?;
        output::out(&self.report(&plan, &outcome));
        Ok(Exit::Done)
    }

    /// The schema, which must declare something.
    fn declared(&self, desired: Normalized, target: &Target) -> Result<Normalized, Failure> {
        target.announce();
        if desired.schema().is_empty() { Err(ApplyError::EmptySchema.into()) } else { Ok(desired) }
    }

    async fn plan_sqlite(&self, sources: &Sources, target: &Target, path: &Path) -> Result<(Normalized, Plan), Failure> {
        let desired = self.declared(schema::desired(sources)?, target)?;
        if target.is_default && !path.exists() {
            return Err(Failure::new(format!("{} does not exist, and nobody named it", path.display()))
                .help("name the database with --url, and it will be created"));
        }
        let plan = crate::apply::plan_within(path, &desired, self.way.path(), self.lock_timeout).await.map_err(|e| match e {
            PlanError::Database(Error::Locked) => ApplyError::LockTimeout(self.lock_timeout).into(),
            other => schema::plan_failure(sources, other),
        })?;
        Ok((desired, plan))
    }

    async fn apply(&self, database: &Database, desired: &Normalized, plan: &Plan) -> Result<Outcome, ApplyError> {
        let options = Options {
            allow_destructive: self.allow_destructive,
            backup: match self.backup {
                Backup::Auto => BackupMode::Auto,
                Backup::Always => BackupMode::Always,
                Backup::Never => BackupMode::Never,
            },
            backup_dir: self.backup_dir.clone(),
            keep_backups: self.keep_backups.map(|n| n as usize),
            lock_timeout: self.lock_timeout,
            message: self.message.clone(),
            identity: identity(),
            ..Options::default()
        };
        let pulse = Arc::new(Pulse::default());
        let mut progress = Progress::new(self.quiet, pulse.clone());
        let cancel = pulse.clone();
        let work = async {
            match database {
                Database::Sqlite(path) => apply::apply(path, desired, plan, &options, pulse, &mut progress).await,
                Database::Postgres(url) => apply::postgres::apply(url, desired, plan, &options, pulse, &mut progress).await,
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

pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.trim().parse().map_err(|_| "write a number and a unit, like 10s".to_owned())?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "" | "s" => number,
        "m" => number * 60.0,
        _ => return Err("the units are ms, s and m".to_owned()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| "that is no length of time".to_owned())
}
