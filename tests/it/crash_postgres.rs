//! kill -9 of rosey, a crash of the server, and blocking sessions, in the middle of an apply to PostgreSQL.
//! The part in the transaction is done completely or not at all; the next apply finishes what comes after it,
//! wherever it was interrupted. No row is lost.
#![cfg(unix)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::applied::desired;
use crate::support::postgres::{self, Database, Server};
use crate::support::session::Session;
use rosey::apply::{Observer, Options};
use rosey::render::{self, Style};

/// Two tables with `ROWS` rows each.
const BEFORE: &str = "CREATE TABLE parent (id serial PRIMARY KEY, code text);
    CREATE TABLE child (id serial PRIMARY KEY, parent_id integer, note text, n integer, email text);
    CREATE INDEX by_n ON child (n);
    CREATE INDEX goes ON child (email);
    INSERT INTO parent (code) SELECT 'code ' || i FROM generate_series(1, ROWS) i;
    INSERT INTO child (parent_id, note, n, email) SELECT i, 'note ' || i, i % 7, i || '@example.org' FROM generate_series(1, ROWS) i;";

/// Everything that is staged: NOT NULL, a check, two keys, foreign keys (one to a key that is itself staged),
/// indexes that are added, changed and dropped, a column that is backfilled.
const AFTER: &str = r#"
table parent {
    column id serial primary-key
    column code text not-null unique
}
table child {
    column id serial primary-key
    column parent_id integer not-null references="parent(id)"
    column note text not-null
    column n integer
    column email text unique
    column code text not-null { backfill "'code ' || parent_id" }
    column fresh integer not-null default=7
    foreign-key code references="parent(code)"
    check small "n < 100"
    index by_n {
        part n order=desc
    }
    index by_note note
}
table more {
    column id serial primary-key
}
"#;

/// Keys and names that are swapped, enum values that are used at once, another type.
const OTHER_BEFORE: &str = "CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE a (id integer PRIMARY KEY, x integer NOT NULL, m mood, old text, CONSTRAINT one UNIQUE (x));
    CREATE TABLE b (id integer PRIMARY KEY, a_id integer REFERENCES a (id));
    CREATE UNIQUE INDEX ix ON a (x, id);
    INSERT INTO a SELECT i, i, 'ok', i FROM generate_series(1, ROWS) i;
    INSERT INTO b SELECT i, i FROM generate_series(1, ROWS) i;";

const OTHER_AFTER: &str = r#"
enum mood sad ok happy
table a {
    column id integer not-null
    column x integer primary-key
    column m mood not-null default=happy
    column new integer was=old { using "old::integer" }
    unique id name=two comment="not the key any more"
    unique new name=one
    index ix x id new unique=#true was=ix0 comment=wider
    index ix1 new where="m = 'happy'"
}
table b {
    column id integer primary-key
    column a_id integer not-null
    foreign-key a_id references="a(id)" name=fk_b deferrable=initially-deferred
    check "a_id > 0"
}
view happy { as "SELECT x FROM a WHERE m = 'happy'" }
"#;

fn seeded<'s>(server: &'s Server, before: &str, rows: usize) -> Database<'s> {
    let database = server.database();
    database.sql(&before.replace("ROWS", &rows.to_string()));
    database
}

/// Returns every row, and the number of rows in each table, as far as both schemas have them.
fn content(database: &Database) -> Vec<Vec<String>> {
    let digest = |table: &str, columns: &str| {
        database.rows(&format!("SELECT count(*), md5(string_agg(concat_ws('|', {columns}), ';' ORDER BY id)) FROM {table}")).remove(0)
    };
    vec![digest("parent", "id, code"), digest("child", "id, parent_id, note, n, email")]
}

/// Finds what an apply must not leave behind.
const LEFTOVERS: &str = "SELECT coalesce(string_agg(name, ', '), '0') FROM (
    SELECT conname AS name FROM pg_constraint WHERE conname ~ '^rosey_' OR NOT convalidated
    UNION ALL SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid
    UNION ALL SELECT relname FROM pg_class WHERE relname ~ '_rosey_(new|old)$'
    UNION ALL SELECT typname FROM pg_type WHERE typname ~ '_rosey_old$') AS found";

