//! Other connections at work on the file: their prepared statements go on working after a catalog edit, and they keep
//! the new rules.

mod support;

use rosey::apply::{self, BackupMode, Options, Silent};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Row as _};
use support::{Database, desired, wait};

const INSERT: &str = "INSERT INTO notes (body) VALUES (?) RETURNING kind";

async fn insert(connection: &mut SqliteConnection, body: Option<&str>) -> Result<String, String> {
    // The statement stays prepared in the connection's cache from call to call.
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
        let after = desired(
            "table notes {\n    column id serial primary-key\n    column body text not-null\n    column kind text default=new\n    \
             check short \"length(body) < 10\"\n}\n",
        )
        .unwrap();
        wait(async {
            let mut other = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&database.path)).await.unwrap();
            assert_eq!(insert(&mut other, Some("a")).await.as_deref(), Ok("old"));
            let plan = apply::plan(&database.path, &after).await.unwrap();
            let options = Options { backup: BackupMode::Never, ..Options::default() };
            apply::apply(&database.path, &after, &plan, &options, Default::default(), &mut Silent).await.unwrap();
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
