//! The databases: everything that is true of one of them only.

pub mod postgres;
pub mod sqlite;
