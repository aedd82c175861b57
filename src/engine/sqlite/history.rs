//! The table `_rosey_history` in a SQLite file, examined before it is read: a view or a generated column with
//! its name would evaluate the SQL of whoever wrote the file, and a trigger would run when a row is written.

use super::connection::{Connection, Error};

/// What would run if a row were read or written. A generated column is hidden in one of two ways
/// (<https://sqlite.org/pragma.html#pragma_table_xinfo>), and the part of an index that is an expression has
/// the column -2 (<https://sqlite.org/pragma.html#pragma_index_xinfo>).
const ACTING: &str = "\
    SELECT 'the trigger ' || name FROM main.sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = '_rosey_history' \
    UNION ALL SELECT 'become a view' FROM main.sqlite_schema WHERE type = 'view' AND lower(name) = '_rosey_history' \
    UNION ALL SELECT 'become a virtual table' FROM main.sqlite_schema WHERE type = 'table' AND lower(name) = '_rosey_history' \
      AND lower(sql) LIKE 'create virtual%' \
    UNION ALL SELECT 'the generated column ' || name FROM pragma_table_xinfo('_rosey_history', 'main') WHERE hidden IN (2, 3) \
    UNION ALL SELECT 'the index ' || l.name || ' with an expression or a condition' FROM pragma_index_list('_rosey_history', 'main') AS l \
      WHERE l.partial OR EXISTS (SELECT 1 FROM pragma_index_xinfo(l.name, 'main') AS x WHERE x.cid = -2)";

const COLUMNS: &str = "SELECT name FROM pragma_table_info('_rosey_history', 'main')";

/// Returns what would run.
///
/// # Errors
/// If the file cannot be read.
pub(crate) async fn acting(connection: &mut Connection) -> Result<Vec<String>, Error> {
    connection.texts(ACTING).await
}

/// Returns the columns of the table; none if it does not exist.
///
/// # Errors
/// [`Error::History`] if reading it could run something.
pub(crate) async fn columns(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let columns = connection.texts(COLUMNS).await?;
    let found = if columns.is_empty() { Vec::new() } else { acting(connection).await? };
    found.into_iter().next().map_or(Ok(columns), |what| Err(Error::History(what)))
}
