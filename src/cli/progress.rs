//! Shows the progress of an apply on standard error: a line per step, and a bar while rows are copied.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use crate::apply::Observer;
use crate::engine::{CANCELLED, CancelToken};
use crate::plan::{Action, Step, Transaction, counted};
use crate::render::one_line;

/// The approximate number of SQLite virtual machine operations to copy a row: precise enough for a bar.
const OPERATIONS_A_ROW: u64 = 15;

pub(super) struct Progress {
    quiet: bool,
    cancel_token: Arc<CancelToken>,
    bar: Option<(ProgressBar, std::thread::JoinHandle<()>)>,
    said: std::collections::BTreeSet<String>,
}

impl Progress {
    pub(super) fn new(quiet: bool, cancel_token: Arc<CancelToken>) -> Self {
        Progress { quiet, cancel_token, bar: None, said: Default::default() }
    }

    fn say(&self, text: &str) {
        if !self.quiet {
            output::err(&format!("{}\n", one_line(text)));
        }
    }

    /// Shows a bar that follows SQLite's progress, from a separate thread; only on a terminal.
    fn show_bar(&mut self, rows: u64) {
        let bar = ProgressBar::with_draw_target(Some(rows), ProgressDrawTarget::stderr());
        if self.quiet || bar.is_hidden() {
            return;
        }
        let style = ProgressStyle::with_template("  copying {bar:30} {human_pos}/{human_len} rows, {per_sec}, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let (cancel_token, shown) = (self.cancel_token.clone(), bar.clone());
        let began = cancel_token.beats.load(Relaxed);
        let follower = std::thread::spawn(move || {
            while !shown.is_finished() {
                let operations = (cancel_token.beats.load(Relaxed) - began) * u64::from(CANCELLED.unsigned_abs());
                shown.set_position((operations / OPERATIONS_A_ROW).min(rows));
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        self.bar = Some((bar, follower));
    }

    fn end_bar(&mut self) {
        if let Some((bar, follower)) = self.bar.take() {
            bar.finish_and_clear();
            follower.join().ok();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end_bar();
    }
}

impl Observer for Progress {
    fn backing_up(&mut self, to: &Path) {
        self.say(&format!("back up to {}", to.display()));
    }

    fn begins(&mut self, step: &Step) {
        let verb = match step.action {
            Action::Create => "create",
            Action::Alter => "change",
            Action::Rebuild => "rebuild",
            Action::Replace => "replace",
            Action::Destroy => "destroy",
            Action::Carry | Action::Unsupported => return,
        };
        let rows = step.rows.filter(|_| step.action == Action::Rebuild).map(|n| format!(" ({})", counted(n, "row")));
        let staged = match step.transaction {
            Transaction::Inside => String::new(),
            Transaction::Before => " (before the transaction)".to_owned(),
            Transaction::After if step.reason.is_empty() => " (after the transaction)".to_owned(),
            Transaction::After => format!(" (after the transaction: {})", step.reason),
        };
        let line = format!("{verb} {}{}{staged}", step.address, rows.unwrap_or_default());
        // An object may have several steps, but is named once.
        if self.said.insert(line.clone()) {
            self.say(&line);
        }
    }

    fn copies(&mut self, _: &Step, rows: i64) {
        if let Ok(rows) = u64::try_from(rows) {
            self.show_bar(rows);
        }
    }

    fn ends(&mut self, _: &Step) {
        self.end_bar();
    }

    fn verifies(&mut self) {
        self.say("verify");
    }

    fn notes(&mut self, what: &str) {
        output::err(&format!("{}\n", one_line(what)));
    }
}
