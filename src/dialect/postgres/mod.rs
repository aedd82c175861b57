//! PostgreSQL: inspect, normalise, types, DDL text, changes → steps, connection.

mod ask;
mod canon;
pub(crate) mod connection;
mod default_name;
mod error;
mod facts;
mod inspect;
mod names;
mod normalize;
mod read_type;
mod types;
mod url;
mod words;

pub use error::Error;
pub use url::{Url, UrlError};
