//! kill -9 in the middle of an apply: the database is wholly old or wholly new, never between.
#![cfg(unix)]

mod support;

use std::process::{Command, Stdio};
use std::time::Duration;

use rosey::apply::{self, BackupMode, Observer, Options};
use support::{Database, desired, wait};

const BEFORE: &str = "CREATE TABLE parent(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, n INTEGER DEFAULT 1);
    CREATE INDEX by_name ON parent(name);
    CREATE TABLE child(id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent(id) ON DELETE CASCADE);
    CREATE TRIGGER forbid BEFORE DELETE ON child BEGIN SELECT raise(ABORT, 'no'); END;
    WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000)
        INSERT INTO parent(id, name, n) SELECT i * 2, 'name ' || i, NULL FROM c;
    INSERT INTO child SELECT id, id FROM parent WHERE id % 10 = 0;";

/// One table rebuilt, one edited in the catalog, one created.
const AFTER: &str = "table parent {\n    column id serial primary-key autoincrement\n    column name text not-null unique\n    column n text\n    index by_name name\n}\n\
    table child {\n    column id serial primary-key\n    column parent_id integer not-null references=\"parent(id)\" on-delete=cascade\n}\n\
    table more {\n    column id serial primary-key\n}\n\
    trigger forbid { as \"BEFORE DELETE ON child BEGIN SELECT raise(ABORT, 'no'); END\" }\n";

fn content(database: &Database) -> Vec<Vec<Vec<String>>> {
    let queries = [
        "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name NOT LIKE '\\_rosey%' ESCAPE '\\' ORDER BY 1, 2",
        "SELECT id, name, n FROM parent ORDER BY id",
        "SELECT id, parent_id FROM child ORDER BY id",
        "SELECT name, seq FROM sqlite_sequence",
    ];
    queries.iter().map(|q| database.rows(q)).collect()
}

#[test]
fn killed_at_any_moment_it_is_old_or_new() {
    let folder = tempfile::tempdir().unwrap();
    let schema = folder.path().join("schema.kdl");
    std::fs::write(&schema, AFTER).unwrap();
    let (mut old, mut new) = (0, 0);
    for mode in ["DELETE", "WAL"] {
        let database = Database::from_sql(&format!("PRAGMA journal_mode = {mode}; {BEFORE}"));
        let before = content(&database);
        let image = database.bytes();
        for delay in (0..24).map(|i| Duration::from_millis(4 + i * 5)) {
            for suffix in ["-wal", "-shm", "-journal"] {
                std::fs::remove_file(format!("{}{suffix}", database.path.display())).ok();
            }
            std::fs::write(&database.path, &image).unwrap();
            let mut child = Command::new(env!("CARGO_BIN_EXE_rosey"))
                .args(["apply", "--auto-approve", "--allow-destructive", "--backup", "never", "-q", "--url"])
                .arg(&database.path)
                .arg("--schema")
                .arg(&schema)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(delay);
            child.kill().ok();
            child.wait().unwrap();
            assert_eq!(database.value("PRAGMA integrity_check"), "ok", "{mode} {delay:?}");
            if content(&database) == before {
                old += 1;
            } else {
                new += 1;
                assert!(database.plan(&desired(AFTER).unwrap()).unwrap().is_empty(), "{mode} {delay:?}: between");
                assert_eq!(database.value("SELECT count(*) FROM _rosey_history"), "1");
                assert_eq!(database.value("SELECT count(*) FROM child"), "4000");
            }
        }
    }
    println!("{old} kills left the old database, {new} the new one");
    assert!(old > 0, "no kill came in time to be of use");
}

/// An observer that dies before the n-th statement, as a kill would have it: nothing is closed or rolled back.
struct DiesAt(usize);

impl Observer for DiesAt {
    fn runs(&mut self, _: &str) {
        if self.0 == 0 {
            std::process::abort();
        }
        self.0 -= 1;
    }
    fn verifies(&mut self) {
        if self.0 == 0 {
            std::process::abort();
        }
    }
}

#[test]
#[ignore = "the process that the next test kills"]
fn the_process_that_dies() {
    let (path, n) = (std::env::var("ROSEY_TEST_DATABASE").unwrap(), std::env::var("ROSEY_TEST_DIES_AT").unwrap());
    let (path, after) = (std::path::PathBuf::from(path), desired(AFTER).unwrap());
    let plan = wait(apply::plan(&path, &after)).unwrap();
    let options = Options { allow_destructive: true, backup: BackupMode::Never, ..Options::default() };
    wait(apply::apply(&path, &after, &plan, &options, Default::default(), &mut DiesAt(n.parse().unwrap()))).unwrap();
}

#[test]
fn killed_between_any_two_statements_it_is_old() {
    for mode in ["DELETE", "WAL"] {
        let small = BEFORE.replace("20000", "200");
        let database = Database::from_sql(&format!("PRAGMA journal_mode = {mode}; {small}"));
        let before = content(&database);
        let mut statements = 0;
        loop {
            let done = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "--ignored", "the_process_that_dies"])
                .env("ROSEY_TEST_DATABASE", &database.path)
                .env("ROSEY_TEST_DIES_AT", statements.to_string())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success();
            if done {
                break;
            }
            assert_eq!(content(&database), before, "{mode}: killed before statement {statements}");
            assert_eq!(database.value("PRAGMA integrity_check"), "ok");
            statements += 1;
        }
        assert!(statements > 10, "{statements} statements are too few to be this change");
        assert!(database.plan(&desired(AFTER).unwrap()).unwrap().is_empty());
    }
}
