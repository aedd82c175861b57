//! Which way a table is changed: the cheapest that takes all its edits.

use std::collections::BTreeSet;

use super::super::inspect::Live;
use super::{catalog, native};
use crate::diff::TableEdits;
use crate::plan::Statement;

/// What limits the choice.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    /// Nothing but the documented rebuild.
    pub(crate) rebuild_only: bool,
    /// Views and triggers that no longer parse, in lower case: SQLite renames nothing while they are there.
    pub(crate) broken: BTreeSet<String>,
    /// Indexes go in steps of their own, before all else: two tables give each other the names of theirs.
    pub(crate) indexes_first: bool,
    /// Tables whose cheaper way SQLite has refused in the trial, in lower case.
    pub(crate) rebuilt: BTreeSet<String>,
}

/// The way a table goes.
#[derive(Debug)]
pub(super) enum Path {
    /// `ALTER TABLE`.
    Native,
    /// The stored text is edited.
    Catalog(Vec<Statement>),
    /// Create, copy, swap.
    Rebuild,
}

impl Path {
    pub(super) fn of(edits: &TableEdits, live: &Live, limits: &Limits) -> Path {
        if !edits.changes_table() {
            return Path::Native;
        }
        if limits.rebuild_only || limits.rebuilt.contains(&edits.live.name.name.as_str().to_ascii_lowercase()) {
            return Path::Rebuild;
        }
        if native::fits(edits) {
            return Path::Native;
        }
        catalog::statements(edits, live).map_or(Path::Rebuild, Path::Catalog)
    }

    /// Whether views and triggers that name the table have to be out of the way.
    pub(super) fn disturbs(&self, edits: &TableEdits) -> bool {
        match self {
            Path::Native => edits.renames() || native::drops_columns(edits),
            Path::Catalog(_) => catalog::writes_rows(edits),
            Path::Rebuild => true,
        }
    }
}
