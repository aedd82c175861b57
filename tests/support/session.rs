//! A session of another application, which stays open: it holds locks, and is terminated when the test says
//! so.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use tokio::runtime::Runtime;

use super::postgres::Database;

pub struct Session {
    runtime: Runtime,
    connection: PgConnection,
}

impl Session {
    pub fn of(database: &Database) -> Session {
        Session::at(&database.url())
    }

    pub fn at(url: &str) -> Session {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(PgConnection::connect(url)).unwrap();
        Session { runtime, connection }
    }

    pub fn run(&mut self, sql: &str) {
        self.try_run(sql).unwrap_or_else(|e| panic!("{e}\n{sql}"));
    }

    /// Runs a script that may fail.
    pub fn try_run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        self.runtime.block_on(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.connection)).map(drop)
    }

    /// Returns the single number of a query (`int8`).
    pub fn number(&mut self, sql: &str) -> i64 {
        self.runtime.block_on(sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(&mut self.connection)).unwrap().get(0)
    }

    /// Returns the id of its server process.
    pub fn pid(&mut self) -> i64 {
        self.number("SELECT pg_backend_pid()::int8")
    }
}
