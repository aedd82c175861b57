//! SQLite: inspection, normalization, types, DDL, changes to steps, connection.

pub(crate) mod backup;
mod broken_objects;
mod canon;
mod check;
mod codes;
mod compiles;
pub(crate) mod connection;
mod cursor;
mod ddl;
mod disk_space;
pub(crate) mod file;
mod frame;
mod from_sql;
pub(crate) mod gate;
pub(crate) mod help;
pub(crate) mod history;
mod implied;
mod indexed_by;
pub(crate) mod inspect;
pub(crate) mod keywords;
mod layout;
pub(crate) mod lexer;
pub(crate) mod lower;
pub(crate) mod measure;
mod normalize;
pub mod offline;
mod options;
pub(crate) mod outcome;
pub(crate) mod overwrite;
pub(crate) mod planner;
mod prepare;
pub(crate) mod product;
mod prove;
mod read_other;
mod read_table;
pub(crate) mod references;
mod restore;
mod rewrite;
mod scratch;
pub(crate) mod script;
pub(crate) mod session;
pub(crate) mod shell;
mod snapshot;
pub(crate) mod types;
mod url;
mod value;
pub(crate) mod verify;

#[cfg(test)]
mod oracle;

pub use crate::engine::{CANCELLED, CancelToken};
pub use connection::Error;
pub use from_sql::{Made, SqlFileError, from_sql};
pub(crate) use normalize::normalize as normalized;
pub use options::{PlanningOptions, SqlitePath};
pub use planner::PlanError;
