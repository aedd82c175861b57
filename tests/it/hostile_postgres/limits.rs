//! Statements that the server cannot stop, and operator classes, types and sizes that a plan must leave alone.

use std::process::Command;
use std::time::{Duration, Instant};

use rosey::apply::{self, PlanOptions};
use rosey::engine::PlanError;
use rosey::engine::postgres::Url;
use rosey::plan::Counts;
use rosey::render::{self, Style};

use super::{SLEEP, formats, plan};
use crate::support::applied::desired;
use crate::support::planned;
use crate::support::postgres::{Database, Server, servers, versions};

fn last() -> Option<&'static Server> {
    servers().into_iter().next_back()
}

/// Sends a signal to a server process.
fn signal(name: &str, pid: &str) {
    assert!(Command::new("kill").args([name, pid]).status().unwrap().success());
}

/// Returns the server process that counts rows, once it does.
fn counting(database: &Database<'_>) -> String {
    let sql = "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
               AND query LIKE '%SELECT c0::%' AND clock_timestamp() - query_start > interval '0.3 s' AND pid <> pg_backend_pid()";
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let pid = database.value(sql);
        if pid != "0" {
            return pid;
        }
        assert!(Instant::now() < until, "nothing is counted");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A stopped process reacts to no timeout, cancellation or termination, like one that never checks for
/// interrupts.
#[test]
fn a_plan_does_not_wait_for_a_process_that_the_server_cannot_stop() {
    // A server of its own: while a process is stopped, databases can be neither created nor dropped.
    let Some(server) = versions().last().and_then(|v| Server::own(*v)) else { return };
    let database = server.database();
    database.sql("CREATE TABLE t (n integer); INSERT INTO t SELECT generate_series(1, 3000)");
    let slow = "(SELECT count(*)::int FROM t a, t b, t c WHERE a.n + b.n + c.n = t.n)";
    let wanted = desired(&format!("table t {{\n column n integer\n column m integer not-null {{ backfill \"{slow}\" }}\n}}\n")).unwrap();
    let url = Url::parse(&database.url()).unwrap();
    let planner = std::thread::spawn(move || {
        let began = Instant::now();
        (planned(&apply::Database::server(url), &wanted, PlanOptions::default()).map(drop), began.elapsed())
    });
    let pid = counting(&database);
    signal("-STOP", &pid);
    let (outcome, took) = planner.join().unwrap();
    signal("-CONT", &pid);
    let Err(PlanError::Database(error)) = outcome else { panic!("{outcome:?}") };
    let told = error.to_string();
    assert!(told.contains(&format!("process {pid} ")) && told.contains("has not stopped a statement"), "{told}");
    assert!(took < Duration::from_secs(30), "{took:?}");
    // It has been terminated, which takes effect as soon as it continues.
    let left = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}");
    let until = Instant::now() + Duration::from_secs(20);
    while database.value(&left) != "0" {
        assert!(Instant::now() < until, "process {pid} goes on");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The witness is a sequence, which is not rolled back.
const CLASSES: &str = "
    CREATE SCHEMA w;
    CREATE SEQUENCE w.witness;
    CREATE FUNCTION w.seen(oid) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM nextval('w.witness'); RETURN true; END $$;
    CREATE OPERATOR CLASS w.plain_ops FOR TYPE integer USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=,
      OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer), FUNCTION 4 w.seen(oid);
    CREATE TYPE w.mood AS ENUM ('good', 'bad');
    CREATE FUNCTION w.order(w.mood, w.mood) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 0';
    CREATE OPERATOR CLASS w.mood_ops DEFAULT FOR TYPE w.mood USING btree AS
      OPERATOR 1 < (anyenum, anyenum), OPERATOR 2 <= (anyenum, anyenum), OPERATOR 3 = (anyenum, anyenum),
      OPERATOR 4 >= (anyenum, anyenum), OPERATOR 5 > (anyenum, anyenum),
      FUNCTION 1 w.order(w.mood, w.mood), FUNCTION 4 w.seen(oid);
    CREATE DOMAIN w.feeling AS w.mood;
    CREATE TABLE users (id integer PRIMARY KEY, n integer NOT NULL, m w.mood, f w.feeling);
    INSERT INTO users VALUES (1, 1, 'good', 'good');";

#[test]
fn a_trial_creates_no_index_with_an_operator_class_of_somebody() {
    for server in servers() {
        let database = server.database();
        database.sql(CLASSES);
        let witness = || database.value("SELECT last_value || ' ' || is_called FROM w.witness");
        let (before, columns) =
            (witness(), "column id integer primary-key\n    column n integer not-null\n    column m w.mood\n    column f w.feeling");
        let in_table = |line: &str| format!("table users {{\n    {columns}\n    {line}\n}}\n");
        for text in [
            in_table("index i { part n opclass=w.plain_ops; }"),
            in_table("index i { part (sql)\"n + 1\" opclass=w.plain_ops; }"),
            in_table("index i m using=btree"),
            in_table("index i f using=btree"),
            in_table("index i { part (sql)\"coalesce(m, 'good')\"; }"),
            in_table("unique m"),
            in_table("index i using=btree { part m; part (sql)\"n + 1\"; }"),
            in_table("exclude using=btree { part (sql)\"coalesce(m, 'good')\" with=\"=\"; }"),
            in_table("") + "table other { column m w.mood primary-key; column x integer; check \"abs(x) > 1\"; }\n",
            in_table("")
                + "table other { column m w.mood primary-key; column x integer; }\nview v { as \"SELECT m, x FROM other GROUP BY m\"; }\n",
        ] {
            for counts in [Counts::None, Counts::Full] {
                let made = plan(&database, &text, counts);
                assert!(made.is_ok() || text.contains("view"), "{}: {text}{made:?}", server.version);
                assert_eq!(witness(), before, "{}, {counts:?}: {text}", server.version);
            }
        }
        // Built-in operator classes are still tried.
        let refused = plan(&database, &in_table("index i n using=gist"), Counts::None).unwrap_err();
        assert!(refused.contains("PostgreSQL rejects this"), "{refused}");
    }
}

#[test]
fn without_temporary_views_no_function_of_a_type_is_called() {
    for server in servers() {
        let database = server.database();
        let name = database.value("SELECT current_database()");
        database.sql(
            "CREATE TYPE place AS (a integer, b integer); CREATE TYPE level AS ENUM ('low', 'high');
             CREATE FUNCTION same(place, place) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN true; END $$;
             CREATE FUNCTION hashed(place) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN 1; END $$;
             CREATE OPERATOR === (LEFTARG = place, RIGHTARG = place, FUNCTION = same, HASHES);
             CREATE OPERATOR CLASS place_ops DEFAULT FOR TYPE place USING hash AS OPERATOR 1 ===, FUNCTION 1 hashed(place);
             CREATE TABLE t (c place, many place[], n integer, l level);
             INSERT INTO t VALUES ((1, 2), '{}', 7, 'low'), ((1, 2), '{}', 7, 'low');",
        );
        server.sql("DROP ROLE IF EXISTS unasked; CREATE ROLE unasked LOGIN");
        database.sql(&format!("GRANT SELECT ON t TO unasked; REVOKE TEMP ON DATABASE \"{name}\" FROM PUBLIC"));
        let shown = |line: &str| {
            let text = format!(
                "table t {{\n    column c place\n    column many \"place[]\"\n    column n integer\n    column l level\n    {line}\n}}\n"
            );
            let url = Url::parse(&database.url().replace("postgres@", "unasked@")).unwrap();
            let began = Instant::now();
            let plan = planned(&apply::Database::server(url), &desired(&text).unwrap(), PlanOptions::default()).unwrap();
            assert!(began.elapsed() < SLEEP, "{}: {line}", server.version);
            render::text(&plan, "schema.kdl", Style::default())
        };
        for line in ["unique c", "unique many", "unique n c"] {
            let told = shown(line);
            assert!(told.contains("is not built in, and the role cannot create temporary views"), "{}: {told}", server.version);
        }
        assert!(shown("unique n").contains("2 of 2 rows"), "{}", shown("unique n"));
        assert!(shown("unique l").contains("2 of 2 rows"), "{}", shown("unique l"));
        database.sql("CREATE FUNCTION sum(bigint) RETURNS numeric LANGUAGE sql AS 'SELECT 0'");
        assert!(shown("unique n").contains("it may call a user-defined function sum"), "{}", shown("unique n"));
        database.sql("DROP OWNED BY unasked");
        server.sql("DROP ROLE unasked");
    }
}

#[test]
fn only_full_counts_show_the_size_of_a_table() {
    let Some(server) = last() else { return };
    let database = server.database();
    database
        .sql("CREATE TABLE t (n integer, d text); INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g; ANALYZE t");
    let text = "table t {\n    column n bigint\n    column d text not-null\n    index i n\n}\n";
    for (counts, is_shown) in [(Counts::Full, true), (Counts::Safe, false), (Counts::None, false)] {
        let made = plan(&database, text, counts).unwrap();
        let shown = formats(&made, text);
        assert_eq!(shown.contains(" MiB"), is_shown, "{counts:?}: {shown}");
        let sizes = made.steps.iter().flat_map(|s| s.bytes.into_iter().chain(s.locks.iter().filter_map(|l| l.bytes)));
        assert_eq!(sizes.count() > 0, is_shown, "{counts:?}");
    }
}
