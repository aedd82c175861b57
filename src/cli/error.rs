//! Failures as shown to the user: what, why, and what to do about it.

use std::collections::BTreeSet;
use std::fmt;

use super::Exit;
use super::again::word;
use crate::apply::{ApplyError, HistoryError};
use crate::engine::advice::ONLY_ROSEY;
use crate::engine::{self, PlanError};
use crate::kdl::Diagnostics;
use crate::plan::{Allowed, Hazard, Level};
use crate::render::masked;

/// A failed command.
#[derive(Debug)]
pub(super) struct Failure {
    text: String,
    help: Vec<String>,
    exit: Exit,
    /// Whether the text is laid out already.
    whole: bool,
}

impl Failure {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Failure { text: text.into(), help: Vec::new(), exit: Exit::Error, whole: false }
    }

    /// Creates a failure from the mistakes in a file, each with its position.
    pub(super) fn mistakes(diagnostics: &Diagnostics, of: &str) -> Self {
        let n = diagnostics.problems().len();
        let count = if n == 1 { "one error".to_owned() } else { format!("{n} errors") };
        Failure { text: format!("{diagnostics}\nerror: {of} has {count}\n"), help: Vec::new(), exit: Exit::Error, whole: true }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    pub(super) fn refused(mut self) -> Self {
        self.exit = Exit::Refused;
        self
    }

    /// Creates a failure from that of an apply; if the database did not respond, it is unchanged.
    pub(super) fn of_apply(error: ApplyError) -> Self {
        let left = match &error {
            ApplyError::Database(_) if error.is_refusal() => UNCHANGED,
            ApplyError::Database(_) => "; the database is unchanged",
            _ => "",
        };
        let mut failure = Failure::from(error);
        failure.text.push_str(left);
        failure
    }

    /// Gives it the exit code of an error instead of a refusal, for a command that changes nothing.
    pub(super) fn into_error(mut self) -> Self {
        self.exit = Exit::Error;
        self
    }

    pub(super) fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.whole {
            return f.write_str(&masked(&self.text));
        }
        writeln!(f, "error: {}", indented(&masked(&self.text)))?;
        self.help.iter().try_for_each(|help| writeln!(f, "  help: {}", indented(&masked(help))))
    }
}

/// Indents all lines but the first, so that a name with a line break in it cannot forge a message.
fn indented(text: &str) -> String {
    let text = crate::render::escape(text);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |out, line| format!("{out}\n{}{line}", if line.is_empty() || line.starts_with(' ') { "" } else { "  " }))
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Failure::mistakes(&diagnostics, "the schema")
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        let failure = match error.is_about_history() {
            true => Failure::new(format!("{error}{UNCHANGED}")).refused(),
            false => Failure::new(error.to_string()),
        };
        let variable = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        match error.help(&variable) {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Database(error) => error.into(),
            PlanError::Cycle(_) => Failure::new(error.to_string()).help("apply one of the changes first, then the other"),
            other => Failure::new(other.to_string()),
        }
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        let refusal = error.is_refusal();
        let failure = match error {
            ApplyError::Database(error) => error.into(),
            ApplyError::Plan(error) => error.into(),
            ApplyError::Blocked(hazards) => blocked(&hazards, None),
            ApplyError::EmptySchema => Failure::new(format!("{error}{UNCHANGED}"))
                .help("declare the objects to keep in the schema file, or name another file with --schema"),
            ApplyError::Stale => Failure::new(format!("{error}{UNCHANGED}")).help("run rosey plan again and review the new plan"),
            ApplyError::Differs(_) => Failure::new(format!("{error}; nothing was recorded"))
                .help("run rosey plan to see the difference; add --force to record the database as it is"),
            ApplyError::Unreadable(_) => {
                Failure::new(format!("{error}{UNCHANGED}")).help("it may have been written by a newer rosey; upgrade rosey")
            }
            ApplyError::History(error) => Failure::from(error),
            ApplyError::NotEnoughSpace { .. } => {
                Failure::new(format!("{error}{UNCHANGED}")).help("free disk space, or put the backup on another disk with --backup-dir")
            }
            ApplyError::Backup { .. } => Failure::new(format!("{error}{UNCHANGED}"))
                .help("choose another folder with --backup-dir, or skip the backup with --backup never"),
            ApplyError::NotVerified(_) | ApplyError::BrokenReferences(_) => Failure::new(format!("{error}{ROLLED_BACK}")),
            ApplyError::Locked { .. } => {
                Failure::new(format!("{error}{UNCHANGED}")).help("try again when it has finished, or wait longer with --lock-timeout 60s")
            }
            ApplyError::Blockers { ref blockers, .. } => {
                let list: String = blockers.iter().map(|b| format!("\n  {b}")).collect();
                Failure::new(format!("{error}{ROLLED_BACK}{list}")).help("end these sessions, or wait longer with --lock-timeout 60s")
            }
            ApplyError::NoDigest => Failure::new(error.to_string()).help("re-create it: rosey plan --out FILE, or rosey state pull > FILE"),
            ApplyError::Busy { ref blockers, .. } => {
                let list: String = blockers.iter().map(|b| format!("\n  {b}")).collect();
                Failure::new(format!("{error}{UNCHANGED}{list}")).help("end that session, or try again when it has finished")
            }
            ApplyError::Statement { address, source } => statement(&address, source),
            ApplyError::Unfinished { number, left, address: None, source } => after_commit(number, left, &source),
            ApplyError::Unfinished { number, left, .. } => {
                Failure::new(format!("{error}\n  the transaction is committed (version {number}); {} left", counted_steps(left)))
                    .help("run rosey apply again to finish the rest")
            }
            ApplyError::NotVerifiedAfter(_) => {
                Failure::new(format!("{error}\n  all steps are complete and committed")).help("run rosey plan to see what differs")
            }
            ApplyError::CommitUnknown { number, .. } => Failure::new(format!(
                "{error}\n  it is not known whether version {number} was committed, because the server did not answer"
            ))
            .help("when the server is reachable again, check for that version with rosey history, and run rosey apply to finish the rest"),
            ApplyError::Early { done, source } => early(&done, *source),
            ApplyError::NoBackup(_) => Failure::new(format!("{error}{UNCHANGED}"))
                .help("install the server's version of pg_dump, or skip the backup with --backup never"),
            ApplyError::Damaged { .. } => Failure::new(format!("{error}{UNCHANGED}"))
                .help("recover the data with `sqlite3 FILE .recover`, or restore an intact backup"),
            ApplyError::NotRestored => Failure::new(format!("{error}{UNCHANGED}")).help(super::restore::ONLY_TABLES),
            ApplyError::OntoItself(_) => Failure::new(format!("{error}{UNCHANGED}")).help("name the backup: rosey restore FILE"),
            ApplyError::Interrupted => Failure::new(format!("interrupted{ROLLED_BACK}")),
        };
        if refusal { failure.refused() } else { failure }
    }
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Database(error) => error.into(),
            HistoryError::Later { .. } => Failure::new(error.to_string()).help("use that version of rosey or a newer one"),
            HistoryError::Acts(_) => Failure::new(format!("{error}; nothing was changed")).help(ONLY_ROSEY),
            HistoryError::Damaged(_) => Failure::new(error.to_string()).help("only rosey may write to it; restore it from a backup"),
        }
    }
}

