//! The statements of a plan, in their order and by transaction, for reading. [`super::script()`] is what is run.

use super::escape;
use crate::plan::{Level, Plan, Step, Transaction};
use crate::schema::Dialect;

/// The statements. Empty where there is nothing to do.
pub fn sql(plan: &Plan) -> String {
    if plan.is_empty() {
        return String::new();
    }
    if plan.dialect == Dialect::Postgres {
        return postgres(plan);
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
    plan.steps.iter().for_each(|s| write_step(s, &mut out));
    out.push_str("\nCOMMIT;\n");
    out
}

/// For `psql`: what cannot be in the transaction stands before and behind it.
fn postgres(plan: &Plan) -> String {
    let mut out = String::from("\\set ON_ERROR_STOP on\n");
    if plan.hazards().any(|h| h.level == Level::Blocks) {
        out.push_str("DO $$ BEGIN RAISE 'this plan is BLOCKED, for the reasons at its steps: the script stops here'; END $$;\n");
    }
    let part = |t: Transaction| plan.steps.iter().filter(move |s| s.transaction == t);
    part(Transaction::Before).for_each(|s| write_step(s, &mut out));
    out.push_str("\nBEGIN;\n");
    part(Transaction::Inside).for_each(|s| write_step(s, &mut out));
    out.push_str("\nCOMMIT;\n");
    if part(Transaction::After).next().is_some() {
        out.push_str("\n-- Outside the transaction. Each of these can be run again.\n");
        part(Transaction::After).for_each(|s| write_step(s, &mut out));
    }
    out
}

/// A step with what is said of it.
pub(super) fn write_step(step: &Step, out: &mut String) {
    out.push_str(&format!("\n-- {}\n", comment(&step.address.to_string())));
    for hazard in &step.hazards {
        let blocked = if hazard.level == Level::Warns { "" } else { " BLOCKED" };
        out.push_str(&format!("-- ! {}{blocked}: {}\n", hazard.code.name(), comment(&hazard.text())));
    }
    for statement in &step.statements {
        out.push_str(&format!("{};\n", statement.sql));
    }
}

/// A comment ends with its line.
pub(super) fn comment(text: &str) -> String {
    escape(text).replace('\n', " ")
}
