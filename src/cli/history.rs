//! `rosey history`: what was applied, when, by whom and with what SQL. It reads the history and changes
//! nothing.

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;

use super::error::Failure;
use super::listing::{Format, aligned, name_of, when, who};
use super::settings::Settings;
use super::{Exit, TargetArguments, output};
use crate::apply::Entry;
use crate::apply::rollback::{self, To};
use crate::plan::counted;
use crate::render::{self, escape};

/// Shows what was applied.
#[derive(Args)]
pub(super) struct History {
    /// Show only this version, with all details; with --schema also `base`, the schema before version 1.
    #[arg(value_name = "VERSION", value_parser = super::rollback::to)]
    number: Option<To>,
    /// Print the schema of this version as a schema file.
    #[arg(long, requires = "number", conflicts_with = "format")]
    schema: bool,
    #[command(flatten)]
    target: TargetArguments,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Show the SQL, duration, backup and software of each version.
    #[arg(short, long)]
    verbose: bool,
}

impl History {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let target = Settings::load(&self.target.env)?.target(&self.target)?;
        target.announce();
        let entries = target.database.history().await?;
        if self.schema {
            output::out(recorded(&entries, self.number)?);
            return Ok(Exit::Done);
        }
        let undone = undone(&entries);
        let (entries, verbose_too) = match self.number {
            Some(number) => (vec![entry(&entries, number)?.clone()], true),
            None => (entries, false),
        };
        output::out(&match (self.format, self.verbose || verbose_too) {
            (Format::Json, _) => json(&entries, &undone),
            (Format::Text, _) if entries.is_empty() => "The history is empty: rosey has applied nothing to this database.\n".to_owned(),
            (Format::Text, true) => entries.iter().map(|e| verbose(e, &undone)).collect::<Vec<_>>().join("\n"),
            (Format::Text, false) => aligned(&entries.iter().map(|e| line(e, &undone)).collect::<Vec<_>>()),
        });
        Ok(Exit::Done)
    }
}

fn entry(entries: &[Entry], number: To) -> Result<&Entry, Failure> {
    let found = entries.iter().find(|e| To::Number(e.number) == number);
    found.ok_or_else(|| match number {
        To::Number(n) => Failure::new(format!("the history has no version {n}")).help("run rosey history to list the versions"),
        _ => Failure::new("base is the schema before version 1, not a version").help("add --schema to print it"),
    })
}

/// Returns the schema after a version, as in the schema file if that is known; for `base`, the one before the
/// first version.
fn recorded(entries: &[Entry], number: Option<To>) -> Result<&str, Failure> {
    match number {
        Some(number @ To::Number(_)) => {
            let entry = entry(entries, number)?;
            Ok(entry.schema_written.as_deref().unwrap_or(&entry.schema_after))
        }
        _ => Ok(entries.first().map_or("", |e| e.schema_before.as_str())),
    }
}

/// Returns the versions that a later rollback has undone.
pub(super) fn undone(entries: &[Entry]) -> BTreeSet<i64> {
    let standing: BTreeSet<i64> = rollback::standing(entries).iter().map(|e| e.number).collect();
    entries.iter().filter(|e| e.back_to.is_none()).map(|e| e.number).filter(|n| !standing.contains(n)).collect()
}

/// Returns the remarks about a version: what it rolled back to, whether it is undone or unfinished, and its
/// message.
fn remarks(entry: &Entry, undone: &BTreeSet<i64>) -> Vec<String> {
    let mut found: Vec<String> = entry.back_to.map(|n| format!("back to {}", name_of(n))).into_iter().collect();
    if undone.contains(&entry.number) {
        found.push("undone".to_owned());
    }
    if entry.outcome == "running" {
        found.push("not finished".to_owned());
    }
    found
}

fn line(entry: &Entry, undone: &BTreeSet<i64>) -> Vec<String> {
    let commit = entry.git_commit.as_deref().map(|c| c.chars().take(7).collect::<String>());
    let remarks = remarks(entry, undone);
    let mut words = if remarks.is_empty() { String::new() } else { format!("({})", remarks.join(", ")) };
    if let Some(first) = entry.message.as_deref().and_then(|m| m.lines().next()) {
        words = format!("{words}{}{first}", if words.is_empty() { "" } else { " " });
    }
    vec![entry.number.to_string(), when(entry), entry.kind.clone(), who(entry), commit.unwrap_or_default(), words]
}

/// Returns all that is known of one version, a fact per line, with its SQL last.
fn verbose(entry: &Entry, undone: &BTreeSet<i64>) -> String {
    let remarks = remarks(entry, undone);
    let remarks = if remarks.is_empty() { String::new() } else { format!(" ({})", remarks.join(", ")) };
    let mut text = format!("version {}: {}{remarks}\n", entry.number, entry.kind);
    let mut say = |what: &str, value: &str| {
        let rows: Vec<&str> = value.lines().collect();
        if !rows.is_empty() {
            text.push_str(&format!("  {what:9} {}\n", rows.join(&format!("\n  {:9} ", ""))));
        }
    };
    say("message", entry.message.as_deref().unwrap_or_default());
    say("when", &entry.applied_at);
    say("by", &who(entry));
    say("commit", entry.git_commit.as_deref().unwrap_or_default());
    if entry.kind != "stamp" {
        say("took", &format!("{} ms", entry.duration_ms));
    }
    if entry.rows_copied > 0 {
        say("copied", &counted(entry.rows_copied, "row"));
    }
    say("backup", entry.backup.as_deref().unwrap_or_default());
    say("software", &format!("rosey {}, {}", entry.rosey_version, entry.server_version));
    say("plan", &entry.plan);
    say("sql", &entry.sql);
    escape(&text)
}

#[derive(Serialize)]
struct Document<'e> {
    format_version: u32,
    history: Vec<Row<'e>>,
}

/// A row, with the column names of the database.
#[derive(Serialize)]
struct Row<'e> {
    number: i64,
    kind: &'e str,
    message: Option<&'e str>,
    back_to: Option<i64>,
    undone: bool,
    outcome: &'e str,
    applied_at: &'e str,
    applied_by: Option<&'e str>,
    host: Option<&'e str>,
    git_commit: Option<&'e str>,
    duration_ms: i64,
    rows_copied: i64,
    backup: Option<&'e str>,
    rosey_version: &'e str,
    server_version: &'e str,
    plan: &'e str,
    sql: &'e str,
}

fn json(entries: &[Entry], undone: &BTreeSet<i64>) -> String {
    let history = entries.iter().map(|e| as_row(e, undone.contains(&e.number))).collect();
    render::written(&Document { format_version: 1, history })
}

fn as_row(e: &Entry, undone: bool) -> Row<'_> {
    Row {
        number: e.number,
        kind: &e.kind,
        message: e.message.as_deref(),
        back_to: e.back_to,
        undone,
        outcome: &e.outcome,
        applied_at: &e.applied_at,
        applied_by: e.applied_by.as_deref(),
        host: e.host.as_deref(),
        git_commit: e.git_commit.as_deref(),
        duration_ms: e.duration_ms,
        rows_copied: e.rows_copied,
        backup: e.backup.as_deref(),
        rosey_version: &e.rosey_version,
        server_version: &e.server_version,
        plan: &e.plan,
        sql: &e.sql,
    }
}
