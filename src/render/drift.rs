//! Drift: changes made outside rosey since the last version, shown like a plan's changes. It has no SQL and
//! no hazards, because it is only reported.

use serde::Serialize;

use super::json::{self, Change, change, written};
use super::text::{Style, write_block};
use super::view::{Block, Symbol, View};
use super::{escape, unmanaged};
use crate::diff::Changes;
use crate::plan::{Action, Drift, Plan, Step, counted};
use crate::schema::{Address, Dialect};

/// Renders only the drift, as text.
pub fn drift(drift: &Drift, dialect: Dialect, style: Style) -> String {
    let blocks = blocks(drift, dialect);
    let count = |symbol| blocks.iter().filter(|b| b.symbol == symbol).count();
    let mut out = if blocks.is_empty() { String::new() } else { head(drift, &blocks, style) };
    for line in unmanaged::since(&drift.unmanaged, style.verbose) {
        out.push_str(&format!("# {}\n", escape(&line)));
    }
    if blocks.is_empty() {
        out.push_str(&format!("No drift in the managed objects since version {}.\n", drift.number));
        return out;
    }
    if !drift.unmanaged.is_empty() {
        out.push('\n');
    }
    out.push_str(&format!(
        "Drift since version {}: {} added, {} changed, {} destroyed.\n",
        drift.number,
        count(Symbol::Create),
        count(Symbol::Change),
        count(Symbol::Destroy)
    ));
    out
}

/// Renders the drift before a plan.
pub(super) fn before_plan(drift: &Drift, dialect: Dialect, style: Style) -> String {
    head(drift, &blocks(drift, dialect), style) + "# The plan below starts from the live schema.\n\n"
}

fn head(drift: &Drift, blocks: &[Block], style: Style) -> String {
    let mut out = format!("# Drift: {} changed outside rosey since version {}\n\n", counted(blocks.len() as i64, "object"), drift.number);
    blocks.iter().for_each(|block| write_block(block, style, &mut out));
    out
}

/// The drift as JSON: the version that it starts from, and the changes in the form of a plan's.
#[derive(Serialize)]
pub(super) struct Document<'d> {
    since: i64,
    changes: Vec<Change>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmanaged: Vec<json::Unmanaged<'d>>,
}

pub(super) fn document(drift: &Drift, dialect: Dialect) -> Document<'_> {
    let changes = blocks(drift, dialect).iter().map(change).collect();
    Document { since: drift.number, changes, unmanaged: json::unmanaged(&drift.unmanaged) }
}

#[derive(Serialize)]
struct Alone<'d> {
    format_version: u32,
    drift: Option<Document<'d>>,
}

/// Renders only the drift, as JSON; `null` if there is none.
pub fn drift_json(drift: Option<&Drift>, dialect: Dialect) -> String {
    let document = Alone { format_version: super::json::FORMAT_VERSION, drift: drift.map(|d| document(d, dialect)) };
    written(&document)
}

/// Returns the blocks of a plan that would make the same changes, worded in the past tense.
fn blocks(drift: &Drift, dialect: Dialect) -> Vec<Block> {
    let plan = Plan {
        dialect,
        changes: drift.changes.clone(),
        steps: steps(&drift.changes),
        fingerprint: String::new(),
        guards: Vec::new(),
        rebuild_only: false,
        online: true,
        counts: crate::plan::Counts::default(),
        creates_database: false,
        is_rollback: false,
        drift: None,
        unmanaged: Vec::new(),
        holding: None,
    };
    let told = |block: Block| {
        let verb = match block.symbol {
            Symbol::Create => "created",
            Symbol::Destroy => "was destroyed",
            Symbol::Change | Symbol::Rebuild | Symbol::None => "changed",
        };
        Block { headline: format!("{} {verb}", block.address), ..block }
    };
    View::of(&plan, "").blocks.into_iter().map(told).collect()
}

/// Returns a step without statements for each object, in the order of their addresses.
fn steps(changes: &Changes) -> Vec<Step> {
    let action = |(before, after): (Option<Address>, Option<Address>)| match (before, after) {
        (None, Some(new)) => Some((new, Action::Create)),
        (Some(_), Some(new)) => Some((new, Action::Alter)),
        (Some(old), None) => Some((old, Action::Destroy)),
        (None, None) => None,
    };
    let mut found: Vec<(Address, Action)> = changes.pairs().into_iter().filter_map(action).collect();
    found.sort();
    found.into_iter().map(|(address, action)| Step::new(address, action, Vec::new())).collect()
}
