//! Locks, full disks, files that cannot be written, and users who change their mind: the database is
//! unchanged.

use std::io::{BufRead, BufReader};

use insta::assert_snapshot;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::{Place, Run, USERS, USERS_WITH_A_NAME, USERS_WITH_AGE, USERS_WITH_AGE_AS_TEXT};
use crate::support::wait;

/// Creates a table with `n` rows.
fn with_rows(n: u32) -> Place {
    let numbers = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {n})");
    Place::having(USERS_WITH_AGE, &format!("{numbers} INSERT INTO users (name, age) SELECT 'name ' || i, i FROM n"))
}

/// Runs something while another connection is in a transaction that was begun with `begin`.
pub(super) fn while_locked<T>(place: &Place, begin: &'static str, run: impl FnOnce() -> T) -> T {
    wait(async {
        let mut other = SqliteConnectOptions::new().filename(&place.database.path).connect().await.unwrap();
        sqlx::raw_sql(begin).execute(&mut other).await.unwrap();
        let outcome = run();
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
        other.close().await.unwrap();
        outcome
    })
}

#[test]
fn a_lock_that_another_connection_holds_is_waited_for_and_then_an_error() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    let before = place.snapshot();
    let run = while_locked(&place, "BEGIN IMMEDIATE", || place.apply(&["--quiet", "--lock-timeout", "200ms"]));
    assert_snapshot!(run, @"
    $ rosey apply --url test.db --auto-approve --quiet --lock-timeout 200ms
    | database: test.db (from --url)
    | error: another connection holds a lock on the database and did not release it within 200ms; nothing was changed
    |   help: try again when it has finished, or wait longer with --lock-timeout 60s
    exit 1
    ");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn a_database_that_another_connection_is_writing_to_is_no_other_case() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    let before = place.snapshot();
    let run = while_locked(&place, "BEGIN EXCLUSIVE", || place.apply(&["--quiet", "--lock-timeout", "200ms"]));
    assert_snapshot!(run, @"
    $ rosey apply --url test.db --auto-approve --quiet --lock-timeout 200ms
    | database: test.db (from --url)
    | error: another connection holds a lock on the database and did not release it within 200ms; nothing was changed
    |   help: try again when it has finished, or wait longer with --lock-timeout 60s
    exit 1
    ");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn a_plan_can_be_made_while_another_connection_holds_the_lock() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    while_locked(&place, "BEGIN IMMEDIATE", || place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"])).exits(2);
}

#[test]
fn of_two_applies_at_once_one_does_it_and_the_other_finds_it_done() {
    for schema in [USERS, USERS_WITH_AGE, USERS_WITH_A_NAME] {
        let place = Place::with(schema);
        let start = || place.command(&["apply", "--url", "test.db", "--auto-approve", "--quiet"]).spawn().unwrap();
        let outcomes = [start(), start()].map(|child| child.wait_with_output().unwrap());
        let printed: Vec<String> = outcomes.iter().map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).collect();
        let said: Vec<String> = outcomes.iter().map(|o| String::from_utf8_lossy(&o.stderr).into_owned()).collect();
        assert!(outcomes.iter().all(|o| o.status.success()), "{printed:?} {said:?}");
        assert_eq!(printed.iter().filter(|p| p.starts_with("Apply complete (version 1)")).count(), 1, "{printed:?}");
        assert_eq!(printed.iter().filter(|p| p.starts_with("No changes.")).count(), 1, "{printed:?}");
        assert_eq!(place.database.value("SELECT count(*) FROM _rosey_history"), "1");
    }
}

/// Runs a shell script in its own mount namespace, so that nothing of it is left. `None` if that is not
/// permitted.
#[cfg(target_os = "linux")]
fn with_mounts(place: &Place, script: &str) -> Option<Run> {
    let unshare = ["--user", "--map-root-user", "--mount", "sh", "-c"];
    let trial = place.prepared("unshare", &[&unshare[..], &["mount -t tmpfs none ."]].concat()).output();
    if !trial.is_ok_and(|o| o.status.success()) {
        eprintln!("SKIPPED: mounting is not permitted here");
        return None;
    }
    let mut command = place.prepared("unshare", &[&unshare[..], &[script]].concat());
    Some(Run::of(script.to_owned(), command.env("ROSEY", env!("CARGO_BIN_EXE_rosey"))))
}

#[test]
#[cfg(target_os = "linux")]
fn a_read_only_file_is_an_error_with_nothing_changed() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    let before = place.snapshot();
    let script =
        "mount --bind . . && mount -o remount,ro,bind . && cd \"$PWD\" && exec \"$ROSEY\" apply --url test.db --auto-approve --quiet";
    let Some(run) = with_mounts(&place, script) else { return };
    assert_snapshot!(run, @r#"
    $ mount --bind . . && mount -o remount,ro,bind . && cd "$PWD" && exec "$ROSEY" apply --url test.db --auto-approve --quiet
    | database: test.db (from --url)
    | error: test.db is not writable: Read-only file system (os error 30); the database is unchanged
    |   help: rosey writes to the file, and SQLite keeps its journal in the folder: run as a user with write permission on both, or make the mount writable
    exit 1
    "#);
    assert_eq!(place.snapshot(), before);
}

