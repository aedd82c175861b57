//! `rosey apply FILE…`: applies exactly the given saved plans, each of which must start from the current
//! schema. Plans that have been applied are skipped. Folders are handled in `apply_folder`.

use std::path::{Path, PathBuf};

use super::again::Again;
use super::apply::{apply, approve, report};
use super::error::Failure;
use super::settings::Settings;
use super::target::Target;
use super::{Exit, output, remarks, saved};
use crate::apply::chain::{Past, past};
use crate::apply::saved::{Saved, Standing};
use crate::apply::{ApplyError, Entry, Options, is_missing};
use crate::kdl::Sources;
use crate::plan::{Allowed, Counts, Hazard, Plan};
use crate::render::{self, Style, escape};

/// How saved plans are applied.
pub(super) struct Run<'r> {
    pub(super) settings: &'r Settings,
    pub(super) target: &'r Target,
    pub(super) again: Again,
    pub(super) options: Options,
    pub(super) counts: Counts,
    /// The permissions that were requested; a policy may have removed some.
    pub(super) allow: &'r [Allowed],
    pub(super) style: Style,
    pub(super) approved: bool,
    pub(super) quiet: bool,
    /// The maximum number of plans to apply from a folder.
    pub(super) count: Option<usize>,
}

impl Run<'_> {
    /// Applies the plans in the arguments: files in their order; of a folder, those that continue from the
    /// live schema.
    pub(super) async fn all(&self, arguments: &[PathBuf]) -> Result<Exit, Failure> {
        self.target.announce();
        self.target.database.wait_for_others(self.options.lock_timeout).await?;
        for argument in arguments {
            if argument.is_dir() { self.folder(argument).await? } else { self.file(argument).await? }
        }
        Ok(Exit::Done)
    }

    async fn file(&self, path: &Path) -> Result<(), Failure> {
        let plan = saved::open(path, &self.again).await?;
        let live = self.target.database.dialect();
        if plan.file.dialect != live {
            return Err(saved::foreign(path, plan.file.dialect, live));
        }
        let history = self.history().await?;
        let past = past(&history, &plan.file.digest);
        if let Past::Applied(number) = past {
            output::out(&escape(&format!("{}: {}\n", path.display(), known(&history, number))));
            return Ok(());
        }
        match self.standing(path, &plan, past).await? {
            Standing::Fits { plan: counted, remarks: said } => {
                remarks::tell(&said);
                self.run(path, &plan, &counted).await
            }
            Standing::Applied => {
                self.target.database.finish().await?;
                output::out(&escape(&format!("{}: already applied.\n", path.display())));
                Ok(())
            }
            Standing::Elsewhere { differs } => Err(saved::elsewhere(path, &plan, &differs, past, &self.again)),
            Standing::Unfit { reason } => Err(self.unfit(path, &plan, &reason)),
        }
    }

    /// Returns the history so far.
    pub(super) async fn history(&self) -> Result<Vec<Entry>, Failure> {
        let database = &self.target.database;
        Ok(if is_missing(database) { Vec::new() } else { database.history().await? })
    }

    pub(super) async fn standing(&self, path: &Path, plan: &Saved, past: Past) -> Result<Standing, Failure> {
        let (database, wait) = (&self.target.database, self.options.lock_timeout);
        let standing = if matches!(past, Past::Unfinished(_)) {
            plan.rest(database, wait, self.counts).await
        } else {
            plan.standing(database, wait, self.counts).await
        };
        standing.map_err(|e| match e {
            e if e.is_lock_timeout() => ApplyError::Locked { holder: None, waited: wait }.into(),
            ApplyError::Plan(_) => {
                let failure: Failure = e.into();
                failure.help(format!("plan it again: {}", self.again.command(path, Some(&plan.file))))
            }
            other => other.into(),
        })
    }

    pub(super) async fn run(&self, path: &Path, plan: &Saved, counted: &Plan) -> Result<(), Failure> {
        saved::follows(path, plan, &self.again)?;
        let shown = path.display().to_string();
        let message = plan.file.message.as_deref().map(|m| format!(": {m}")).unwrap_or_default();
        let judged = self.settings.judged(counted, &Sources::default(), &self.options);
        if !self.quiet || !self.approved {
            output::out(&escape(&format!("{shown}{message}\n\n")));
            output::out(&render::text(&self.settings.shown(&judged), saved::NAME, self.style));
        }
        remarks::unused(self.allow, &judged);
        self.settings.refuse(&judged)?;
        approve(self.approved, "\nApply this plan? Only 'yes' will be accepted: ")?;
        let options = plan.options(&self.options);
        let outcome = apply(&self.target.database, &plan.desired, counted, &options, self.quiet).await.map_err(|e| match e {
            ApplyError::Blocked(mut hazards) => {
                if plan.file.back_to.is_some() {
                    hazards.iter_mut().for_each(Hazard::mark_as_rollback);
                }
                self.settings.refusal(&hazards)
            }
            other => Failure::of_apply(other),
        })?;
        // Nothing else shows which plan it was.
        let name = if self.quiet && self.approved { format!("{}: ", escape(&shown)) } else { String::new() };
        output::out(&format!("{name}{}", report(counted, &outcome)));
        Ok(())
    }

    /// Returns the error for a plan that starts from the current schema but does not fit the database.
    pub(super) fn unfit(&self, path: &Path, plan: &Saved, reason: &str) -> Failure {
        Failure::new(format!("{}: {reason}; nothing was changed", path.display()))
            .help(format!("plan it again: {}", self.again.command(path, Some(&plan.file))))
            .refused()
    }
}

/// Returns what the history says about a plan, including whether it was only stamped, and whether the
/// database has changed since.
fn known(history: &[Entry], number: i64) -> String {
    let entry = history.iter().find(|e| e.number == number);
    let stamped = entry.filter(|e| e.kind == "stamp");
    let forced = stamped.and_then(|e| e.message.as_deref()).map(|m| format!(" ({m})")).unwrap_or_default();
    let how = if stamped.is_some() { "stamped" } else { "applied" };
    let last = history.last().map_or(number, |e| e.number);
    // Versions after a forward plan continue from it; those after a rollback lead elsewhere.
    let left = last > number && entry.is_some_and(|e| e.back_to.is_some());
    let since = if left { format!(" The database is now at version {last}; nothing was changed.") } else { String::new() };
    format!("already {how} as version {number}{forced}.{since}")
}
