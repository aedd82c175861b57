//! `rosey status`: which number is applied, what changed since, and which saved plans wait. It changes nothing.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{Failure, reading};
use super::listing::{aligned, name_of, when, who};
use super::settings::Settings;
use super::target::Database;
use super::{Exit, TargetArguments, drift, migrators, output, saved};
use crate::apply::Entry;
use crate::apply::rollback;
use crate::apply::saved::starts_here;
use crate::plan::{PlanFile, read_plan};
use crate::render::escape;

/// Shows where the database is.
#[derive(Args)]
pub(super) struct Status {
    #[command(flatten)]
    target: TargetArguments,
    /// Where saved plans are kept.
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

/// The last number, and whose schema it is.
fn applied(last: &Entry) -> String {
    let mut text = format!("Number {}: {}, {} by {}\n", last.number, last.kind, when(last), who(last));
    for line in last.message.iter().flat_map(|m| m.lines()) {
        text.push_str(&format!("  {line}\n"));
    }
    match last.back_to {
        Some(0) => text.push_str("The schema is the one before number 1.\n"),
        Some(number) => text.push_str(&format!("The schema is that of {}.\n", name_of(number))),
        None => {}
    }
    escape(&text)
}

/// What others changed, by name alone.
async fn changed_since(database: &Database, last: &Entry) -> Result<String, Failure> {
    if last.outcome == "running" {
        return Ok("It is not finished: steps after its transaction are left. rosey apply finishes them.\n".to_owned());
    }
    let Some(drift) = drift::since(database, last).await? else {
        return Ok("No drift: the database is as it was left.\n".to_owned());
    };
    let names: Vec<String> = drift.changes.addresses().iter().map(|a| escape(&a.to_string())).collect();
    Ok(format!("Drift: changed since, and not by rosey: {}. rosey drift shows how.\n", names.join(", ")))
}

/// The saved plans of this kind of database.
async fn plans(folder: &Path, database: &Database, entries: &[Entry]) -> Result<String, Failure> {
    let mut rows = Vec::new();
    for file in plan_files(folder)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let read = std::fs::read_to_string(&file).map_err(|e| e.to_string()).and_then(|t| read_plan(&t).map_err(|e| e.to_string()));
        match read {
            Err(reason) => rows.push(vec![name, String::new(), format!("broken: {reason}"), String::new()]),
            Ok(plan) if plan.dialect != database.dialect() => {}
            Ok(plan) => {
                let standing = standing(&plan, database, entries).await?;
                rows.push(vec![name, format!("number {}", plan.number), standing, plan.message.unwrap_or_default()]);
            }
        }
    }
    if rows.is_empty() {
        return Ok(String::new());
    }
    let list: String = aligned(&rows).lines().map(|l| format!("  {l}\n")).collect();
    Ok(format!("\nPlans in {}:\n{list}", escape(&folder.display().to_string())))
}

/// What became of a saved plan. Only one of the next number can be asked whether it starts here; those after it start
/// where it leads.
async fn standing(plan: &PlanFile, database: &Database, entries: &[Entry]) -> Result<String, Failure> {
    let last = entries.last().map_or(0, |e| e.number);
    let stands = rollback::standing(entries).iter().any(|e| e.plan == plan.digest);
    Ok(match entries.iter().rfind(|e| e.plan == plan.digest) {
        Some(entry) if stands => format!("applied as number {}", entry.number),
        Some(entry) => format!("applied as number {}, and undone since", entry.number),
        None if plan.number <= last => format!("not applied, and number {} is another", plan.number),
        None if plan.number == last + 1 && !starts_here(plan, database).await? => "starts from another schema".to_owned(),
        None => "pending".to_owned(),
    })
}

/// The plan files in the order of names; none where there is no such folder.
fn plan_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if folder.exists() { saved::in_folder(folder) } else { Ok(Vec::new()) }
}
