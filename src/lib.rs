//! rosey: a declarative migrator for database schemas.
//!
//! A schema file declares the tables; a plan lists what would change in a live database; an apply makes these
//! changes atomically. An application that contains its schema needs three calls:
//!
//! ```
//! use rosey::{ApplyOptions, Database, PlanOptions, SchemaFile, Silent};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("app.db");
//! # let url = file.to_str().ok_or("the path is not UTF-8")?;
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let schema = SchemaFile::from_text("schema.kdl", "table users { column id serial primary-key; column name text }");
//! let database = Database::open(url)?; // a path, `sqlite:///app.db` or `postgresql://user@host/database`
//! let prepared = database.plan(&schema, PlanOptions::default()).await?;
//! database.apply(&prepared, ApplyOptions::default(), &mut Silent).await?;
//!
//! // The second time, nothing is left to do.
//! assert!(database.plan(&schema, PlanOptions::default()).await?.is_empty());
//! assert_eq!(database.history().await?.len(), 1);
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! An apply refuses to destroy data unless its options permit it, and a rollback reports what it cannot
//! restore:
//!
//! ```
//! use rosey::{ApplyError, ApplyOptions, Database, Error, PlanOptions, SchemaFile, Silent};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("app.db");
//! # let url = file.to_str().ok_or("the path is not UTF-8")?;
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let one = SchemaFile::from_text("schema.kdl", "table users { column id serial primary-key; column name text }");
//! let two = SchemaFile::from_text("schema.kdl", "table users { column id serial primary-key }");
//! let database = Database::open(url)?;
//! let prepared = database.plan(&one, PlanOptions::default()).await?;
//! database.apply(&prepared, ApplyOptions::default(), &mut Silent).await?;
//!
//! let prepared = database.plan(&two, PlanOptions::default()).await?;
//! let refused = database.apply(&prepared, ApplyOptions::default(), &mut Silent).await;
//! assert!(matches!(refused, Err(Error::Apply(ApplyError::Blocked(_)))));
//! let options = ApplyOptions { allow_destructive: true, ..ApplyOptions::default() };
//! database.apply(&prepared, options, &mut Silent).await?;
//!
//! let back = database.rollback_to(1, PlanOptions::default()).await?;
//! assert_eq!(back.lost().len(), 1); // the values of `name`
//! database.apply(&back, ApplyOptions::default(), &mut Silent).await?;
//! assert!(database.plan(&one, PlanOptions::default()).await?.is_empty());
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! What an application needs is at the root of the crate; in [`render`], which renders a plan as text,
//! Markdown, HTML, JSON or SQL; and in [`testing`], which tries out schema changes. These follow Semantic
//! Versioning: enums and structs that may grow are `#[non_exhaustive]`, so match with a `_` arm and use the
//! constructor functions. Options are the exception: write them with `..Default::default()`.
//! `docs/library.md` is the guide.

// The test harness for PostgreSQL servers refers to this library as `rosey`, as every test does.
#[cfg(test)]
extern crate self as rosey;

// The parts, each of which imports only parts above it: schema, kdl, diff, plan, engine, apply and lint,
// render, testing, cli. Hidden parts are public only for the integration tests and the program; they may
// change in any version.
#[doc(hidden)]
pub mod apply;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod diff;
#[doc(hidden)]
pub mod engine;
#[doc(hidden)]
pub mod kdl;
#[doc(hidden)]
pub mod lint;
#[doc(hidden)]
pub mod plan;
pub mod render;
#[doc(hidden)]
pub mod schema;
pub mod testing;

pub use apply::library::{Database, Error, Prepared};
pub use apply::rollback::NoRollbackTarget;
pub use apply::{ApplyError, Entry, HistoryError, Observer, Options as ApplyOptions, Outcome, Report, Silent};
pub use engine::{BackupMode, BadUrl, EngineOptions, PlanError, PlanOptions, Remarks, SqlitePath};
pub use kdl::{Diagnostics, Sources as SchemaFile};
pub use plan::{Counts, Hazard, Level, Lost, Plan, Step};
pub use schema::Dialect;
