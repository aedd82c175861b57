//! Other connections that use the file: their prepared statements still work after a definition edit, and
//! obey the new constraints; a snapshot stays as it is; what they commit between plan and apply is not lost.

use std::time::Duration;

use crate::support::{Database, desired, wait};
use rosey::apply::{ApplyError, BackupMode, Desired, Options, Outcome, PlanOptions, Silent};
use rosey::engine::sqlite::Error;
use rosey::plan::Plan;
use rosey::schema::Normalized;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Row as _};

const INSERT: &str = "INSERT INTO notes (body) VALUES (?) RETURNING kind";

async fn insert(connection: &mut SqliteConnection, body: Option<&str>) -> Result<String, String> {
    // The statement stays prepared in the cache of the connection from call to call.
    let row = sqlx::query(INSERT).bind(body).fetch_one(connection).await.map_err(|e| e.to_string())?;
    Ok(row.get::<String, _>(0))
}

#[test]
fn a_prepared_statement_goes_on_under_the_new_rules() {
    for mode in ["DELETE", "WAL"] {
        let database = Database::from_sql(&format!(
            "PRAGMA journal_mode = {mode}; CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT, kind TEXT DEFAULT 'old');
             INSERT INTO notes (body) VALUES ('first');"
        ));
        // Creates the history table, so that in the apply under test the edit is the only schema change.
        let first = "table notes {\n    column id serial primary-key\n    column body text\n    column kind text default=old\n    \
             check any \"true\"\n}\n";
        database.apply(&desired(first).unwrap(), false).unwrap();
        let after = desired(
            "table notes {\n    column id serial primary-key\n    column body text not-null\n    column kind text default=new\n    \
             check short \"length(body) < 10\"\n}\n",
        )
        .unwrap();
        wait(async {
            let mut other = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&database.path)).await.unwrap();
            assert_eq!(insert(&mut other, Some("a")).await.as_deref(), Ok("old"));
            let plan = database.live().plan(&Desired::from(after.clone()), PlanOptions::default()).await.unwrap().plan;
            let options = Options { backup: BackupMode::Never, ..Options::default() };
            database.live().apply(&after, &plan, &options, Default::default(), &mut Silent).await.unwrap();
            assert_eq!(insert(&mut other, Some("b")).await.as_deref(), Ok("new"), "{mode}");
            assert!(insert(&mut other, None).await.unwrap_err().contains("NOT NULL constraint failed"), "{mode}");
            assert!(insert(&mut other, Some("much too long")).await.unwrap_err().contains("CHECK constraint failed: short"), "{mode}");
            other.close().await.unwrap();
        });
        let kinds: Vec<String> = database.rows("SELECT kind FROM notes ORDER BY id").into_iter().map(|r| r[0].clone()).collect();
        assert_eq!(kinds, ["old", "old", "new"], "{mode}");
        assert_eq!(database.value("PRAGMA integrity_check"), "ok");
    }
}

const NOTES: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT, n INTEGER);
    INSERT INTO notes VALUES (1, 'a', 10), (2, 'b', 20);";

/// A change for each method: `ALTER TABLE`, a definition edit, and a rebuild.
const CHANGED: [&str; 3] = [
    "table notes {\n    column id serial primary-key\n    column body text\n    column n integer\n    column more integer default=1\n}\n",
    "table notes {\n    column id serial primary-key\n    column body text not-null\n    column n integer\n}\n",
    "table notes {\n    column id serial primary-key\n    column body text\n    column n text\n}\n",
];

fn connect(database: &Database) -> impl Future<Output = SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(&database.path);
    async move { SqliteConnection::connect_with(&options).await.unwrap() }
}

async fn apply_in_time(database: &Database, desired: &Normalized, plan: &Plan, lock_timeout: Duration) -> Result<Outcome, ApplyError> {
    let options = Options { backup: BackupMode::Never, lock_timeout, ..Options::default() };
    database.live().apply(desired, plan, &options, Default::default(), &mut Silent).await
}

