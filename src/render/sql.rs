//! The plan as the script that apply runs, for `sqlite3` and for reading.

use super::escape;
use crate::plan::{Level, Plan};

/// The whole script. Empty where there is nothing to do.
pub fn sql(plan: &Plan) -> String {
    if plan.is_empty() {
        return String::new();
    }
    let mut out = String::new();
    if plan.hazards().any(|h| h.level == Level::Blocks) {
        out.push_str("-- This plan is BLOCKED, for the reasons at its steps: the script stops here.\n.exit 3\n\n");
    }
    out.push_str(".bail on\n-- Foreign keys are off outside the transaction: inside it the pragma does nothing.\n");
    if plan.statements().any(|s| s.sql.starts_with("PRAGMA writable_schema")) {
        out.push_str(".dbconfig defensive off\n");
    }
    out.push_str("PRAGMA foreign_keys = OFF;\nBEGIN IMMEDIATE;\n");
    for step in &plan.steps {
        out.push_str(&format!("\n-- {}\n", comment(&step.address.to_string())));
        for hazard in &step.hazards {
            let blocked = if hazard.level == Level::Warns { "" } else { " BLOCKED" };
            out.push_str(&format!("-- ! {}{blocked}: {}\n", hazard.code.name(), comment(&hazard.text())));
        }
        for statement in &step.statements {
            out.push_str(&format!("{};\n", statement.sql));
        }
    }
    out.push_str("\nCOMMIT;\n");
    out
}

/// A comment ends with its line.
fn comment(text: &str) -> String {
    escape(text).replace('\n', " ")
}
