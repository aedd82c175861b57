//! Warnings that follow from a finished plan, whatever database made it: what breaks programs that run meanwhile, what
//! makes them wait, and what looks like a rename. Changes nothing that a plan does.

use super::{Levels, Severity, renames};
use crate::diff::{Delta, TableChange, TableEdits};
use crate::kdl::Sources;
use crate::plan::{Action, Code, Hazard, Level, Lock, Plan, Work, bytes};
use crate::schema::{Address, Column, ObjectName};

/// From this size on work under a lock is worth a warning: what is smaller is done before anybody notices.
const LARGE: i64 = 1 << 20;

/// Adds the warnings to the plan, and gives those that only warn the level that has been set.
///
/// `sources` are the schema's files, out of which the lines come that a warning may advise; none where the plan leads to a
/// schema that stands in no file.
pub fn annotate(plan: &mut Plan, levels: &Levels, sources: &Sources) {
    for hazard in warnings(plan, sources) {
        let about = |address: &Address| hazard.address.is_within(address);
        let steps = || plan.steps.iter().enumerate().filter(|(_, s)| s.action != Action::Carry);
        let own = steps().find(|(_, s)| about(&s.address)).or_else(|| steps().next()).map(|(i, _)| i);
        if let Some(step) = own.and_then(|i| plan.steps.get_mut(i)) {
            step.hazards.push(hazard);
        }
    }
    for step in &mut plan.steps {
        step.hazards.retain_mut(|h| h.level != Level::Warns || weigh(h, levels));
    }
}

/// Gives the hazard its level. False where it is switched off.
fn weigh(hazard: &mut Hazard, levels: &Levels) -> bool {
    let level = levels.of(hazard.code.name(), Severity::Warning);
    if level == Severity::Error {
        hazard.level = Level::Blocks;
    }
    level > Severity::Off
}

fn warnings(plan: &Plan, sources: &Sources) -> Vec<Hazard> {
    let mut found: Vec<Hazard> = plan.changes.tables.iter().filter_map(table_clients).collect();
    found.extend(plan.changes.views.iter().filter_map(|d| relation_clients(d, |v| (v.address(), &v.name))));
    found.extend(plan.changes.materialized_views.iter().filter_map(|d| relation_clients(d, |v| (v.address(), &v.name))));
    found.extend(waits(plan));
    // On the way back the history knows what was renamed.
    if !plan.leads_back {
        found.extend(renames::suggestions(&plan.changes, sources).into_iter().map(suggested));
    }
    found
}

fn clients(address: Address, what: &[String]) -> Option<Hazard> {
    let message = format!("programs that run meanwhile fail where they {}", what.join(", or "));
    let advice = "change them first or stop them; rosey explain breaks-clients tells how to do it in two steps";
    (!what.is_empty()).then(|| Hazard::new(Code::BreaksClients, Level::Warns, address, message, advice))
}

fn table_clients(change: &TableChange) -> Option<Hazard> {
    match change {
        TableChange::Create(_) => None,
        TableChange::Drop(table) => clients(table.address(), &[format!("name {}", table.name)]),
        TableChange::Alter(edits) => clients(edits.after.address(), &altered(edits)),
    }
}

fn altered(edits: &TableEdits) -> Vec<String> {
    let mut named: Vec<String> = edits.renamed_from.iter().map(ToString::to_string).collect();
    named.extend(edits.renamed_columns.iter().map(|(old, _)| old.to_string()));
    let mut left_out = Vec::new();
    for delta in &edits.columns {
        match delta {
            Delta::Drop(column) => named.push(column.name.to_string()),
            Delta::Create(column) if must_be_given(column, edits) => left_out.push(column.name.to_string()),
            Delta::Alter { before, after, .. } if !before.not_null && must_be_given(after, edits) => left_out.push(after.name.to_string()),
            Delta::Create(_) | Delta::Alter { .. } => {}
        }
    }
    let words = |what: &str, names: Vec<String>| (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")));
    words("name", named).into_iter().chain(words("insert without", left_out)).collect()
}

/// Whether an insert has to name the column.
fn must_be_given(column: &Column, edits: &TableEdits) -> bool {
    let numbered = column.ty.is_serial() || column.identity.is_some() || edits.after.in_key(&column.name);
    column.not_null && column.default.is_none() && column.generated.is_none() && !numbered
}

fn relation_clients<T>(delta: &Delta<T>, of: impl Fn(&T) -> (Address, &ObjectName)) -> Option<Hazard> {
    let (address, old) = of(delta.before()?);
    match delta.after().map(of) {
        Some((_, new)) if new == old => None,
        Some((address, _)) => clients(address, &[format!("name {old}")]),
        None => clients(address, &[format!("name {old}")]),
    }
}

/// Locks under which much is done.
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
        "ACCESS EXCLUSIVE" => "nobody reads or writes",
        "SHARE" | "SHARE ROW EXCLUSIVE" | "EXCLUSIVE" => "nobody writes to",
        _ => return None,
    };
    let (code, work) = match lock.work {
        Work::None => return None,
        Work::Scan => (Code::BlocksWriters, "all its rows are read"),
        Work::Build => (Code::BlocksWriters, "an index is built"),
        Work::Rewrite => (Code::RewritesTable, "all its rows are written anew"),
    };
    let message = format!("{who} {} ({}) while {work}", lock.relation, bytes(lock.bytes.unwrap_or_default()));
    Some(Hazard::new(code, Level::Warns, address.clone(), message, "choose a quiet hour, or do it in steps: rosey explain tells how"))
}

fn suggested(s: renames::Suggestion) -> Hazard {
    let message = format!("{} goes and {} comes, and they are alike", s.old, s.new);
    let write = s.line.unwrap_or_else(|| format!("{} where {} is declared", s.was, s.new));
    Hazard::new(Code::LooksLikeRename, Level::Warns, s.address, message, format!("if it is a rename, write: {write}"))
}
