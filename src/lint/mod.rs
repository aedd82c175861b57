//! Finds what is risky in a schema or a plan although no database rejects it: rules as plain data, one file
//! each.
//!
//! A rule reports findings and fixes nothing. Its level is set in `rosey.kdl`, and exceptions with an `allow`
//! and a reason in the schema. Nothing here opens a database.

mod access;
mod clients;
mod codes;
mod found;
mod hazards;
mod likeness;
mod names;
mod plan;
mod renames;
mod rule;
mod rules;
#[cfg(test)]
mod tests;
mod types;

pub use codes::{Entry, explain, explanations, levelled, page};
pub use found::{LeveledFinding, Levels, lint, merged, touched, unknown_allows};
pub use plan::annotate;
pub use renames::{Suggestion, suggestions};
pub use rule::{Finding, Rule, Text};
pub use rules::RULES;

pub use crate::kdl::project::Severity;
