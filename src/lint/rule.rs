//! A lint rule and its findings: plain data.

use crate::kdl::project::Severity;
use crate::schema::{Address, Capabilities, Dialect, Origin, Schema};

/// The explanation of a code, in `rosey explain` and the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Text {
    /// The code. It never changes, because users write it in their files.
    pub code: &'static str,
    /// What is found, in a sentence.
    pub summary: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub instead: &'static str,
    /// An example of the finding, or of what to write.
    pub example: &'static str,
}

/// A lint rule for schemas.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Rule {
    /// The code and explanation.
    pub text: Text,
    /// The level, unless `rosey.kdl` sets another.
    pub level: Severity,
    /// Returns whether it applies to an engine with these capabilities.
    pub applies: fn(&Capabilities) -> bool,
    /// Returns the findings.
    pub check: fn(&Schema, Dialect) -> Vec<Finding>,
}

/// Returns true: the rule applies to every engine.
pub(super) fn everywhere(_: &Capabilities) -> bool {
    true
}

impl Rule {
    /// Returns the dialects that it applies to.
    pub fn dialects(&self) -> impl Iterator<Item = Dialect> {
        Dialect::ALL.into_iter().filter(|d| (self.applies)(d.capabilities()))
    }

    /// Returns its code.
    pub fn code(&self) -> &'static str {
        self.text.code
    }
}

/// One finding of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The object.
    pub address: Address,
    /// The position in the schema file.
    pub origin: Origin,
    /// What was found, in a sentence.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

impl Finding {
    /// Creates a finding at an object.
    pub fn new(address: Address, origin: Origin, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Finding { address, origin, message: message.into(), advice: advice.into() }
    }
}
