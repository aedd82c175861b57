//! The script for psql: what stops it before it changes anything, what can be run again, and what it leaves.

use super::Place;
use crate::support::postgres::{Database, Server, servers, skip};

const BEFORE: &str = "table orders {\n    column id integer primary-key\n    column at timestamp\n}\n\
    table lines {\n    column id integer primary-key\n    column order_id integer\n    column qty integer default=1\n    column sku text\n    \
    column gone text\n    index by_sku sku\n    check known \"id > 0\"\n}\nview v { as \"SELECT id, qty FROM lines\"; }\n";

const AFTER: &str = "table orders {\n    column id integer primary-key\n    column at timestamptz\n}\n\
    table lines {\n    column id integer primary-key\n    column order_id integer references=\"orders(id)\"\n    column qty integer not-null default=1\n    \
    column sku text\n    column other text\n    unique sku qty name=uq\n    check qty_ok \"qty > 0\"\n    check known \"id > 0\"\n    index by_sku sku order_id\n    index by_qty qty\n}\n\
    view v { as \"SELECT id, qty FROM lines\"; }\n";

const ROWS: &str =
    "INSERT INTO orders VALUES (1, '2020-01-01 10:00'); INSERT INTO lines (id, order_id, qty, sku) VALUES (1, 1, 1, 'a'), (2, 1, 2, 'b')";

const LEAVE: [&str; 2] = ["-v", "allow_destructive=1"];

/// Returns the servers that have psql, as few as needed to show the differences.
fn server() -> Option<&'static Server> {
    let found = servers().into_iter().find(|s| s.tool("psql").is_some());
    if found.is_none() {
        skip("no psql");
    }
    found
}

/// Fills a database with rows, and returns a place with the desired schema.
fn begun(database: &Database<'_>) -> Place {
    let place = Place::with(BEFORE);
    place.rosey(&["apply", "--auto-approve", "-q", "--url", &database.url()]).exits(0);
    database.sql(ROWS);
    place.write("schema.kdl", AFTER);
    place
}

fn script(place: &Place, database: &Database<'_>) -> String {
    place.rosey(&["plan", "--url", &database.url(), "--format", "sql"]).exits(0).out
}

/// Returns another database with the same contents.
fn twin<'a>(of: &Database<'a>, name: &str) -> Database<'a> {
    of.copy(&format!("{}_{name}", of.name))
}

