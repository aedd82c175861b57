//! What will be done and what it costs: steps with their SQL, hazards, and the order. Pure: a dialect makes the steps.

mod allowed;
mod back;
mod counts;
mod fact;
mod file;
mod frame;
mod hazard;
mod losses;
mod order;
mod record;
mod rename;
mod step;

use std::collections::BTreeSet;

use crate::diff::{Changes, UnmanagedDifference};
use crate::schema::{Dialect, ObjectName};

pub use allowed::Allowed;
pub use back::{Fate, Lost};
pub use counts::{Counts, NotCounted, leave_uncounted};
pub use fact::Fact;
pub(crate) use file::digest;
pub use file::{Draft, FILE_FORMAT, FileError, FileKind, PlanFile, State, read_plan, write_plan};
pub use frame::{Frame, Piece, counted_again};
pub use hazard::{Code, Hazard, Level, Probe, bytes, counted, thousands};
pub use losses::Losses;
pub(crate) use order::contended;
pub use order::order;
pub use record::{HISTORY_FORMAT, Identity, Kind, Record};
pub(crate) use rename::encode_renames;
pub use rename::{Rename, decode_renames, renames};
pub use step::{Action, Evaluates, Footprint, Lock, Statement, Step, Transaction, Work, same_work};

/// A plan: the changes, and the steps that make them, in the order they run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// The kind of database.
    pub dialect: Dialect,
    /// What differs.
    pub changes: Changes,
    /// What is done about it.
    pub steps: Vec<Step>,
    /// A digest of the live schema that the plan starts from.
    pub fingerprint: String,
    /// Guards (`prevent-destroy`) that the history does not know of yet, or knows of still. They are no change of the
    /// database; the next apply records them.
    pub guards: Vec<String>,
    /// SQLite: whether tables that change are rebuilt, whatever would be cheaper.
    pub rebuild_only: bool,
    /// PostgreSQL: whether tables that hold rows are changed without stopping writers, where there is a way.
    pub online: bool,
    /// How its rows were counted, and are counted again by the apply.
    pub counts: Counts,
    /// Whether the database file is made by the apply.
    pub creates_database: bool,
    /// Whether it goes back to a recorded schema, and so not to what a schema file says.
    pub leads_back: bool,
    /// What somebody else has changed since the last number of the history.
    pub drift: Option<Drift>,
    /// What is not managed and is not as the schema file says. None of it is a change.
    pub unmanaged: Vec<UnmanagedDifference>,
    /// PostgreSQL: the tables that were taken to hold rows, where a plan file says so; else that is asked.
    pub holding: Option<BTreeSet<ObjectName>>,
}

/// What changed in a database since the last number of its history, and was not rosey's doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The last number.
    pub number: i64,
    /// From what it recorded to what is there.
    pub changes: Changes,
    /// What is not managed and differs from what was recorded.
    pub unmanaged: Vec<UnmanagedDifference>,
}

impl Plan {
    /// True where there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// All hazards, in the order of the steps.
    pub fn hazards(&self) -> impl Iterator<Item = &Hazard> {
        self.steps.iter().flat_map(|s| &s.hazards)
    }

    /// The hazards that stop an apply; those that destroy only where that has not been allowed, at all or by name.
    pub fn blocking(&self, allow_destructive: bool, allowed: &[Allowed]) -> Vec<&Hazard> {
        let may = |h: &Hazard| h.level == Level::Destroys && (allow_destructive || allowed.iter().any(|a| a.covers(h)));
        self.hazards().filter(|h| h.stops() && !may(h)).collect()
    }

    /// Notes at the hazards that destroy which of them may, so that it is shown and judged as one thing.
    pub fn give_leave(&mut self, allow_destructive: bool, allowed: &[Allowed]) {
        for hazard in self.steps.iter_mut().flat_map(|s| &mut s.hazards).filter(|h| h.level == Level::Destroys) {
            hazard.allowed = allow_destructive || allowed.iter().any(|a| a.covers(hazard));
        }
    }

    /// Rows that the rebuilds copy; nothing where they have not been counted.
    pub fn rows_copied(&self) -> Option<i64> {
        self.steps.iter().filter(|s| s.action == Action::Rebuild).map(|s| s.rows).sum()
    }

    /// Free bytes that the rebuilds need, where they have been measured: the new table beside the old one, and the
    /// journal that could bring the old one back.
    pub fn disk_needed(&self) -> i64 {
        self.steps.iter().filter(|s| s.action == Action::Rebuild).filter_map(|s| s.bytes).sum::<i64>().saturating_mul(2)
    }

    /// The statements, in order.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.steps.iter().flat_map(|s| &s.statements)
    }

    /// How many top-level objects come, change and go. A rebuild is a change; what is only carried over is none.
    pub fn summary(&self) -> Summary {
        let count = |wanted: &[Action]| {
            let steps = self.steps.iter().filter(|s| wanted.contains(&s.action));
            steps.map(|s| &s.address).collect::<BTreeSet<_>>().len()
        };
        Summary {
            add: count(&[Action::Create]),
            change: count(&[Action::Alter, Action::Rebuild, Action::Replace]),
            destroy: count(&[Action::Destroy]),
            rebuilt: count(&[Action::Rebuild]),
            rows_copied: self.rows_copied(),
            losses: Losses::of(self.hazards()),
        }
    }
}

/// The numbers of a plan's last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Objects that come.
    pub add: usize,
    /// Objects that change.
    pub change: usize,
    /// Objects that go.
    pub destroy: usize,
    /// Tables among the changed ones that are rebuilt.
    pub rebuilt: usize,
    /// Rows that this copies; nothing where they have not been counted.
    pub rows_copied: Option<i64>,
    /// The data that is lost for good; nothing where none is.
    pub losses: Option<Losses>,
}

impl Summary {
    /// The losses in brackets, to stand behind the number of objects that are destroyed; empty where nothing is lost.
    pub fn losses_in_brackets(&self) -> String {
        self.losses.map(|l| format!(" ({l})")).unwrap_or_default()
    }
}
