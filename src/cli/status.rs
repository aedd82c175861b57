//! `rosey status`: the current version, what has changed since, and the pending saved plans. It changes
//! nothing.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{Failure, reading};
use super::listing::{aligned, name_of, when, who};
use super::settings::Settings;
use super::target::Database;
use super::{Exit, TargetArguments, drift, migrators, output, saved};
use crate::apply::Entry;
use crate::apply::chain::{Chain, Past, Place, Waiting, past};
use crate::apply::saved::here;
use crate::plan::{PlanFile, read_plan};
use crate::render::escape;

/// Shows the status of the database.
#[derive(Args)]
pub(super) struct Status {
    #[command(flatten)]
    target: TargetArguments,
    /// The folder of the saved plans.
    #[arg(long, value_name = "FOLDER", default_value = "plans")]
    plans: PathBuf,
}

impl Status {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let target = Settings::load(&self.target.env)?.target(&self.target)?;
        target.announce();
        let database = &target.database;
        let entries = database.history().await?;
        let mut text = match entries.last() {
            Some(last) => format!("{}{}", applied(last), changed_since(database, last).await?),
            None => "Nothing applied: rosey has no history in this database.\n".to_owned(),
        };
        text.push_str(&migrators::named(&database.other_migrators().await.map_err(reading)?));
        text.push_str(&plans(&self.plans, database, &entries).await?);
        output::out(&text);
        Ok(Exit::Done)
    }
}

/// What to do about plans that start from the same schema.
const RIVALS: &str = "Only one of the plans that start from the same schema can be applied: delete the others, apply the one that is left, and \
                      plan again: rosey plan --out FOLDER\n";

/// Returns the last version, and which schema it has.
fn applied(last: &Entry) -> String {
    let mut text = format!("Version {}: {}, {} by {}\n", last.number, last.kind, when(last), who(last));
    for line in last.message.iter().flat_map(|m| m.lines()) {
        text.push_str(&format!("  {line}\n"));
    }
    match last.back_to {
        Some(0) => text.push_str("The schema is the one before version 1.\n"),
        Some(number) => text.push_str(&format!("The schema is that of {}.\n", name_of(number))),
        None => {}
    }
    escape(&text)
}

/// Returns what others changed, by name only.
async fn changed_since(database: &Database, last: &Entry) -> Result<String, Failure> {
    if last.outcome == "running" {
        return Ok("It is not finished: steps after its transaction are left. Run rosey apply to finish them.\n".to_owned());
    }
    let Some(drift) = drift::since(database, last).await? else {
        return Ok("No drift: the database matches the recorded schema.\n".to_owned());
    };
    Ok(format!("Drift: changed outside rosey: {}. Run rosey drift for details.\n", drift::names(&drift)))
}

/// Returns the saved plans for this dialect, and what `apply` would do with each.
async fn plans(folder: &Path, database: &Database, entries: &[Entry]) -> Result<String, Failure> {
    let (mut broken, mut sound) = (Vec::new(), Vec::new());
    for path in plan_files(folder)? {
        match saved::read_any(&path).map_err(|_| "it cannot be read".to_owned()).and_then(|t| read_plan(&t).map_err(|e| e.to_string())) {
            Err(reason) => broken.push((path, reason)),
            Ok(plan) if plan.dialect != database.dialect() => {}
            Ok(plan) => sound.push((path, plan)),
        }
    }
    sound.sort_by(|a, b| (a.1.number, &a.0).cmp(&(b.1.number, &b.0)));
    let (standings, has_rivals) = standings(&sound, database, entries).await?;
    if sound.is_empty() && broken.is_empty() {
        return Ok(String::new());
    }
    let mut rows = Vec::new();
    for ((path, plan), standing) in sound.iter().zip(standings) {
        rows.push(vec![inside(folder, path), format!("version {}", plan.number), standing, plan.message.clone().unwrap_or_default()]);
    }
    let mut list: String = aligned(&rows).lines().map(|l| format!("  {l}\n")).collect();
    if has_rivals {
        list.push_str(RIVALS);
    }
    // A reason is long, and would widen the column for all messages.
    for (path, reason) in broken {
        list.push_str(&escape(&format!("  {} is invalid, so apply refuses the folder: {reason}\n", inside(folder, &path))));
    }
    Ok(format!("\nPlans in {}:\n{list}", escape(&folder.display().to_string())))
}

/// Returns the path of a plan within the folder.
fn inside(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).display().to_string()
}

/// Returns the status of each plan, and whether some start from the same schema.
async fn standings(plans: &[(PathBuf, PlanFile)], database: &Database, entries: &[Entry]) -> Result<(Vec<String>, bool), Failure> {
    let mut waiting = Vec::new();
    for (path, file) in plans.iter().filter(|(_, p)| past(entries, &p.digest) == Past::Never) {
        waiting.push((path, Waiting { file, here: here(file, database).await? }));
    }
    let asked: Vec<Waiting<'_>> = waiting.iter().map(|(_, w)| *w).collect();
    let places = Chain::new(entries, plans.iter().map(|(_, p)| p)).places(&asked);
    let name = |i: usize| waiting.get(i).and_then(|(path, _)| path.file_name()).unwrap_or_default().to_string_lossy().into_owned();
    let has_rivals = places.iter().any(|p| matches!(p, Place::Rival(_)));
    let mut places = places.iter();
    let is_stamp = |number: i64| entries.iter().any(|e| e.number == number && e.kind == "stamp");
    let standing = |(_, plan): &(PathBuf, PlanFile)| match past(entries, &plan.digest) {
        Past::Applied(number) if is_stamp(number) => format!("stamped as version {number}"),
        Past::Applied(number) => format!("applied as version {number}"),
        Past::Unfinished(number) => format!("applied as version {number}, not finished"),
        Past::Undone { number, .. } => format!("applied as version {number}, undone since"),
        Past::Never => match places.next() {
            Some(Place::Next) => "pending".to_owned(),
            Some(Place::After(i)) => format!("pending, after {}", name(*i)),
            Some(Place::Rival(i)) => format!("pending, alternative to {}", name(*i)),
            Some(Place::Behind) => "not needed here".to_owned(),
            Some(Place::Stray) | None => "starts from a different schema: plan it again".to_owned(),
        },
    };
    Ok((plans.iter().map(standing).collect(), has_rivals))
}

/// Returns the plan files ordered by name; none if the folder does not exist.
fn plan_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if folder.exists() { saved::in_folder(folder) } else { Ok(Vec::new()) }
}