#[test]
#[cfg(target_os = "linux")]
fn a_read_only_file_can_be_planned_and_inspected() {
    let place = Place::having(USERS, "");
    let script = "mount --bind . . && mount -o remount,ro,bind . && cd \"$PWD\" && \"$ROSEY\" plan --url test.db && \"$ROSEY\" inspect --url test.db";
    let Some(run) = with_mounts(&place, script) else { return };
    assert_eq!(run.exits(0).out, format!("No changes. The database matches schema.kdl.\n{USERS}"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_has_not_enough_room_is_found_before_anything_is_changed() {
    let place = with_rows(20_000);
    place.write("schema.kdl", USERS_WITH_AGE_AS_TEXT);
    std::fs::create_dir(place.path("disk")).unwrap();
    let script = "mount -t tmpfs -o size=700k none disk && cp test.db disk && \
                  \"$ROSEY\" apply --url disk/test.db --auto-approve --quiet; echo \"exit $?\"; cmp test.db disk/test.db && ls disk";
    let Some(run) = with_mounts(&place, script) else { return };
    assert_eq!(run.out, "exit 3\ntest.db\n", "{run}");
    assert_snapshot!(run.err, @"
    database: disk/test.db (from --url)
    error: not enough disk space in disk: 824 KiB needed, 280 KiB free; nothing was changed
      help: free disk space, or put the backup on another disk with --backup-dir
    ");
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_becomes_full_on_the_way_leaves_the_database_as_it_was() {
    let place = with_rows(20_000);
    place.write("schema.kdl", slowly());
    std::fs::create_dir(place.path("disk")).unwrap();
    let script = "mount -t tmpfs -o size=8m none disk && cp test.db disk
        \"$ROSEY\" apply --url disk/test.db --auto-approve --quiet --backup never 2>&1 &
        while kill -0 $! && test ! -e disk/test.db-journal; do :; done; cat /dev/zero > disk/fill 2> /dev/null
        wait $!; echo \"exit $?\"; rm disk/fill; cmp test.db disk/test.db && ls disk";
    let Some(run) = with_mounts(&place, script) else { return };
    assert_snapshot!(run.out, @"
    database: disk/test.db (from --url)
    error: the disk that holds disk is full; rolled back; the database is unchanged
      help: free disk space there and try again
    exit 1
    test.db
    ");
}

#[test]
#[cfg(target_os = "linux")]
fn a_database_that_cannot_be_made_on_a_full_disk_is_left_empty() {
    let place = Place::with(USERS);
    std::fs::create_dir(place.path("disk")).unwrap();
    let script = "mount -t tmpfs -o size=16k none disk && head -c 16384 /dev/zero > disk/fill; \
                  \"$ROSEY\" apply --url disk/test.db --auto-approve --quiet; echo \"exit $?\"; find disk -type f -empty";
    let Some(run) = with_mounts(&place, script) else { return };
    assert_eq!(run.out, "exit 1\ndisk/test.db\n", "{run}");
    assert!(run.err.contains("the disk is full"), "{run}");
}

/// Sends a signal when a long rebuild has begun, and returns the output and the exit code.
#[cfg(unix)]
fn interrupt(place: &Place, signal: &str) -> (Vec<String>, Option<i32>) {
    let mut child = place.command(&["apply", "--url", "test.db", "--auto-approve", "--backup", "never"]).spawn().unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.starts_with("rebuild table.users") {
            let kill = place.prepared("sh", &["-c", &format!("kill -{signal} {}", child.id())]).status().unwrap();
            assert!(kill.success());
        }
        said.push(line);
    }
    (said, child.wait().unwrap().code())
}

/// Returns a slow conversion of numbers to text, so that a signal arrives in time.
#[cfg(unix)]
fn slowly() -> String {
    USERS_WITH_AGE_AS_TEXT.replace("age text", "age text { using \"age || substr(hex(zeroblob(20000 + age % 2)), 1, 0)\" }")
}

#[test]
#[cfg(unix)]
fn a_signal_in_a_long_rebuild_rolls_it_back() {
    let place = with_rows(300_000);
    place.write("schema.kdl", slowly());
    let before = place.snapshot();
    for signal in ["TERM", "INT"] {
        let (said, code) = interrupt(&place, signal);
        assert_eq!(said.last().map(String::as_str), Some("error: interrupted; rolled back; the database is unchanged"), "{said:?}");
        assert_eq!(code, Some(1));
        assert_eq!(place.snapshot(), before);
    }
}

#[test]
#[cfg(unix)]
fn a_program_that_is_killed_in_a_rebuild_leaves_a_journal_that_rolls_it_back() {
    let place = with_rows(300_000);
    place.write("schema.kdl", slowly());
    let (_, code) = interrupt(&place, "KILL");
    assert_eq!(code, None);
    place.write("schema.kdl", USERS_WITH_AGE);
    place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"]).exits(0);
    assert_eq!(place.database.rows("SELECT count(*), sum(age) FROM users"), [["300000", "45000150000"]]);
    assert_eq!(place.database.value("PRAGMA integrity_check"), "ok");
}
