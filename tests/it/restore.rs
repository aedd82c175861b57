//! `rosey restore` while applications write: whatever SQLite has acknowledged is in the live file or in the
//! copy that is kept, and a restore that is killed leaves either the old database or the new one.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use crate::support::{Database, wait};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

const MODES: [&str; 2] = ["DELETE", "WAL"];

fn restore(database: &Database, backup: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rosey"));
    command.args(["restore", backup, "--auto-approve", "--url"]).arg(&database.path).current_dir(folder(database));
    command.env_remove("ROSEY_DATABASE_URL").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn folder(database: &Database) -> PathBuf {
    database.path.parent().unwrap().to_path_buf()
}

fn files(database: &Database) -> BTreeSet<String> {
    std::fs::read_dir(folder(database)).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

/// Copies the database while writes are blocked on it.
fn copy(database: &Database, name: &str) -> PathBuf {
    let path = folder(database).join(name);
    database.run(&format!("VACUUM INTO '{}'", path.display()), false);
    path
}

fn ids(path: &std::path::Path) -> BTreeSet<i64> {
    wait(async {
        let mut c = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
        let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM t").fetch_all(&mut c).await.unwrap();
        c.close().await.unwrap();
        ids.into_iter().collect()
    })
}

/// Writes rows until it is stopped, and returns the ids of those that were committed.
fn writes(path: PathBuf, first: i64, stop: Arc<AtomicBool>, count: Arc<AtomicUsize>) -> Vec<i64> {
    wait(async {
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(10));
        let mut c = options.connect().await.unwrap();
        let mut done = Vec::new();
        let mut id = first;
        while !stop.load(SeqCst) {
            id += 1;
            let sql = format!("INSERT INTO t (id, x) VALUES ({id}, hex(randomblob(50)))");
            if sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut c).await.is_ok() {
                done.push(id);
                count.fetch_add(1, SeqCst);
            }
        }
        c.close().await.unwrap();
        done
    })
}

/// Restores once while three writers run; returns the committed ids and the output of the restore.
fn beside_writers(database: &Database) -> (Vec<i64>, Output) {
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let writers: Vec<_> = (1..=3i64)
        .map(|n| {
            let (path, stop, count) = (database.path.clone(), stop.clone(), count.clone());
            std::thread::spawn(move || writes(path, n << 32, stop, count))
        })
        .collect();
    let at_least = |n: usize| {
        while count.load(SeqCst) < n {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    at_least(40);
    let output = restore(database, "old.backup").output().unwrap();
    let seen = count.load(SeqCst);
    at_least(seen + 40);
    stop.store(true, SeqCst);
    (writers.into_iter().flat_map(|w| w.join().unwrap()).collect(), output)
}

#[test]
fn no_acknowledged_row_is_lost_by_a_restore() {
    for mode in MODES {
        for round in 0..8 {
            let sql =
                format!("PRAGMA journal_mode = {mode}; CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t VALUES (1, 'old')");
            let database = Database::from_sql(&sql);
            copy(&database, "old.backup");
            database.run(
                "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT i, 'x' || i FROM n",
                false,
            );
            let (committed, output) = beside_writers(&database);
            assert!(output.status.success(), "{mode} {round}: {output:?}");
            let kept: Vec<String> = files(&database).into_iter().filter(|f| f.ends_with("Z.backup")).collect();
            let [kept] = kept.as_slice() else { panic!("{kept:?}") };
            let (live, kept) = (ids(&database.path), ids(&folder(&database).join(kept)));
            let lost: Vec<_> = committed.iter().filter(|id| !live.contains(id) && !kept.contains(id)).collect();
            assert!(lost.is_empty(), "{mode}, round {round}: {} of {} rows are nowhere", lost.len(), committed.len());
            assert!(kept.contains(&20_000) && !live.contains(&20_000) && live.contains(&1), "{mode}, round {round}");
            assert!(committed.iter().any(|id| live.contains(id)) && committed.iter().any(|id| kept.contains(id)), "{mode}, round {round}");
            assert_eq!(database.value("PRAGMA integrity_check"), "ok");
        }
    }
}

fn with_big_backup(mode: &str) -> Database {
    let rows = |from: u32, to: u32| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to}) INSERT INTO t SELECT i, hex(randomblob(100)) FROM n"
        )
    };
    let database =
        Database::from_sql(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); {}", rows(1, 30_000)));
    copy(&database, "old.backup");
    database.run(&format!("DELETE FROM t; {}", rows(100_001, 130_000)), false);
    database
}

#[test]
fn a_restore_that_is_killed_leaves_the_old_database_or_the_new_one() {
    for mode in MODES {
        let database = with_big_backup(mode);
        let (old, new) = (ids(&database.path), ids(&folder(&database).join("old.backup")));
        for delay in (0..16).map(|i| Duration::from_millis(5 + 6 * i)) {
            let mut child: Child = restore(&database, "old.backup").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(delay);
            child.kill().ok();
            child.wait().unwrap();
            assert_eq!(database.value("PRAGMA integrity_check"), "ok", "{mode} {delay:?}");
            let now = ids(&database.path);
            assert!(now == old || now == new, "{mode} {delay:?}: {} rows", now.len());
            if now == new {
                break;
            }
        }
    }
}

