//! The risks of a plan as SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>), for code scanning.
//!
//! A result without a place is refused by readers of these files, so what is declared nowhere is put at the start of the
//! first schema file.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::escape;
use super::places::{Declared, Place, risks};
use crate::plan::{Hazard, Level, Plan};

/// The whole report.
pub fn sarif(plan: &Plan, declared: Declared<'_>) -> String {
    let codes: BTreeSet<&str> = risks(plan).map(|(_, h)| h.code.name()).collect();
    let first = declared.sources.files().first().map(|f| Place { file: f.name.clone(), line: 1, column: 1 });
    let results: Vec<Value> = risks(plan).map(|(step, h)| result(h, declared.place(step, h).or_else(|| first.clone()), &codes)).collect();
    let document = json!({
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
    });
    // Strings, numbers and lists cannot fail to serialise.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// A code as a rule: `breaks-not-null` is "breaks not null" in words.
fn rule(code: &str) -> Value {
    json!({ "id": code, "shortDescription": { "text": code.replace('-', " ") } })
}

fn result(hazard: &Hazard, place: Option<Place>, codes: &BTreeSet<&str>) -> Value {
    let level = match hazard.level {
        Level::Blocks => "error",
        Level::Destroys => "warning",
        Level::Warns => "note",
    };
    let address = escape(&hazard.address.to_string());
    let advice = if hazard.advice.is_empty() { String::new() } else { format!("\n{}", escape(&hazard.advice)) };
    let location = |p: &Place| {
        json!({ "physicalLocation": {
            "artifactLocation": { "uri": uri(&p.file) },
            "region": { "startLine": p.line, "startColumn": p.column },
        }})
    };
    let name = hazard.code.name();
    json!({
        "ruleId": name,
        "ruleIndex": codes.iter().position(|c| *c == name),
        "level": level,
        "message": { "text": format!("{address}: {}{advice}", escape(&hazard.text())) },
        "locations": place.iter().map(location).collect::<Vec<_>>(),
        "partialFingerprints": { "roseyCodeAndAddress/v1": format!("{name}:{address}") },
    })
}

/// A path as a reference to a file: relative ones stay relative (RFC 3986, 4.2).
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let path = path.strip_prefix("./").unwrap_or(&path);
    let mut out = String::new();
    if path.starts_with('/') {
        out.push_str("file://");
    } else if path.as_bytes().get(1) == Some(&b':') {
        out.push_str("file:///");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~:".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        for (path, wanted) in [
            ("./schema.kdl", "schema.kdl"),
            ("db/my schema%.kdl", "db/my%20schema%25.kdl"),
            ("/a/ü.kdl", "file:///a/%C3%BC.kdl"),
            ("C:\\db\\a.kdl", "file:///C:/db/a.kdl"),
        ] {
            assert_eq!(uri(path), wanted);
        }
    }
}
