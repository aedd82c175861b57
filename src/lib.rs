//! rosey: a declarative migrator for database schemas.
//!
//! A schema file says what the tables shall be; a plan says what would change in a live database; an apply makes it
//! true, all or nothing. The layers, each importing only what stands above it:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`schema`] | the model as plain data |
//! | [`kdl`] | schema files to the model and back |
//! | [`diff`] | two normalised schemas to changes |
//! | [`plan`] | steps, hazards, order |
//! | [`dialect`] | what is true of one database only |
//! | [`lint`] | what is risky in a schema or a plan, and why |
//! | [`apply`] | lock, look again, back up, run, verify, record |
//! | [`render`] | a plan as text, JSON or SQL |
//! | [`testing`] | changes of a schema, tried out in scratch databases or on paper |
//! | [`cli`] | the program |
//!
//! Versions follow Semantic Versioning: enums and structs that may grow are `#[non_exhaustive]`, so match with a `_` and take
//! values from the functions that make them. Options are the exception: they are written out with `..Default::default()`. [`cli`]
//! is the program itself and no part of that promise; what it prints is kept stable as the README says.
//!
//! A program that brings its schema with it:
//!
//! ```no_run
//! use rosey::{apply, dialect::sqlite, kdl, schema::Dialect};
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let sources = kdl::Sources::from_text("schema.kdl", "table users { column id serial primary-key }");
//! let desired = sqlite::desired(kdl::decode(&sources, Dialect::Sqlite)?)?;
//! let path = std::path::Path::new("app.db");
//! let plan = apply::plan(path, &desired).await?;
//! apply::apply(path, &desired, &plan, &apply::Options::default(), Default::default(), &mut apply::Silent).await?;
//! # Ok(())
//! # }
//! ```

// The harness of the PostgreSQL servers names the library as every test does.
#[cfg(test)]
extern crate self as rosey;

pub mod apply;
pub mod cli;
pub mod dialect;
pub mod diff;
pub mod kdl;
pub mod lint;
pub mod plan;
pub mod render;
pub mod schema;
pub mod testing;
