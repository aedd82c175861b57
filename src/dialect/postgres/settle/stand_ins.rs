//! What stands in for objects that come or change while the server is asked about them: temporary types, tables and views,
//! which stand before the real ones. The caller rolls them back.

use std::collections::BTreeSet;

use super::super::ask::{self, Refusal};
use super::super::connection::{Connection, Error};
use super::super::{canon, gate, inspect, names, types};
use super::{columns, told};
use crate::schema::{Column, Domain, Ident, ObjectName, Problem, Schema, Table};

/// Whether the table is not there, or has other columns.
pub(super) fn changes(table: &Table, live: &Schema) -> bool {
    live.tables.get(&table.name).is_none_or(|before| columns(before) != columns(table))
}

/// Statements that make types that come or change as temporary ones, which stand before the real ones.
pub(in crate::dialect::postgres) fn types(live: &Schema, desired: &Schema) -> Vec<String> {
    let enums = desired.enums.values().filter(|e| live.enums.get(&e.name).is_none_or(|b| b.values != e.values)).map(|e| {
        let values: Vec<String> = e.values.iter().map(|v| canon::literal(v)).collect();
        format!("CREATE TYPE pg_temp.{} AS ENUM ({})", canon::quote(e.name.name.as_str()), values.join(", "))
    });
    let new = |d: &&Domain| d.name.schema.is_none() && live.domains.get(&d.name).is_none_or(|b| b.ty != d.ty);
    let domains = desired.domains.values().filter(new).map(|domain| {
        let (name, ty) = (canon::quote(domain.name.name.as_str()), types::value_type(&domain.ty));
        format!("CREATE DOMAIN pg_temp.{name} AS {ty}")
    });
    enums.chain(domains).collect()
}

/// Makes what can be made.
pub(in crate::dialect::postgres) async fn make(connection: &mut Connection, stand_ins: &[String]) -> Result<(), Error> {
    for sql in stand_ins {
        attempt(connection, sql).await?;
    }
    Ok(())
}

/// The names of the types that stand in.
pub(in crate::dialect::postgres) fn type_names<'s>(live: &'s Schema, desired: &'s Schema) -> impl Iterator<Item = &'s str> {
    let enums = desired.enums.values().filter(|e| live.enums.get(&e.name).is_none_or(|b| b.values != e.values)).map(|e| &e.name);
    let domains = desired.domains.values().filter(|d| live.domains.get(&d.name).is_none_or(|b| b.ty != d.ty)).map(|d| &d.name);
    enums.chain(domains).map(|n| n.name.as_str())
}

/// Types, tables and views that the open views may read and that are not there as they shall be. What cannot be made is
/// left out: then the view that needs it has no answer, and its text decides.
pub(super) async fn of_views(
    connection: &mut Connection,
    live: &Schema,
    desired: &Schema,
    open: &[(ObjectName, bool)],
) -> Result<Vec<Problem>, Error> {
    make(connection, &types(live, desired)).await?;
    // A table whose columns keep their names has another type all the same where a type stands in.
    let stood_in: BTreeSet<&str> = type_names(live, desired).collect();
    let typed =
        |t: &Table| t.columns.values().any(|c| canon::names(&types::value_type(&c.ty)).iter().any(|n| stood_in.contains(n.as_str())));
    let bare = |t: &&Table| t.name.schema.is_none() && (changes(t, live) || typed(t));
    for table in desired.tables.values().filter(bare) {
        attempt(connection, &temporary(table)).await?;
    }
    // Views over views: in rounds, until no more can be made.
    let is_open = |name: &ObjectName| open.iter().any(|(n, _)| n == name);
    let fresh = desired.views.values().filter(|v| v.name.schema.is_none() && (is_open(&v.name) || !live.views.contains_key(&v.name)));
    let mut waiting: Vec<(String, String)> = fresh
        .map(|v| {
            let list = if v.columns.is_empty() { String::new() } else { format!(" ({})", names::list(&v.columns)) };
            (v.name.name.to_string(), format!("{list} AS {}", v.query.text))
        })
        .collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut left = Vec::new();
        for (name, tail) in waiting {
            let reads_waiting = mentions_other(&tail, &name, &left);
            if reads_waiting || !attempt(connection, &format!("CREATE TEMPORARY VIEW {}{tail}", canon::quote(&name))).await? {
                left.push((name, tail));
            }
        }
        if left.len() == before {
            return unreadable(connection, desired, &left).await;
        }
        waiting = left;
    }
    Ok(Vec::new())
}

/// What the server says of the views that it does not make.
async fn unreadable(connection: &mut Connection, desired: &Schema, left: &[(String, String)]) -> Result<Vec<Problem>, Error> {
    let mut found = Vec::new();
    for view in desired.views.values().filter(|v| v.name.schema.is_none() && left.iter().any(|(n, _)| v.name.name.matches(n))) {
        let list = if view.columns.is_empty() { String::new() } else { format!("({})", names::list(&view.columns)) };
        if let Err(error) = ask::viewdef_as(connection, &list, &view.query.text).await? {
            found.extend(told(&Refusal::from(error), view.query.origin));
        }
    }
    Ok(found)
}

/// What a name in the query may stand for, when the tables it reads shall change.
fn mentions(query: &str, name: &Ident) -> bool {
    canon::names(query).iter().any(|n| name.matches(n))
}

fn mentions_other(tail: &str, own: &str, waiting: &[(String, String)]) -> bool {
    waiting.iter().any(|(name, _)| name != own && mentions(tail, &inspect::ident(name)))
}

fn temporary(table: &Table) -> String {
    let column = |c: &Column| {
        let collate = c.collate.as_ref().map(|c| format!(" COLLATE {}", canon::quote(c.as_str()))).unwrap_or_default();
        format!("{} {}{collate}", canon::quote(c.name.as_str()), types::value_type(&c.ty))
    };
    let mut parts: Vec<String> = table.columns.values().map(column).collect();
    if let Some(key) = &table.primary_key {
        parts.push(format!("PRIMARY KEY ({})", names::list(key.parts.iter().map(|p| &p.column))));
    }
    format!("CREATE TEMPORARY TABLE {} ({})", canon::quote(table.name.name.as_str()), parts.join(", "))
}

/// Runs a statement that may fail.
async fn attempt(connection: &mut Connection, sql: &str) -> Result<bool, Error> {
    connection.execute("SAVEPOINT rosey_try").await?;
    match gate::execute(connection, sql).await {
        Ok(()) => {
            connection.execute("RELEASE SAVEPOINT rosey_try").await?;
            Ok(true)
        }
        Err(error) if error.is_no_refusal() => Err(error),
        Err(_) => {
            connection.execute("ROLLBACK TO SAVEPOINT rosey_try").await?;
            Ok(false)
        }
    }
}
