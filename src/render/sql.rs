//! The statements of a plan, in order and by transaction, for reading. To run them, use [`super::script()`].
//!
//! Does not access a database: it checks nothing and writes no history.

use super::escape;
use crate::plan::{Level, Plan, StatementKind, Step, Transaction};
use crate::schema::Shell;

/// Returns the statements between two schemas, with a header that says what they are. If they are run anyway,
/// they stop where an apply would be refused or would destroy data.
pub fn for_reading(plan: &Plan) -> String {
    let sql = sql(plan);
    if sql.is_empty() {
        return sql;
    }
    let head = "-- For reading only: this script does not check the database it runs on and does not record itself in the history.\n\
                -- To get the script that does both, run rosey plan --format sql.\n";
    let destroys = plan.hazards().any(|h| h.level == Level::Destroys);
    let stop = match plan.dialect.capabilities().shell {
        Shell::Sqlite3 => ".print \"stopped: this script destroys data; nothing was changed\"\n.exit 3\n\n",
        Shell::Psql => "\\set ON_ERROR_STOP on\nDO $$ BEGIN RAISE 'this script destroys data'; END $$;\n",
    };
    format!(
        "{head}{}{sql}",
        if destroys { format!("-- This script destroys data: delete this block to allow it.\n{stop}") } else { String::new() }
    )
}

/// Returns the statements; empty if there is nothing to do.
pub fn sql(plan: &Plan) -> String {
    if plan.is_empty() {
        return String::new();
    }
    match plan.dialect.capabilities().shell {
        Shell::Sqlite3 => for_sqlite3(plan),
        Shell::Psql => for_psql(plan),
    }
}

/// Returns the statements for `sqlite3`, all in one transaction.
fn for_sqlite3(plan: &Plan) -> String {
    let mut out = String::new();
    if plan.hazards().any(|h| h.level == Level::Blocks) {
        out.push_str("-- This plan is BLOCKED for the reasons given at its steps; the script stops here.\n.print \"stopped: this plan is BLOCKED; nothing was changed\"\n.exit 3\n\n");
    }
    out.push_str(".bail on\n-- Foreign keys are turned off outside the transaction: inside it, the pragma has no effect.\n");
    if plan.statements().any(|s| s.kind == StatementKind::EditsDefinition) {
        out.push_str(".dbconfig defensive off\n");
    }
    out.push_str("PRAGMA foreign_keys = OFF;\nBEGIN IMMEDIATE;\n");
    plan.steps.iter().for_each(|s| write_step(s, &mut out));
    out.push_str("\nCOMMIT;\n");
    out
}

/// Returns the statements for `psql`: those that cannot be in the transaction are before and after it.
fn for_psql(plan: &Plan) -> String {
    let mut out = String::from("\\set ON_ERROR_STOP on\n");
    if plan.hazards().any(|h| h.level == Level::Blocks) {
        out.push_str("DO $$ BEGIN RAISE 'this plan is BLOCKED for the reasons given at its steps; the script stops here'; END $$;\n");
    }
    let part = |t: Transaction| plan.steps.iter().filter(move |s| s.transaction == t);
    part(Transaction::Before).for_each(|s| write_step(s, &mut out));
    out.push_str("\nBEGIN;\n");
    part(Transaction::Inside).for_each(|s| write_step(s, &mut out));
    out.push_str("\nCOMMIT;\n");
    if part(Transaction::After).next().is_some() {
        out.push_str("\n-- After the transaction, one at a time.\n");
        part(Transaction::After).for_each(|s| write_step(s, &mut out));
    }
    out
}

/// Writes a step with its comments.
pub(super) fn write_step(step: &Step, out: &mut String) {
    write_head(step, out);
    step.statements.iter().for_each(|s| out.push_str(&format!("{};\n", s.sql)));
}

/// Writes the comments of a step.
pub(super) fn write_head(step: &Step, out: &mut String) {
    out.push_str(&format!("\n-- {}\n", comment(&step.address.to_string())));
    for hazard in &step.hazards {
        let blocked = if hazard.stops() { " BLOCKED" } else { "" };
        out.push_str(&format!("-- ! {}{blocked}: {}\n", hazard.code.name(), comment(&hazard.text())));
    }
}

/// Escapes text for a comment, which ends at the end of the line.
pub(super) fn comment(text: &str) -> String {
    escape(text).replace('\n', " ")
}
