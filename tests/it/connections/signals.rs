//! Ctrl-C and SIGTERM in each phase.

use std::process::Child;
use std::time::Duration;

use super::{BEFORE, Program, Run, STAGED, wait_until};
use crate::support::postgres;
use crate::support::session::Session;

fn send(child: &Child, signal: i32) {
    // SAFETY: sends a signal to a process of this test, which has not been waited for.
    assert_eq!(unsafe { libc::kill(child.id() as libc::pid_t, signal) }, 0);
}

const BOTH: [(i32, i32); 2] = [(libc::SIGINT, 130), (libc::SIGTERM, 143)];

#[test]
fn while_planning_the_servers_query_is_stopped() {
    for server in postgres::servers() {
        let database = server.database();
        database.sql(BEFORE);
        let checked = STAGED.replace("index by_a a", "check \"a > 0\"");
        for (signal, code) in BOTH {
            let mut other = Session::of(&database);
            other.run("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
            let program = Program::new(&checked);
            let child = program.start(&["plan", "--url", &database.url()]);
            let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rosey' AND wait_event_type = 'Lock'";
            wait_until("it waits for nothing", || database.value(waits) == "1");
            send(&child, signal);
            let run = Run::of(child);
            run.ends(code, &["error: interrupted; nothing was changed"]);
            run.never_says(&["canceled", "help:"]);
            assert_eq!(database.value(waits), "0");
            other.run("ROLLBACK");
        }
    }
}

#[test]
fn while_counting_the_servers_query_is_stopped() {
    let counted = "check \"a > 0\"\n    column c integer not-null { backfill \"(SELECT count(*)::int FROM t x, t y, t z WHERE x.a + y.a + z.a = t.a)\" }";
    for server in postgres::servers() {
        let database = server.database();
        database.sql(BEFORE);
        let program = Program::new(&STAGED.replace("index by_a a", counted));
        let counts = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rosey' AND state = 'active' AND query LIKE '%SAVEPOINT rosey_count%'";
        for (signal, code) in BOTH {
            let child = program.start(&["plan", "--url", &database.url()]);
            wait_until("it counts nothing", || database.value(counts) == "1");
            std::thread::sleep(Duration::from_millis(300));
            let began = std::time::Instant::now();
            send(&child, signal);
            let run = Run::of(child);
            run.ends(code, &["error: interrupted; nothing was changed"]);
            run.never_says(&["canceled", "not counted"]);
            wait_until("the server's query goes on", || database.value(counts) == "0");
            // A count may take ten seconds; rosey did not wait for it.
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        }
    }
}

#[test]
fn while_it_waits_for_another_apply() {
    for server in postgres::servers() {
        let database = server.database();
        database.sql(BEFORE);
        let mut other = Session::of(&database);
        other.run("SELECT pg_advisory_lock(x'726f736579'::bigint)");
        for (signal, code) in BOTH {
            let program = Program::new(STAGED);
            let child = program.start(&["apply", "--auto-approve", "--lock-timeout", "60s", "--url", &database.url()]);
            wait_until("it does not connect", || {
                database.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rosey'")
                    != "0"
            });
            std::thread::sleep(Duration::from_millis(300));
            send(&child, signal);
            Run::of(child).ends(code, &["error: interrupted; nothing was changed"]);
        }
    }
}

#[test]
fn while_it_waits_for_a_sqlite_file() {
    let program = Program::new(STAGED);
    let path = program.folder.path().join("test.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (signal, code) in BOTH {
        runtime.block_on(async {
            use sqlx::{ConnectOptions as _, Connection as _};
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
            let mut other = options.connect().await.unwrap();
            sqlx::raw_sql("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY); BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
            let child = program.start(&["plan", "--url", "test.db"]);
            std::thread::sleep(Duration::from_millis(700));
            send(&child, signal);
            Run::of(child).ends(code, &["error: interrupted; nothing was changed"]);
            sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
            other.close().await.unwrap();
        });
    }
}
