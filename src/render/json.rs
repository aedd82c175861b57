//! The plan as JSON. The format has a version, which increases when a field changes its meaning or is
//! removed.

use serde::Serialize;

use super::drift;
use super::view::{Symbol, View};
use crate::diff::UnmanagedDifference;
use crate::plan::{Plan, PlanFile};
use crate::schema::deceives;

/// The version of the format.
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
    /// Unmanaged objects that differ from the schema file; omitted if there are none.
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
    /// The data that is lost irreversibly; omitted if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    losses: Option<Losses>,
}

/// The data that is lost irreversibly. A number is null if a part of it was not counted.
#[derive(Serialize)]
struct Losses {
    columns: usize,
    values: Option<i64>,
    rows: Option<i64>,
    converted: Option<i64>,
}

/// The metadata of a saved plan.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct Label<'a> {
    /// The version that it was made for.
    pub number: i64,
    /// The message.
    pub message: Option<&'a str>,
    /// For a rollback: the version whose schema is restored.
    pub back_to: Option<i64>,
    /// The digest, which identifies it in the history.
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

/// An unmanaged object that differs.
#[derive(Serialize)]
pub(super) struct Unmanaged<'a> {
    kind: &'a str,
    name: &'a str,
    difference: &'static str,
}

pub(super) fn unmanaged(differences: &[UnmanagedDifference]) -> Vec<Unmanaged<'_>> {
    differences.iter().map(|d| Unmanaged { kind: d.kind.word(), name: &d.name, difference: d.difference.word() }).collect()
}

/// Renders the whole plan as JSON.
pub fn json(plan: &Plan, schema: &str) -> String {
    document(plan, schema, None)
}

/// Renders a saved plan as JSON, with its metadata.
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

/// Serializes a document as JSON without invisible characters: those that change the direction of text, and
/// control characters that JSON allows, are escaped.
pub fn written(document: &impl Serialize) -> String {
    // Serializing strings, numbers and lists cannot fail.
    let text = serde_json::to_string_pretty(document).unwrap_or_default() + "\n";
    let told = |c: char| deceives(c) || c.is_control() && c != '\n';
    // GitHub's runner recognizes this as a command anywhere in a line. In JSON it can occur only in a string.
    let text = text.replace("##[", "##\\u005b");
    if !text.chars().any(told) {
        return text;
    }
    text.chars().map(|c| if told(c) { escaped(c) } else { c.to_string() }).collect()
}

/// Returns the escape of a character, which can occur only in a string.
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
