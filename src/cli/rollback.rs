//! `rosey rollback`: plans and applies the rollback to a schema in the history. It asks, backs up and
//! verifies as `apply` does; it cannot restore lost values, and says where they are.

use clap::Args;

use super::apply::{apply, approve, identity, report};
use super::backfill::{self, BackfillArguments};
use super::error::Failure;
use super::listing::name_of;
use super::settings::Settings;
use super::target::{Database, Target};
use super::{Exit, PlanningArguments, SafetyArguments, TargetArguments, output, remarks};
use crate::apply::rollback::{NoRollbackTarget, RollbackTarget, To, rollback_target};
use crate::apply::{ApplyError, Desired, Options, PlanOptions};
use crate::engine::PlanError;
use crate::kdl::Sources;
use crate::plan::{Hazard, Kind, Plan};
use crate::render;

/// Rolls back to an earlier schema.
#[derive(Args)]
pub(super) struct Rollback {
    /// How many applies to undo, for example 2 or -2; default: one, unless --to is given.
    #[arg(value_name = "N", allow_negative_numbers = true, conflicts_with = "to", value_parser = back)]
    count: Option<usize>,
    /// Roll back to the schema of this version, or to base, the schema before version 1.
    #[arg(long, value_name = "VERSION|base", value_parser = to)]
    to: Option<To>,
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
    backfill: BackfillArguments,
    #[command(flatten)]
    planning: PlanningArguments,
    /// Show the queries that find the rows a warning is about.
    #[arg(short, long)]
    verbose: bool,
    /// Print only the result, not the plan or the steps.
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
}

/// A rollback that can be planned.
pub(super) struct Back {
    /// The target schema, in which objects have their current names as `was=`.
    pub(super) desired: Desired,
    /// The target version, and what is undone.
    pub(super) rolled_to: RollbackTarget,
}

/// Finds the target schema in the history of the database.
pub(super) async fn desired(database: &Database, to: To, backfill: &BackfillArguments) -> Result<Back, Failure> {
    let entries = database.history().await.map_err(|e| Failure::from(ApplyError::from(e)))?;
    let mut rolled_to = rollback_target(&entries, to, database.dialect()).map_err(no_rollback_target)?;
    if rolled_to.converts() {
        rolled_to.fit(&entries, &database.schema().await?, database.dialect());
    }
    backfill.fill(&mut rolled_to.desired)?;
    let desired = Desired::new(rolled_to.desired.clone(), database.dialect()).map_err(|e| unfit(e, rolled_to.back_to))?;
    Ok(Back { desired, rolled_to })
}

/// Plans the rollback against the database.
async fn plan(target: &Target, back: &Back, plan_options: PlanOptions) -> Result<Plan, Failure> {
    let planned = target.database.plan(&back.desired, plan_options).await.map_err(|e| match e {
        error if error.is_lock_timeout() => ApplyError::Locked { holder: None, waited: plan_options.wait }.into(),
        other => unfit(other, back.rolled_to.back_to),
    })?;
    remarks::tell(&planned.remarks);
    Ok(back.leads(planned.plan))
}

impl Back {
    /// Returns the name of the schema for the last line of the plan.
    pub(super) fn name(&self) -> String {
        if self.rolled_to.back_to == 0 {
            "the schema before version 1".to_owned()
        } else {
            format!("the schema of {}", name_of(self.rolled_to.back_to))
        }
    }

    /// Turns the plan into a rollback: adds what it cannot restore, and advice on backfills.
    pub(super) fn leads(&self, mut plan: Plan) -> Plan {
        let lost = self.rolled_to.lost(&plan);
        for lost in plan.mark_as_rollback(&lost) {
            output::err(&render::escape(&format!("note: {}\n", lost.note())));
        }
        backfill::advise(&mut plan, &self.rolled_to.desired);
        plan
    }

    /// Returns the plan as text: where it leads, and what it does.
    pub(super) fn text(&self, plan: &Plan, style: render::Style) -> String {
        let undone: Vec<String> = self.rolled_to.undone.iter().map(ToString::to_string).collect();
        let undoes = if undone.is_empty() { String::new() } else { format!(" (undoes {})", undone.join(", ")) };
        format!("Rolling back to {}{undoes}\n\n{}", name_of(self.rolled_to.back_to), render::text(plan, &self.name(), style))
    }
}

