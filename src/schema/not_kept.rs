//! Declarations in a schema file that a database cannot keep. Reported to the user; not a difference between
//! schemas.

use super::{Address, Origin};

/// A constraint or option that the database does not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotKept {
    /// The object that lacks it.
    pub address: Address,
    /// The position in the schema file.
    pub origin: Origin,
    /// What it is, in a few words.
    pub what: String,
}
