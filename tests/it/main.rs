//! All tests that use real databases or the program, in one binary, so that only one is linked. A suite is a
//! module: `cargo test --locked --test it errors::` runs one. The PostgreSQL servers are shared by all suites.
//!
//! The tests run at the same time in one process: none may change its environment, its working directory or
//! its signal handlers. Names that belong to a whole server, such as those of roles, are used by one test
//! each, and queries on `pg_stat_activity` or `pg_locks` select their own database.

#[allow(dead_code)] // the cases are run by tests/cases.rs
#[path = "../case/mod.rs"]
mod case;
#[path = "../support/mod.rs"]
mod support;

mod bot;
mod ci;
mod cli;
mod connections;
mod crash;
mod crash_postgres;
mod docs;
mod errors;
mod examples;
mod fuzz;
mod hostile_postgres;
mod hostile_sqlite;
mod layers;
mod live;
mod random;
mod random_postgres;
mod raw;
mod reports;
mod restore;
mod servers;
mod sql_files;
mod state_postgres;
mod torture;
mod traffic;
mod traffic_postgres;
mod unmanaged_postgres;
