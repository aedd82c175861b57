//! How a plan is made against a database, and what there is to say of it: the options of every engine as plain data. An engine
//! passes over those that are not its own.

use std::time::Duration;

use crate::plan::Counts;

/// How a plan is made.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// How tables of a SQLite file are changed.
    pub path: SqlitePath,
    /// PostgreSQL: whether tables that hold rows are changed without stopping writers.
    pub online: bool,
    /// How long a plan waits for another program's lock.
    pub wait: Duration,
    /// How rows are counted.
    pub counts: Counts,
    /// How long a plan counts for one hazard.
    pub count_limit: Duration,
}

impl Default for Way {
    fn default() -> Self {
        Way {
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
    /// `ALTER TABLE` where it fits, else an edit of the stored definition, else a rebuild.
    #[default]
    Cheapest,
    /// SQLite's documented rebuild for every table that changes.
    Rebuild,
}

/// What `plan` has to say besides the plan.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Remarks {
    /// Schemas that hold something and that neither the file nor the history names.
    pub left_alone: Vec<String>,
    /// The server could not be asked about expressions: some may be shown as changed that are not.
    pub unasked: bool,
    /// There is a history, and the role may not read it: guards and drift are not known.
    pub history_unread: bool,
    /// Why an apply will refuse to write the history on: a later rosey wrote its last row.
    pub later: Option<String>,
}