#[test]
fn nothing_is_left_beside_a_backup() {
    for mode in MODES {
        let database = Database::from_sql("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)");
        std::fs::copy(&database.path, folder(&database).join("old.backup")).unwrap();
        let backup = Database { path: folder(&database).join("old.backup"), ..Database::new() };
        backup.run(&format!("PRAGMA journal_mode = {mode}"), false);
        let before = std::fs::read(&backup.path).unwrap();
        database.run("INSERT INTO t VALUES (2)", false);
        let output = restore(&database, "old.backup").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let left: Vec<String> = files(&database).into_iter().filter(|f| f.starts_with("old.backup")).collect();
        assert_eq!(left, ["old.backup"], "{mode}");
        assert_eq!(std::fs::read(&backup.path).unwrap(), before, "{mode}");
        assert_eq!(ids(&database.path), BTreeSet::from([1]), "{mode}");
    }
}

/// Checks the message if nothing is restored, and that nothing is announced before.
fn refused(database: &Database, backup: &str, words: &[&str]) {
    let before = (database.bytes(), files(database));
    let output = restore(database, backup).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(words.iter().all(|w| said.contains(w)), "{said}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("will replace"), "{output:?}");
    assert_eq!((database.bytes(), files(database)), before);
}

#[test]
fn what_is_not_a_sound_backup_is_not_put_back() {
    let database = Database::from_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); CREATE INDEX i ON t (x)");
    refused(&database, "nope.backup", &["nope.backup: no such file"]);
    std::fs::write(folder(&database).join("text.backup"), "not a database, but long enough to have a header of a hundred bytes").unwrap();
    refused(&database, "text.backup", &["text.backup is not a SQLite database"]);
    std::fs::create_dir(folder(&database).join("folder.backup")).unwrap();
    refused(&database, "folder.backup", &["it is a folder"]);
    refused(&database, "/dev/zero", &["it is a device"]);
    std::fs::write(folder(&database).join("empty.backup"), "").unwrap();
    let output = restore(&database, "empty.backup").output().unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("it is empty"), "{output:?}");
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i, 'x' || i FROM n";
    let other = Database::from_sql(&format!("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); CREATE INDEX i ON t (x); {rows}"));
    let mut bytes = other.bytes();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0xa5);
    std::fs::write(folder(&database).join("damaged.backup"), bytes).unwrap();
    refused(&database, "damaged.backup", &["damaged.backup is damaged: "]);
}

#[test]
fn a_database_is_not_its_own_backup() {
    let database = Database::from_sql("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)");
    std::os::unix::fs::symlink(&database.path, folder(&database).join("link.backup")).unwrap();
    let output = restore(&database, "link.backup").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("is the database itself"), "{output:?}");
    assert_eq!(ids(&database.path), BTreeSet::from([1]));
}

#[test]
fn pages_of_another_size_are_put_back_unless_the_log_is_in_the_way() {
    for mode in MODES {
        let database =
            Database::from_sql(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (2)"));
        let old = Database::from_sql("PRAGMA page_size = 8192; CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)");
        std::fs::copy(&old.path, folder(&database).join("old.backup")).unwrap();
        let output = restore(&database, "old.backup").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if mode == "WAL" {
            assert!(said.contains("has a different page size") && said.contains("PRAGMA journal_mode = DELETE"), "{said}");
            assert_eq!(ids(&database.path), BTreeSet::from([2]));
        } else {
            assert!(output.status.success(), "{said}");
            assert_eq!(ids(&database.path), BTreeSet::from([1]));
        }
    }
}

#[test]
fn what_the_check_reports_besides_damage_stops_neither_an_apply_nor_a_restore() {
    let live = "CREATE TABLE docs (id INTEGER PRIMARY KEY, x INTEGER); INSERT INTO docs VALUES (1, NULL);
        CREATE TABLE pages (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO pages VALUES (1, 'not in the index');
        CREATE VIRTUAL TABLE words USING fts4(content='', title); INSERT INTO words (docid, title) VALUES (1, 'big world');
        CREATE VIRTUAL TABLE found USING fts4(content=\"pages\", body);
        CREATE TABLE due (id INTEGER PRIMARY KEY, n INTEGER CHECK (n > 0)); PRAGMA ignore_check_constraints = 1;
        INSERT INTO due VALUES (1, -1);";
    let database = Database::from_sql(live);
    let shown = database.inspect().replace("column x integer", "column x text not-null { backfill \"'none'\"; }");
    database.apply(&crate::support::desired(&shown).unwrap(), false).unwrap();
    assert_eq!(database.value("SELECT x FROM docs"), "none");
    assert_eq!(database.value("SELECT docid FROM words WHERE words MATCH 'big'"), "1");
    copy(&database, "t.backup");
    let output = restore(&database, "t.backup").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn an_index_of_a_full_text_table_that_does_not_match_its_own_content_is_damage() {
    let database = Database::from_sql(
        "CREATE TABLE docs (id INTEGER PRIMARY KEY, x INTEGER); CREATE VIRTUAL TABLE own USING fts4(title);
         INSERT INTO own (title) VALUES ('big world'); UPDATE own_content SET c0title = 'small';",
    );
    let shown = database.inspect().replace("column x integer", "column x text not-null { backfill \"'none'\"; }");
    let refused = database.apply(&crate::support::desired(&shown).unwrap(), false).unwrap_err();
    assert!(format!("{refused:?}").contains("malformed inverted index for FTS4 table main.own"), "{refused:?}");
}
