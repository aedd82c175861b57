//! SQLite: inspect, normalise, types, DDL text, changes → steps, connection.

pub(crate) mod backup;
mod canon;
mod check;
pub(crate) mod connection;
mod cursor;
mod ddl;
mod indexed_by;
pub(crate) mod inspect;
pub(crate) mod keywords;
mod layout;
pub(crate) mod lexer;
mod lower;
mod measure;
mod normalize;
pub mod offline;
pub(crate) mod planner;
mod prove;
mod read_other;
mod read_table;
pub(crate) mod references;
pub(crate) mod types;
mod value;

#[cfg(test)]
mod oracle;

pub use check::problems;
pub use connection::{Error, PULSE, Pulse};
pub(crate) use normalize::normalize as normalized;
pub use planner::{PlanError, desired};
