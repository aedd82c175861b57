//! rosey: a declarative migrator for database schemas.
pub mod apply;
pub mod cli;
pub mod dialect;
pub mod diff;
pub mod kdl;
pub mod plan;
pub mod render;
pub mod schema;
