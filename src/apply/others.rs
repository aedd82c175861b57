//! Other migrators that have kept their books in the database. Their tables are only looked for, never read or changed.

use super::{ApplyError, Database, Way};
use crate::dialect::bookkeeping::MIGRATORS;
use crate::dialect::postgres;
use crate::dialect::sqlite::connection::{Connection, Mode};

impl Database {
    /// The tables of other migrators that are there, in the order of names.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn other_migrators(&self) -> Result<Vec<String>, ApplyError> {
        let names: Vec<String> = MIGRATORS.iter().map(|n| format!("'{n}'")).collect();
        let names = names.join(", ");
        match self {
            Database::Sqlite(path) => {
                let mut connection = Connection::open(path, Mode::Read, Way::default().wait).await?;
                let sql = format!("SELECT name FROM sqlite_schema WHERE type = 'table' AND lower(name) IN ({names}) ORDER BY name");
                let found = connection.texts(&sql).await?;
                connection.close().await?;
                Ok(found)
            }
            Database::Postgres(url) => {
                let mut connection = postgres::connection::Connection::open_within(url, super::Way::default().wait).await?;
                connection.begin(postgres::connection::Begin::ReadOnly).await?;
                let sql = format!(
                    "SELECT DISTINCT relname::text FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND relname IN ({names}) ORDER BY 1"
                );
                let found = connection.texts(&sql).await?;
                connection.close().await.ok();
                Ok(found)
            }
        }
    }
}
