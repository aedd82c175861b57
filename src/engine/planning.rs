//! The options of a plan, and the remarks on it. Those of a single engine are in the folder of that engine.

use std::time::Duration;

use super::registry::EngineOptions;
use crate::plan::Counts;

/// How a plan is made.
#[derive(Debug, Clone, Copy)]
pub struct PlanOptions {
    /// The options of a single engine.
    pub engine: EngineOptions,
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
            engine: EngineOptions::default(),
            wait: Duration::from_secs(5),
            counts: Counts::Full,
            count_limit: Duration::from_secs(10),
        }
    }
}

/// Remarks about a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remarks {
    /// Non-empty schemas that neither the file nor the history names, and that rosey does not manage.
    pub left_alone: Vec<String>,
    /// The server was not asked about expressions: some may be reported as changed although they are not.
    pub unasked: bool,
    /// The role may not read the existing history: guards and drift are unknown.
    pub history_unread: bool,
    /// Why an apply will refuse to add to the history: a later rosey wrote the last row.
    pub later: Option<String>,
}

impl Remarks {
    /// Returns true if there is nothing to say.
    pub fn is_empty(&self) -> bool {
        *self == Remarks::default()
    }
}