/// Returns the number of columns, the definition, and `n` of the first row, as one connection sees them.
async fn seen(connection: &mut SqliteConnection) -> (i64, String, String) {
    let sql = "SELECT (SELECT count(*) FROM pragma_table_info('notes')), (SELECT sql FROM sqlite_schema WHERE name = 'notes'), \
               (SELECT quote(n) FROM notes WHERE id = 1)";
    let row = sqlx::query(sql).fetch_one(connection).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

#[test]
fn a_snapshot_stays_old_while_an_apply_is_done() {
    for after in CHANGED.map(|text| desired(text).unwrap()) {
        let database = Database::from_sql(&format!("PRAGMA journal_mode = WAL; {NOTES}"));
        wait(async {
            let plan = database.live().plan(&Desired::from(after.clone()), PlanOptions::default()).await.unwrap().plan;
            let mut reader = connect(&database).await;
            sqlx::raw_sql("BEGIN").execute(&mut reader).await.unwrap();
            let old = seen(&mut reader).await;
            apply_in_time(&database, &after, &plan, Duration::from_secs(10)).await.unwrap();
            assert_eq!(seen(&mut reader).await, old);
            sqlx::raw_sql("COMMIT").execute(&mut reader).await.unwrap();
            assert_ne!(seen(&mut reader).await, old);
            reader.close().await.unwrap();
        });
        assert!(database.plan(&after).unwrap().is_empty());
        assert_eq!(database.value("PRAGMA integrity_check"), "ok");
    }
}

/// Without WAL nobody can commit while a snapshot is read.
#[test]
fn a_snapshot_that_does_not_end_stops_an_apply_with_nothing_changed() {
    for after in CHANGED.map(|text| desired(text).unwrap()) {
        let database = Database::from_sql(NOTES);
        let before = database.bytes();
        let plan = database.plan(&after).unwrap();
        wait(async {
            let mut reader = connect(&database).await;
            sqlx::raw_sql("BEGIN").execute(&mut reader).await.unwrap();
            let old = seen(&mut reader).await;
            let outcome = apply_in_time(&database, &after, &plan, Duration::from_millis(100)).await;
            assert!(matches!(outcome, Err(ApplyError::Database(rosey::engine::Error::Sqlite(Error::Locked)))), "{outcome:?}");
            assert_eq!(seen(&mut reader).await, old);
            sqlx::raw_sql("COMMIT").execute(&mut reader).await.unwrap();
            assert_eq!(seen(&mut reader).await, old);
            reader.close().await.unwrap();
            assert!(database.bytes() == before);
            apply_in_time(&database, &after, &plan, Duration::from_secs(10)).await.unwrap();
        });
        assert!(database.plan(&after).unwrap().is_empty());
    }
}

#[test]
fn rows_committed_between_plan_and_apply_are_kept() {
    for mode in ["DELETE", "WAL"] {
        for after in CHANGED.map(|text| desired(text).unwrap()) {
            let database = Database::from_sql(&format!("PRAGMA journal_mode = {mode}; {NOTES}"));
            let plan = database.plan(&after).unwrap();
            database
                .run("INSERT INTO notes VALUES (3, 'c', 30); UPDATE notes SET n = 11 WHERE id = 1; DELETE FROM notes WHERE id = 2", false);
            let outcome = wait(apply_in_time(&database, &after, &plan, Duration::from_secs(10))).unwrap();
            assert!(matches!(outcome, Outcome::Applied(_)), "{outcome:?}");
            assert_eq!(database.rows("SELECT id, body, n FROM notes"), [["1", "a", "11"], ["3", "c", "30"]], "{mode}");
            assert!(database.plan(&after).unwrap().is_empty(), "{mode}");
        }
    }
}

#[test]
fn rows_committed_between_plan_and_apply_that_break_its_rules_stop_it() {
    for mode in ["DELETE", "WAL"] {
        let after = desired(CHANGED[1]).unwrap();
        let database = Database::from_sql(&format!("PRAGMA journal_mode = {mode}; {NOTES}"));
        let plan = database.plan(&after).unwrap();
        assert!(plan.blocking(false, &[]).is_empty(), "{mode}");
        database.run("INSERT INTO notes VALUES (3, NULL, 30)", false);
        let before = database.bytes();
        let outcome = wait(apply_in_time(&database, &after, &plan, Duration::from_secs(10)));
        assert!(matches!(&outcome, Err(ApplyError::Blocked(hazards)) if hazards[0].count == Some(1)), "{mode}: {outcome:?}");
        assert!(database.bytes() == before, "{mode}");
    }
}

/// Even if the steps would run the same statements: a rebuild drops whatever it does not name, and the plan
/// did not announce that a new column or constraint would be dropped.
#[test]
fn a_schema_changed_between_plan_and_apply_stops_it() {
    let changes = [
        "ALTER TABLE notes ADD COLUMN other INTEGER",
        "DROP TABLE notes",
        "ALTER TABLE notes RENAME COLUMN n TO m",
        "DROP TABLE notes; CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT CHECK (body <> ''), n INTEGER)",
    ];
    for mode in ["DELETE", "WAL"] {
        for (text, change) in CHANGED.into_iter().flat_map(|text| changes.map(|change| (text, change))) {
            let after = desired(text).unwrap();
            let database = Database::from_sql(&format!("PRAGMA journal_mode = {mode}; {NOTES}"));
            let plan = database.plan(&after).unwrap();
            database.run(change, false);
            let before = database.bytes();
            let options = Options { allow_destructive: true, backup: BackupMode::Never, ..Options::default() };
            let outcome = wait(database.live().apply(&after, &plan, &options, Default::default(), &mut Silent));
            assert!(matches!(outcome, Err(ApplyError::Stale)), "{mode}, {change}: {outcome:?}\n{text}");
            assert!(database.bytes() == before, "{mode}, {change}");
        }
    }
}
