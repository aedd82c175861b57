//! PostgreSQL: inspect, normalise, types, DDL text, changes → steps, connection.

mod canon;
pub(crate) mod connection;
mod default_name;
mod facts;
mod inspect;
mod names;
mod normalize;
mod read_type;
mod types;
mod words;

pub use connection::Error;
