//! The content of a plan to show: a block for each object, its lines, and its warnings.

use std::collections::BTreeSet;

use super::{lines, objects, one_line};
use crate::diff::{Change, Changes, TableChange};
use crate::plan::{Action, Code, Hazard, Level, Plan, Step, Transaction, Work, bytes, counted, thousands};
use crate::schema::Address;

/// What happens, as shown at the left of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Symbol {
    /// Added.
    Create,
    /// Changed in place.
    Change,
    /// Rebuilt.
    Rebuild,
    /// Dropped.
    Destroy,
    /// Unchanged.
    None,
}

impl Symbol {
    /// Returns its sign.
    pub fn sign(self) -> char {
        match self {
            Symbol::Create => '+',
            Symbol::Change => '~',
            Symbol::Rebuild => '±',
            Symbol::Destroy => '-',
            Symbol::None => ' ',
        }
    }

    /// Returns its name for display.
    pub fn word(self) -> &'static str {
        match self {
            Symbol::Create => "create",
            Symbol::Change => "change in place",
            Symbol::Rebuild => "rebuild",
            Symbol::Destroy => "destroy",
            Symbol::None => "",
        }
    }
}

/// A line of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// What happens.
    pub symbol: Symbol,
    /// The text, in KDL or similar to it.
    pub text: String,
}

/// A warning, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// The stable name of the hazard.
    pub code: &'static str,
    /// The level.
    pub level: Level,
    /// Whether it is permitted.
    pub allowed: bool,
    /// The message, with numbers.
    pub text: String,
    /// Why it was not counted, if counting was tried or refused; also part of the text.
    pub not_counted: Option<String>,
    /// The advice.
    pub advice: String,
    /// The query that finds the rows.
    pub find: Option<String>,
}

impl Note {
    /// Returns true if it stops an apply.
    pub fn stops(&self) -> bool {
        match self.level {
            Level::Blocks => true,
            Level::Destroys => !self.allowed,
            Level::Warns | Level::Notes => false,
        }
    }
}

/// An object of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Block {
    /// The address.
    pub address: Address,
    /// What happens to it.
    pub symbol: Symbol,
    /// A sentence with the reason.
    pub headline: String,
    /// The object as a node: `table users {`.
    pub head: String,
    /// The lines between its braces.
    pub lines: Vec<Line>,
    /// Whether its lines are the old and the new text of one definition, as for a view.
    pub rewritten: bool,
    /// The costs while it runs: locks, scans, and what runs outside the transaction.
    pub costs: Vec<String>,
    /// The warnings.
    pub notes: Vec<Note>,
}

/// A whole plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct View {
    /// The objects, in execution order.
    pub blocks: Vec<Block>,
    /// Views and triggers that are dropped and re-created unchanged.
    pub carried: Vec<Address>,
    /// What the rebuilds need, if measured.
    pub cost: Option<String>,
    /// The summary line.
    pub summary: String,
}

impl View {
    /// Creates the view of a plan. `schema` is the name of the schema file.
    pub fn of(plan: &Plan, schema: &str) -> View {
        let mut seen = BTreeSet::new();
        let shown = plan
            .steps
            .iter()
            .filter(|s| (s.action != Action::Carry || !s.hazards.is_empty()) && seen.insert((s.address.clone(), takes_away(plan, s))));
        let blocks = shown.map(|s| block(plan, main_step(plan, s))).collect();
        let needed = plan.disk_needed();
        let cost = (needed > 0).then(|| format!("the rebuilds need about {} of free disk space", bytes(needed)));
        let carried: BTreeSet<Address> = plan.steps.iter().filter(|s| s.action == Action::Carry).map(|s| s.address.clone()).collect();
        View { blocks, carried: carried.into_iter().collect(), cost, summary: summary(plan, schema) }
    }

    /// Returns the symbols in use, for the legend.
    pub fn symbols(&self) -> BTreeSet<Symbol> {
        // The signs of the old and the new text of a definition refer to its lines; the object stays.
        let parts = self.blocks.iter().filter(|b| !b.rewritten);
        let inner = parts.flat_map(|b| b.lines.iter().map(|l| l.symbol));
        self.blocks.iter().map(|b| b.symbol).chain(inner).filter(|s| *s != Symbol::None).collect()
    }
}

/// Returns true if the step drops an object whose name another object takes: the two have the same address.
fn takes_away(plan: &Plan, step: &Step) -> bool {
    step.action == Action::Destroy && plan.changes.replaces(&step.address)
}

