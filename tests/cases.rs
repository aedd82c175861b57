//! One KDL file a case, on each database that can have it: there and back, with the rows that are in it.

mod case;
mod support;

use case::{on_postgres, on_sqlite};

datatest_stable::harness! {
    { test = on_sqlite::run, root = "tests/cases", pattern = r"\.kdl$" },
    { test = on_postgres::run, root = "tests/cases", pattern = r"\.kdl$" },
}
