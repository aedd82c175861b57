//! Plans for a database that is not at hand, from what was noted of it. Opens none.

use crate::plan::{Fact, Plan};
use crate::schema::{Address, Schema};

/// What was noted of a database, as it is read back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordedState<'n> {
    pub(crate) current: &'n Schema,
    pub(crate) facts: &'n [Fact],
    /// What the last apply recorded.
    pub(crate) recorded: Option<Recorded<'n>>,
    /// The last version in its history; 0 if there is none.
    pub(crate) number: i64,
}

/// What the last apply recorded.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'r> {
    /// The schema after it, in the database's spelling.
    pub after: &'r Schema,
    /// The schema as its file spelled it.
    pub written: &'r Schema,
}

/// A plan that was made without the database.
#[derive(Debug, Clone)]
pub struct OfflinePlan {
    /// The plan, without counts.
    pub plan: Plan,
    /// Objects with an expression whose spelling differs but that the database might consider equal, ordered by name.
    pub unsettled: Vec<Address>,
    /// The desired schema in a spelling that yields the same plan without what was recorded; `None` if it is as it was
    /// given.
    pub desired: Option<Schema>,
}
