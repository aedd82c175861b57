//! `allow CODE "reason"`: what somebody has looked at and lets stand. What the codes are is not known here.

use super::Origin;

/// Leave for one code at one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// The code of the rule.
    pub code: String,
    /// Why it is right here.
    pub reason: String,
    /// Where it stands in the schema file.
    pub origin: Origin,
}

/// What is let stand at an object. No difference between objects: all are equal.
#[derive(Debug, Clone, Default)]
pub struct Allows(pub Vec<Allow>);

impl PartialEq for Allows {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Allows {}
