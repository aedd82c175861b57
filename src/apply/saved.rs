//! Saved plans: written once, reviewed, and applied exactly as they were reviewed, or not at all.
//!
//! A plan file holds the schema it starts from, the schema it leads to and the steps between. The steps are those of a
//! plan that is made without a database, so whoever opens the file makes it again and compares: a file whose steps do not
//! follow from its schemas is not taken, whatever its digest says.

use std::collections::BTreeSet;
use std::time::Duration;

use super::chain::Here;
use super::database::is_missing;
use super::offline::read_noted;
use super::{ApplyError, Database, Desired, Noted, Offline, Options, Planned, Remarks, SqlitePath, Way, plan_offline};
use crate::dialect::{self, PlanError};
use crate::diff::Changes;
use crate::kdl;
use crate::plan::{self, Counts, Draft, FileError, Kind, Lost, Plan, PlanFile, State, read_plan, write_plan};
use crate::schema::{Address, Dialect, ObjectName, Schema};

/// How a plan is shown at the head of its file.
pub type Shown<'s> = &'s dyn Fn(&Plan) -> String;

/// Why a plan file is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SavedError {
    /// It is not as it was written.
    #[error(transparent)]
    File(#[from] FileError),
    /// No plan leads from its one schema to the other.
    #[error(transparent)]
    Plan(#[from] ApplyError),
}

/// A plan file that has been opened and found sound.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Saved {
    /// What the file says.
    pub file: PlanFile,
    /// The plan, with nothing counted.
    pub plan: Plan,
    /// Where it leads.
    pub desired: Desired,
    /// The first line of the file that does not follow from its schemas: it has been edited, or another version of rosey
    /// has made it. Such a plan is not applied.
    pub differs_at: Option<usize>,
    current: Schema,
}

/// What a plan file says of itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Label<'l> {
    /// For people, and for the history.
    pub message: Option<&'l str>,
    /// Of a way back: the number whose schema it goes back to.
    pub back_to: Option<i64>,
    /// Of a way back: what comes back without its values.
    pub lost: &'l [Lost],
}

/// A plan file's text, and the plan in it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Written {
    /// The text.
    pub text: String,
    /// The plan as the file has it.
    pub plan: Plan,
}

/// Writes the file of a plan that was made against a live database.
///
/// # Errors
/// Where what was noted down does not make the same plan again. That is a mistake of rosey's.
pub async fn save(noted: &Noted, label: Label<'_>, way: Way, shown: Shown<'_>) -> Result<Written, ApplyError> {
    let written = save_state(&noted.state, &noted.desired, label, way, shown).await?;
    if plan::same_work(&written.plan.steps, &noted.plan.steps) {
        return Ok(written);
    }
    let differ = written.plan.statements().zip(noted.plan.statements()).find(|(a, b)| a.sql != b.sql);
    let first = differ.map_or_else(|| "its last step".to_owned(), |(_, b)| b.sql.lines().next().unwrap_or_default().to_owned());
    Err(ApplyError::NotVerified(format!(
        "the plan cannot be saved: planning it without the database gives a different statement at {first}"
    )))
}

/// Writes the file of a plan from a noted state to a schema that is given as KDL.
///
/// # Errors
/// Where no plan is possible.
pub async fn save_state(state: &State, desired: &str, label: Label<'_>, way: Way, shown: Shown<'_>) -> Result<Written, ApplyError> {
    // As it will be read: without what only the history knows.
    let bare = State { recorded: None, written: None, ..state.clone() };
    let desired = read_desired(desired, state.dialect, label.back_to)?;
    let Offline { mut plan, .. } = plan_offline(&bare, &desired, way).await?;
    // As it will be read too: where the values are is not in the file, and its head follows from the file.
    let lost: Vec<Lost> = label.lost.iter().map(|l| Lost { values: None, ..l.clone() }).collect();
    if label.back_to.is_some() {
        plan.lead_back(&lost);
    }
    let current = kdl::encode(&read_noted(&state.current, state.dialect)?);
    let text = write_plan(&Draft {
        number: state.number.unwrap_or(0) + 1,
        message: label.message,
        back_to: label.back_to,
        lost: &lost,
        current: &current,
        facts: &state.facts,
        desired: &kdl::encode(desired.written()),
        plan: &plan,
        shown: &shown(&plan),
    });
    Ok(Written { text, plan })
}

