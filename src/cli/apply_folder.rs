//! `rosey apply FOLDER`: follows the chain of plans in a folder from the current schema. Plans that are in
//! the history are not applied again, even if they were rolled back; pending ones that do not fit are
//! reported, and are an error after the others have been applied.

use std::path::{Path, PathBuf};

use super::apply_saved::Run;
use super::error::Failure;
use super::{drift, output, remarks, saved};
use crate::apply::Entry;
use crate::apply::chain::{Chain, Here, Past, Place, Waiting, past, same_start};
use crate::apply::saved::{Saved, Standing};
use crate::plan::{Plan, PlanFile};
use crate::render::escape;
use crate::schema::Address;

/// A plan in a folder.
struct Kept {
    path: PathBuf,
    plan: Saved,
}

/// A plan that is not in the history, and how it relates to the current schema.
struct Asked<'k> {
    kept: &'k Kept,
    here: Here,
    differs: Vec<(Address, bool)>,
}

/// The next step for a folder.
enum Step<'k> {
    /// Apply this plan, with fresh counts.
    Take(&'k Kept, Box<Plan>),
    /// No plan continues from here.
    Rest(Vec<Asked<'k>>),
}

impl Run<'_> {
    /// Follows the chain of plans in a folder from the live schema.
    pub(super) async fn folder(&self, folder: &Path) -> Result<(), Failure> {
        let kept = self.kept(folder).await?;
        let mut done = 0;
        while self.count.is_none_or(|most| done < most) {
            let entries = self.history().await?;
            match self.step(&kept, &entries).await? {
                Step::Take(taken, counted) => self.run(&taken.path, &taken.plan, &counted).await?,
                Step::Rest(asked) => return self.tell_rest(folder, &kept, &asked, &entries, done).await,
            }
            done += 1;
        }
        Ok(())
    }

    /// Returns the plans for this dialect, in the order in which they are applied if more than one fits.
    async fn kept(&self, folder: &Path) -> Result<Vec<Kept>, Failure> {
        let (mut kept, mut foreign) = (Vec::new(), 0);
        for path in saved::in_folder(folder)? {
            let plan = saved::open(&path, &self.again).await?;
            if plan.file.dialect == self.target.database.dialect() { kept.push(Kept { path, plan }) } else { foreign += 1 }
        }
        if kept.is_empty() {
            let others = if foreign > 0 { " for this kind of database" } else { "" };
            return Err(Failure::new(format!("{} contains no plans{others}", folder.display())).help("save one with rosey plan --out FILE"));
        }
        kept.sort_by(|a, b| (a.plan.file.number, &a.path).cmp(&(b.plan.file.number, &b.path)));
        Ok(kept)
    }

    /// Returns the first plan that continues from the current schema, or how all pending ones relate to it.
    async fn step<'k>(&self, kept: &'k [Kept], entries: &[Entry]) -> Result<Step<'k>, Failure> {
        let chain = Chain::new(entries, files(kept));
        let mut asked = Vec::new();
        for one in kept {
            let past = past(entries, &one.plan.file.digest);
            if matches!(past, Past::Applied(_) | Past::Undone { .. }) {
                continue;
            }
            let (here, differs) = match self.standing(&one.path, &one.plan, past).await? {
                Standing::Fits { .. } if chain.goes_round(&one.plan.file) => (Here::Start, Vec::new()),
                Standing::Fits { plan, remarks: said } => {
                    remarks::tell(&said);
                    return Ok(Step::Take(one, plan));
                }
                Standing::Unfit { reason } => return Err(self.unfit(&one.path, &one.plan, &reason)),
                Standing::Applied => (Here::End, Vec::new()),
                Standing::Elsewhere { differs } => (Here::Elsewhere, differs),
            };
            asked.push(Asked { kept: one, here, differs });
        }
        Ok(Step::Rest(asked))
    }

    /// Reports what happened to the plans that were not applied.
    async fn tell_rest(&self, folder: &Path, kept: &[Kept], asked: &[Asked<'_>], entries: &[Entry], done: usize) -> Result<(), Failure> {
        let waiting: Vec<Waiting<'_>> = asked.iter().map(|a| Waiting { file: &a.kept.plan.file, here: a.here }).collect();
        let places = Chain::new(entries, files(kept)).places(&waiting);
        tell_undone(kept, entries);
        if let Some(refusal) = self.strays(kept, asked, &places, entries, done) {
            return Err(refusal);
        }
        self.target.database.finish().await?;
        if done > 0 {
            return Ok(());
        }
        let folder = escape(&folder.display().to_string());
        match self.changed_since(entries).await {
            None => output::out(&format!("No changes. {folder} has no plans left to apply.\n")),
            Some(names) => output::out(&format!(
                "{folder} has no plans left to apply. Changed outside rosey since the last apply: {names}. Run rosey drift for details.\n"
            )),
        }
        Ok(())
    }

    /// Returns what others have changed, by name. Errors are ignored: other commands report them.
    async fn changed_since(&self, entries: &[Entry]) -> Option<String> {
        let drift = drift::since(&self.target.database, entries.last()?).await.ok()??;
        Some(drift::names(&drift))
    }

    /// Returns the error for plans that start from a schema that nothing leads to.
    fn strays(&self, kept: &[Kept], asked: &[Asked<'_>], places: &[Place], entries: &[Entry], done: usize) -> Option<Failure> {
        let (mut list, mut count, mut helps) = (String::new(), 0, Vec::new());
        for (one, place) in asked.iter().zip(places) {
            let path = one.kept.path.display();
            match place {
                Place::Stray => {
                    list.push_str(&format!("\n  {path}"));
                    list.push_str(&saved::differences(&one.differs, 5).replace('\n', "\n  "));
                    list.push_str(&rival(one.kept, kept, entries));
                    helps.push(self.again.command(&one.kept.path, Some(&one.kept.plan.file)));
                }
                Place::After(other) => {
                    let other = asked.get(*other).map(|a| a.kept.path.display().to_string()).unwrap_or_default();
                    list.push_str(&format!("\n  {path}\n    waits for {other}"));
                }
                Place::Rival(other) => {
                    let other = asked.get(*other).map(|a| a.kept.path.display().to_string()).unwrap_or_default();
                    list.push_str(&format!("\n  {path}\n    starts from the same schema as {other}: only one of the two can be applied"));
                }
                Place::Next | Place::Behind => continue,
            }
            count += 1;
        }
        if helps.is_empty() {
            return None;
        }
        let was = if count == 1 { "one plan was not applied because it starts" } else { "plans were not applied because they start" };
        let rest = if done == 0 { "nothing was changed" } else { "the others were applied" };
        let failure = Failure::new(format!("{was} from a schema that differs from the database; {rest}{list}"))
            .help("another plan was applied in the meantime, or the database was changed outside rosey; run rosey status for details");
        Some(helps.into_iter().fold(failure, |f, command| f.help(format!("plan it again: {command}"))).refused())
    }
}

/// Returns the applied plan of the folder that was made from the same schema.
fn rival(one: &Kept, kept: &[Kept], entries: &[Entry]) -> String {
    let applied = |k: &&Kept| matches!(past(entries, &k.plan.file.digest), Past::Applied(_)) && same_start(&k.plan.file, &one.plan.file);
    let clause = |k: &Kept| {
        format!("\n    starts from the same schema as {}, which has been applied: only one of the two can be applied", k.path.display())
    };
    kept.iter().find(applied).map(clause).unwrap_or_default()
}

fn files(kept: &[Kept]) -> impl Iterator<Item = &PlanFile> {
    kept.iter().map(|k| &k.plan.file)
}

/// Reports the plans that were rolled back, unless by a plan of the folder, which is intended.
fn tell_undone(kept: &[Kept], entries: &[Entry]) {
    let is_kept = |number: i64| entries.iter().any(|e| e.number == number && files(kept).any(|f| f.digest == e.plan));
    for one in kept {
        if let Past::Undone { number, by } = past(entries, &one.plan.file.digest)
            && !is_kept(by)
        {
            let path = one.path.display();
            output::err(&escape(&format!(
                "not applied again, because version {by} undid it (it was version {number}): {path}\n  to apply it anyway, name it: rosey apply {path}\n"
            )));
        }
    }
}
