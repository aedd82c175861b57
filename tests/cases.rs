//! Runs each KDL case, on every database that supports it: the change and its rollback, with rows.

mod case;
mod support;

use case::{on_postgres, on_sqlite};

datatest_stable::harness! {
    { test = on_sqlite::run, root = "tests/cases", pattern = r"\.kdl$" },
    { test = on_postgres::run, root = "tests/cases", pattern = r"\.kdl$" },
}
