//! PostgreSQL: inspect, normalise, types, DDL text, changes → steps, connection.

mod check;
pub(crate) mod connection;
mod names;
mod scan;
mod whole;

pub use check::problems;
pub use connection::Error;
