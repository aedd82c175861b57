//! The databases: everything that is specific to one of them.

mod address;
pub(crate) mod advice;
pub(crate) mod affinity;
pub(crate) mod backups;
pub(crate) mod bookkeeping;
mod cancel_token;
mod error;
mod failure;
pub(crate) mod filled;
pub(crate) mod guards;
pub(crate) mod history;
pub(crate) mod offline;
pub(crate) mod operators;
mod planning;
pub mod postgres;
pub(crate) mod product;
pub(crate) mod recorded;
mod registry;
pub(crate) mod snapshot;
pub mod sqlite;
pub(crate) mod traits;
pub(crate) mod values;

pub(crate) use address::{Address, dialect_of_scheme, has_password, split_scheme, url_forms};
pub use address::{BadUrl, Trust};
pub use cancel_token::{CANCELLED, CancelToken};
pub use error::{Error, PlanError};
pub use failure::{ApplyError, HistoryError};
pub use planning::{PlanOptions, Remarks};
pub(crate) use postgres::gives_back;
/// The reader of SQL type names. Also used for schema files, which may contain the type names of any engine.
pub(crate) use postgres::read_type;
pub use registry::{Database, EngineOptions, desired, problems};
pub(crate) use registry::{cancel_all, database_of, is_reserved, normalized, product_of};
pub use sqlite::SqlitePath;
/// The scanner of SQL. Also used for expressions that are not specific to an engine.
pub(crate) use sqlite::lexer as scanner;
pub use traits::BackupMode;

#[cfg(test)]
mod tests;
