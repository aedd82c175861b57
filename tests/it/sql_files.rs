//! A dump of a PostgreSQL database, read without a server, is the schema of that database: a plan to it is
//! empty.
//!
//! `ROSEY_TEST_DUMPS=all cargo test --test it sql_files::` runs every case.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::case::Case;
use crate::support::applied;
use crate::support::postgres::{Database, Server, say, servers};
use rosey::engine::postgres;
use rosey::render;
use rosey::schema::{Dialect, Normalized};

fn dump(database: &Database, pg_dump: &Path) -> String {
    let output = Command::new(pg_dump).arg("--schema-only").arg(database.url()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Fails with the differences between the database and the schema in the SQL, if there are any.
fn difference(database: &Database, sql: &str) -> Result<(), String> {
    let schema = postgres::from_sql(sql).map_err(|e| format!("{e:?}"))?;
    let unmanaged = schema.unmanaged.clone();
    let schema: Normalized = rosey::engine::desired(schema, Dialect::Postgres).map_err(|e| format!("{e:?}"))?;
    let plan = database.plan(&schema, false).map_err(|e| format!("{e:?}"))?;
    if !plan.changes.is_empty() || !plan.steps.is_empty() {
        return Err(format!("{:?}\n{}", plan.changes.addresses(), render::sql(&plan)));
    }
    let kdl = database.inspect();
    let live = applied::desired(&kdl).map(|n| n.schema().unmanaged.clone()).unwrap_or_default();
    let strange: Vec<_> = unmanaged.iter().filter(|u| !live.iter().any(|l| l.kind == u.kind && l.name == u.name)).collect();
    let untold: Vec<_> = live.iter().filter(|l| !unmanaged.iter().any(|u| l.kind == u.kind && l.name == u.name)).collect();
    if strange.is_empty() && untold.is_empty() { Ok(()) } else { Err(format!("unmanaged: {strange:?}\nnot told: {untold:?}")) }
}

fn is_its_dump(server: &'static Server, make: impl Fn(&Database) -> Result<(), String>) -> Option<Result<(), String>> {
    let pg_dump = server.tool("pg_dump")?;
    let database = server.database();
    make(&database).ok()?;
    let sql = dump(&database, &pg_dump);
    Some(difference(&database, &sql).map_err(|e| format!("PostgreSQL {}: {e}\n{sql}", server.version)))
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let mut all: Vec<PathBuf> = entries.flat_map(|p| if p.is_dir() { cases(&p) } else { vec![p] }).collect();
    all.retain(|p| p.extension().is_some_and(|e| e == "kdl"));
    all.sort();
    all
}

#[test]
fn the_dump_of_each_case_is_its_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    // One server is enough: the output of pg_dump hardly differs between versions.
    let Some(server) = servers().into_iter().find(|s| s.tool("pg_dump").is_some()) else { return };
    let (mut wrong, mut seen, mut right) = (Vec::new(), BTreeSet::new(), 0);
    // A dump takes half a second: use some of PostgreSQL's own cases and fewer of the others, unless all are
    // requested.
    let all = std::env::var_os("ROSEY_TEST_DUMPS").is_some_and(|v| v == "all");
    let taken = |(i, path): &(usize, PathBuf)| all || i % 8 == 0 || i % 2 == 0 && path.parent().is_some_and(|p| p.ends_with("postgres"));
    for (_, path) in cases(&folder).into_iter().enumerate().filter(taken) {
        let case = Case::read(&path, Dialect::Postgres).unwrap();
        for part in ["before", "after"] {
            let text = case.text(part);
            let Ok(schema) = applied::desired(&text) else { continue };
            if !seen.insert(text) {
                continue;
            }
            match is_its_dump(server, |d| d.apply(&schema, false).map(drop).map_err(|e| format!("{e:?}"))) {
                Some(Err(e)) => wrong.push(format!("{} {part}\n{e}", path.display())),
                Some(Ok(())) => right += 1,
                None => {} // not supported by the server
            }
        }
    }
    say(&format!("{right} dumps of {} schemas are right", seen.len()));
    assert!(wrong.is_empty() && right > 60, "{right} are right, {} wrong:\n{}", wrong.len(), wrong.join("\n====\n"));
}

#[test]
fn what_an_orm_writes_is_the_schema_that_it_makes() {
    let sql = include_str!("../bot/v0.6.0.postgres.sql");
    for server in servers() {
        let database = server.database();
        database.sql(sql);
        difference(&database, sql).unwrap_or_else(|e| panic!("{e}"));
    }
}

/// Hand-written, with everything that a database may contain.
const EVERYTHING: &str = include_str!("../sql/everything.sql");

#[test]
fn a_file_and_the_dump_of_what_it_makes_are_the_same() {
    for server in servers().into_iter().filter(|s| s.version >= 15) {
        let database = server.database();
        database.sql(EVERYTHING);
        difference(&database, EVERYTHING).unwrap_or_else(|e| panic!("by hand: {e}"));
        if let Some(outcome) = is_its_dump(server, |d| d.try_sql(EVERYTHING).map_err(|e| e.to_string())) {
            outcome.unwrap_or_else(|e| panic!("{e}"));
        }
    }
}
