//! PostgreSQL: inspect, normalise, types, DDL text, changes → steps, connection.

mod ask;
mod canon;
mod check;
mod check_names;
pub(crate) mod connection;
mod ddl;
mod default_name;
mod dependents;
mod error;
mod facts;
mod from_sql;
pub(crate) mod inspect;
mod known_types;
mod lower;
mod measure;
mod names;
mod normalize;
pub mod offline;
mod owned;
pub(crate) mod planner;
mod read_type;
pub(crate) mod rows;
mod scan;
mod settle;
mod standing;
mod trial;
mod types;
mod url;
mod whole;
mod words;

pub use check::problems;
pub use error::Error;
pub use from_sql::{SqlProblem, from_sql};
pub use planner::{PlanError, desired};
pub(crate) use standing::gives_back;
pub use url::{Url, UrlError};
