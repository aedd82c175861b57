//! What the tests share: real SQLite files and their rows as text, and PostgreSQL servers.
#![allow(dead_code)] // each test uses a part of it

pub mod applied;
pub mod fences;
pub mod postgres;
pub mod session;
pub mod shell;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rosey::apply::{self, ApplyError, BackupMode, Desired, EngineOptions, Options, Outcome, PlanOptions, Silent, SqlitePath};
use rosey::engine::PlanError;
use rosey::engine::{self, CancelToken};
use rosey::kdl::{self, Sources};
use rosey::plan::Plan;
use rosey::schema::{Dialect, Normalized};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

/// Runs a future to completion.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A SQLite file in a separate folder, with a connection that behaves like the sqlite3 shell.
pub struct Database {
    pub path: PathBuf,
    pub folder: tempfile::TempDir,
}

impl Database {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Database { path: folder.path().join("test.db"), folder }
    }

    pub fn from_sql(sql: &str) -> Self {
        let database = Self::new();
        database.run(sql, false);
        database
    }

    async fn open(&self, foreign_keys: bool) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(&self.path).create_if_missing(true).foreign_keys(foreign_keys);
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    pub fn run(&self, sql: &str, foreign_keys: bool) {
        wait(async {
            let mut c = self.open(foreign_keys).await;
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut c).await.unwrap_or_else(|e| panic!("{e}\n{sql}"));
            c.close().await.unwrap();
        });
    }

    /// Runs a statement that may fail.
    pub fn try_run(&self, sql: &str) {
        wait(async {
            let mut c = self.open(false).await;
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut c).await.ok();
            c.close().await.unwrap();
        });
    }

    /// Returns the rows of a query as text; use `quote()` in the query to quote values.
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        wait(async {
            let mut c = self.open(false).await;
            let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut c).await.unwrap_or_else(|e| panic!("{e}\n{sql}"));
            let text = |r: &sqlx::sqlite::SqliteRow, i| r.try_get_unchecked::<Option<String>, _>(i).unwrap().unwrap_or("NULL".into());
            let out = rows.iter().map(|r| (0..r.len()).map(|i| text(r, i)).collect()).collect();
            c.close().await.unwrap();
            out
        })
    }

    pub fn value(&self, sql: &str) -> String {
        self.rows(sql).first().and_then(|r| r.first().cloned()).unwrap_or_default()
    }

    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap_or_default()
    }

    /// Returns the database as the library has it.
    pub fn live(&self) -> apply::Database {
        apply::Database::file(&self.path)
    }

    pub fn plan(&self, desired: &Normalized) -> Result<Plan, PlanError> {
        planned(&self.live(), desired, PlanOptions::default())
    }

    pub fn apply(&self, desired: &Normalized, allow_destructive: bool) -> Result<Outcome, ApplyError> {
        self.apply_by(desired, allow_destructive, SqlitePath::Cheapest)
    }

    pub fn apply_by(&self, desired: &Normalized, allow_destructive: bool, by: SqlitePath) -> Result<Outcome, ApplyError> {
        let plan = planned(&self.live(), desired, PlanOptions { engine: EngineOptions::default().by(by), ..PlanOptions::default() })?;
        let options = Options { allow_destructive, backup: BackupMode::Never, ..Options::default() };
        wait(self.live().apply(desired, &plan, &options, Arc::new(CancelToken::default()), &mut Silent))
    }

    pub fn inspect(&self) -> String {
        wait(self.live().inspect()).unwrap()
    }

    /// Returns the tables of the user, with their columns that hold values.
    pub fn tables(&self) -> Vec<(String, Vec<String>)> {
        let tables = self.rows(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_rosey%' ESCAPE '\\' ORDER BY name",
        );
        let columns = |t: &str| {
            let sql = format!("SELECT name FROM pragma_table_xinfo('{}') WHERE hidden = 0 ORDER BY cid", t.replace('\'', "''"));
            self.rows(&sql).into_iter().map(|r| r[0].clone()).collect()
        };
        tables.into_iter().map(|t| (t[0].clone(), columns(&t[0]))).collect()
    }

    /// Returns every row of a table's columns, quoted and sorted.
    pub fn dump(&self, table: &str, columns: &[String]) -> Vec<Vec<String>> {
        let list: Vec<String> = columns.iter().map(|c| format!("quote({})", quote(c))).collect();
        let mut rows = self.rows(&format!("SELECT {} FROM {}", if list.is_empty() { "1".into() } else { list.join(", ") }, quote(table)));
        rows.sort();
        rows
    }
}

/// Plans against a live database; why there is no plan is the only error that a caller expects.
pub fn planned(live: &apply::Database, desired: &Normalized, plan_options: PlanOptions) -> Result<Plan, PlanError> {
    match wait(live.plan(&Desired::from(desired.clone()), plan_options)) {
        Ok(planned) => Ok(planned.plan),
        Err(ApplyError::Plan(error)) => Err(error),
        Err(ApplyError::Database(error)) => Err(PlanError::Database(error)),
        Err(other) => panic!("{other:?}"),
    }
}

pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Parses a schema as SQLite's desired schema, or returns its errors as text.
pub fn desired(text: &str) -> Result<Normalized, String> {
    let sources = Sources::from_text("schema.kdl", text).checked().map_err(|d| d.to_string())?;
    let (schema, mut problems) = kdl::decode_all(&sources, Dialect::Sqlite);
    problems.extend(engine::problems(&schema, Dialect::Sqlite));
    if !problems.is_empty() {
        return Err(kdl::Diagnostics::new(&sources, problems).to_string());
    }
    engine::desired(schema, Dialect::Sqlite).map_err(|e| e.to_string())
}

/// Returns the path of a file in the project.
pub fn project(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
