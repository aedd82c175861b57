//! Plans without access to the database, from a snapshot of it. Opens no database.

use crate::plan::{Fact, Plan};
use crate::schema::{Address, Schema};

/// A snapshot of a database, as read from its file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordedState<'n> {
    pub(crate) current: &'n Schema,
    pub(crate) facts: &'n [Fact],
    /// What the last apply recorded.
    pub(crate) recorded: Option<Recorded<'n>>,
    /// The last version in the history; 0 if there is none.
    pub(crate) number: i64,
}

/// What the last apply recorded.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'r> {
    /// The schema after it, in the database's spelling.
    pub after: &'r Schema,
    /// The schema in the spelling of its file.
    pub written: &'r Schema,
}

/// A plan that was made without the database.
#[derive(Debug, Clone)]
pub struct OfflinePlan {
    /// The plan, without counts.
    pub plan: Plan,
    /// Objects with an expression whose spelling differs but that the database might consider equal, sorted
    /// by name.
    pub unsettled: Vec<Address>,
    /// The desired schema in a spelling that results in the same plan without the recorded schemas; `None` if
    /// it is unchanged.
    pub desired: Option<Schema>,
}
