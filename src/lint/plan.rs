//! Warnings that follow from a finished plan on any database: what breaks running applications, what makes
//! them wait, and what looks like a rename. Does not change what a plan does.

use super::found::allows;
use super::{Levels, Severity, clients, renames};
use crate::diff::Changes;
use crate::kdl::Sources;
use crate::plan::{Action, Allowed, Code, Hazard, Level, Lock, Plan, Work, bytes};
use crate::schema::{Address, Schema};

/// The size in bytes from which work under a lock is worth a warning: smaller tables are done before anybody
/// notices.
const LARGE: i64 = 1 << 20;

/// Adds the warnings to the plan, and sets the configured levels of hazards that only warn. Warnings that the
/// schema file allows for an object are left out; `allowed` lowers a level that would stop an apply.
///
/// `sources` are the files of the schema, from which warnings quote suggested lines; empty if the target
/// schema is not in a file.
pub fn annotate(plan: &mut Plan, levels: &Levels, sources: &Sources, allowed: &[Allowed]) {
    for hazard in warnings(plan, sources) {
        let about = |address: &Address| hazard.address.is_within(address);
        let steps = || plan.steps.iter().enumerate().filter(|(_, s)| s.action != Action::Carry);
        let own = steps().find(|(_, s)| about(&s.address)).or_else(|| steps().next()).map(|(i, _)| i);
        if let Some(step) = own.and_then(|i| plan.steps.get_mut(i)) {
            step.hazards.push(hazard);
        }
    }
    let changed = changed(&plan.changes);
    let allows = allows(&changed);
    let covers = |at: &[Address], h: &Hazard| at.iter().any(|at| h.address.is_within(at));
    let lets_stand = |h: &Hazard| allows.iter().any(|(at, a)| a.code == h.code.name() && covers(at, h));
    for step in &mut plan.steps {
        step.hazards.retain_mut(|h| h.level != Level::Warns || (!lets_stand(h) && weigh(h, levels, allowed)));
    }
}

/// Sets the level of a hazard. Returns false if it is switched off.
fn weigh(hazard: &mut Hazard, levels: &Levels, allowed: &[Allowed]) -> bool {
    match levels.of(hazard.code.name(), Severity::Warning) {
        Severity::Off => return false,
        Severity::Note => hazard.level = Level::Notes,
        Severity::Warning => {}
        Severity::Error if allowed.iter().any(|a| a.covers(hazard)) => hazard.allowed = true,
        Severity::Error => (hazard.level, hazard.raised) = (Level::Blocks, true),
    }
    true
}

/// Returns the objects that are added or changed, as declared in the schema file, under their names in the
/// plan.
fn changed(changes: &Changes) -> Schema {
    let mut schema = Schema::default();
    changes.objects.iter().for_each(|c| c.declare(&mut schema));
    schema
}

fn warnings(plan: &Plan, sources: &Sources) -> Vec<Hazard> {
    let mut found = clients::warnings(&plan.changes, plan.dialect);
    found.extend(waits(plan));
    // In a rollback, the history records what was renamed.
    if !plan.is_rollback {
        found.extend(renames::suggestions(&plan.changes, sources).into_iter().map(suggested));
    }
    found
}

/// Warns of much work under a lock.
fn waits(plan: &Plan) -> Vec<Hazard> {
    let mut found: Vec<Hazard> = Vec::new();
    for step in &plan.steps {
        for lock in step.locks.iter().filter(|l| l.bytes.is_some_and(|b| b >= LARGE)) {
            let hazard = waiting(&step.address, lock);
            found.extend(hazard.filter(|h| !found.contains(h)));
        }
    }
    found
}

fn waiting(address: &Address, lock: &Lock) -> Option<Hazard> {
    let who = match lock.mode {
        "ACCESS EXCLUSIVE" => "reads and writes are blocked on",
        "SHARE" | "SHARE ROW EXCLUSIVE" | "EXCLUSIVE" => "writes are blocked on",
        _ => return None,
    };
    let (code, work) = match lock.work {
        Work::None => return None,
        Work::Scan => (Code::BlocksWriters, "the table is scanned"),
        Work::Build => (Code::BlocksWriters, "an index is built"),
        Work::Rewrite => (Code::RewritesTable, "the table is rewritten"),
    };
    let message = format!("{who} {} ({}) while {work}", lock.relation, bytes(lock.bytes.unwrap_or_default()));
    Some(Hazard::new(
        code,
        Level::Warns,
        address.clone(),
        message,
        "apply during a quiet period, or make the change in steps (see `rosey explain`)",
    ))
}

fn suggested(s: renames::Suggestion) -> Hazard {
    let message = format!("`{}` is dropped and `{}` is added, and they are similar", s.old, s.new);
    let write = s.line.unwrap_or_else(|| format!("{} in the declaration of `{}`", s.was, s.new));
    Hazard::new(Code::LooksLikeRename, Level::Warns, s.address, message, format!("if it is a rename, write: {write}"))
}