fn is_there(place: &Place, database: &Database<'_>) {
    let run = place.rosey(&["plan", "--url", &database.url(), "--detailed-exitcode"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(database.value("SELECT string_agg(outcome, ' ' ORDER BY number) FROM _rosey_history"), "applied applied");
    assert_eq!(database.value("SELECT count(*) FROM pg_class WHERE relname ~ 'rosey_new'"), "0");
}

#[test]
fn rows_that_have_come_since_stop_it_before_it_destroys() {
    let Some(server) = server() else { return };
    let database = server.database();
    let place = begun(&database);
    let script = script(&place, &database);
    for (row, message) in [
        ("INSERT INTO lines VALUES (3, 1, -5, 'c', 'kept')", "1 of 3 rows violate check qty_ok; nothing was changed"),
        (
            "INSERT INTO lines VALUES (3, 7, 5, 'c', 'kept')",
            "1 of 3 rows have a value of `order_id` that does not exist in `orders`; nothing was changed",
        ),
        ("INSERT INTO lines VALUES (3, 1, NULL, 'c', 'kept')", "`qty` is NULL in 1 of 3 rows; nothing was changed"),
        (
            "INSERT INTO lines VALUES (3, 1, 1, 'a', 'kept')",
            "2 of 3 rows are duplicates under unique constraint (sku, qty); nothing was changed",
        ),
    ] {
        database.sql(row);
        let said = database.psql(&script, &LEAVE).unwrap_err();
        assert!(said.contains(message), "{said}");
        assert_eq!(database.value("SELECT gone FROM lines WHERE id = 3"), "kept");
        assert_eq!(database.value("SELECT count(*) FROM _rosey_history"), "1");
        database.sql("DELETE FROM lines WHERE id = 3");
    }
    database.psql(&script, &LEAVE).unwrap();
    is_there(&place, &database);
}

#[test]
fn it_fits_a_database_that_is_alike_and_no_other() {
    let Some(server) = server() else { return };
    let database = server.database();
    let place = begun(&database);
    let script = script(&place, &database);
    let other = twin(&database, "other");
    for change in [
        "ALTER TABLE lines ALTER qty SET DEFAULT 4",
        "ALTER TABLE lines DROP CONSTRAINT known, ADD CONSTRAINT known CHECK (id > -1)",
        "CREATE OR REPLACE VIEW v AS SELECT id, qty FROM lines WHERE qty > 0",
        "ALTER TABLE lines ALTER gone TYPE varchar",
        "ALTER TABLE lines ALTER gone SET NOT NULL",
        "DROP INDEX by_sku; CREATE INDEX by_sku ON lines (sku DESC)",
        "CREATE TABLE more (n integer)",
    ] {
        // If a row violates a constraint, that is changed first.
        let changed = format!("BEGIN; UPDATE lines SET gone = '-'; {change};\n\\set ON_ERROR_STOP on\n{script}");
        let said = other.psql(&changed, &LEAVE).unwrap_err();
        assert!(
            said.contains("the schema is not the one that the plan was made for") || said.contains("pending trigger"),
            "{change}: {said}"
        );
    }
    for (name, make) in [("rebuilt", "REINDEX TABLE CONCURRENTLY lines"), ("east", "SET search_path = public")] {
        let twin = twin(&database, name);
        twin.sql(make);
        server.sql(&format!("ALTER DATABASE {} SET timezone = 'America/New_York'", twin.name));
        server.sql(&format!("ALTER DATABASE {} SET datestyle = 'SQL, DMY'", twin.name));
        twin.psql(&script, &LEAVE).unwrap();
        is_there(&place, &twin);
        // A timestamp without a time zone is taken as UTC, as in an apply.
        assert_eq!(twin.value("SELECT at = '2020-01-01T10:00:00Z' FROM orders"), "t");
    }
}

#[test]
fn what_is_outside_its_transaction_can_be_run_again_wherever_it_was_cut_off() {
    let Some(server) = server() else { return };
    let database = server.database();
    let place = begun(&database);
    let script = script(&place, &database);
    let at = script.find("\n-- After the transaction.").unwrap();
    let (first, tail) = script.split_at(at);
    let ends: Vec<usize> = tail.match_indices(";\n").map(|(i, _)| i + 2).collect();
    assert!(ends.len() > 12, "{tail}");
    for end in ends {
        let cut = twin(&database, &format!("cut_{end}"));
        // psql only reports that an \if has not ended.
        cut.psql(&format!("{first}{}", &tail[..end]), &LEAVE).ok();
        cut.psql(&format!("\\set ON_ERROR_STOP on\n{tail}"), &[]).unwrap_or_else(|e| panic!("cut off behind {}: {e}", &tail[..end]));
        is_there(&place, &cut);
    }
    database.psql(&script, &LEAVE).unwrap();
    // A failed build leaves an invalid index.
    database.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'by_qty'::regclass");
    database.sql("INSERT INTO _rosey_history SELECT 0, format, plan, kind, message, schema_before, schema_after, renames, sql, applied_at, applied_by, host, git_commit, duration_ms, rows_copied, rosey_version, server_version, 'running' FROM _rosey_history WHERE number = 1");
    database.psql(&format!("\\set ON_ERROR_STOP on\n{tail}"), &[]).unwrap();
    assert_eq!(database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_qty'::regclass"), "t");
    assert_eq!(database.value("SELECT outcome FROM _rosey_history WHERE number = 0"), "running");
}

#[test]
fn a_saved_plan_and_a_state_give_the_whole_script() {
    let Some(server) = server() else { return };
    let database = server.database();
    let place = begun(&database);
    place.write("state.kdl", place.rosey(&["state", "pull", "--url", &database.url()]).exits(0).out);
    place.rosey(&["plan", "--url", &database.url(), "--out", "p.plan.kdl", "-m", "all of it"]).exits(0);
    let scripts = [
        ("saved", place.rosey(&["show", "p.plan.kdl", "--format", "sql"]).exits(0).out),
        ("noted", place.rosey(&["plan", "--state", "state.kdl", "--format", "sql"]).exits(0).out),
    ];
    for (name, script) in scripts {
        let twin = twin(&database, name);
        assert!(twin.psql(&script, &[]).unwrap_err().contains("this plan destroys data"), "{script}");
        twin.sql("INSERT INTO lines VALUES (3, 1, -5, 'c', 'kept')");
        assert!(twin.psql(&script, &LEAVE).unwrap_err().contains("violate check qty_ok"), "{script}");
        assert_eq!(twin.value("SELECT gone FROM lines WHERE id = 3"), "kept");
        twin.sql("DELETE FROM lines WHERE id = 3");
        twin.psql(&script, &LEAVE).unwrap();
        is_there(&place, &twin);
        let message = twin.value("SELECT coalesce(message, '') FROM _rosey_history WHERE number = 2");
        assert_eq!(message, if name == "saved" { "all of it" } else { "" });
        assert!(twin.psql(&script, &LEAVE).is_err(), "it runs twice");
    }
}

#[test]
fn behind_a_row_of_a_later_rosey_there_is_no_script() {
    let Some(server) = server() else { return };
    let database = server.database();
    let place = begun(&database);
    let script = script(&place, &database);
    database.sql("UPDATE _rosey_history SET format = 9, rosey_version = '7.0.0'");
    let said = database.psql(&script, &LEAVE).unwrap_err();
    assert!(said.contains("version 1 was written by a newer version of rosey (7.0.0)"), "{said}");
    let (url, later) = (database.url(), "version 1 in the history was written by a newer rosey (7.0.0)");
    for (command, code) in [("plan", 0), ("plan --format sql", 3), ("rollback --auto-approve", 3), ("apply --auto-approve", 3)] {
        let arguments: Vec<&str> = command.split(' ').chain(["--url", &url]).collect();
        let run = place.rosey(&arguments).exits(code);
        assert!(run.err.contains(later), "{run}");
    }
}

#[test]
fn a_lock_that_others_hold_is_not_waited_for_without_end() {
    let Some(server) = server() else { return };
    let database = server.database();
    let place = begun(&database);
    let url = database.url();
    let holder = std::thread::scope(|scope| {
        scope.spawn(|| database.psql("BEGIN; LOCK TABLE lines; SELECT pg_sleep(9);", &["-v", "ON_ERROR_STOP=1"]));
        let held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'lines'::regclass \
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        while database.value(held) != "1" {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let mut runs = vec![place.rosey(&["plan", "--url", &url]).exits(1)];
        for command in ["apply", "rollback"] {
            let began = std::time::Instant::now();
            runs.push(place.rosey(&[command, "--auto-approve", "--lock-timeout", "1s", "--url", &url]).exits(1));
            assert!(began.elapsed().as_secs() < 4);
        }
        runs
    });
    for run in holder {
        assert!(run.err.contains("did not release it within") && run.err.contains("pg_sleep"), "{run}");
    }
}
