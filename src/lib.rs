//! rosey: a declarative migrator for database schemas.
//!
//! A schema file declares the tables; a plan lists what would change in a live database; an apply makes these
//! changes atomically. The layers, each of which imports only layers above it:
//!
//! | module | what it does |
//! | --- | --- |
//! | [`schema`] | the model as plain data |
//! | [`kdl`] | reads schema files into the model and writes them |
//! | [`diff`] | compares two normalised schemas |
//! | [`plan`] | steps, hazards and their order |
//! | [`engine`] | what is specific to one database |
//! | [`lint`] | finds what is risky in a schema or a plan, and says why |
//! | [`apply`] | locks, checks again, backs up, runs, verifies, records |
//! | [`render`] | prints a plan as text, JSON or SQL |
//! | [`testing`] | tries out schema changes, in scratch databases or offline |
//! | [`cli`] | the command line |
//!
//! Versions follow Semantic Versioning: enums and structs that may grow are `#[non_exhaustive]`, so match
//! with a `_` arm and use the constructor functions. Options are the exception: write them with
//! `..Default::default()`. [`cli`] is the program itself and not covered by that promise; the README says
//! which of its output is stable.
//!
//! An application that ships its schema:
//!
//! ```no_run
//! use rosey::{apply, kdl, schema::Dialect};
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let sources = kdl::Sources::from_text("schema.kdl", "table users { column id serial primary-key }");
//! let desired = apply::Desired::new(kdl::decode(&sources, Dialect::Sqlite)?, Dialect::Sqlite)?;
//! let database = apply::Database::file("app.db");
//! let plan = database.plan(&desired, apply::PlanOptions::default()).await?.plan;
//! database.apply(desired.normalized(), &plan, &apply::Options::default(), Default::default(), &mut apply::Silent).await?;
//! # Ok(())
//! # }
//! ```

// The test harness for PostgreSQL servers refers to this library as `rosey`, as every test does.
#[cfg(test)]
extern crate self as rosey;

pub mod apply;
pub mod cli;
pub mod diff;
pub mod engine;
pub mod kdl;
pub mod lint;
pub mod plan;
pub mod render;
pub mod schema;
pub mod testing;
