//! kill -9, or a failing write, in the middle of an apply: the database is either entirely old or entirely
//! new.
#![cfg(unix)]

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::support::{Database, desired, planned, wait};
use rosey::apply::{self, BackupMode, Observer, Options, PlanOptions};

const BEFORE: &str = "CREATE TABLE parent(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, n INTEGER DEFAULT 1);
    CREATE INDEX by_name ON parent(name);
    CREATE TABLE child(id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent(id) ON DELETE CASCADE);
    CREATE TRIGGER forbid BEFORE DELETE ON child BEGIN SELECT raise(ABORT, 'no'); END;
    WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000)
        INSERT INTO parent(id, name, n) SELECT i * 2, 'name ' || i, NULL FROM c;
    INSERT INTO child SELECT id, id FROM parent WHERE id % 10 = 0;";

/// One table rebuilt, one changed by a definition edit, one created.
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

/// Restores the file, with nothing next to it.
fn put(database: &Database, image: &[u8]) {
    for suffix in ["-wal", "-shm", "-journal"] {
        std::fs::remove_file(beside(database, suffix)).ok();
    }
    std::fs::write(&database.path, image).unwrap();
}

fn beside(database: &Database, suffix: &str) -> String {
    format!("{}{suffix}", database.path.display())
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
            put(&database, &image);
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

/// An observer that dies before the n-th statement, like a kill: nothing is closed or rolled back.
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
    let live = apply::Database::file(path);
    let plan = planned(&live, &after, PlanOptions::default()).unwrap();
    let options = Options { allow_destructive: true, backup: BackupMode::Never, ..Options::default() };
    wait(live.apply(&after, &plan, &options, Default::default(), &mut DiesAt(n.parse().unwrap()))).unwrap();
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
                .args(["--exact", "--ignored", "crash::the_process_that_dies"])
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

fn narrow(mode: &str) -> Database {
    Database::from_sql(&format!("PRAGMA journal_mode = {mode}; {}", BEFORE.replace("20000", "4000")))
}

/// Returns a database with more to write than fits in SQLite's cache, so that it also writes before the
/// commit.
fn wide(mode: &str) -> Database {
    let rows = BEFORE.replace("20000", "4000").replace("'name ' || i", "printf('%300d', i)");
    Database::from_sql(&format!("PRAGMA journal_mode = {mode}; {rows}"))
}

/// Runs a command in a process whose files cannot grow beyond `limit` bytes. Further writes fail with
/// SQLite's "disk I/O error".
fn within(limit: usize, database: &Database, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rosey"));
    command.args(arguments).args(["--auto-approve", "--url"]).arg(&database.path).current_dir(database.path.parent().unwrap());
    let limit = libc::rlimit { rlim_cur: limit as libc::rlim_t, rlim_max: limit as libc::rlim_t };
    let restrict = move || {
        // SAFETY: both calls are allowed between fork and exec, and the limit lives until they return.
        // Without the first the write would kill the process.
        let set =
            unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) != libc::SIG_ERR && libc::setrlimit(libc::RLIMIT_FSIZE, &limit) == 0 };
        if set { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    };
    // SAFETY: the closure calls nothing else and does not allocate.
    unsafe { command.pre_exec(restrict) };
    command.output().unwrap()
}

fn apply_within(limit: usize, database: &Database, backup: &str) -> Output {
    std::fs::write(database.path.with_file_name("schema.kdl"), AFTER).unwrap();
    within(limit, database, &["apply", "--allow-destructive", "--quiet", "--backup", backup])
}

/// Returns the database file and files named after it.
fn files(database: &Database) -> Vec<String> {
    let entries = std::fs::read_dir(database.path.parent().unwrap()).unwrap();
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|n| n.starts_with("test.db"));
    names
}

/// Returns how an apply with failing writes ended: 0 if it succeeded, otherwise by what failed: 1 the plan, 2
/// a step, 3 the commit.
fn ending(output: &Output) -> usize {
    if output.status.success() {
        return 0;
    }
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    match said.lines().nth(1).unwrap_or_default() {
        "error: disk I/O error" => 1,
        "error: disk I/O error; the database is unchanged" => 3,
        error if error.starts_with("error: table.") && error.ends_with(": disk I/O error; rolled back; the database is unchanged") => 2,
        _ => panic!("{said}"),
    }
}

#[test]
fn a_write_that_fails_leaves_it_old() {
    let after = desired(AFTER).unwrap();
    for mode in ["DELETE", "WAL"] {
        let mut ends = [0; 4];
        for database in [narrow(mode), wide(mode)] {
            let (before, image) = (content(&database), database.bytes());
            database.apply(&after, true).unwrap();
            let (applied, size) = (content(&database), database.bytes().len());
            for limit in (0..=10).map(|i| size * i / 8) {
                put(&database, &image);
                let end = ending(&apply_within(limit, &database, "never"));
                ends[end] += 1;
                let place = format!("{mode}, {limit} of {size} bytes, ending {end}");
                // A remaining journal can only be rolled back by a process that may write.
                if end > 0 && limit >= image.len() {
                    assert!(database.bytes() == image, "{place}: another file");
                    assert!(!std::path::Path::new(&beside(&database, "-journal")).exists(), "{place}: a journal");
                }
                // In WAL mode everything is written by the commit, though perhaps not yet to the database
                // file itself.
                assert!(content(&database) == if end == 0 { applied.clone() } else { before.clone() }, "{place}: other content");
                assert_eq!(database.value("PRAGMA integrity_check"), "ok", "{place}");
                if end > 0 {
                    database.apply(&after, true).unwrap_or_else(|e| panic!("{place}: then {e}"));
                    assert!(content(&database) == applied, "{place}: then other content");
                }
            }
        }
        println!("{mode}: {ends:?} times nothing, the plan, a step and the commit failed");
        assert!(ends[0] > 0 && ends[2] > 0 && ends[3] > 0, "{mode}: {ends:?}");
    }
}

#[test]
fn a_backup_that_fails_or_serves_no_more_is_taken_away() {
    for mode in ["DELETE", "WAL"] {
        let database = wide(mode);
        let image = database.bytes();
        for (limit, said) in
            [(image.len() / 2, ".backup failed: disk I/O error; nothing was changed"), (image.len(), "the database is unchanged")]
        {
            let output = apply_within(limit, &database, "auto");
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{mode}: {error}");
            assert!(error.lines().nth(1).is_some_and(|l| l.ends_with(said)), "{mode}: {error}");
            assert!(database.bytes() == image, "{mode}: {error}");
            assert_eq!(files(&database), ["test.db"], "{mode}: {error}");
        }
    }
}

#[test]
fn a_restore_that_fails_leaves_it_old() {
    for mode in ["DELETE", "WAL"] {
        let database = narrow(mode);
        let (image, larger) = (database.bytes(), wide(mode).bytes());
        std::fs::write(database.path.with_file_name("larger"), &larger).unwrap();
        for limit in [image.len(), larger.len() / 4, larger.len() / 2, larger.len() - 4096] {
            let output = within(limit, &database, &["restore", "larger"]);
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{mode}, {limit} bytes: {error}");
            assert!(error.contains("disk I/O error; the database is unchanged"), "{mode}, {limit} bytes: {error}");
            assert!(database.bytes() == image, "{mode}, {limit} bytes: {error}");
            assert_eq!(files(&database), ["test.db"], "{mode}, {limit} bytes: {error}");
        }
    }
}
