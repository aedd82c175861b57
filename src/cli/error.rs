//! Failures as they are told: what, why, and what to do about it.

use std::fmt;

use super::Exit;
use crate::apply::ApplyError;
use crate::dialect::sqlite::{Error, PlanError};
use crate::kdl::Diagnostics;
use crate::plan::{Hazard, Level};

/// A failed command.
#[derive(Debug)]
pub(super) struct Failure {
    text: String,
    help: Vec<String>,
    exit: Exit,
    /// The text is already laid out.
    whole: bool,
}

impl Failure {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Failure { text: text.into(), help: Vec::new(), exit: Exit::Error, whole: false }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    pub(super) fn refused(mut self) -> Self {
        self.exit = Exit::Refused;
        self
    }

    pub(super) fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.whole {
            return f.write_str(&self.text);
        }
        writeln!(f, "error: {}", crate::render::escape(&self.text))?;
        for help in &self.help {
            writeln!(f, "  help: {}", crate::render::escape(help))?;
        }
        Ok(())
    }
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        let n = diagnostics.problems().len();
        let count = if n == 1 { "one mistake".to_owned() } else { format!("{n} mistakes") };
        Failure { text: format!("{diagnostics}\nerror: the schema has {count}\n"), help: Vec::new(), exit: Exit::Error, whole: true }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure = Failure::new(error.to_string());
        match &error {
            Error::NoFile { .. } => failure.help("check the path; `rosey apply --url …` creates a database that is not there yet"),
            Error::NotADatabase { .. } => failure.help("check the path: the file exists, and its first bytes are not SQLite's"),
            Error::Locked => failure.help("another program is writing to it; try again when it has finished"),
            Error::ReadOnly => failure.help("rosey needs to write to the file and to its folder, where SQLite keeps its journal"),
            Error::Full => failure.help("nothing was changed; make room and try again"),
            _ => failure,
        }
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Database(error) => error.into(),
            PlanError::Circle(_) => Failure::new(error.to_string()).help("apply one of the two first, then the other"),
            other => Failure::new(other.to_string()),
        }
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        let refusal = error.is_refusal();
        let failure = match error {
            ApplyError::Database(error) => unchanged(error.into()),
            ApplyError::Plan(error) => error.into(),
            ApplyError::Blocked(hazards) => blocked(&hazards),
            ApplyError::LockTimeout(_) => Failure::new(format!("{error}; nothing was changed"))
                .help("try again when it has finished, or wait longer with --lock-timeout 60s"),
            ApplyError::EmptySchema => Failure::new(format!("{error}; nothing was changed")).help("check --schema"),
            ApplyError::Stale => {
                Failure::new(format!("{error}; nothing was changed")).help("run rosey plan again and look at what it shows now")
            }
            ApplyError::NoRoom { .. } => {
                Failure::new(format!("{error}; nothing was changed")).help("make room, or put the backup on another disk with --backup-dir")
            }
            ApplyError::Backup { .. } => Failure::new(format!("{error}; nothing was changed"))
                .help("choose another folder with --backup-dir, or do without one: --backup never"),
            ApplyError::Step { source: Error::Full, .. } => {
                Failure::new("the disk is full; all was rolled back, the database is as it was").help("make room and try again")
            }
            ApplyError::Step { source: Error::ReadOnly, .. } => {
                let failure: Failure = Error::ReadOnly.into();
                Failure { text: "the database is read-only; all was rolled back, it is as it was".to_owned(), ..failure }
            }
            ApplyError::Step { .. } | ApplyError::NotVerified(_) | ApplyError::BrokenReferences(_) => {
                Failure::new(format!("{error}; all was rolled back, the database is as it was"))
            }
            ApplyError::Interrupted => Failure::new("interrupted; all was rolled back, the database is as it was"),
        };
        if refusal { failure.refused() } else { failure }
    }
}

fn unchanged(mut failure: Failure) -> Failure {
    failure.text.push_str("; the database is as it was");
    failure
}

fn blocked(hazards: &[Hazard]) -> Failure {
    let mut text = "the apply is refused; nothing was changed".to_owned();
    for hazard in hazards {
        text.push_str(&format!("\n  {} ({}): {}", hazard.address, hazard.code.name(), hazard.text()));
        if hazard.level == Level::Blocks && !hazard.advice.is_empty() {
            text.push_str(&format!("\n    {}", hazard.advice));
        }
    }
    let failure = Failure::new(text);
    let destroys = hazards.iter().any(|h| h.level == Level::Destroys);
    if destroys { failure.help("if this data may go, add --allow-destructive") } else { failure }
}
