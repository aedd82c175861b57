//! Hazards for views, virtual tables and triggers that a plan would break. One that worked before blocks the
//! plan. A new one that does not work is a warning, because SQLite creates it anyway. One that never worked
//! and is not changed is not reported.

use super::compiles::Body;
use super::inspect::Live;
use super::prove::Proof;
use crate::diff::{Change, Changes, TableChange};
use crate::plan::{Code, Hazard, Level, Step};
use crate::schema::{Address, DefinedKind, Head, Kind, Schema};

/// Adds the hazards to the steps: to the step of the view or trigger itself, or to the first step.
pub(super) fn tell(steps: &mut [Step], proof: &Proof, changes: &Changes, live: &Live, desired: &Schema) {
    for (body, reason) in &proof.is_broken {
        let old = old_key(body, changes);
        let stored = live.stored.iter().find(|r| r.kind == old.0 && r.name.eq_ignore_ascii_case(&old.1));
        let worked = stored.is_some() && proof.was_broken.get(&old).is_none_or(|was| is_foreign(was) && !is_foreign(reason));
        let declared = declared(body, desired);
        let live_name = || stored.map_or_else(|| body.1.clone(), |r| r.name.clone());
        let address = declared.clone().unwrap_or_else(|| Address::top(&body.0, live_name()));
        let own = steps.iter().rposition(|s| s.address == address);
        let hazard = match (worked, declared.is_some()) {
            (true, true) => stops(address, reason, changes),
            (true, false) => breaks_ignored(address, reason),
            (false, _) if changes.addresses().contains(&address) => warns(address, reason),
            (false, _) => continue,
        };
        let is_told = |h: &Hazard| h.level == Level::Blocks && h.address == hazard.address;
        if steps.iter().flat_map(|s| &s.hazards).any(is_told) {
            continue;
        }
        if let Some(step) = steps.get_mut(own.unwrap_or(0)) {
            step.hazards.push(hazard);
        }
    }
}

/// Returns the name before the change.
fn old_key(body: &Body, changes: &Changes) -> Body {
    let is_it = |c: &&Change| body.0 == c.kind() && c.after().is_some_and(|h| h.name.name.matches(&body.1));
    let change = changes.objects.iter().find(is_it);
    let old = change.and_then(|c| c.before()).map(|h| h.name.name.as_str().to_ascii_lowercase());
    (body.0.clone(), old.unwrap_or_else(|| body.1.clone()))
}

fn declared(body: &Body, desired: &Schema) -> Option<Address> {
    let is_trigger = body.0 == DefinedKind::Trigger;
    let is_it = |(kind, head): &(Kind, &Head)| (*kind == DefinedKind::Trigger) == is_trigger && head.name.name.matches(&body.1);
    desired.heads().find(is_it).map(|(kind, head)| Address::of(kind, &head.name))
}

/// Returns true if the body uses something that only the application that created it provides, so that it
/// cannot be checked.
fn is_foreign(reason: &str) -> bool {
    reason.contains("no such function") || reason.contains("no such collation") || reason.contains("no such module")
}

fn code(address: &Address) -> (Code, &'static str) {
    if *address.kind() == DefinedKind::Trigger { (Code::BrokenTrigger, "run") } else { (Code::BrokenView, "be read") }
}

fn stops(address: Address, reason: &str, changes: &Changes) -> Hazard {
    let (code, works) = code(&address);
    let message = format!("after this change, {address} could no longer {works}: {reason}");
    Hazard::new(code, Level::Blocks, address, message, advice(reason, changes))
}

fn breaks_ignored(address: Address, reason: &str) -> Hazard {
    let message = format!("this change would break {address}, which is not in the schema: {reason}");
    Hazard::new(Code::BreaksIgnored, Level::Blocks, address, message, "declare it in the schema with its new definition, or drop it first")
}

fn warns(address: Address, reason: &str) -> Hazard {
    let (code, works) = code(&address);
    let message = format!("{address} cannot {works}: {reason}");
    Hazard::new(code, Level::Warns, address, message, "SQLite creates it anyway; check its SQL")
}

/// Returns what to write instead, if the missing name was renamed.
fn advice(reason: &str, changes: &Changes) -> String {
    let missing = missing(reason);
    for change in changes.tables() {
        let TableChange::Alter(edits) = change else { continue };
        if let Some((old, new)) = edits.renamed_columns.iter().find(|(old, _)| old.matches(missing)) {
            return format!("column {old} of {} is now named {new}: use {new} in its SQL", edits.after.name);
        }
        if let Some(old) = edits.renamed_from.as_ref().filter(|old| old.name.matches(missing)) {
            return format!("table {old} is now named {0}: use {0} in its SQL", edits.after.name);
        }
    }
    "change its SQL in the schema, keep what it depends on, or remove it from the schema".to_owned()
}

/// Returns the name in `no such column: new.x`, `no such table: main.t`, `on an update of x, and …`.
fn missing(reason: &str) -> &str {
    let after = |mark: &str| reason.split_once(mark).map(|(_, rest)| rest);
    let named = after("no such column: ").or_else(|| after("no such table: ")).or_else(|| after("on UPDATE OF ")).unwrap_or_default();
    let word = named.split([' ', ',', ')']).next().unwrap_or_default();
    word.rsplit('.').next().unwrap_or(word)
}
