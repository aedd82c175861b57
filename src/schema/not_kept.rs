//! What a schema file says and one database cannot keep. Said to people; no difference between schemas.

use super::{Address, Origin};

/// A rule that the database does not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotKept {
    /// The object that lacks it.
    pub address: Address,
    /// Where it stands in the schema file.
    pub origin: Origin,
    /// What it is, in a few words.
    pub what: String,
}
