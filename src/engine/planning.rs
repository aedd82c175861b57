//! How a plan is made against a database, and what there is to say of it: the options of every engine as plain data. An engine
//! passes over those that are not its own.

use std::time::Duration;

use crate::plan::Counts;

/// How a plan is made.
#[derive(Debug, Clone, Copy)]
pub struct PlanOptions {
    /// How tables of a SQLite file are changed.
    pub path: SqlitePath,
    /// PostgreSQL: whether tables that contain rows are changed without blocking writers.
    pub online: bool,
    /// How long to wait for a lock that another client holds.
    pub wait: Duration,
    /// How rows are counted.
    pub counts: Counts,
    /// The time limit for counting the rows of one hazard.
    pub count_limit: Duration,
}

impl Default for PlanOptions {
    fn default() -> Self {
        PlanOptions {
            path: SqlitePath::Cheapest,
            online: true,
            wait: Duration::from_secs(5),
            counts: Counts::Full,
            count_limit: Duration::from_secs(10),
        }
    }
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

/// Remarks about a plan.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Remarks {
    /// Non-empty schemas that neither the file nor the history names, and that rosey does not manage.
    pub left_alone: Vec<String>,
    /// The server could not evaluate expressions: some may be reported as changed although they are not.
    pub unasked: bool,
    /// The role may not read the existing history: guards and drift are unknown.
    pub history_unread: bool,
    /// Why an apply will refuse to write the history on: a later rosey wrote its last row.
    pub later: Option<String>,
}
