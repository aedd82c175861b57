//! Connections that hang or break: what rosey reports about the database must be true.

use std::time::{Duration, Instant};

use super::link::{AtCommit, Link};
use super::{BEFORE, INSIDE, Program, Run, STAGED, wait_until};
use crate::support::postgres::{self, Server};

fn is_applied(database: &postgres::Database) -> bool {
    let parts = database.rows(
        "SELECT EXISTS (SELECT FROM pg_class WHERE relname = '_rosey_history'), \
         EXISTS (SELECT FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'b')",
    );
    assert_eq!(parts[0][0], parts[0][1], "half a transaction");
    parts[0][0] == "t"
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_out_about() {
    for server in postgres::servers() {
        for (how, committed) in [(AtCommit::CutAfter, true), (AtCommit::CutBefore, false), (AtCommit::Swallow, false)] {
            let database = server.database();
            database.sql(BEFORE);
            let link = Link::to(server.port, how);
            let run = Program::new(INSIDE).apply(&link.url(&database.name), &[]);
            assert!(link.commits() > 0);
            assert_eq!(is_applied(&database), committed, "{}", run.said);
            match committed {
                true => run.ends(0, &["the server has confirmed that the transaction is committed", "Apply complete (version 1)"]),
                false => run.ends(1, &["the connection to the server was lost", "the database is unchanged"]),
            }
            assert_eq!(database.value("SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE l.locktype = 'advisory' AND d.datname = current_database()"), "0");
        }
    }
}

#[test]
fn a_commit_whose_answer_is_lost_ahead_of_other_steps_says_what_is_left() {
    for server in postgres::servers() {
        let database = server.database();
        database.sql(BEFORE);
        let link = Link::to(server.port, AtCommit::CutAfter);
        let program = Program::new(STAGED);
        let run = program.apply(&link.url(&database.name), &[]);
        run.ends(1, &["version 1: the transaction is committed; one step is left", "run rosey apply again"]);
        run.never_says(&["unchanged", "rolled back"]);
        program.apply(&database.url(), &[]).ends(0, &["Apply complete"]);
        assert_eq!(database.value("SELECT count(*) FROM _rosey_history WHERE outcome = 'running'"), "0");
    }
}

#[test]
fn a_link_that_hangs_is_given_up() {
    let Some(server) = postgres::servers().into_iter().next_back() else { return };
    let database = server.database();
    database.sql(BEFORE);
    let link = Link::to(server.port, AtCommit::Nothing);
    database.sql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN new; END'");
    database.sql("CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION slow()");
    let filled = INSIDE.replace("column b text not-null default=x", "column b text not-null { backfill \"a::text\" }");
    let program = Program::new(&filled);
    let url = link.url(&database.name);
    let child = program.start(&["apply", "--auto-approve", "--backup", "never", "-q", "--url", &url]);
    wait_until("no long step", || {
        database
            .value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'UPDATE%' AND state = 'active' AND datname = current_database()")
            == "1"
    });
    link.hang();
    let began = Instant::now();
    let run = Run::of(child);
    assert!(began.elapsed() < Duration::from_secs(60), "it waited for {:?}", began.elapsed());
    run.ends(1, &["the connection to the server was lost", "no longer responds"]);
    assert!(!is_applied(&database));
}

#[test]
fn a_history_that_cannot_be_completed_does_not_undo_what_is_done() {
    for server in postgres::servers() {
        let database = server.database();
        database.sql(BEFORE);
        let program = Program::new(STAGED);
        program.apply(&database.url(), &[]).ends(0, &["Apply complete (version 1)"]);
        database.sql(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not today''; END'; \
             CREATE TRIGGER no BEFORE UPDATE ON _rosey_history FOR EACH ROW EXECUTE FUNCTION no()",
        );
        program.write("schema.kdl", &STAGED.replace("index by_a a", "index by_a a\n    index by_b b"));
        let run = program.apply(&database.url(), &[]);
        // Either refused at once, or reported correctly: never that nothing has happened when it has.
        if database.value("SELECT count(*) FROM pg_class WHERE relname = 'by_b'") == "1" {
            run.ends(1, &["not today", "all steps are complete and committed (version 2)", "run rosey apply again"]);
            run.never_says(&["unchanged", "nothing was changed", "rolled back"]);
        } else {
            assert_ne!(run.code, Some(0), "{}", run.said);
        }
    }
}

#[test]
fn what_is_committed_ahead_of_the_transaction_is_told() {
    for server in postgres::servers() {
        let database = server.database();
        database.sql("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (id serial PRIMARY KEY, m mood); INSERT INTO t (m) VALUES ('sad')");
        let schema = "enum mood sad ok\ntable t {\n    column id serial primary-key\n    column m mood not-null default=ok\n    check \"length(m::text) > 3\"\n}\n";
        let run = Program::new(schema).apply(&database.url(), &["--online", "false"]);
        if database.value("SELECT count(*) FROM pg_enum") == "2" {
            run.never_says(&["the database is unchanged", "nothing was changed"]);
            assert!(run.said.contains("already committed before the transaction"), "{}", run.said);
        } else {
            assert_ne!(run.code, Some(0), "{}", run.said);
        }
    }
}

#[test]
fn a_server_that_restarts_in_the_middle_undoes_all() {
    let Some(server) = postgres::versions().last().and_then(|v| Server::own(*v)) else { return };
    let database = server.database();
    database.sql(BEFORE);
    database.sql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN new; END'");
    database.sql("CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION slow()");
    let filled = INSIDE.replace("column b text not-null default=x", "column b text not-null { backfill \"a::text\" }");
    let program = Program::new(&filled);
    let child = program.start(&["apply", "--auto-approve", "--backup", "never", "-q", "--url", &database.url()]);
    wait_until("no long step", || {
        database
            .value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'UPDATE%' AND state = 'active' AND datname = current_database()")
            == "1"
    });
    server.crash();
    Run::of(child).ends(1, &["the connection to the server was lost", "the database is unchanged"]);
    assert!(!is_applied(&database));
}
