//! The live foreign keys, managed or not, and the rows that violate them
//! (<https://sqlite.org/pragma.html#pragma_foreign_key_check>). Only reads, and judges nothing.

use std::collections::BTreeMap;

use super::connection::{Connection, Error};
use super::lexer::{quote, quote_string};

/// A foreign key, as SQLite lists it.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// The referenced table.
    pub(crate) parent: String,
    /// The referencing columns.
    pub(crate) from: Vec<String>,
    /// The referenced columns; the primary key of the referenced table if the definition names none.
    pub(crate) to: Vec<String>,
}

/// Returns the foreign keys of all tables, by their number within each table.
///
/// # Errors
/// If SQLite cannot read them.
pub(crate) async fn foreign_keys(connection: &mut Connection) -> Result<BTreeMap<String, BTreeMap<i64, Listed>>, Error> {
    let sql = "SELECT m.name AS name, f.id AS id, f.\"table\" AS parent, f.\"from\" AS own, coalesce(f.\"to\", \
               (SELECT k.name FROM pragma_table_info(f.\"table\") AS k WHERE k.pk = f.seq + 1)) AS other FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f \
               WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq";
    let mut tables: BTreeMap<String, BTreeMap<i64, Listed>> = BTreeMap::new();
    for row in connection.rows(sql).await? {
        let key = tables.entry(row.text("name")?).or_default().entry(row.number("id")?).or_default();
        key.parent = row.text("parent")?;
        key.from.push(row.text("own")?);
        key.to.extend(row.maybe_text("other")?.filter(|to| !to.is_empty()));
    }
    Ok(tables)
}

/// Returns the rows that violate a foreign key, and how often each does: by rowid if `by_rowid` is set and
/// they have one, otherwise by the referencing values. If the referenced table does not exist, all
/// referencing rows violate the key. Compares as SQLite does, with the affinity and collation of the
/// referenced column (<https://sqlite.org/foreignkeys.html#fk_indexes>).
///
/// # Errors
/// If SQLite cannot read the rows, or if a column does not exist.
pub(crate) async fn orphans(
    connection: &mut Connection,
    table: &str,
    key: &Listed,
    by_rowid: bool,
    nowhere: bool,
) -> Result<BTreeMap<String, usize>, Error> {
    let query = |identity: Option<&str>| orphans_sql(table, key, identity, nowhere);
    let of = format!("SELECT lower(name) FROM pragma_table_xinfo({})", quote_string(table));
    let columns = connection.texts(&of).await?;
    let free = ["rowid", "_rowid_", "oid"].into_iter().find(|name| !columns.iter().any(|c| c == name));
    let rowid = free.filter(|_| by_rowid).map(|name| query(Some(name)));
    let rows = match rowid {
        None => connection.texts(&query(None)).await?,
        Some(sql) => match connection.texts(&sql).await {
            // The table has no rowids.
            Err(Error::Sql { code: 1, .. }) => connection.texts(&query(None)).await?,
            rows => rows?,
        },
    };
    let mut found = BTreeMap::new();
    rows.into_iter().for_each(|row| *found.entry(row).or_default() += 1);
    Ok(found)
}

/// Returns the query for these rows: by the rowid under this name, or by the referencing values.
pub(crate) fn orphans_sql(table: &str, key: &Listed, rowid: Option<&str>, nowhere: bool) -> String {
    let child: Vec<String> = key.from.iter().map(|c| format!("c.{}", quote(c))).collect();
    let mut wanted: Vec<String> = child.iter().map(|c| format!("{c} IS NOT NULL")).collect();
    if !nowhere {
        let same: Vec<String> = key.to.iter().zip(&child).map(|(to, c)| format!("p.{} = +{c}", quote(to))).collect();
        let parent = quote(&key.parent);
        wanted.push(format!("NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {})", same.join(" AND ")));
    }
    let values = || child.iter().map(|c| format!("quote({c})")).collect::<Vec<_>>().join(" || ', ' || ");
    let identity = rowid.map_or_else(values, |name| format!("'row ' || c.{name}"));
    format!("SELECT {identity} FROM {} AS c WHERE {}", quote(table), wanted.join(" AND "))
}

/// Returns true if SQLite cannot check the keys of a table: if one of them does not reference a key, it
/// checks none of them.
///
/// # Errors
/// If SQLite cannot read the table.
pub(crate) async fn mismatched(connection: &mut Connection, table: &str) -> Result<bool, Error> {
    match connection.query(&format!("SELECT 1 FROM pragma_foreign_key_check({}) LIMIT 1", quote_string(table))).await {
        Ok(_) => Ok(false),
        Err(Error::Sql { code: 1, .. } | Error::Rows { code: 1, .. }) => Ok(true),
        Err(other) => Err(other),
    }
}

/// Returns true if the referenced columns are the primary key or are covered by a unique index that is not
/// partial.
///
/// # Errors
/// If SQLite cannot read the table.
pub(crate) async fn points_to_a_key(connection: &mut Connection, key: &Listed) -> Result<bool, Error> {
    let parent = quote_string(&key.parent);
    let sql = format!(
        "SELECT group_concat(name, char(10)) FROM (SELECT i.seq, coalesce(lower(x.name), '') AS name FROM pragma_index_list({parent}) AS i, \
         pragma_index_info(i.name) AS x WHERE i.\"unique\" AND NOT i.partial ORDER BY i.seq, 2) GROUP BY seq \
         UNION ALL SELECT group_concat(name, char(10)) FROM (SELECT lower(name) AS name FROM pragma_table_info({parent}) WHERE pk ORDER BY 1)"
    );
    let mut to: Vec<String> = key.to.iter().map(|c| c.to_ascii_lowercase()).collect();
    to.sort();
    Ok(to.len() == key.from.len() && connection.texts(&sql).await?.contains(&to.join("\n")))
}
