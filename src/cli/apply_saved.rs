//! `rosey apply PLAN…`: exactly the saved plans, in the order that leads on from the live schema.

use std::path::{Path, PathBuf};

use super::apply::{apply, approve, report};
use super::error::Failure;
use super::settings::Settings;
use super::target::Target;
use super::{Exit, output, remarks, saved};
use crate::apply::saved::{Saved, Standing};
use crate::apply::{ApplyError, Options};
use crate::dialect::sqlite;
use crate::kdl::Sources;
use crate::plan::{Allowed, Hazard, Plan};
use crate::render::{self, Style, escape};

/// How saved plans are applied.
pub(super) struct Run<'r> {
    pub(super) settings: &'r Settings,
    pub(super) target: &'r Target,
    pub(super) options: Options,
    /// The leave that was asked for, of which a policy may have left less.
    pub(super) allow: &'r [Allowed],
    pub(super) style: Style,
    pub(super) approved: bool,
    pub(super) quiet: bool,
    /// How many plans of folders are applied at most.
    pub(super) count: Option<usize>,
}

impl Run<'_> {
    /// Applies what the arguments name: files in their order, of a folder those that lead on from the live schema.
    pub(super) async fn all(&self, arguments: &[PathBuf]) -> Result<Exit, Failure> {
        self.target.announce();
        for argument in arguments {
            if argument.is_dir() { self.folder(argument).await? } else { self.file(argument).await? }
        }
        Ok(Exit::Done)
    }

    async fn file(&self, path: &Path) -> Result<(), Failure> {
        let plan = saved::open(path).await?;
        let live = self.target.database.dialect();
        if plan.file.dialect != live {
            return Err(saved::foreign(path, plan.file.dialect, live));
        }
        match self.standing(path, &plan).await? {
            Standing::Fits { plan: counted, remarks: said } => {
                remarks::tell(&said);
                self.run(path, &plan, &counted).await
            }
            Standing::Applied => {
                self.target.database.finish().await?;
                output::out(&format!("{}: already applied.\n", escape(&path.display().to_string())));
                Ok(())
            }
            Standing::Elsewhere { differs } => Err(saved::elsewhere(path, &differs)),
            Standing::Unfit { reason } => Err(unfit(path, &reason)),
        }
    }

    async fn standing(&self, path: &Path, plan: &Saved) -> Result<Standing, Failure> {
        plan.standing(&self.target.database, self.options.lock_timeout).await.map_err(|e| match e {
            ApplyError::Plan(sqlite::PlanError::Database(sqlite::Error::Locked)) => {
                ApplyError::LockTimeout(self.options.lock_timeout).into()
            }
            ApplyError::Plan(_) | ApplyError::PostgresPlan(_) => {
                let failure: Failure = e.into();
                failure.help(format!("plan it again: rosey plan --out {}", path.display()))
            }
            other => other.into(),
        })
    }

    async fn run(&self, path: &Path, plan: &Saved, counted: &Plan) -> Result<(), Failure> {
        saved::follows(path, plan)?;
        let shown = path.display().to_string();
        let message = plan.file.message.as_deref().map(|m| format!(": {m}")).unwrap_or_default();
        let judged = self.settings.judged(counted, &Sources::default(), &self.options);
        if !self.quiet || !self.approved {
            output::out(&escape(&format!("{shown}{message}\n\n")));
            output::out(&render::text(&self.settings.shown(&judged), saved::NAME, self.style));
        }
        remarks::unused(self.allow, &judged);
        self.settings.refuse(&judged)?;
        approve(self.approved, "\nApply this plan to the database? Only `yes` is taken for an answer: ")?;
        let options = plan.options(&self.options);
        let outcome = apply(&self.target.database, &plan.desired, counted, &options, self.quiet).await.map_err(|e| match e {
            ApplyError::Blocked(mut hazards) => {
                if plan.file.back_to.is_some() {
                    hazards.iter_mut().for_each(Hazard::lead_back);
                }
                self.settings.refusal(&hazards)
            }
            other => Failure::of_apply(other),
        })?;
        output::out(&report(counted, &outcome));
        Ok(())
    }

    /// Follows the chain of a folder's plans from the live schema.
    async fn folder(&self, folder: &Path) -> Result<(), Failure> {
        let mut waiting = Vec::new();
        let mut foreign = 0;
        for path in saved::in_folder(folder)? {
            let plan = saved::open(&path).await?;
            if plan.file.dialect == self.target.database.dialect() { waiting.push((path, plan)) } else { foreign += 1 }
        }
        if waiting.is_empty() {
            let others = if foreign > 0 { ", only plans for the other kind of database" } else { "" };
            return Err(Failure::new(format!("{} holds no plan{others}", folder.display())).help("rosey plan --out FILE writes one"));
        }
        let (mut done, mut arrived) = (0, false);
        while self.count.is_none_or(|most| done < most) {
            let Some((at, counted)) = self.next(&waiting, &mut arrived).await? else { break };
            let (path, plan) = waiting.remove(at);
            self.run(&path, &plan, &counted).await?;
            (done, arrived) = (done + 1, true);
        }
        if self.count == Some(done) && done > 0 {
            return Ok(());
        }
        self.tell_rest(folder, &waiting, done, arrived).await
    }

    /// The first plan that starts where the database is. A plan that ends there shows that the chain has been followed.
    async fn next(&self, waiting: &[(PathBuf, Saved)], arrived: &mut bool) -> Result<Option<(usize, Plan)>, Failure> {
        let state = match &self.target.database {
            database if crate::apply::is_missing(database) => None,
            database => Some(database.state().await?),
        };
        // Those that start there to the letter come first: the others cost a question each.
        let mut order: Vec<usize> = (0..waiting.len()).collect();
        let elsewhere = |i: &usize| !waiting.get(*i).zip(state.as_ref()).is_some_and(|((_, p), s)| p.starts_at(s));
        order.sort_by_key(|i| (elsewhere(i), *i));
        for i in order {
            let Some((path, plan)) = waiting.get(i) else { continue };
            match self.standing(path, plan).await? {
                Standing::Fits { plan, remarks: said } => {
                    remarks::tell(&said);
                    return Ok(Some((i, *plan)));
                }
                Standing::Applied => *arrived = true,
                Standing::Unfit { reason } => return Err(unfit(path, &reason)),
                Standing::Elsewhere { .. } => {}
            }
        }
        Ok(None)
    }

    /// Says what became of the plans that were not applied.
    async fn tell_rest(&self, folder: &Path, waiting: &[(PathBuf, Saved)], done: usize, arrived: bool) -> Result<(), Failure> {
        let history = if crate::apply::is_missing(&self.target.database) { Vec::new() } else { self.target.database.history().await? };
        let known: Vec<&str> = history.iter().map(|e| e.plan.as_str()).collect();
        let last = history.last().map_or(0, |e| e.number);
        let mut unmade = Vec::new();
        for (path, plan) in waiting {
            if known.contains(&plan.file.digest.as_str()) || matches!(self.standing(path, plan).await?, Standing::Applied) {
                continue;
            }
            // A plan of a number that has been used up long ago belongs to another way here.
            if plan.file.number >= last {
                unmade.push(path);
            }
        }
        for path in &unmade {
            output::err(&escape(&format!(
                "skipped, for it starts from another schema: {}\n  to apply it too, plan it again: rosey plan --out {}\n",
                path.display(),
                path.display()
            )));
        }
        if done == 0 && arrived {
            output::out("No changes. The database is where the last plan leads.\n");
        }
        if arrived {
            return Ok(());
        }
        Err(Failure::new(format!("no plan in {} starts from the schema that the database has; nothing was changed", folder.display()))
            .help("rosey status shows what was applied and what has changed since; rosey plan --out FILE makes a plan from here")
            .refused())
    }
}

fn unfit(path: &Path, reason: &str) -> Failure {
    Failure::new(format!("{}: {reason}; nothing was changed", path.display()))
        .help(format!("plan it again: rosey plan --out {}", path.display()))
        .refused()
}