impl Rollback {
    pub(super) async fn run(self, colour: bool) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.target.env)?;
        let target = settings.target(&self.target)?;
        target.announce();
        target.database.wait_for_others(settings.lock_timeout(self.safety.lock_timeout)).await?;
        let back = desired(&target.database, self.to.unwrap_or(To::Back(self.count.unwrap_or(1))), &self.backfill).await?;
        let options = settings.options(&self.safety, self.message.clone(), identity());
        let options = Options { kind: Kind::Rollback, back_to: Some(back.rolled_to.back_to), ..options };
        let plan = plan(&target, &back, settings.plan_options(&self.planning, options.lock_timeout)).await?;
        self.backfill.check_used(&plan)?;
        let approved = settings.auto_approve(self.auto_approve);
        let judged = settings.judged(&plan, &Sources::default(), &options);
        if !self.quiet || !approved || plan.is_empty() {
            output::out(&back.text(&settings.shown(&judged), render::Style { colour, verbose: self.verbose }));
        }
        if plan.is_empty() {
            return record(&target.database, &back, &options, approved).await;
        }
        remarks::unused(&self.safety.allow, &judged);
        settings.refuse(&judged)?;
        approve(approved, "\nRoll back? Only 'yes' will be accepted: ")?;
        let outcome = apply(&target.database, &back.desired, &plan, &options, self.quiet).await.map_err(|e| match e {
            ApplyError::Blocked(mut hazards) => {
                hazards.iter_mut().for_each(Hazard::mark_as_rollback);
                backfill::as_planned(&mut hazards, &plan);
                settings.refusal(&hazards)
            }
            other @ ApplyError::Plan(_) => unfit(other, back.rolled_to.back_to),
            other => Failure::of_apply(other),
        })?;
        output::out(&report(&plan, &outcome).replacen("Apply complete", "Rollback complete", 1));
        Ok(Exit::Done)
    }
}

/// Records the rollback if the database already has the target schema, so that the next rollback continues
/// from there.
async fn record(database: &Database, back: &Back, options: &Options, approved: bool) -> Result<Exit, Failure> {
    if !back.rolled_to.undone.is_empty() {
        approve(approved, "\nRecord this in the history? Only 'yes' will be accepted: ")?;
        let number = database.stamp(&back.desired, false, options).await?.number;
        output::out(&format!("Recorded (version {number}): the database already had this schema.\n"));
    }
    Ok(Exit::Done)
}

fn no_rollback_target(reason: NoRollbackTarget) -> Failure {
    let failure = Failure::new(reason.to_string());
    match reason {
        NoRollbackTarget::Empty => failure.help("run rosey stamp to start a history from the current schema"),
        NoRollbackTarget::Changed(_) => {
            failure.help("restore the table _rosey_history from a backup, or apply the schema you want from a file").refused()
        }
        NoRollbackTarget::Unreadable(_) => failure.help("it may have been written by a newer rosey; upgrade rosey"),
        _ => failure.help("run rosey history to see the versions"),
    }
}

/// Returns the error for a recorded schema that is no longer valid: there is no file to show its position in.
pub(super) fn unfit(error: ApplyError, back_to: i64) -> Failure {
    match error {
        ApplyError::Plan(PlanError::Schema { problems, .. }) => {
            let list: String = problems.iter().map(|p| format!("\n  {}", p.message)).collect();
            let failure = Failure::new(format!(
                "cannot roll back to {}: its schema cannot be created in the current database:{list}",
                name_of(back_to)
            ));
            let number = if back_to == 0 { "base".to_owned() } else { back_to.to_string() };
            failure.help(format!("fix it as a schema file and apply that: rosey history {number} --schema > FILE"))
        }
        other => other.into(),
    }
}

/// Parses a number of applies, with or without Alembic's minus sign.
fn back(text: &str) -> Result<usize, String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.parse().ok().filter(|n| *n > 0).ok_or_else(|| "must be the number of applies to undo, 1 or more".to_owned())
}

/// Parses a version of the history, or `base`.
pub(super) fn to(text: &str) -> Result<To, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(To::Number(number)),
        _ if text == "base" => Ok(To::Base),
        _ => Err("must be a version of the history, 1 or higher, or base for the schema before version 1".to_owned()),
    }
}