/// Creates the failure of a command that only reads, which need not say that nothing was changed.
pub(super) fn reading(error: ApplyError) -> Failure {
    match error {
        ApplyError::Database(error) => error.into(),
        other => other.into(),
    }
}

/// Creates the failure of a statement in the transaction.
fn statement(address: &str, source: engine::Error) -> Failure {
    let text = if source.is_full() {
        format!("{source}{ROLLED_BACK}")
    } else if source.is_read_only_file() {
        "the database is read-only; the apply was rolled back and nothing was changed".to_owned()
    } else {
        format!("{address}: {source}{ROLLED_BACK}")
    };
    Failure { text, ..source.into() }
}

/// Creates a failure for what failed after the commit: after all, or all but `left` steps.
fn after_commit(number: i64, left: usize, source: &engine::Error) -> Failure {
    let rest = match left {
        0 => "all steps are complete and committed".to_owned(),
        n => format!("the transaction is committed; {} left", counted_steps(n)),
    };
    let help = match left {
        0 => "run rosey apply again to verify the database and complete the history entry",
        _ => "run rosey apply again to finish the rest",
    };
    Failure::new(format!("{source}\n  version {number}: {rest}")).help(help)
}

/// Creates a failure that lists what was committed before the transaction.
fn early(done: &[String], source: ApplyError) -> Failure {
    let lost = matches!(source, ApplyError::Database(_));
    let failure = Failure::from(source);
    let text = failure.text.replace(ROLLED_BACK, "").replace(UNCHANGED, "");
    let rest = if lost { "nothing else was committed" } else { "everything else was rolled back" };
    let text = format!("{text}\n  already committed before the transaction: {}; {rest}", done.join(", "));
    Failure { text, ..failure }.help("run rosey plan to see what is left, and rosey apply to finish it")
}

/// What is true after an apply whose transaction was rolled back.
const ROLLED_BACK: &str = "; rolled back; the database is unchanged";
/// What is true after an apply that changed nothing.
const UNCHANGED: &str = "; nothing was changed";

fn counted_steps(n: usize) -> String {
    if n == 1 { "one step is".to_owned() } else { format!("{n} steps are") }
}

/// Creates the refusal of an apply; `policy` names what forbids destroying data, whatever the flags.
pub(super) fn blocked(hazards: &[Hazard], policy: Option<&str>) -> Failure {
    let mut text = "apply refused; nothing was changed".to_owned();
    for hazard in hazards {
        text.push_str(&format!("\n  {} ({}): {}", hazard.address, hazard.code.name(), hazard.text()));
        if hazard.level == Level::Blocks && !hazard.advice.is_empty() {
            text.push_str(&format!("\n    {}", hazard.advice));
        }
    }
    let mut failure = Failure::new(text);
    let destroys = || hazards.iter().filter(|h| h.level == Level::Destroys);
    if destroys().next().is_some() {
        failure = match (policy, permission_flags(destroys().map(Allowed::to_destroy))) {
            (Some(place), _) => failure.help(format!("{place}: allow-destructive #false forbids destroying data, whatever the flags")),
            (None, Some(flags)) => failure
                .help(format!("to allow this data loss and no other, add {flags}"))
                .help("to allow all data loss in this plan, add --allow-destructive"),
            (None, None) => failure.help("to allow this data loss, add --allow-destructive"),
        };
    }
    match permission_flags(hazards.iter().filter(|h| h.raised).map(Allowed::exactly)) {
        Some(flags) => failure.help(format!("rosey.kdl makes this an error; to allow it this once, add {flags}")),
        None => failure,
    }
}

/// The number of flags that fit on a readable line.
const FEW: usize = 4;

/// Returns the flags that allow exactly these hazards, if they are few.
fn permission_flags(allowed: impl Iterator<Item = Allowed>) -> Option<String> {
    let flags: BTreeSet<String> = allowed.map(|a| format!("--allow {}", word(&a.to_string()))).collect();
    (!flags.is_empty() && flags.len() <= FEW).then(|| flags.into_iter().collect::<Vec<_>>().join(" "))
}
