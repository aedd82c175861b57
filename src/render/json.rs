//! The plan for programs. The shape has a version, which rises when a field changes its meaning or goes.

use serde::Serialize;

use super::drift;
use super::view::{Symbol, View};
use crate::diff::UnmanagedDifference;
use crate::plan::{Plan, PlanFile};
use crate::schema::deceives;

/// The version of the shape.
pub(super) const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    rosey_version: &'static str,
    dialect: &'static str,
    fingerprint: &'a str,
    creates_database: bool,
    saved: Option<Label<'a>>,
    drift: Option<drift::Document<'a>>,
    summary: Summary,
    changes: Vec<Change>,
    guards: &'a [String],
    /// What is not managed and is not as the schema file says; nothing where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmanaged: Vec<Unmanaged<'a>>,
    steps: Vec<Step<'a>>,
}

#[derive(Serialize)]
struct Summary {
    add: usize,
    change: usize,
    destroy: usize,
    rebuilt: usize,
    rows_copied: Option<i64>,
    /// What is lost for good; absent where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    losses: Option<Losses>,
}

/// The data that is lost for good. A number is null if a part of it was not counted.
#[derive(Serialize)]
struct Losses {
    columns: usize,
    values: Option<i64>,
    rows: Option<i64>,
    converted: Option<i64>,
}

/// What a saved plan says of itself.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct Label<'a> {
    /// The history number that it was made for.
    pub number: i64,
    /// What was said of it.
    pub message: Option<&'a str>,
    /// Of a way back: the number whose schema it goes back to.
    pub back_to: Option<i64>,
    /// The digest, which the history knows it by.
    pub digest: &'a str,
}

impl<'a> From<&'a PlanFile> for Label<'a> {
    fn from(file: &'a PlanFile) -> Self {
        Label { number: file.number, message: file.message.as_deref(), back_to: file.back_to, digest: &file.digest }
    }
}

#[derive(Serialize)]
pub(super) struct Change {
    address: String,
    action: &'static str,
    headline: String,
    lines: Vec<Line>,
    costs: Vec<String>,
    hazards: Vec<Hazard>,
}

#[derive(Serialize)]
struct Line {
    action: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Hazard {
    code: &'static str,
    level: &'static str,
    allowed: bool,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_counted: Option<String>,
    advice: String,
}

#[derive(Serialize)]
struct Step<'a> {
    address: String,
    action: &'static str,
    transaction: &'static str,
    sql: Vec<&'a str>,
}

/// Something that is not managed and differs.
#[derive(Serialize)]
pub(super) struct Unmanaged<'a> {
    kind: &'a str,
    name: &'a str,
    difference: &'static str,
}

pub(super) fn unmanaged(differences: &[UnmanagedDifference]) -> Vec<Unmanaged<'_>> {
    differences.iter().map(|d| Unmanaged { kind: &d.kind, name: &d.name, difference: d.difference.word() }).collect()
}

/// The whole plan as JSON.
pub fn json(plan: &Plan, schema: &str) -> String {
    document(plan, schema, None)
}

/// The same of a saved plan, with what its file says of itself.
pub fn json_of_saved(plan: &Plan, schema: &str, saved: Label<'_>) -> String {
    document(plan, schema, Some(saved))
}

fn document(plan: &Plan, schema: &str, saved: Option<Label<'_>>) -> String {
    let view = View::of(plan, schema);
    let s = plan.summary();
    let document = Document {
        format_version: FORMAT_VERSION,
        rosey_version: env!("CARGO_PKG_VERSION"),
        dialect: plan.dialect.word(),
        fingerprint: &plan.fingerprint,
        creates_database: plan.creates_database,
        saved,
        drift: plan.drift.as_ref().map(|d| drift::document(d, plan.dialect)),
        summary: Summary {
            add: s.add,
            change: s.change,
            destroy: s.destroy,
            rebuilt: s.rebuilt,
            rows_copied: s.rows_copied,
            losses: s.losses.map(|l| Losses { columns: l.columns, values: l.values, rows: l.rows, converted: l.converted }),
        },
        changes: view.blocks.iter().map(change).collect(),
        guards: &plan.guards,
        unmanaged: unmanaged(&plan.unmanaged),
        steps: plan.steps.iter().map(step).collect(),
    };
    written(&document)
}

/// A document as JSON, in which everything can be seen: what turns the direction of text, and what JSON lets stand though
/// it is a control character, is escaped.
pub fn written(document: &impl Serialize) -> String {
    // Strings, numbers and lists cannot fail to serialise.
    let text = serde_json::to_string_pretty(document).unwrap_or_default() + "\n";
    let told = |c: char| deceives(c) || c.is_control() && c != '\n';
    // What GitHub's runner takes for a command, wherever it stands in a line, can only stand in a string.
    let text = text.replace("##[", "##\\u005b");
    if !text.chars().any(told) {
        return text;
    }
    text.chars().map(|c| if told(c) { escaped(c) } else { c.to_string() }).collect()
}

/// Such characters stand in strings alone.
fn escaped(c: char) -> String {
    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

pub(super) fn change(block: &super::Block) -> Change {
    let note = |n: &super::Note| Hazard {
        code: n.code,
        level: n.level.word(),
        allowed: n.allowed,
        text: n.text.clone(),
        not_counted: n.not_counted.clone(),
        advice: n.advice.clone(),
    };
    Change {
        address: block.address.to_string(),
        action: symbol(block.symbol),
        headline: block.headline.clone(),
        lines: block
            .lines
            .iter()
            .filter(|l| l.symbol != Symbol::None)
            .map(|l| Line { action: symbol(l.symbol), text: l.text.clone() })
            .collect(),
        costs: block.costs.clone(),
        hazards: block.notes.iter().map(note).collect(),
    }
}

fn step(step: &crate::plan::Step) -> Step<'_> {
    let sql = step.statements.iter().map(|s| s.sql.as_str()).collect();
    Step { address: step.address.to_string(), action: step.action.word(), transaction: step.transaction.word(), sql }
}

fn symbol(symbol: Symbol) -> &'static str {
    match symbol {
        Symbol::Create => "create",
        Symbol::Change => "change",
        Symbol::Rebuild => "rebuild",
        Symbol::Destroy => "destroy",
        Symbol::None => "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_can_be_seen_and_reads_back() {
        let text = "a\u{202e}b\u{9b}\n";
        let json = written(&text);
        assert_eq!(json, "\"a\\u202eb\\u009b\\n\"\n");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
