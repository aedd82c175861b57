//! PostgreSQL: inspect, normalise, types, DDL text, changes → steps, connection.

pub(crate) mod connection;

pub use connection::Error;
