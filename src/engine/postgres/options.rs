//! The options of plans that only PostgreSQL has.

/// How a plan for a PostgreSQL database is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanningOptions {
    /// Whether tables that contain rows are changed without blocking writers.
    pub online: bool,
}

impl Default for PlanningOptions {
    fn default() -> Self {
        PlanningOptions { online: true }
    }
}
