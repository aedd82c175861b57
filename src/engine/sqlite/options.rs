//! The options of plans that only SQLite has.

/// How a plan for a SQLite file is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanningOptions {
    /// How tables are changed.
    pub path: SqlitePath,
}

/// How tables of a SQLite file are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SqlitePath {
    /// `ALTER TABLE` if possible, then an edit of the stored definition, then a rebuild.
    #[default]
    Cheapest,
    /// SQLite's documented rebuild for every table that changes.
    Rebuild,
}

impl PlanningOptions {
    /// Returns whether every table that changes is rebuilt.
    pub(crate) fn rebuild_only(self) -> bool {
        self.path == SqlitePath::Rebuild
    }
}
