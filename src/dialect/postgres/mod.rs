//! PostgreSQL: inspect, normalise, types, DDL text, changes → steps, connection.

pub(crate) mod connection;
mod error;
mod url;

pub use error::Error;
pub use url::{Url, UrlError};
