//! Risks and findings as SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>),
//! for code scanning.
//!
//! Readers of these files reject a result without a location, so what is not declared is reported at the
//! start of the first schema file.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::json::written;
use super::places::{Declared, Place, Places, risks};
use super::{escape, findings};
use crate::kdl::Sources;
use crate::lint::{self, LeveledFinding, Severity};
use crate::plan::{Hazard, Level, Plan};
use crate::schema::Address;

/// Renders the risks of a plan, and the lint findings in what it changes.
pub fn sarif(plan: &Plan, declared: Declared<'_>) -> String {
    let places = Places::of(plan, declared);
    let risks = risks(plan).map(|(step, h)| of_risk(h, places.find(step, h)));
    let found = declared.found.iter().map(|f| of_finding(f, declared.sources));
    report(&risks.chain(found).collect::<Vec<_>>(), declared.sources)
}

/// Renders the lint findings.
pub fn findings_sarif(found: &[LeveledFinding], sources: &Sources) -> String {
    report(&found.iter().map(|f| of_finding(f, sources)).collect::<Vec<_>>(), sources)
}

/// A result of the report.
struct Entry {
    code: &'static str,
    level: &'static str,
    address: String,
    text: String,
    place: Option<Place>,
}

fn of_risk(hazard: &Hazard, place: Option<Place>) -> Entry {
    let level = match hazard.level {
        Level::Blocks => "error",
        Level::Destroys | Level::Warns => "warning",
        Level::Notes => "note",
    };
    entry(hazard.code.name(), level, &hazard.address, &hazard.text(), &hazard.advice, place)
}

fn of_finding(found: &LeveledFinding, sources: &Sources) -> Entry {
    let finding = &found.finding;
    let place = Place::of(sources, finding.origin);
    entry(found.code, severity(found.level), &finding.address, &finding.message, &findings::help(found), place)
}

fn entry(code: &'static str, level: &'static str, address: &Address, text: &str, advice: &str, place: Option<Place>) -> Entry {
    let advice = if advice.is_empty() { String::new() } else { format!("\n{}", escape(advice)) };
    let address = escape(&address.to_string());
    Entry { code, level, text: format!("{address}: {}{advice}", escape(text)), address, place }
}

fn severity(level: Severity) -> &'static str {
    match level {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
        Severity::Off => "none",
    }
}

fn report(entries: &[Entry], sources: &Sources) -> String {
    let codes: BTreeSet<&str> = entries.iter().map(|e| e.code).collect();
    let first = sources.files().first().map(|f| Place { file: f.name.clone(), line: 1, column: 1 });
    let results: Vec<Value> = entries.iter().map(|e| result(e, e.place.as_ref().or(first.as_ref()), &codes)).collect();
    written(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "rosey",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|c| rule(c)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

/// Returns a code as a SARIF rule, with its text from `rosey explain`.
fn rule(code: &str) -> Value {
    let Ok(entry) = lint::explain(code) else { return json!({ "id": code }) };
    let text = entry.text;
    let level = match entry.level {
        "blocks" | "error" => "error",
        "destroys" | "warns" | "warning" => "warning",
        _ => "note",
    };
    json!({
        "id": code,
        "shortDescription": { "text": text.summary },
        "fullDescription": { "text": text.why },
        "help": { "text": entry.shown(), "markdown": entry.markdown() },
        "defaultConfiguration": { "level": level },
    })
}

fn result(entry: &Entry, place: Option<&Place>, codes: &BTreeSet<&str>) -> Value {
    let location = |p: &Place| {
        json!({ "physicalLocation": {
            "artifactLocation": { "uri": uri(&p.file) },
            "region": { "startLine": p.line, "startColumn": p.column },
        }})
    };
    json!({
        "ruleId": entry.code,
        "ruleIndex": codes.iter().position(|c| *c == entry.code),
        "level": entry.level,
        "message": { "text": entry.text },
        "locations": place.into_iter().map(location).collect::<Vec<_>>(),
        "partialFingerprints": { "roseyCodeAndAddress/v1": format!("{}:{}", entry.code, entry.address) },
    })
}

/// The bytes that are escaped in the path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns a path as a URI reference; relative paths stay relative. Their colons are escaped so that nothing
/// before one is read as a scheme (RFC 3986, 4.2).
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let path = path.strip_prefix("./").unwrap_or(&path);
    let has_drive = matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic());
    let (scheme, kept) = match path.starts_with('/') {
        true => ("file://", 0),
        false if has_drive => ("file:///", "C:".len()),
        false => ("", 0),
    };
    let (drive, rest) = path.split_at(kept);
    format!("{scheme}{drive}{}", utf8_percent_encode(rest, PATH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        for (path, wanted) in [
            ("./schema.kdl", "schema.kdl"),
            ("db/my schema%.kdl", "db/my%20schema%25.kdl"),
            ("/a/ü:.kdl", "file:///a/%C3%BC%3A.kdl"),
            ("C:\\db\\a.kdl", "file:///C:/db/a.kdl"),
            ("a:b.kdl", "a%3Ab.kdl"),
            ("x/a:b.kdl", "x/a%3Ab.kdl"),
        ] {
            assert_eq!(uri(path), wanted);
        }
    }

    #[test]
    fn every_rule_has_its_text() {
        for entry in lint::explanations() {
            let rule = rule(entry.text.code);
            assert!(["error", "warning", "note"].contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()), "{rule}");
            assert!(rule["help"]["markdown"].as_str().unwrap().contains(entry.text.example), "{rule}");
        }
    }
}