/// Opens a plan file.
///
/// # Errors
/// Where it is none, or not sound. Nothing of it has been used then.
pub async fn open(text: &str, shown: Shown<'_>) -> Result<Saved, SavedError> {
    let file = read_plan(text)?;
    let state = State { number: Some(file.number - 1), ..State::new(file.dialect, file.current.clone(), file.facts.clone()) };
    let label = Label { message: file.message.as_deref(), back_to: file.back_to, lost: &file.lost };
    let made = save_state(&state, &file.desired, label, way(&file), shown).await?;
    let differs_at = first_difference(&made.text, &file.text);
    let current = read_noted(&file.current, file.dialect)?;
    let desired = read_desired(&file.desired, file.dialect, file.back_to)?;
    Ok(Saved { file, plan: made.plan, desired, differs_at, current })
}

/// The schema that a plan leads to. One that is gone back to is as the database had it.
pub(super) fn read_desired(text: &str, dialect: Dialect, back_to: Option<i64>) -> Result<Desired, ApplyError> {
    let schema = read_noted(text, dialect)?;
    Desired::new(Schema { names_are_exact: back_to.is_some(), ..schema }, dialect)
}

/// The line of the file that would be another one. The head is compared too: people decide by what it says.
fn first_difference(made: &str, file: &str) -> Option<usize> {
    let body = |text| str::lines(str::trim_end(text)).rev().skip(1).collect::<Vec<_>>().into_iter().rev();
    let (made, file) = (body(made), body(file));
    let same = made.clone().zip(file.clone()).take_while(|(a, b)| a == b).count();
    (same < file.len() || same < made.len()).then_some(same + 1)
}

impl Saved {
    /// These options, and what the history says of the plan: a message that is given goes before its own.
    pub fn options(&self, options: &Options) -> Options {
        Options {
            message: options.message.clone().or_else(|| self.file.message.clone()),
            plan_id: Some(self.file.digest.clone()),
            kind: if self.file.back_to.is_some() { Kind::Rollback } else { Kind::Apply },
            back_to: self.file.back_to,
            ..options.clone()
        }
    }
}

fn way(file: &PlanFile) -> Way {
    let path = if file.rebuild_only { SqlitePath::Rebuild } else { SqlitePath::Cheapest };
    Way { path, online: file.online, ..Way::default() }
}

/// Where a database stands beside a saved plan.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Standing {
    /// It is where the plan starts. The plan is the file's, counted on its rows.
    Fits {
        /// The plan.
        plan: Box<Plan>,
        /// What there is to say besides.
        remarks: Remarks,
    },
    /// It is where the plan ends.
    Applied,
    /// It is elsewhere.
    Elsewhere {
        /// What differs from where the plan starts, and whether the plan touches it.
        differs: Vec<(Address, bool)>,
    },
    /// Its schema is where the plan starts, and yet the plan is not made for it.
    Unfit {
        /// Why.
        reason: String,
    },
}

impl Saved {
    /// Where a database stands beside the plan. `wait` is how long another program's lock is waited for, `counts` how its rows
    /// are counted.
    ///
    /// # Errors
    /// Where the database does not answer, or where no plan is possible.
    pub async fn standing(&self, database: &Database, wait: Duration, counts: Counts) -> Result<Standing, ApplyError> {
        let made = self.made_on(database, Way { wait, counts, ..way(&self.file) }).await;
        if made.as_ref().is_ok_and(|(plan, ..)| plan.changes.is_empty()) && !is_missing(database) {
            return Ok(Standing::Applied);
        }
        let since = self.since(database).await?;
        let (mut plan, remarks, holding) = match made {
            Ok(made) if since.is_empty() => made,
            // From elsewhere there need not be a way at all.
            Ok(_) | Err(ApplyError::Plan(PlanError::Schema { .. })) if !since.is_empty() => {
                return Ok(Standing::Elsewhere { differs: self.touched(&since) });
            }
            made => made?,
        };
        if self.file.back_to.is_some() {
            plan.lead_back(&self.file.lost);
        }
        Ok(match self.unfit(&plan, &holding) {
            Some(reason) => Standing::Unfit { reason },
            None => Standing::Fits { plan: Box::new(plan), remarks },
        })
    }

    /// The plan as it is made on the database now, and the tables that hold rows there and did not.
    async fn made_on(&self, database: &Database, way: Way) -> Result<(Plan, Remarks, Vec<ObjectName>), ApplyError> {
        let engine = database.engine();
        let Some(planned) = engine.plan_as_noted(self.desired.normalized(), &self.file.facts, way) else {
            let planned = database.plan(&self.desired, way).await?;
            return Ok((planned.plan, planned.remarks, Vec::new()));
        };
        database.or_who_is_in_the_way(planned.await.map_err(Into::into), way.wait).await
    }

