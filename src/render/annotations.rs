//! The risks of a plan as GitHub Actions workflow commands, which show each risk at its line of the schema
//! file.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use super::places::{Declared, Place, Places, risks};
use super::view::View;
use super::{escape, findings_github};
use crate::plan::{Level, Plan};

/// Returns a line for each risk, one for each lint finding in the changed objects, and one for the plan.
pub fn annotations(plan: &Plan, schema: &str, declared: Declared<'_>) -> String {
    let mut out = String::new();
    let places = Places::of(plan, declared);
    for (step, hazard) in risks(plan) {
        let command = match hazard.level {
            Level::Blocks => "error",
            Level::Destroys | Level::Warns => "warning",
            Level::Notes => "notice",
        };
        let permission = match hazard.level {
            _ if hazard.allowed => " (allowed)",
            Level::Destroys => " (BLOCKED without --allow-destructive)",
            _ => "",
        };
        let advice = if hazard.advice.is_empty() { String::new() } else { format!("\n{}", hazard.advice) };
        let text = format!("{}: {}{permission}{advice}", hazard.address, hazard.text());
        out.push_str(&annotation(command, places.find(step, hazard).as_ref(), hazard.code.name(), &text));
    }
    out.push_str(&findings_github(declared.found, declared.sources));
    out.push_str(&format!("::notice title=rosey plan::{}\n", message(&View::of(plan, schema).summary)));
    out
}

/// Returns one command: `::notice file=schema.kdl,line=1,col=1,title=a code::text`.
pub(super) fn annotation(command: &str, place: Option<&Place>, title: &str, text: &str) -> String {
    let at = place.map(|p| format!("file={},line={},col={},", property(&p.file), p.line, p.column)).unwrap_or_default();
    format!("::{command} {at}title={}::{}\n", property(title), message(text))
}

/// Escapes the text after the second pair of colons, which ends at the end of the line.
fn message(text: &str) -> String {
    escape(text).replace('%', "%25").replace('\n', "%0A")
}

/// Escapes the value of a property, which also ends at a comma or colon.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_one_line_each() {
        assert_eq!(message("a%b\r\nc\u{202e}"), "a%25b\\u{d}%0Ac\\u{202e}");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    }
}
