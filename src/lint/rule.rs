//! What a rule is, and what it finds: plain data.

use crate::kdl::project::Severity;
use crate::schema::{Address, Capabilities, Dialect, Origin, Schema};

/// What is told of a code, by `rosey explain` and in the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Text {
    /// The code, which does not change. People put it into their files.
    pub code: &'static str,
    /// What is found, in a sentence.
    pub summary: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub instead: &'static str,
    /// What it looks like, or what to write.
    pub example: &'static str,
}

/// A rule about schemas.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Rule {
    /// Its code, and what is told of it.
    pub text: Text,
    /// How much it weighs where `rosey.kdl` does not say.
    pub level: Severity,
    /// Whether it is about an engine that does this.
    pub applies: fn(&Capabilities) -> bool,
    /// Finds what the rule is about.
    pub check: fn(&Schema, Dialect) -> Vec<Finding>,
}

/// A rule about every engine.
pub(super) fn everywhere(_: &Capabilities) -> bool {
    true
}

impl Rule {
    /// The dialects that it is about.
    pub fn dialects(&self) -> impl Iterator<Item = Dialect> {
        Dialect::ALL.into_iter().filter(|d| (self.applies)(d.capabilities()))
    }

    /// Its code.
    pub fn code(&self) -> &'static str {
        self.text.code
    }
}

/// One thing that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The object.
    pub address: Address,
    /// Where it stands in the schema file.
    pub origin: Origin,
    /// What is so, in a sentence.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

impl Finding {
    /// A finding at an object.
    pub fn new(address: Address, origin: Origin, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Finding { address, origin, message: message.into(), advice: advice.into() }
    }
}