    /// What differs from where the plan starts to what is there.
    async fn since(&self, database: &Database) -> Result<Changes, ApplyError> {
        let start = Schema { ignores: self.desired.written().ignores.clone(), ..self.current.clone() };
        if is_missing(database) { Ok(from_nothing(&start, self.file.dialect)) } else { database.changes_since(&start).await }
    }

    /// What is left of a plan whose steps after its transaction were cut off. What differs beside that is not its work.
    ///
    /// # Errors
    /// Where the database does not answer, or where no plan is possible.
    pub async fn rest(&self, database: &Database, wait: Duration, counts: Counts) -> Result<Standing, ApplyError> {
        let Planned { mut plan, remarks } = database.plan(&self.desired, Way { wait, counts, ..way(&self.file) }).await?;
        if plan.changes.is_empty() {
            return Ok(Standing::Applied);
        }
        let differs = self.touched(&plan.changes);
        if differs.iter().any(|(_, touched)| !touched) {
            return Ok(Standing::Elsewhere { differs });
        }
        if self.file.back_to.is_some() {
            plan.lead_back(&self.file.lost);
        }
        Ok(Standing::Fits { plan: Box::new(plan), remarks })
    }

    fn touched(&self, since: &Changes) -> Vec<(Address, bool)> {
        let own = self.plan.changes.addresses();
        since.addresses().into_iter().map(|a| (a.clone(), own.contains(&a))).collect()
    }

    fn unfit(&self, plan: &Plan, holding: &[ObjectName]) -> Option<String> {
        if !holding.is_empty() {
            let names: BTreeSet<String> = holding.iter().map(ToString::to_string).collect();
            let names: Vec<String> = names.into_iter().collect();
            return Some(format!("the plan was made for empty tables, but these have rows: {}", names.join(", ")));
        }
        // Who planned may be another than who applies: what gives something back to its owner is not said where that is who
        // applies, and then changes nothing.
        let live: Vec<_> = plan.statements().collect();
        let own: Vec<_> = self.plan.statements().filter(|s| live.contains(s) || !dialect::gives_back(&s.sql)).collect();
        if live == own {
            return None;
        }
        let at = live.iter().zip(&own).take_while(|(a, b)| a.sql == b.sql).count();
        let step = plan.steps.iter().find(|s| live.get(at).is_some_and(|l| s.statements.contains(l)));
        let place = step.map_or_else(|| "its last step".to_owned(), |s| s.address.to_string());
        Some(format!("the stored definitions are spelled differently from those the plan was made for, so its SQL would differ at {place}"))
    }
}

/// Where the database is, seen from a plan that is not made again for it.
///
/// # Errors
/// Where its schemas cannot be read, or the database does not answer.
pub async fn here(file: &PlanFile, database: &Database) -> Result<Here, ApplyError> {
    let desired = read_noted(&file.desired, file.dialect)?;
    let start = Schema { ignores: desired.ignores.clone(), ..read_noted(&file.current, file.dialect)? };
    let starts_here = database.changes_since(&start).await?.is_empty();
    // A plan that ends there has nothing to do, wherever it starts.
    if database.changes_since(&desired.at_rest()).await?.is_empty() {
        let is_done = !starts_here || exchanges_are_done(file, database, &start, &desired).await?;
        return Ok(if is_done { Here::End } else { Here::Start });
    }
    Ok(if starts_here { Here::Start } else { Here::Elsewhere })
}

/// Whether the exchanges of names in a plan have been done, if its two schemas differ in nothing else: only the history
/// tells. In a plan that leads back, each `was` is a name of now, so its exchanges are done once they are recorded no more.
async fn exchanges_are_done(file: &PlanFile, database: &Database, start: &Schema, desired: &Schema) -> Result<bool, ApplyError> {
    let (before, wanted) = (start.exchanged(), desired.exchanged());
    if wanted.is_empty() || (file.back_to.is_none() && wanted.is_subset(&before)) {
        return Ok(true);
    }
    let entries = database.history().await?;
    let recorded = entries.last().and_then(|e| read_noted(&e.schema_after, file.dialect).ok()).unwrap_or_default().exchanged();
    Ok(if file.back_to.is_some() { recorded != before } else { wanted.is_subset(&recorded) })
}

/// A database that is not there yet differs in all that the plan starts from.
fn from_nothing(start: &Schema, dialect: Dialect) -> Changes {
    let before = dialect::normalized(start.clone(), dialect);
    crate::diff::diff(&before, &crate::schema::Normalized::default()).unwrap_or_default()
}
