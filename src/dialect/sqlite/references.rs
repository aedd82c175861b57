//! The foreign keys that are live, whoever manages them, and the rows that break them
//! (<https://sqlite.org/pragma.html#pragma_foreign_key_check>). Reads only, and judges nothing.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::connection::{Connection, Error};

/// A foreign key as SQLite lists it.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// The table it points to.
    pub(crate) parent: String,
    /// The columns that point.
    pub(crate) from: Vec<String>,
}

/// The foreign keys of all tables, by their number in each.
///
/// # Errors
/// Where SQLite cannot read.
pub(crate) async fn foreign_keys(connection: &mut Connection) -> Result<BTreeMap<String, BTreeMap<i64, Listed>>, Error> {
    let sql = "SELECT m.name, f.id, f.\"table\", f.\"from\" FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f \
               WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq";
    let mut tables: BTreeMap<String, BTreeMap<i64, Listed>> = BTreeMap::new();
    for row in connection.query(sql).await? {
        let text = |i: usize| row.try_get_unchecked::<Option<String>, _>(i).ok().flatten().unwrap_or_default();
        let id = row.try_get_unchecked::<i64, _>(1).unwrap_or_default();
        let key = tables.entry(text(0)).or_default().entry(id).or_default();
        key.parent = text(2);
        key.from.push(text(3));
    }
    Ok(tables)
}

/// The rowids that break each foreign key of a table, by the key's number; none of a table without rowids. `None` where
/// what is pointed to is no key.
///
/// # Errors
/// Where SQLite cannot read.
pub(crate) async fn orphans(connection: &mut Connection, table: &str) -> Result<Option<BTreeMap<i64, Vec<Option<i64>>>>, Error> {
    let sql = format!("SELECT fkid, rowid FROM pragma_foreign_key_check('{}')", table.replace('\'', "''"));
    let rows = match connection.query(&sql).await {
        Ok(rows) => rows,
        Err(Error::Sql { code: 1, .. }) => return Ok(None),
        Err(other) => return Err(other),
    };
    let mut found: BTreeMap<i64, Vec<Option<i64>>> = BTreeMap::new();
    for row in rows {
        let number = |i: usize| row.try_get_unchecked::<Option<i64>, _>(i).ok().flatten();
        found.entry(number(0).unwrap_or_default()).or_default().push(number(1));
    }
    Ok(Some(found))
}