/// Returns all steps of the step's object.
fn of_one_object<'p>(plan: &'p Plan, step: &Step) -> impl DoubleEndedIterator<Item = &'p Step> {
    let (address, gone) = (step.address.clone(), takes_away(plan, step));
    plan.steps.iter().filter(move |s| s.address == address && takes_away(plan, s) == gone)
}

/// Returns the main step of an object: the one that creates or drops it, or else the last one, which makes
/// the change.
fn main_step<'p>(plan: &'p Plan, any: &'p Step) -> &'p Step {
    let same = || of_one_object(plan, any).filter(|s| s.action != Action::Carry);
    let whole = same().rfind(|s| s.action != Action::Alter);
    whole.or_else(|| same().next_back()).unwrap_or(any)
}

/// Returns the reasons for the step's method. Steps outside the transaction have reasons of their own; those
/// of steps after it are shown only if there is no other.
fn reasons(plan: &Plan, step: &Step) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let all = of_one_object(plan, step).filter(|s| s.action != Action::Carry);
    let of: Vec<&Step> = if plan.dialect.capabilities().steps_outside_transaction { all.collect() } else { vec![step] };
    let inside = of.iter().any(|s| s.transaction == Transaction::Inside);
    let of = of.into_iter().filter(|s| !inside || s.transaction == Transaction::Inside);
    for reason in of.map(|s| &s.reason).filter(|r| !r.is_empty()) {
        if !found.contains(reason) {
            found.push(reason.clone());
        }
    }
    found
}

fn summary(plan: &Plan, schema: &str) -> String {
    if plan.is_empty() {
        return format!("No changes. The database matches {}.", one_line(schema));
    }
    let s = plan.summary();
    let mut text = format!("Plan: {} to add, {} to change, {} to destroy{}.", s.add, s.change, s.destroy, s.losses_in_brackets());
    if s.rebuilt > 0 {
        let rows = s.rows_copied.map_or_else(|| "an unknown number of rows".to_owned(), |rows| counted(rows, "row"));
        text.push_str(&format!(" {} rebuilt, {rows} copied.", counted(s.rebuilt as i64, "table")));
    }
    text
}

fn block(plan: &Plan, step: &Step) -> Block {
    let symbol = match step.action {
        Action::Create => Symbol::Create,
        Action::Alter | Action::Replace | Action::Carry => Symbol::Change,
        Action::Rebuild => Symbol::Rebuild,
        Action::Destroy => Symbol::Destroy,
        Action::Unsupported => Symbol::None,
    };
    let same: Vec<&Step> = of_one_object(plan, step).collect();
    let (head, lines) = body(plan, step);
    Block {
        address: step.address.clone(),
        symbol,
        headline: one_line(&headline(plan, step)),
        head: one_line(&head),
        lines,
        rewritten: is_rewritten(&plan.changes, &step.address),
        costs: costs(&same).iter().map(|c| one_line(c)).collect(),
        notes: same.into_iter().flat_map(|s| &s.hazards).map(note).collect(),
    }
}

/// PostgreSQL's strongest lock, which conflicts with every other
/// (<https://www.postgresql.org/docs/current/explicit-locking.html>).
const STRONGEST: &str = "ACCESS EXCLUSIVE";

/// Returns the locks, each once with the longest work done while it is held, followed by what runs outside
/// the transaction.
fn costs(steps: &[&Step]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let locks: BTreeSet<(&str, &str, Work, Option<i64>)> =
        steps.iter().flat_map(|s| &s.locks).map(|l| (l.relation.as_str(), l.mode, l.work, l.bytes)).collect();
    for (relation, mode, work, size) in locks.iter().copied() {
        // Among the locks that are held only briefly, showing the strongest is enough.
        let weaker = work == Work::None && mode != STRONGEST && locks.iter().any(|(r, m, _, _)| *r == relation && *m == STRONGEST);
        if weaker {
            continue;
        }
        let size = size.map(|b| format!(" ({})", bytes(b))).unwrap_or_default();
        let work = match work {
            Work::None => ", briefly".to_owned(),
            Work::Scan => format!(", while the table is scanned{size}"),
            Work::Build => format!(", while an index is built{size}"),
            Work::Rewrite => format!(", while the table is rewritten{size}"),
        };
        found.push(format!("locks {relation}: {mode}{work}"));
    }
    let count = |t: Transaction| steps.iter().filter(|s| s.transaction == t).map(|s| s.statements.len()).sum::<usize>();
    for (t, when) in [(Transaction::Before, "before"), (Transaction::After, "after")] {
        let n = count(t);
        if n > 0 {
            found.push(format!("{} run{} {when} the transaction", counted(n as i64, "statement"), if n == 1 { "s" } else { "" }));
        }
    }
    found
}

