//! The databases: everything that is true of one of them only.

pub(crate) mod advice;
pub(crate) mod bookkeeping;
mod error;
pub(crate) mod filled;
pub(crate) mod guards;
pub(crate) mod operators;
pub mod postgres;
pub mod sqlite;

pub use error::{Error, PlanError};

#[cfg(test)]
mod tests;
