//! pgbouncer in both modes, without a reset query: what rosey refuses, and what it leaves on pooled sessions.

use super::bouncer::Bouncer;
use super::{BEFORE, INSIDE, Program, Run, STAGED};
use crate::support::postgres::{self, Database};
use crate::support::session::Session;

/// Returns the settings of a pooled session that differ from those of a new one.
const CHANGED: &str = "SELECT coalesce(string_agg(name || '=' || setting, ', ' ORDER BY name), '') FROM pg_settings \
     WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'row_security', 'search_path', \
     'check_function_bodies', 'bytea_output', 'IntervalStyle', 'extra_float_digits', 'client_min_messages', \
     'client_connection_check_interval', 'quote_all_identifiers') AND setting IS DISTINCT FROM reset_val";

fn query(url: &str, sql: &str) -> String {
    postgres::ask(url, sql).unwrap().first().and_then(|r| r.first().cloned()).unwrap_or_default()
}

/// Checks that rosey leaves nothing: no lock on the server, and no setting or prepared statement in a pooled
/// session.
fn is_clean(database: &Database, bouncer: &Bouncer) {
    assert_eq!(database.value("SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE l.locktype = 'advisory' AND d.datname = current_database()"), "0");
    for _ in 0..6 {
        assert_eq!(query(&bouncer.url(), CHANGED), "");
        assert_eq!(query(&bouncer.url(), "SELECT count(*) FROM pg_prepared_statements"), "0");
    }
}

fn five(program: &Program, url: &str) -> Vec<Run> {
    let arguments = ["apply", "--auto-approve", "--backup", "never", "-q", "--lock-timeout", "30s", "--url", url];
    let children: Vec<_> = (0..5).map(|_| program.start(&arguments)).collect();
    children.into_iter().map(Run::of).collect()
}

#[test]
fn transaction_mode_is_refused_before_anything_runs_and_a_plan_works() {
    for (server, more) in postgres::servers().into_iter().zip(["", "server_round_robin = 1", "default_pool_size = 1", ""]) {
        let database = server.database();
        database.sql(BEFORE);
        let Some(bouncer) = Bouncer::before(&database, "transaction", more) else { return };
        // A pool in use, so that it has more than one server connection.
        let busy: Vec<String> = (0..3).map(|_| query(&bouncer.url(), "SELECT pg_backend_pid()")).collect();
        assert!(busy.iter().all(|pid| !pid.is_empty()));
        for schema in [INSIDE, STAGED] {
            let program = Program::new(schema);
            program.run(&["plan", "--url", &bouncer.url()]).ends(0, &["column b text"]);
            let run = program.apply(&bouncer.url(), &[]);
            run.ends(3, &["connection pooler in transaction mode", &bouncer.place(), "nothing was changed", "pool_mode = session"]);
            run.never_says(&["unnamed prepared statement"]);
        }
        let program = Program::new(STAGED);
        for run in five(&program, &bouncer.url()) {
            run.ends(3, &["connection pooler in transaction mode", "nothing was changed"]);
        }
        assert_eq!(database.value("SELECT count(*) FROM pg_class WHERE relname IN ('_rosey_history', 'by_a')"), "0");
        is_clean(&database, &bouncer);
    }
}

#[test]
fn session_mode_works_and_sessions_are_handed_back_as_they_were() {
    for server in postgres::servers() {
        let database = server.database();
        database.sql(BEFORE);
        let Some(bouncer) = Bouncer::before(&database, "session", "") else { return };
        let program = Program::new(STAGED);
        program.run(&["plan", "--url", &bouncer.url()]).ends(0, &["by_a"]);
        let runs = five(&program, &bouncer.url());
        let done = runs.iter().filter(|r| r.said.contains("Apply complete (version 1)")).count();
        assert!(done == 1 && runs.iter().all(|r| r.code == Some(0)), "{runs:?}");
        is_clean(&database, &bouncer);
        // Also after a failure outside the transaction.
        database.sql("INSERT INTO t (a) VALUES (1)");
        let unique = STAGED.replace("index by_a a", "index by_a a\n    unique a name=once");
        let run = Program::new(&unique).apply(&bouncer.url(), &[]);
        assert_ne!(run.code, Some(0), "{}", run.said);
        is_clean(&database, &bouncer);
    }
}

#[test]
fn what_a_session_was_set_to_is_given_back() {
    for server in postgres::servers() {
        let database = server.database();
        database.sql(BEFORE);
        let Some(bouncer) = Bouncer::before(&database, "session", "default_pool_size = 3") else { return };
        let mut application = Session::at(&bouncer.url());
        application.run("SET statement_timeout = '7s'; SET search_path = public, pg_catalog; SET IntervalStyle = iso_8601");
        drop(application);
        Program::new(STAGED).apply(&bouncer.url(), &[]).ends(0, &["Apply complete"]);
        let sessions: Vec<String> = (0..3)
            .map(|_| query(&bouncer.url(), "SELECT concat_ws(' ', current_setting('statement_timeout'), current_setting('search_path'), current_setting('intervalstyle'))"))
            .collect();
        assert!(sessions.iter().all(|s| s == "7s public, pg_catalog iso_8601" || s == "0 \"$user\", public postgres"), "{sessions:?}");
    }
}
