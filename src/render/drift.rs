//! Drift: what somebody else has changed since the last number of the history, shown as a plan's changes are. It has no
//! SQL and no hazards, because nothing is going to be done about it here.

use serde::Serialize;

use super::json::{Change, change};
use super::text::{Style, write_block};
use super::view::{Block, Symbol, View};
use crate::diff::{Changes, Delta, TableChange};
use crate::plan::{Action, Drift, Plan, Step, counted};
use crate::schema::{Address, Dialect};

/// The drift, alone, as text.
pub fn drift(drift: &Drift, dialect: Dialect, style: Style) -> String {
    let blocks = blocks(drift, dialect);
    let count = |symbol| blocks.iter().filter(|b| b.symbol == symbol).count();
    let mut out = head(drift, &blocks, style);
    out.push_str(&format!(
        "Drift since number {}: {} added, {} changed, {} destroyed.\n",
        drift.number,
        count(Symbol::Create),
        count(Symbol::Change),
        count(Symbol::Destroy)
    ));
    out
}

/// The drift at the head of a plan.
pub(super) fn before_plan(drift: &Drift, dialect: Dialect, style: Style) -> String {
    head(drift, &blocks(drift, dialect), style) + "# The plan below starts from what is there.\n\n"
}

fn head(drift: &Drift, blocks: &[Block], style: Style) -> String {
    let mut out =
        format!("# Drift: {} changed since number {}, and not by rosey\n\n", counted(blocks.len() as i64, "object"), drift.number);
    blocks.iter().for_each(|block| write_block(block, style, &mut out));
    out
}

/// The drift for programs: the number that it counts from, and the changes as a plan has them.
#[derive(Serialize)]
pub(super) struct Document {
    since: i64,
    changes: Vec<Change>,
}

pub(super) fn document(drift: &Drift, dialect: Dialect) -> Document {
    Document { since: drift.number, changes: blocks(drift, dialect).iter().map(change).collect() }
}

#[derive(Serialize)]
struct Alone {
    format_version: u32,
    drift: Option<Document>,
}

/// The drift, alone, as JSON; `null` where there is none.
pub fn drift_json(drift: Option<&Drift>, dialect: Dialect) -> String {
    let document = Alone { format_version: super::json::FORMAT_VERSION, drift: drift.map(|d| document(d, dialect)) };
    // Strings, numbers and lists cannot fail to serialise.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// The blocks of a plan that would do the same, told as something that has happened.
fn blocks(drift: &Drift, dialect: Dialect) -> Vec<Block> {
    let plan = Plan {
        dialect,
        changes: drift.changes.clone(),
        steps: steps(&drift.changes),
        fingerprint: String::new(),
        guards: Vec::new(),
        rebuild_only: false,
        online: true,
        creates_database: false,
        drift: None,
        holding: None,
    };
    let told = |block: Block| {
        let verb = match block.symbol {
            Symbol::Create => "was created",
            Symbol::Destroy => "was destroyed",
            Symbol::Change | Symbol::Rebuild | Symbol::None => "was changed",
        };
        Block { headline: format!("{} {verb}", block.address), ..block }
    };
    View::of(&plan, "").blocks.into_iter().map(told).collect()
}

/// A step without statements for each object, in the order of their addresses.
fn steps(c: &Changes) -> Vec<Step> {
    let table = |t: &TableChange| match t {
        TableChange::Create(_) => Action::Create,
        TableChange::Drop(_) => Action::Destroy,
        TableChange::Alter(_) => Action::Alter,
    };
    let mut found: Vec<(Address, Action)> = c.tables.iter().map(|t| (t.table().address(), table(t))).collect();
    found.extend(of(&c.views, |o| o.address()));
    found.extend(of(&c.triggers, |o| o.address()));
    found.extend(of(&c.virtual_tables, |o| o.address()));
    found.extend(of(&c.namespaces, |o| o.address()));
    found.extend(of(&c.extensions, |o| o.address()));
    found.extend(of(&c.enums, |o| o.address()));
    found.extend(of(&c.domains, |o| o.address()));
    found.extend(of(&c.sequences, |o| o.address()));
    found.extend(of(&c.materialized_views, |o| o.address()));
    found.sort();
    found.into_iter().map(|(address, action)| Step::new(address, action, Vec::new())).collect()
}

fn of<T>(deltas: &[Delta<T>], address: impl Fn(&T) -> Address) -> Vec<(Address, Action)> {
    let action = |d: &Delta<T>| match d {
        Delta::Create(_) => Action::Create,
        Delta::Drop(_) => Action::Destroy,
        Delta::Alter { .. } => Action::Alter,
    };
    deltas.iter().filter_map(|d| d.after().or(d.before()).map(|o| (address(o), action(d)))).collect()
}
