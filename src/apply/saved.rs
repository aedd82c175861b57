//! Saved plans: written once, reviewed, and applied exactly as reviewed, or not at all.
//!
//! A plan file contains the schema that it starts from, the desired schema and the steps between. The steps
//! are those of a plan made without a database, so opening the file makes the plan again and compares: a file
//! whose steps do not follow from its schemas is rejected, whatever its digest says.

use std::collections::BTreeSet;
use std::time::Duration;

use super::chain::Here;
use super::database::is_missing;
use super::offline::read_noted;
use super::{ApplyError, Database, Desired, Offline, Options, PlanOptions, PlanSnapshot, Planned, Remarks, frame_offline, plan_offline};
use crate::diff::Changes;
use crate::engine::{self, EngineOptions, PlanError};
use crate::kdl;
use crate::plan::{self, Counts, Draft, FileError, Frame, Kind, Lost, Plan, PlanFile, State, read_plan, write_plan};
use crate::schema::{Address, Dialect, Exchanged, ObjectName, Schema};

/// Renders a plan for the head of its file.
pub type Shown<'s> = &'s dyn Fn(&Plan) -> String;

/// Why a plan file is rejected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SavedError {
    /// The file is damaged or was edited.
    #[error(transparent)]
    File(#[from] FileError),
    /// No plan leads from one of its schemas to the other.
    #[error(transparent)]
    Plan(#[from] ApplyError),
}

/// A plan file that was opened and passed the checks.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Saved {
    /// The content of the file.
    pub file: PlanFile,
    /// The plan, without row counts.
    pub plan: Plan,
    /// The desired schema.
    pub desired: Desired,
    /// The first line of the file that does not follow from its schemas: it was edited, or another version of
    /// rosey wrote it. Such a plan is not applied.
    pub differs_at: Option<usize>,
    current: Schema,
}

/// The metadata of a plan file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Label<'l> {
    /// The message, for readers and for the history.
    pub message: Option<&'l str>,
    /// For a rollback: the version whose schema is restored.
    pub back_to: Option<i64>,
    /// For a rollback: what is restored without its values.
    pub lost: &'l [Lost],
    /// For a rollback: the name exchanges that are done in the restored schema.
    pub exchanged: Option<&'l Exchanged>,
}

/// The text of a plan file, and its plan.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Written {
    /// The text.
    pub text: String,
    /// The plan in the file.
    pub plan: Plan,
}

/// Writes the file of a plan that was made against a live database.
///
/// # Errors
/// If the snapshot does not lead to the same plan again, which is a bug in rosey.
pub async fn save(noted: &PlanSnapshot, label: Label<'_>, plan_options: PlanOptions, shown: Shown<'_>) -> Result<Written, ApplyError> {
    let written = save_state(&noted.state, &noted.desired, label, plan_options, shown).await?;
    if plan::same_work(&written.plan.steps, &noted.plan.steps) {
        return Ok(written);
    }
    let differ = written.plan.statements().zip(noted.plan.statements()).find(|(a, b)| a.sql != b.sql);
    let first = differ.map_or_else(|| "its last step".to_owned(), |(_, b)| b.sql.lines().next().unwrap_or_default().to_owned());
    Err(ApplyError::NotVerified(format!(
        "the plan cannot be saved: planning it without the database gives a different statement at {first}"
    )))
}

