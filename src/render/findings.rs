//! What the linter found, for people, for programs and for GitHub's annotations of a pull request.

use serde::Serialize;

use super::escape;
use crate::kdl::{Sources, remark};
use crate::lint::{Found, Severity};
use crate::schema::{Problem, Span};

/// The version of the JSON's shape.
const FORMAT_VERSION: u32 = 1;

/// Each finding with its line in the file, and how many there are of each level.
pub fn findings_text(found: &[Found], sources: &Sources, schema: &str) -> String {
    let mut out = String::new();
    for f in found {
        let problem = Problem::new(f.finding.message.clone(), f.finding.origin.0, f.finding.address.to_string()).help(help(f));
        out.push_str(&remark(sources, &problem, f.code, f.level));
        out.push('\n');
    }
    out.push_str(&summary(found, schema));
    out
}

fn help(found: &Found) -> String {
    match found.dialects.as_slice() {
        [one] => format!("{} ({})", found.finding.advice, one.word()),
        _ => found.finding.advice.clone(),
    }
}

fn summary(found: &[Found], schema: &str) -> String {
    let count = |level: Severity| found.iter().filter(|f| f.level == level).count() as i64;
    let levels = [Severity::Error, Severity::Warning, Severity::Note].map(|l| (l, count(l)));
    let words: Vec<String> = levels.iter().filter(|(_, n)| *n > 0).map(|(l, n)| crate::plan::counted(*n, l.word())).collect();
    if words.is_empty() { format!("{}: nothing found\n", escape(schema)) } else { format!("{}: {}\n", escape(schema), words.join(", ")) }
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
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
}

/// The findings as JSON.
pub fn findings_json(found: &[Found], sources: &Sources) -> String {
    let finding = |f: &'_ Found| {
        let place = f.finding.origin.0.and_then(|s| place(sources, s));
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
            file: place.map(|p| p.file),
            line: place.map(|p| p.line),
            column: place.map(|p| p.column),
        }
    });
    let document = Document { format_version: FORMAT_VERSION, rosey_version: env!("CARGO_PKG_VERSION"), findings: findings.collect() };
    // Strings, numbers and lists cannot fail to serialise.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// The findings as GitHub's workflow commands
/// (<https://docs.github.com/actions/reference/workflow-commands-for-github-actions>).
pub fn findings_github(found: &[Found], sources: &Sources) -> String {
    let line = |f: &Found| {
        let kind = match f.level {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note | Severity::Off => "notice",
        };
        let place = f.finding.origin.0.and_then(|s| place(sources, s));
        let at = place.map(|p| format!("file={},line={},col={},", property(p.file), p.line, p.column)).unwrap_or_default();
        let text = format!("{}: {}; {}", f.finding.address, f.finding.message, f.finding.advice);
        format!("::{kind} {at}title={}::{}\n", property(f.code), data(&text))
    };
    found.iter().map(line).collect()
}

/// What a command's text may not hold as it is.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What a command's property may not hold as it is.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A place as people count.
#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
}

fn place(sources: &Sources, span: Span) -> Option<Place<'_>> {
    let file = sources.files().get(span.file as usize)?;
    let before = file.text.get(..span.start as usize)?;
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    Some(Place { file: &file.name, line, column })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_one_line_each() {
        assert_eq!(data("a%b\r\nc"), "a%25b%0D%0Ac");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    }

    #[test]
    fn places_count_from_one() {
        let sources = Sources::from_text("s.kdl", "ä\n  öx");
        let span = Span { file: 0, start: 7, len: 1 };
        let place = place(&sources, span).unwrap();
        assert_eq!((place.file, place.line, place.column), ("s.kdl", 2, 4));
    }
}
