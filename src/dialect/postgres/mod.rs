//! PostgreSQL: inspect, normalise, types, DDL text, changes → steps, connection.

pub(crate) mod connection;
mod ddl;
pub(crate) mod default_name;
pub(crate) mod facts;
pub(crate) mod lower;
pub(crate) mod names;
pub(crate) mod types;
pub(crate) mod words;

pub use connection::Error;
