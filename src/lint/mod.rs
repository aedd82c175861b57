//! What is risky in a schema or a plan although no database refuses it: rules as plain data, one file each.
//!
//! A rule finds; it mends nothing. How much it weighs is for `rosey.kdl`, and where it is right all the same for an `allow`
//! with a reason in the schema. Nothing here opens a database.

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
pub use found::{Found, Levels, lint, merged, touched, unknown_allows};
pub use plan::annotate;
pub use renames::{Suggestion, suggestions};
pub use rule::{Finding, Rule, Text};
pub use rules::RULES;

pub use crate::kdl::project::Severity;