/// Writes the file of a plan from a snapshot to a schema that is given as KDL.
///
/// # Errors
/// If no plan is possible.
pub async fn save_state(
    state: &State,
    desired: &str,
    label: Label<'_>,
    plan_options: PlanOptions,
    shown: Shown<'_>,
) -> Result<Written, ApplyError> {
    // As it will be read from the file: without what is only in the history.
    let bare = State { recorded: None, written: None, ..state.clone() };
    let none = Exchanged::new();
    let exchanged = label.exchanged.unwrap_or(&none);
    let desired = read_desired(desired, state.dialect, label.back_to, exchanged)?;
    let Offline { mut plan, .. } = plan_offline(&bare, &desired, plan_options).await?;
    // Likewise: the file does not contain where the values are, and its header is derived from its content.
    let lost: Vec<Lost> = label.lost.iter().map(|l| Lost { values: None, ..l.clone() }).collect();
    if label.back_to.is_some() {
        plan.mark_as_rollback(&lost);
    }
    let current = kdl::encode(&read_noted(&state.current, state.dialect)?);
    let text = write_plan(&Draft {
        number: state.number.unwrap_or(0) + 1,
        message: label.message,
        back_to: label.back_to,
        lost: &lost,
        exchanged,
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
/// If it is not a plan file or fails the checks. Nothing in it has been used in that case.
pub async fn open(text: &str, shown: Shown<'_>) -> Result<Saved, SavedError> {
    let file = read_plan(text)?;
    let state = start_of(&file);
    let label = Label { message: file.message.as_deref(), back_to: file.back_to, lost: &file.lost, exchanged: Some(&file.exchanged) };
    let made = save_state(&state, &file.desired, label, plan_options(&file), shown).await?;
    let differs_at = first_difference(&made.text, &file.text);
    let current = read_noted(&file.current, file.dialect)?;
    let desired = read_desired(&file.desired, file.dialect, file.back_to, &file.exchanged)?;
    Ok(Saved { file, plan: made.plan, desired, differs_at, current })
}

/// Reads the desired schema of a plan. The schema of a rollback is as the database reported it: each `was` is
/// a current name, so the file states the name exchanges that are done separately.
pub(super) fn read_desired(text: &str, dialect: Dialect, back_to: Option<i64>, done: &Exchanged) -> Result<Desired, ApplyError> {
    let schema = read_noted(text, dialect)?;
    Desired::new(Schema { names_are_exact: back_to.is_some(), renames_done: done.clone(), ..schema }, dialect)
}

/// Returns the first line of the file that would be different. The header is compared too, because reviewers
/// rely on it.
fn first_difference(made: &str, file: &str) -> Option<usize> {
    let body = |text| str::lines(str::trim_end(text)).rev().skip(1).collect::<Vec<_>>().into_iter().rev();
    let (made, file) = (body(made), body(file));
    let same = made.clone().zip(file.clone()).take_while(|(a, b)| a == b).count();
    (same < file.len() || same < made.len()).then_some(same + 1)
}

impl Saved {
    /// Returns these options with the plan's metadata. A message from the caller takes precedence over the
    /// plan's own.
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

/// Returns the frame around the steps of a saved plan in a script.
///
/// # Errors
/// The errors of [`frame_offline`].
pub async fn frame_of_saved(saved: &Saved) -> Result<Frame, ApplyError> {
    let file = &saved.file;
    frame_offline(&start_of(file), &saved.desired, plan_options(file), &saved.options(&Options::default())).await
}

fn start_of(file: &PlanFile) -> State {
    State { number: Some(file.number - 1), ..State::new(file.dialect, file.current.clone(), file.facts.clone()) }
}

fn plan_options(file: &PlanFile) -> PlanOptions {
    PlanOptions { engine: EngineOptions::recorded(file.rebuild_only, file.online), ..PlanOptions::default() }
}

/// The state of a database relative to a saved plan.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Standing {
    /// It is at the start of the plan. The plan is the one in the file, with row counts.
    Fits {
        /// The plan.
        plan: Box<Plan>,
        /// Remarks about the plan.
        remarks: Remarks,
    },
    /// It is at the end of the plan.
    Applied,
    /// It is at neither.
    Elsewhere {
        /// The differences from the start of the plan, and whether the plan changes each of these objects.
        differs: Vec<(Address, bool)>,
    },
    /// Its schema is the start of the plan, but the plan does not fit it.
    Unfit {
        /// The reason.
        reason: String,
    },
}

impl Saved {
    /// Returns the state of a database relative to the plan. `wait` is how long to wait for another client's
    /// lock, `counts` how rows are counted.
    ///
    /// # Errors
    /// If the database does not respond, or if no plan is possible.
    pub async fn standing(&self, database: &Database, wait: Duration, counts: Counts) -> Result<Standing, ApplyError> {
        let made = self.made_on(database, PlanOptions { wait, counts, ..plan_options(&self.file) }).await;
        if made.as_ref().is_ok_and(|(plan, ..)| plan.changes.is_empty()) && !is_missing(database) {
            return Ok(Standing::Applied);
        }
        let since = self.since(database).await?;
        let (mut plan, remarks, holding) = match made {
            Ok(made) if since.is_empty() => made,
            // From any other state, a plan need not be possible at all.
            Ok(_) | Err(ApplyError::Plan(PlanError::Schema { .. })) if !since.is_empty() => {
                return Ok(Standing::Elsewhere { differs: self.touched(&since) });
            }
            made => made?,
        };
        if self.file.back_to.is_some() {
            plan.mark_as_rollback(&self.file.lost);
        }
        Ok(match self.unfit(&plan, &holding) {
            Some(reason) => Standing::Unfit { reason },
            None => Standing::Fits { plan: Box::new(plan), remarks },
        })
    }

    /// Returns the plan as made on the database now, and the tables that contain rows there and did not when
    /// it was saved.
    async fn made_on(&self, database: &Database, plan_options: PlanOptions) -> Result<(Plan, Remarks, Vec<ObjectName>), ApplyError> {
        let engine = database.engine();
        let Some(planned) = engine.plan_from_recorded_state(self.desired.normalized(), &self.file.facts, plan_options) else {
            let planned = database.plan(&self.desired, plan_options).await?;
            return Ok((planned.plan, planned.remarks, Vec::new()));
        };
        database.or_name_lock_holders(planned.await.map_err(Into::into), plan_options.wait).await
    }

    /// Returns the differences between the start of the plan and the live schema.
    async fn since(&self, database: &Database) -> Result<Changes, ApplyError> {
        let start = Schema { ignores: self.desired.written().ignores.clone(), ..self.current.clone() };
        if is_missing(database) { Ok(from_nothing(&start, self.file.dialect)) } else { database.changes_since(&start).await }
    }

    /// Returns what is left of a plan that was interrupted in the steps after its transaction. Any other
    /// difference is not part of the plan.
    ///
    /// # Errors
    /// If the database does not respond, or if no plan is possible.
    pub async fn rest(&self, database: &Database, wait: Duration, counts: Counts) -> Result<Standing, ApplyError> {
        let Planned { mut plan, remarks, .. } =
            database.plan(&self.desired, PlanOptions { wait, counts, ..plan_options(&self.file) }).await?;
        if plan.changes.is_empty() {
            return Ok(Standing::Applied);
        }
        let differs = self.touched(&plan.changes);
        if differs.iter().any(|(_, touched)| !touched) {
            return Ok(Standing::Elsewhere { differs });
        }
        if self.file.back_to.is_some() {
            plan.mark_as_rollback(&self.file.lost);
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
        // The role that planned may differ from the one that applies. Statements that restore an owner are
        // omitted if that owner applies, in which case they would change nothing.
        let live: Vec<_> = plan.statements().collect();
        let own: Vec<_> = self.plan.statements().filter(|s| live.contains(s) || !engine::gives_back(&s.sql)).collect();
        if live == own {
            return None;
        }
        let at = live.iter().zip(&own).take_while(|(a, b)| a.sql == b.sql).count();
        let step = plan.steps.iter().find(|s| live.get(at).is_some_and(|l| s.statements.contains(l)));
        let place = step.map_or_else(|| "its last step".to_owned(), |s| s.address.to_string());
        Some(format!("the stored definitions are spelled differently from those the plan was made for, so its SQL would differ at {place}"))
    }
}

/// Returns the position of the database relative to a plan, without making the plan again.
///
/// # Errors
/// If the schemas of the plan cannot be read, or if the database does not respond.
pub async fn here(file: &PlanFile, database: &Database) -> Result<Here, ApplyError> {
    let desired = read_noted(&file.desired, file.dialect)?;
    let start = Schema { ignores: desired.ignores.clone(), ..read_noted(&file.current, file.dialect)? };
    let starts_here = database.changes_since(&start).await?.is_empty();
    // If the database is at the plan's end, there is nothing to do, wherever the plan starts.
    if database.changes_since(&desired.at_rest()).await?.is_empty() {
        let is_done = !starts_here || exchanges_are_done(file, database, &start, &desired).await?;
        return Ok(if is_done { Here::End } else { Here::Start });
    }
    Ok(if starts_here { Here::Start } else { Here::Elsewhere })
}

/// Returns true if the name exchanges of a plan whose schemas differ in nothing else have been done, which
/// only the history shows. In a rollback, each `was` is a current name, so its exchanges are done once they
/// are no longer recorded.
async fn exchanges_are_done(file: &PlanFile, database: &Database, start: &Schema, desired: &Schema) -> Result<bool, ApplyError> {
    let (before, wanted) = (start.exchanged(), desired.exchanged());
    if wanted.is_empty() || (file.back_to.is_none() && wanted.is_subset(&before)) {
        return Ok(true);
    }
    let entries = database.history().await?;
    let recorded = entries.last().and_then(|e| read_noted(&e.schema_after, file.dialect).ok()).unwrap_or_default().exchanged();
    Ok(if file.back_to.is_some() { recorded != before } else { wanted.is_subset(&recorded) })
}

/// Returns the changes from the start of the plan to a database that does not exist yet, which lacks
/// everything.
fn from_nothing(start: &Schema, dialect: Dialect) -> Changes {
    let before = engine::normalized(start.clone(), dialect);
    crate::diff::diff(&before, &crate::schema::Normalized::default()).unwrap_or_default()
}