/// rosey as a program, with its own schema file.
struct Program {
    folder: tempfile::TempDir,
    url: String,
}

impl Program {
    fn new(database: &Database, schema: &str) -> Program {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("schema.kdl"), schema).unwrap();
        Program { folder, url: database.url() }
    }

    fn start(&self, more: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rosey"));
        command.args(["apply", "--auto-approve", "--allow-destructive", "--backup", "never", "--url", &self.url]).args(more);
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn apply(&self, more: &[&str]) -> Output {
        self.start(more).wait_with_output().unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Returns whether the part in the transaction is done; if it is partly done, the test fails. Everything is
/// read from the catalog tables under the snapshot of one statement: `to_regclass` would see what is
/// committed in the meantime.
fn begun(database: &Database) -> bool {
    let parts = database.rows(
        "SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'more'), EXISTS (SELECT FROM pg_class WHERE relname = '_rosey_history'), \
         EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'child'::regclass AND attname = 'fresh')",
    );
    assert!(parts[0].iter().all(|p| *p == parts[0][0]), "half a transaction: {parts:?}");
    parts[0][0] == "t"
}

/// When an apply is interrupted: milliseconds after its start, or after the commit of its transaction.
const PLACES: [(bool, u64); 8] = [(false, 20), (false, 150), (false, 400), (true, 0), (true, 20), (true, 60), (true, 150), (true, 300)];

fn reach(database: &Database, (committed, more): (bool, u64)) {
    if committed {
        wait_until("the transaction does not commit", || begun(database));
    }
    std::thread::sleep(Duration::from_millis(more));
}

#[test]
fn killed_at_any_moment_the_next_apply_finishes() {
    let after = desired(AFTER).unwrap();
    if let Some(server) = postgres::servers().pop() {
        let (mut old, mut begun_at, mut done) = (0, 0, 0);
        for place in PLACES {
            let database = seeded(server, BEFORE, 50_000);
            let (before, program) = (content(&database), Program::new(&database, AFTER));
            let mut child = program.start(&["-q"]);
            reach(&database, place);
            child.kill().ok();
            child.wait().unwrap();
            // The server process continues until it notices that its client is gone.
            wait_until("the session stays", || {
                database.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
                    == "0"
            });
            assert_eq!(content(&database), before, "killed at {place:?}");
            match (begun(&database), database.left(&after, true).is_empty()) {
                (false, _) => old += 1,
                (true, false) => begun_at += 1,
                (true, true) => done += 1,
            }
            let output = program.apply(&["-q"]);
            assert!(output.status.success(), "killed at {place:?}, then: {}", said(&output));
            assert_eq!(content(&database), before);
            assert_eq!(database.left(&after, true), "", "killed at {place:?}");
            assert_eq!(database.value(LEFTOVERS), "0", "killed at {place:?}");
        }
        println!("PostgreSQL {}: {old} kills left it old, {begun_at} begun, {done} done", server.version);
    }
}

/// Stops before the n-th statement, like a kill: rosey closes and rolls back nothing.
struct DiesAt(usize);

impl Observer for DiesAt {
    fn runs(&mut self, _: &str) {
        if self.0 == 0 {
            resume_unwind(Box::new("killed"));
        }
        self.0 -= 1;
    }
}

#[test]
fn cut_off_between_any_two_statements_the_next_apply_finishes() {
    // New plans hardly depend on the server version, and there are many places to interrupt.
    if let Some(server) = postgres::servers().pop() {
        for (before, after, online) in [(BEFORE, AFTER, true), (OTHER_BEFORE, OTHER_AFTER, true), (OTHER_BEFORE, OTHER_AFTER, false)] {
            let after = desired(after).unwrap();
            let mut statements = 0;
            loop {
                let database = seeded(server, before, 60);
                let (place, mut observer) = (format!("PostgreSQL {}, statement {statements}", server.version), DiesAt(statements));
                let cut = catch_unwind(AssertUnwindSafe(|| database.apply_with(&after, online, &Options::default(), &mut observer)));
                if let Ok(outcome) = cut {
                    outcome.unwrap();
                    break;
                }
                let outcome = database.apply(&after, online);
                if let Err(error) = outcome {
                    panic!("{place}: then {error:?}\n{}", database.left(&after, online));
                }
                assert_eq!(database.left(&after, online), "", "{place}");
                assert_eq!(database.value(LEFTOVERS), "0", "{place}");
                assert_eq!(
                    database
                        .value("SELECT sum(n_live) FROM (SELECT count(*) AS n_live FROM pg_class WHERE relname ~ '^_rosey_history$') x"),
                    "1"
                );
                statements += 1;
            }
            assert!(statements > 8, "{statements} statements are too few to be this change");
        }
    }
}

#[test]
fn the_server_crashes_and_the_next_apply_finishes() {
    let after = desired(AFTER).unwrap();
    let Some(version) = postgres::versions().into_iter().find(|v| *v >= 15) else { return };
    let Some(server) = Server::own(version) else { return };
    server.sql("ALTER SYSTEM SET synchronous_commit = on");
    server.sql("ALTER SYSTEM SET fsync = on");
    server.sql("SELECT pg_reload_conf()");
    for place in [(false, 100), (true, 0), (true, 40), (true, 150)] {
        let database = seeded(&server, BEFORE, 50_000);
        let (before, program) = (content(&database), Program::new(&database, AFTER));
        let child = program.start(&["-q"]);
        reach(&database, place);
        server.crash();
        let output = child.wait_with_output().unwrap();
        let begun = begun(&database);
        assert_eq!(content(&database), before, "{place:?}");
        if !output.status.success() {
            assert_eq!(output.status.code(), Some(1), "{}", said(&output));
            println!("{place:?}, transaction done: {begun}: {}", said(&output));
        }
        let output = program.apply(&["-q"]);
        assert!(output.status.success(), "{place:?}, then: {}", said(&output));
        assert_eq!(content(&database), before, "{place:?}");
        assert_eq!(database.left(&after, true), "", "{place:?}");
        assert_eq!(database.value(LEFTOVERS), "0", "{place:?}");
    }
}

/// Whether an index build waits for another transaction to end.
const BUILDING: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE query LIKE 'CREATE%INDEX CONCURRENTLY%' AND state = 'active' AND wait_event_type = 'Lock'
    AND datname = current_database()";

#[test]
fn a_broken_build_is_seen_and_mended() {
    let after = desired(AFTER).unwrap();
    for server in postgres::servers() {
        let database = seeded(server, BEFORE, 2_000);
        let program = Program::new(&database, AFTER);
        // A build waits for transactions that may still read the old rows; here it is terminated while it
        // waits.
        let mut reader = Session::of(&database);
        reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
        let child = program.start(&[]);
        wait_until("no build", || database.value(BUILDING) == "1");
        std::thread::sleep(Duration::from_millis(100));
        database
            .sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()");
        let output = child.wait_with_output().unwrap();
        reader.run("ROLLBACK");
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("the transaction is committed (version 1)"), "{}", said(&output));
        assert_ne!(database.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid"), "0", "{}", said(&output));
        let output = program.apply(&["-q"]);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!((database.left(&after, true).as_str(), database.value(LEFTOVERS).as_str()), ("", "0"));
    }
}

#[test]
fn an_invalid_index_is_shown_and_built_again() {
    let schema = "table t {\n    column id serial primary-key\n    column a integer\n    index by_a a\n}\n";
    let after = desired(schema).unwrap();
    for server in postgres::servers() {
        for online in [true, false] {
            let database = server.database();
            database.sql("CREATE TABLE t (id serial PRIMARY KEY, a integer); CREATE INDEX by_a ON t (a); INSERT INTO t (a) VALUES (1)");
            database.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'by_a'::regclass");
            let plan = database.plan(&after, online).unwrap();
            assert!(render::text(&plan, "schema.kdl", Style::default()).contains("invalid: its build did not finish"));
            database.apply(&after, online).unwrap();
            assert_eq!((database.left(&after, online).as_str(), database.value(LEFTOVERS).as_str()), ("", "0"));
        }
    }
}

#[test]
fn of_two_applies_at_once_one_does_it() {
    for server in postgres::servers() {
        let database = seeded(server, BEFORE, 20_000);
        let program = Program::new(&database, AFTER);
        let both = [program.start(&["--lock-timeout", "60s"]), program.start(&["--lock-timeout", "60s"])];
        let outputs = both.map(|child| child.wait_with_output().unwrap());
        let told: Vec<String> = outputs.iter().map(said).collect();
        assert!(outputs.iter().all(|o| o.status.success()), "{told:?}");
        assert_eq!(told.iter().filter(|t| t.contains("Apply complete (version 1)")).count(), 1, "{told:?}");
        assert_eq!(told.iter().filter(|t| t.contains("No changes.")).count(), 1, "{told:?}");
        assert_eq!(database.rows("SELECT number, outcome FROM _rosey_history"), [["1", "applied"]]);
    }
}

#[test]
fn who_holds_the_lock_is_told() {
    for server in postgres::servers() {
        let database = seeded(server, BEFORE, 10);
        let mut other = Session::of(&database);
        other.run("SELECT pg_advisory_lock(x'726f736579'::bigint)");
        let output = Program::new(&database, AFTER).apply(&["--lock-timeout", "500ms", "-q"]);
        let told = said(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(&format!("process {}", other.pid())) && told.contains("nothing was changed"), "{told}");
        assert!(!begun(&database));
    }
}

#[test]
fn a_session_in_the_way_is_named() {
    for server in postgres::servers() {
        let database = seeded(server, BEFORE, 10);
        let before = content(&database);
        let mut other = Session::of(&database);
        let pid = other.pid();
        other.run("BEGIN; SELECT count(*) FROM child");
        let began = Instant::now();
        let output = Program::new(&database, AFTER).apply(&["--lock-timeout", "3s", "-q"]);
        let told = said(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(&format!("process {pid}")) && told.contains("SELECT count(*) FROM child"), "{told}");
        assert!(began.elapsed() > Duration::from_secs(3), "it did not try again: {told}");
        assert!(!begun(&database) && content(&database) == before);
        // It continues as soon as the other session releases its lock.
        let program = Program::new(&database, AFTER);
        let child = program.start(&["--lock-timeout", "30s", "-q"]);
        std::thread::sleep(Duration::from_millis(700));
        other.run("COMMIT");
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
}

/// Sends SIGINT, like Ctrl-C.
fn interrupt(child: &Child) {
    // SAFETY: sends a signal to a process of this test, which has not been waited for.
    assert_eq!(unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) }, 0);
}

#[test]
fn an_interrupt_rolls_back() {
    for server in postgres::servers() {
        let database = seeded(server, BEFORE, 5_000);
        database.sql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN new; END'");
        database.sql("CREATE TRIGGER slow BEFORE UPDATE ON child FOR EACH ROW EXECUTE FUNCTION slow()");
        let (before, program) = (content(&database), Program::new(&database, AFTER));
        let child = program.start(&[]);
        wait_until("no long step", || {
            database.value(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'UPDATE%' AND state = 'active' AND datname = current_database()",
            ) == "1"
        });
        let began = Instant::now();
        interrupt(&child);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("interrupted; rolled back; the database is unchanged"), "{}", said(&output));
        assert!(began.elapsed() < Duration::from_secs(30), "it went on to its end");
        assert!(!begun(&database) && content(&database) == before);
    }
}

#[test]
fn an_interrupt_after_the_transaction_says_what_is_left() {
    for server in postgres::servers() {
        let database = seeded(server, BEFORE, 2_000);
        let program = Program::new(&database, AFTER);
        let mut reader = Session::of(&database);
        reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
        let child = program.start(&[]);
        wait_until("no build", || database.value(BUILDING) == "1");
        std::thread::sleep(Duration::from_millis(100));
        interrupt(&child);
        let output = child.wait_with_output().unwrap();
        reader.run("ROLLBACK");
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("the transaction is committed (version 1)"), "{}", said(&output));
        let output = program.apply(&["-q"]);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(database.value(LEFTOVERS), "0");
    }
}
