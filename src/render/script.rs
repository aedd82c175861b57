//! The plan as a script for `sqlite3` or `psql` that does what an apply does. It stops at the first error and
//! rolls back, and stops at the beginning if rows would be lost without permission.

use super::sql::{comment, write_head, write_step};
use crate::plan::{Frame, Hazard, Level, Piece, Plan, Statement, StatementKind, Step, Transaction};
use crate::schema::Shell;

/// Returns the whole script, with the dialect's frame around the steps; empty if there is nothing to do.
pub fn script(plan: &Plan, frame: &Frame) -> String {
    if plan.is_empty() && plan.guards.is_empty() {
        return String::new();
    }
    match plan.dialect.capabilities().shell {
        Shell::Sqlite3 => for_sqlite3(plan, frame),
        Shell::Psql => for_psql(plan, frame),
    }
}

/// Returns the script for `sqlite3`.
fn for_sqlite3(plan: &Plan, frame: &Frame) -> String {
    let mut out = String::new();
    let (blocked, destroyed) = stopping(plan);
    if !blocked.is_empty() {
        out.push_str("-- This plan is BLOCKED for the reasons given at its steps; the script stops here.\n");
        list(&blocked, &mut out);
        out.push_str(&exit("this plan is BLOCKED", &blocked));
    }
    if !destroyed.is_empty() {
        out.push_str("-- This plan destroys data:\n");
        list(&destroyed, &mut out);
        out.push_str(&format!("-- To allow it, delete the lines from here to `{EXIT}`.\n"));
        out.push_str(&exit("this plan destroys data; the top of the script says how to allow it", &destroyed));
    }
    out.push_str(".bail on\n-- Foreign keys are turned off outside the transaction: inside it, the pragma has no effect.\n");
    if plan.statements().any(|s| s.kind == StatementKind::EditsDefinition) {
        out.push_str(".dbconfig defensive off\n");
    }
    out.push_str("PRAGMA foreign_keys = OFF;\nBEGIN IMMEDIATE;\n");
    pieces(&frame.begin, &mut out);
    plan.steps.iter().for_each(|s| write_step(s, &mut out));
    pieces(&frame.end, &mut out);
    out.push_str("\nCOMMIT;\n");
    out
}

/// Returns the script for `psql`: steps that cannot be in the transaction are before and after it.
fn for_psql(plan: &Plan, frame: &Frame) -> String {
    let mut out = String::from("\\set ON_ERROR_STOP on\n");
    let (blocked, destroyed) = stopping(plan);
    if !blocked.is_empty() {
        out.push_str(&stop("this plan is BLOCKED for the reasons given at its steps; the script stops here"));
    }
    if !destroyed.is_empty() {
        out.push_str("-- This plan destroys data:\n");
        list(&destroyed, &mut out);
        out.push_str("-- To allow it: psql -v allow_destructive=1\n\\if :{?allow_destructive}\n\\else\n");
        out.push_str(&stop("this plan destroys data; run psql with -v allow_destructive=1 to allow it"));
        out.push_str("\\endif\n");
    }
    pieces(&frame.head, &mut out);
    let part = |t: Transaction| plan.steps.iter().filter(move |s| s.transaction == t);
    if part(Transaction::Before).next().is_some() {
        out.push_str("\n-- Before the transaction, which depends on what these statements create.\n");
        part(Transaction::Before).for_each(|s| write_step(s, &mut out));
    }
    out.push_str("\nBEGIN;\n");
    pieces(&frame.begin, &mut out);
    part(Transaction::Inside).for_each(|s| write_step(s, &mut out));
    pieces(&frame.end, &mut out);
    out.push_str("\nCOMMIT;\n");
    if part(Transaction::After).next().is_some() {
        out.push_str(
            "\n-- After the transaction. Everything from here to the end can be run again: it resumes where it was interrupted.\n",
        );
        out.push_str("\\set ON_ERROR_STOP on\n");
        pieces(&frame.tail, &mut out);
        part(Transaction::After).for_each(|s| repeatable(s, &mut out));
    }
    pieces(&frame.finish, &mut out);
    out
}

/// Writes a step outside the transaction. Completed statements are not repeated. An index build that waits
/// for old transactions does not block writers, so it has no time limit.
fn repeatable(step: &Step, out: &mut String) {
    write_head(step, out);
    for some in step.statements.chunk_by(|a, b| a.unless == b.unless) {
        if let Some(done) = some.first().and_then(|s| s.unless.as_ref()) {
            out.push_str(&format!("SELECT NOT ({done}) AS rosey_left \\gset\n\\if :rosey_left\n"));
        }
        for alike in some.chunk_by(|a, b| is_patient(a) == is_patient(b)) {
            let patient = alike.first().is_some_and(is_patient);
            out.push_str(if patient { "SET lock_timeout = 0;\n" } else { "" });
            alike.iter().for_each(|s| out.push_str(&format!("{};\n", s.sql)));
            out.push_str(if patient { "SET lock_timeout = '10s';\n" } else { "" });
        }
        if some.first().is_some_and(|s| s.unless.is_some()) {
            out.push_str("\\endif\n");
        }
    }
}

fn is_patient(statement: &Statement) -> bool {
    statement.sql.contains(" CONCURRENTLY ")
}

const EXIT: &str = ".exit 3";

/// Writes the reason before the exit: the sqlite3 shell prints nothing itself.
fn exit(why: &str, hazards: &[&Hazard]) -> String {
    let line = |text: &str| format!(".print \"{}\"\n", comment(text).replace('\\', "\\\\").replace('"', "\\\""));
    let told: String = hazards.iter().map(|h| line(&format!("  {}: {}", h.code.name(), h.text()))).collect();
    format!("{}{told}{EXIT}\n\n", line(&format!("stopped: {why}; nothing was changed")))
}

/// Returns the hazards that stop any apply, and those that stop an apply without permission to destroy data.
fn stopping(plan: &Plan) -> (Vec<&Hazard>, Vec<&Hazard>) {
    // A permission that a project grants to its applies does not extend to whoever runs a script manually.
    let stopping = plan.hazards().filter(|h| matches!(h.level, Level::Blocks | Level::Destroys));
    stopping.partition(|h| h.level == Level::Blocks)
}

fn stop(why: &str) -> String {
    format!("DO $$ BEGIN RAISE '{why}'; END $$;\n")
}

fn list(hazards: &[&Hazard], out: &mut String) {
    hazards.iter().for_each(|h| out.push_str(&format!("--   {}: {}\n", h.code.name(), comment(&h.text()))));
}

fn pieces(pieces: &[Piece], out: &mut String) {
    for piece in pieces {
        if !piece.comment.is_empty() {
            out.push_str(&format!("\n-- {}\n", comment(&piece.comment)));
        }
        piece.statements.iter().for_each(|s| out.push_str(&format!("{s};\n")));
    }
}
