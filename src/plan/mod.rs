//! What is done and what it costs: steps with their SQL, hazards, and the order. Pure: the steps come from a
//! dialect.

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
mod resource;
mod step;

use std::collections::BTreeSet;

use crate::diff::{Changes, UnmanagedDifference};
use crate::schema::{Dialect, ObjectName};

pub use allowed::Allowed;
pub use back::{LossCause, Lost};
pub use counts::{Counts, NotCounted, leave_uncounted};
pub use fact::Fact;
pub use file::{Draft, FILE_FORMAT, FileError, FileKind, PlanFile, State, read_plan, write_plan};
pub(crate) use file::{add_part, digest};
pub use frame::{Frame, Piece, counted_again};
pub use hazard::{Code, Hazard, Level, Probe, bytes, counted, thousands};
pub use losses::Losses;
pub(crate) use order::contended;
pub use order::order;
pub use record::{HISTORY_FORMAT, Identity, Kind, Record};
pub(crate) use rename::encode_renames;
pub use rename::{Rename, decode_renames, renames};
pub use resource::Resource;
pub use step::{Action, Evaluates, Footprint, Lock, Statement, StatementKind, Step, Transaction, Work, same_work};

/// A plan: the changes, and the steps that make them, in execution order.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// The dialect.
    pub dialect: Dialect,
    /// The differences.
    pub changes: Changes,
    /// The steps.
    pub steps: Vec<Step>,
    /// A digest of the live schema that the plan starts from.
    pub fingerprint: String,
    /// Guards (`prevent-destroy`) that must be added to or removed from the history. They do not change the
    /// database; the
    /// next apply records them.
    pub guards: Vec<String>,
    /// SQLite: whether every table that changes is rebuilt, even if a cheaper path exists.
    pub rebuild_only: bool,
    /// PostgreSQL: whether tables that contain rows are changed without blocking writers, if possible.
    pub online: bool,
    /// How its rows were counted, and are counted again by the apply.
    pub counts: Counts,
    /// Whether the apply creates the database file.
    pub creates_database: bool,
    /// Whether it is a rollback to a recorded schema, not a change to what a schema file says.
    pub is_rollback: bool,
    /// What was changed outside rosey since the last version.
    pub drift: Option<Drift>,
    /// Unmanaged objects that differ from the schema file. These differences are not changes.
    pub unmanaged: Vec<UnmanagedDifference>,
    /// PostgreSQL: the tables assumed to contain rows, if a plan file lists them; otherwise the server is
    /// asked.
    pub holding: Option<BTreeSet<ObjectName>>,
}

/// Changes to a database since the last version of its history that rosey did not make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The last version.
    pub number: i64,
    /// The changes from its recorded schema to the live one.
    pub changes: Changes,
    /// Unmanaged objects that differ from what was recorded.
    pub unmanaged: Vec<UnmanagedDifference>,
}

impl Plan {
    /// Returns a plan that does nothing, and about which there is nothing to say.
    pub(crate) fn of_nothing(dialect: Dialect, fingerprint: &str, counts: Counts) -> Plan {
        Plan {
            dialect,
            changes: Changes::default(),
            steps: Vec::new(),
            fingerprint: fingerprint.to_owned(),
            guards: Vec::new(),
            rebuild_only: false,
            online: false,
            counts,
            creates_database: false,
            is_rollback: false,
            drift: None,
            unmanaged: Vec::new(),
            holding: None,
        }
    }

    /// Returns true if there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Returns all hazards, in the order of the steps.
    pub fn hazards(&self) -> impl Iterator<Item = &Hazard> {
        self.steps.iter().flat_map(|s| &s.hazards)
    }

    /// Returns the hazards that stop an apply. Those that destroy data do so only if they have not been
    /// permitted, in general or by name.
    pub fn blocking(&self, allow_destructive: bool, allowed: &[Allowed]) -> Vec<&Hazard> {
        let may = |h: &Hazard| h.level == Level::Destroys && (allow_destructive || allowed.iter().any(|a| a.covers(h)));
        self.hazards().filter(|h| h.stops() && !may(h)).collect()
    }

    /// Marks which of the hazards that destroy data are permitted, so that output and checks agree.
    pub fn grant_permission(&mut self, allow_destructive: bool, allowed: &[Allowed]) {
        for hazard in self.steps.iter_mut().flat_map(|s| &mut s.hazards).filter(|h| h.level == Level::Destroys) {
            hazard.allowed = allow_destructive || allowed.iter().any(|a| a.covers(hazard));
        }
    }

    /// Returns the number of rows that rebuilds copy; `None` if they were not counted.
    pub fn rows_copied(&self) -> Option<i64> {
        self.steps.iter().filter(|s| s.action == Action::Rebuild).map(|s| s.rows).sum()
    }

    /// Returns the free bytes that rebuilds need, as far as measured: for the new table beside the old one,
    /// and for the rollback journal.
    pub fn disk_needed(&self) -> i64 {
        self.steps.iter().filter(|s| s.action == Action::Rebuild).filter_map(|s| s.bytes).sum::<i64>().saturating_mul(2)
    }

    /// Returns the statements, in order.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.steps.iter().flat_map(|s| &s.statements)
    }

    /// Counts the top-level objects that are added, changed and dropped. A rebuild is a change; an object
    /// that is dropped and re-created unchanged does not count.
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

/// The numbers in a plan's last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Objects that are added.
    pub add: usize,
    /// Objects that are changed.
    pub change: usize,
    /// Objects that are dropped.
    pub destroy: usize,
    /// Changed tables that are rebuilt.
    pub rebuilt: usize,
    /// Rows that rebuilds copy; `None` if they were not counted.
    pub rows_copied: Option<i64>,
    /// The data that is lost irreversibly, if any.
    pub losses: Option<Losses>,
}

impl Summary {
    /// Returns the losses in parentheses, to follow the number of dropped objects; empty if nothing is lost.
    pub fn losses_in_brackets(&self) -> String {
        self.losses.map(|l| format!(" ({l})")).unwrap_or_default()
    }
}
