//! The plan as a script that does what an apply does, run by `sqlite3` or `psql`: it stops at the first error with nothing
//! half-done, and at its head where rows would be lost and nobody has allowed that.

use super::escape;
use super::sql::{comment, write_step};
use crate::plan::{Frame, Hazard, Level, Piece, Plan, Transaction};
use crate::schema::Dialect;

/// The whole script, with what the dialect puts around the steps. Empty where there is nothing to do.
pub fn script(plan: &Plan, frame: &Frame) -> String {
    if plan.is_empty() && plan.guards.is_empty() {
        return String::new();
    }
    match plan.dialect {
        Dialect::Sqlite => sqlite(plan, frame),
        Dialect::Postgres => postgres(plan, frame),
    }
}

fn sqlite(plan: &Plan, frame: &Frame) -> String {
    let mut out = String::new();
    let (blocked, destroyed) = stopping(plan);
    if !blocked.is_empty() {
        out.push_str("-- This plan is BLOCKED, for the reasons at its steps: the script stops here.\n.exit 3\n\n");
    }
    if !destroyed.is_empty() {
        out.push_str("-- This destroys data:\n");
        list(&destroyed, &mut out);
        out.push_str("-- To allow it, delete the next line.\n.exit 3\n\n");
    }
    out.push_str(".bail on\n-- Foreign keys are off outside the transaction: inside it the pragma does nothing.\n");
    if plan.statements().any(|s| s.sql.starts_with("PRAGMA writable_schema")) {
        out.push_str(".dbconfig defensive off\n");
    }
    out.push_str("PRAGMA foreign_keys = OFF;\nBEGIN IMMEDIATE;\n");
    pieces(&frame.begin, &mut out);
    plan.steps.iter().for_each(|s| write_step(s, &mut out));
    pieces(&frame.end, &mut out);
    out.push_str("\nCOMMIT;\n");
    out
}

/// For `psql`: what cannot be in the transaction stands before and behind it.
fn postgres(plan: &Plan, frame: &Frame) -> String {
    let mut out = String::from("\\set ON_ERROR_STOP on\n");
    let (blocked, destroyed) = stopping(plan);
    if !blocked.is_empty() {
        out.push_str(&stop("this plan is BLOCKED, for the reasons at its steps: the script stops here"));
    }
    if !destroyed.is_empty() {
        out.push_str("-- This destroys data:\n");
        list(&destroyed, &mut out);
        out.push_str("-- To allow it: psql -v allow_destructive=1\n\\if :{?allow_destructive}\n\\else\n");
        out.push_str(&stop("this plan destroys data: psql -v allow_destructive=1 allows it"));
        out.push_str("\\endif\n");
    }
    pieces(&frame.head, &mut out);
    let part = |t: Transaction| plan.steps.iter().filter(move |s| s.transaction == t);
    if part(Transaction::Before).next().is_some() {
        out.push_str("\n-- Ahead of the transaction, for it needs what these make.\n");
        part(Transaction::Before).for_each(|s| write_step(s, &mut out));
    }
    out.push_str("\nBEGIN;\n");
    pieces(&frame.begin, &mut out);
    part(Transaction::Inside).for_each(|s| write_step(s, &mut out));
    pieces(&frame.end, &mut out);
    out.push_str("\nCOMMIT;\n");
    if part(Transaction::After).next().is_some() {
        out.push_str("\n-- Outside the transaction. Each of these can be run again.\n");
        part(Transaction::After).for_each(|s| write_step(s, &mut out));
    }
    pieces(&frame.finish, &mut out);
    out
}

/// What stops an apply, and what stops one that may not destroy.
fn stopping(plan: &Plan) -> (Vec<&Hazard>, Vec<&Hazard>) {
    plan.blocking(false, &[]).into_iter().partition(|h| h.level == Level::Blocks)
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
            out.push_str(&format!("\n-- {}\n", escape(&piece.comment)));
        }
        piece.statements.iter().for_each(|s| out.push_str(&format!("{s};\n")));
    }
}