fn note(hazard: &Hazard) -> Note {
    Note {
        code: hazard.code.name(),
        level: hazard.level,
        allowed: hazard.allowed,
        text: one_line(&hazard.text()),
        not_counted: hazard.uncounted.as_ref().map(|why| one_line(&why.to_string())),
        advice: one_line(&hazard.advice),
        find: hazard.find.clone(),
    }
}

fn headline(plan: &Plan, step: &Step) -> String {
    let verb = match step.action {
        Action::Create => "will be created",
        Action::Alter => "will be changed in place",
        Action::Carry => "will be dropped and re-created unchanged",
        Action::Rebuild => "will be rebuilt",
        Action::Replace => "will be replaced",
        Action::Destroy => "will be destroyed",
        Action::Unsupported if is_ignored(step) => "is ignored, and depends on what changes",
        Action::Unsupported => "is not supported",
    };
    // Those of an object that does not differ itself are its lines.
    let mut reasons = if is_explained(plan, step) { Vec::new() } else { reasons(plan, step) };
    if let Some(old) = renamed_from(plan, &step.address).filter(|_| !takes_away(plan, step)) {
        reasons.insert(0, format!("renamed from {old}"));
    }
    match (step.action, step.rows) {
        (Action::Rebuild, Some(n)) => {
            let size = step.bytes.map(|b| format!(", {}", bytes(b))).unwrap_or_default();
            reasons.push(format!("{} copied{size}", counted(n, "row")));
        }
        (Action::Destroy, Some(n)) => reasons.push(counted(n, "row")),
        _ => {}
    }
    if reasons.is_empty() { format!("{} {verb}", step.address) } else { format!("{} {verb} ({})", step.address, reasons.join("; ")) }
}

/// Returns whether the lines of the object are the reasons of its steps, because it does not differ itself.
fn is_explained(plan: &Plan, step: &Step) -> bool {
    step.action != Action::Unsupported && !plan.changes.objects.iter().any(|c| c.address() == step.address)
}

/// Returns whether the object blocks the plan because the schema ignores it.
fn is_ignored(step: &Step) -> bool {
    step.hazards.iter().any(|h| h.code == Code::BreaksIgnored)
}

fn renamed_from(plan: &Plan, address: &Address) -> Option<String> {
    plan.changes.tables().find_map(|c| match c {
        TableChange::Alter(e) if e.after.address() == *address => e.renamed_from.as_ref().map(ToString::to_string),
        _ => None,
    })
}

/// Returns true if the object stays and is defined by a single text.
fn is_rewritten(changes: &Changes, of: &Address) -> bool {
    let by_text = |c: &Change| matches!(c, Change::View(_) | Change::MaterializedView(_) | Change::Defined(_) | Change::VirtualTable(_));
    changes.at(of).is_some_and(|c| c.is_alter() && by_text(c))
}

fn body(plan: &Plan, step: &Step) -> (String, Vec<Line>) {
    let is_it = |c: &&Change| c.address() == step.address && (!takes_away(plan, step) || c.after().is_none());
    match plan.changes.objects.iter().find(is_it) {
        Some(Change::Table(change)) => return lines::table(change),
        Some(Change::View(view)) => return lines::definition("view", view, |v| (&v.name, &v.query)),
        Some(Change::Defined(d)) => return lines::definition(d.object().kind.word(), d, |d| (&d.name, &d.body)),
        Some(Change::MaterializedView(view)) if view.before().is_some() && view.after().is_some() => {
            return lines::definition("materialized-view", view, |v| (&v.name, &v.query));
        }
        Some(Change::VirtualTable(table)) => return lines::definition("virtual-table", table, |t| (&t.name, &t.using)),
        Some(change) => return objects::body(change),
        None => {}
    }
    let name = crate::kdl::string_repr(step.address.last());
    if step.action == Action::Unsupported {
        let word = if is_ignored(step) { "ignored" } else { "unmanaged" };
        return (format!("{word} {} {name}", step.address.last_kind()), Vec::new());
    }
    // The object itself does not differ, only what it depends on.
    let lines = reasons(plan, step).into_iter().map(|text| Line { symbol: Symbol::Change, text });
    (format!("{} {name}", step.address.last_kind()), lines.collect())
}

/// Formats `3 unchanged columns`.
pub(super) fn unchanged(n: usize, what: &str) -> Option<Line> {
    let text = format!("# {} unchanged {what}{}", thousands(n as i64), if n == 1 { "" } else { "s" });
    (n > 0).then_some(Line { symbol: Symbol::None, text })
}
