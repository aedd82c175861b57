//! The risks of a plan as GitHub Actions' workflow commands, which show each at its line of the schema file.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use super::escape;
use super::places::{Declared, risks};
use super::view::View;
use crate::plan::{Level, Plan};

/// A line for each risk, and one for the plan.
pub fn annotations(plan: &Plan, schema: &str, declared: Declared<'_>) -> String {
    let mut out = String::new();
    for (step, hazard) in risks(plan) {
        let command = match hazard.level {
            Level::Blocks => "error",
            Level::Destroys => "warning",
            Level::Warns => "notice",
        };
        let place = declared.place(step, hazard);
        let at = place.map(|p| format!("file={},line={},col={},", property(&p.file), p.line, p.column)).unwrap_or_default();
        let leave = if hazard.level == Level::Destroys { " (BLOCKED without --allow-destructive)" } else { "" };
        let advice = if hazard.advice.is_empty() { String::new() } else { format!("\n{}", hazard.advice) };
        let text = format!("{}: {}{leave}{advice}", hazard.address, hazard.text());
        out.push_str(&format!("::{command} {at}title={}::{}\n", hazard.code.name(), message(&text)));
    }
    out.push_str(&format!("::notice title=rosey plan::{}\n", message(&View::of(plan, schema).summary)));
    out
}

/// Text behind the second pair of colons, which ends with its line.
fn message(text: &str) -> String {
    escape(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which ends with a comma or colon as well.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
