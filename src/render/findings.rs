//! Lint findings as text, as JSON, and as GitHub annotations of a pull request.

use serde::Serialize;

use super::annotations::annotation;
use super::escape;
use super::json::written;
use super::places::Place;
use crate::kdl::{Remarks, Sources};
use crate::lint::{LeveledFinding, Severity};
use crate::schema::Problem;

/// The version of the JSON format.
const FORMAT_VERSION: u32 = 1;

/// Renders each finding with its line in the file, and the number of findings of each level.
pub fn findings_text(found: &[LeveledFinding], sources: &Sources, schema: &str) -> String {
    let mut out = String::new();
    let remarks = Remarks::new(sources);
    for f in found {
        let problem = Problem::new(f.finding.message.clone(), f.finding.origin.0, f.finding.address.to_string()).help(help(f));
        out.push_str(&remarks.remark(&problem, f.code, f.level));
        out.push('\n');
    }
    out.push_str(&summary(found, schema));
    out
}

/// Returns what to do about a finding, with the database if it applies to one only.
pub(super) fn help(found: &LeveledFinding) -> String {
    match found.dialects.as_slice() {
        [one] => format!("{} ({})", found.finding.advice, one.word()),
        _ => found.finding.advice.clone(),
    }
}

fn summary(found: &[LeveledFinding], schema: &str) -> String {
    let count = |level: Severity| found.iter().filter(|f| f.level == level).count() as i64;
    let levels = [Severity::Error, Severity::Warning, Severity::Note].map(|l| (l, count(l)));
    let words: Vec<String> = levels.iter().filter(|(_, n)| *n > 0).map(|(l, n)| crate::plan::counted(*n, l.word())).collect();
    if words.is_empty() { format!("{}: no findings\n", escape(schema)) } else { format!("{}: {}\n", escape(schema), words.join(", ")) }
}

/// Returns a line with the number of findings, to append to a plan; empty if there are none.
pub fn findings_line(found: &[LeveledFinding]) -> String {
    match found.len() {
        0 => String::new(),
        n => format!(
            "{} in the changed objects: run `rosey lint` to see {}\n",
            crate::plan::counted(n as i64, "lint finding"),
            if n == 1 { "it" } else { "them" }
        ),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    rosey_version: &'static str,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'static str,
    level: &'static str,
    address: String,
    message: &'a str,
    advice: &'a str,
    dialects: Vec<&'static str>,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
}

/// Renders the findings as JSON.
pub fn findings_json(found: &[LeveledFinding], sources: &Sources) -> String {
    let finding = |f: &'_ LeveledFinding| {
        let place = Place::of(sources, f.finding.origin);
        (f.finding.address.to_string(), f.dialects.iter().map(|d| d.word()).collect(), place)
    };
    let findings = found.iter().map(|f| {
        let (address, dialects, place) = finding(f);
        Finding {
            code: f.code,
            level: f.level.word(),
            address,
            message: &f.finding.message,
            advice: &f.finding.advice,
            dialects,
            line: place.as_ref().map(|p| p.line),
            column: place.as_ref().map(|p| p.column),
            file: place.map(|p| p.file),
        }
    });
    let document = Document { format_version: FORMAT_VERSION, rosey_version: env!("CARGO_PKG_VERSION"), findings: findings.collect() };
    written(&document)
}

/// Renders the findings as GitHub workflow commands
/// (<https://docs.github.com/actions/reference/workflow-commands-for-github-actions>).
pub fn findings_github(found: &[LeveledFinding], sources: &Sources) -> String {
    let line = |f: &LeveledFinding| {
        let kind = match f.level {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note | Severity::Off => "notice",
        };
        let text = format!("{}: {}; {}", f.finding.address, f.finding.message, f.finding.advice);
        annotation(kind, Place::of(sources, f.finding.origin).as_ref(), f.code, &text)
    };
    found.iter().map(line).collect()
}
