//! `allow CODE "reason"`: lint findings that somebody has reviewed and accepted. This module does not know
//! the codes.

use super::Origin;

/// Permission for one code on one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// The code of the lint rule.
    pub code: String,
    /// Why the finding is acceptable here.
    pub reason: String,
    /// The position in the schema file.
    pub origin: Origin,
}

/// The findings allowed on an object. Not part of a comparison: all values are equal.
#[derive(Debug, Clone, Default)]
pub struct Allows(pub Vec<Allow>);

impl PartialEq for Allows {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Allows {}
