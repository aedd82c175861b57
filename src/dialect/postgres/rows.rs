//! Which tables hold rows: whether there is one at all, never how many, and never what is in it.

use std::collections::{BTreeMap, BTreeSet};

use super::connection::{Connection, Error};
use super::inspect::{Live, ident};
use super::names::{Names, literal};
use crate::schema::ObjectName;

/// How many tables are asked about at once. Each takes a lock, which is given back before the next ones are taken: a server
/// has room for some thousands
/// (<https://www.postgresql.org/docs/current/runtime-config-locks.html#GUC-MAX-LOCKS-PER-TRANSACTION>).
const AT_ONCE: usize = 1000;

/// Those of the tables that hold rows, with the bytes that they take.
///
/// # Errors
/// Where the server does not answer, or the role may not read one of them.
pub(super) async fn holding(connection: &mut Connection, live: &Live, tables: &[ObjectName]) -> Result<BTreeMap<ObjectName, i64>, Error> {
    let names = Names::new(ident(&live.server.default_schema));
    let mut found = BTreeMap::new();
    for some in tables.chunks(AT_ONCE) {
        let one = |(i, table): (usize, &ObjectName)| {
            let sql = names.sql(table);
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

/// All tables that hold rows. One that the role may not read is taken to hold some where it takes room.
///
/// # Errors
/// Where the server does not answer.
pub(crate) async fn all_holding(connection: &mut Connection, live: &Live) -> Result<BTreeSet<ObjectName>, Error> {
    let closed = "SELECT c.oid::int8::text, (pg_relation_size(c.oid) > 0)::text FROM pg_class c WHERE c.relkind = 'r' \
                  AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE'))";
    let closed: BTreeMap<i64, bool> =
        connection.pairs(closed).await?.iter().filter_map(|(oid, full)| Some((oid.parse().ok()?, full == "true"))).collect();
    let tables = live.relations.iter().filter(|(_, r)| r.kind == "r");
    let open: Vec<ObjectName> = tables.clone().filter(|(oid, _)| !closed.contains_key(oid)).map(|(_, r)| r.name.clone()).collect();
    let mut found: BTreeSet<ObjectName> = holding(connection, live, &open).await?.into_keys().collect();
    found.extend(tables.filter(|(oid, _)| closed.get(oid) == Some(&true)).map(|(_, r)| r.name.clone()));
    Ok(found)
}
