//! Chooses how a table is changed: the cheapest path that can make all its edits.

use std::collections::BTreeSet;

use super::super::inspect::Live;
use super::{ahead, catalog, native};
use crate::diff::TableEdits;
use crate::plan::Statement;

/// Limits of the choice.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    /// Only the documented rebuild.
    pub(crate) rebuild_only: bool,
    /// Views and triggers that no longer parse, in lower case: SQLite cannot rename anything while they
    /// exist.
    pub(crate) broken: BTreeSet<String>,
    /// Indexes are dropped in steps of their own, before everything else: two tables exchange the names of
    /// their indexes.
    pub(crate) indexes_first: bool,
    /// Tables whose cheaper path SQLite refused in the trial, by their new names in lower case.
    pub(crate) rebuilt: BTreeSet<String>,
    /// Foreign keys that are written before what they reference is renamed: the new names of their table and
    /// of the referenced one, in lower case.
    pub(crate) ahead: BTreeSet<(String, String)>,
}

/// How a table is changed.
#[derive(Debug)]
pub(super) enum Path {
    /// `ALTER TABLE`.
    Native,
    /// An edit of the stored definition.
    Catalog(Vec<Statement>),
    /// Create, copy, swap.
    Rebuild,
}

impl Path {
    pub(super) fn of(edits: &TableEdits, live: &Live, limits: &Limits) -> Path {
        if ahead::binds(limits, &edits.after.name) {
            return Path::Rebuild;
        }
        if !edits.changes_table() {
            return Path::Native;
        }
        if limits.rebuild_only || limits.rebuilt.contains(&edits.after.name.name.as_str().to_ascii_lowercase()) {
            return Path::Rebuild;
        }
        if native::fits(edits) {
            return Path::Native;
        }
        catalog::statements(edits, live).map_or(Path::Rebuild, Path::Catalog)
    }

    /// Returns true if views and triggers that name the table have to be dropped temporarily.
    pub(super) fn disturbs(&self, edits: &TableEdits) -> bool {
        match self {
            Path::Native => edits.renames() || native::drops_columns(edits),
            Path::Catalog(_) => catalog::writes_rows(edits),
            Path::Rebuild => true,
        }
    }
}
