//! Which tables have rows: whether there is at least one, never how many, and never their contents.

use std::collections::{BTreeMap, BTreeSet};

use super::connection::{Connection, Error};
use super::inspect::{Live, ident};
use super::names::{Names, literal};
use crate::plan::Counts;
use crate::schema::ObjectName;

/// How many tables are queried at once. Each query takes a lock, which is released before the next ones are
/// taken: a server has room for a few thousand
/// (<https://www.postgresql.org/docs/current/runtime-config-locks.html#GUC-MAX-LOCKS-PER-TRANSACTION>).
const AT_ONCE: usize = 1000;

/// Returns the tables that have rows, with their size in bytes. With [`Counts::None`] no table is read: one
/// that takes up space is assumed to have rows, as is one whose rows the role may not read.
///
/// # Errors
/// If the server does not respond.
pub(super) async fn holding(
    connection: &mut Connection,
    live: &Live,
    tables: &[ObjectName],
    counts: Counts,
) -> Result<BTreeMap<ObjectName, i64>, Error> {
    let names = Names::new(ident(&live.server.default_schema));
    let by_key: BTreeMap<String, &ObjectName> = tables.iter().map(|t| (names.key(t), t)).collect();
    let wanted: BTreeMap<i64, &ObjectName> =
        live.relations.iter().filter_map(|(oid, r)| Some((*oid, *by_key.get(&names.key(&r.name))?))).collect();
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let closed = taking_room(connection, &wanted, counts).await?;
    let mut found: BTreeMap<ObjectName, i64> =
        closed.iter().filter(|(_, size)| **size > 0).filter_map(|(oid, size)| Some(((*wanted.get(oid)?).clone(), *size))).collect();
    let open: Vec<ObjectName> = wanted.iter().filter(|(oid, _)| !closed.contains_key(oid)).map(|(_, name)| (*name).clone()).collect();
    found.extend(reading(connection, live, &open).await?);
    Ok(found)
}

/// Returns the tables that must not be read, with their size in bytes: 0 if they take up no space.
async fn taking_room(
    connection: &mut Connection,
    tables: &BTreeMap<i64, &ObjectName>,
    counts: Counts,
) -> Result<BTreeMap<i64, i64>, Error> {
    let oids: Vec<String> = tables.keys().map(ToString::to_string).collect();
    let which = match counts {
        Counts::None => "",
        _ => {
            " AND (row_security_active(c.oid) \
              OR NOT (has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE'))) "
        }
    };
    let sql = format!(
        "SELECT c.oid::int8::text, CASE WHEN pg_relation_size(c.oid) > 0 THEN pg_total_relation_size(c.oid) ELSE 0 END::text \
         FROM pg_class c WHERE c.oid = ANY ('{{{}}}'::oid[]){which}",
        oids.join(",")
    );
    let pairs = connection.pairs(&sql).await?;
    Ok(pairs.iter().filter_map(|(oid, size)| Some((oid.parse().ok()?, size.parse().ok()?))).collect())
}

/// Returns the tables that have a row.
async fn reading(connection: &mut Connection, live: &Live, tables: &[ObjectName]) -> Result<BTreeMap<ObjectName, i64>, Error> {
    let names = Names::new(ident(&live.server.default_schema));
    let mut found = BTreeMap::new();
    for some in tables.chunks(AT_ONCE) {
        let one = |(i, table): (usize, &ObjectName)| {
            let sql = names.qualified(table);
            let size = format!("pg_total_relation_size({}::regclass)", literal(&sql));
            format!("SELECT {i}::int8::text, {size}::text WHERE EXISTS (SELECT FROM {sql})")
        };
        let each: Vec<String> = some.iter().enumerate().map(one).collect();
        let many = tables.len() > AT_ONCE;
        if many {
            connection.execute("SAVEPOINT rosey_rows").await?;
        }
        let holding = connection.pairs(&each.join(" UNION ALL ")).await?;
        if many {
            connection.execute("ROLLBACK TO SAVEPOINT rosey_rows").await?;
        }
        let table = |i: &str| i.parse::<usize>().ok().and_then(|i| some.get(i));
        found.extend(holding.iter().filter_map(|(i, size)| Some((table(i)?.clone(), size.parse().unwrap_or_default()))));
    }
    Ok(found)
}

/// Returns all tables that have rows, in the sense of [`holding`].
///
/// # Errors
/// If the server does not respond.
pub(crate) async fn all_holding(connection: &mut Connection, live: &Live, counts: Counts) -> Result<BTreeSet<ObjectName>, Error> {
    let tables: Vec<ObjectName> = live.relations.values().filter(|r| r.kind == "r").map(|r| r.name.clone()).collect();
    Ok(holding(connection, live, &tables, counts).await?.into_keys().collect())
}
