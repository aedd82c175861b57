//! Stand-ins for objects that are created or changed, for questions to the server: temporary types, tables
//! and views that hide the real ones. The caller rolls them back.

use std::collections::BTreeSet;

use super::super::ask::{self, Refusal};
use super::super::connection::{Connection, Error};
use super::super::operator_classes::{self, OwnClasses};
use super::super::{canon, gate, inspect, names, types};
use super::{columns, told};
use crate::schema::{Column, Domain, Ident, ObjectName, Problem, Schema, Table};

/// Returns whether the table does not exist or has other columns.
pub(super) fn changes(table: &Table, live: &Schema) -> bool {
    live.tables.get(&table.name).is_none_or(|before| columns(before) != columns(table))
}

/// Returns the statements that create stand-ins for new and changed types, which hide the real ones.
pub(in crate::engine::postgres) fn types(live: &Schema, desired: &Schema) -> Vec<String> {
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

/// Creates the stand-ins that can be created.
pub(in crate::engine::postgres) async fn make(connection: &mut Connection, stand_ins: &[String]) -> Result<(), Error> {
    for sql in stand_ins {
        attempt(connection, sql).await?;
    }
    Ok(())
}

/// Returns the names of the types that have stand-ins.
pub(in crate::engine::postgres) fn type_names<'s>(live: &'s Schema, desired: &'s Schema) -> impl Iterator<Item = &'s str> {
    let enums = desired.enums.values().filter(|e| live.enums.get(&e.name).is_none_or(|b| b.values != e.values)).map(|e| &e.name);
    let domains = desired.domains.values().filter(|d| live.domains.get(&d.name).is_none_or(|b| b.ty != d.ty)).map(|d| &d.name);
    enums.chain(domains).map(|n| n.name.as_str())
}

/// Creates stand-ins for types, tables and views that the open views may read and that are not in their final
/// form yet. What cannot be created is left out: then the view that needs it has no answer, and its text
/// decides.
pub(super) async fn of_views(
    connection: &mut Connection,
    live: &Schema,
    desired: &Schema,
    open: &[(ObjectName, bool)],
) -> Result<Vec<Problem>, Error> {
    make(connection, &types(live, desired)).await?;
    // A table with unchanged column names still has another type if one of its types has a stand-in.
    let stood_in: BTreeSet<&str> = type_names(live, desired).collect();
    let typed =
        |t: &Table| t.columns.values().any(|c| canon::names(&types::value_type(&c.ty)).iter().any(|n| stood_in.contains(n.as_str())));
    let bare = |t: &&Table| t.name.schema.is_none() && (changes(t, live) || typed(t));
    let mut own = OwnClasses::of(connection).await?;
    for table in desired.tables.values().filter(bare) {
        let key = table.primary_key.as_ref().map(|k| operator_classes::of_columns(&k.parts, table)).unwrap_or_default();
        let has_key = !key.is_empty() && !own.has_any(connection, &key).await?;
        attempt(connection, &temporary(table, has_key)).await?;
    }
    // Views over views: in rounds, until no more can be created.
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

/// Returns the server's messages about the views that it rejects.
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

/// Returns whether the query contains the name.
fn mentions(query: &str, name: &Ident) -> bool {
    canon::names(query).iter().any(|n| name.matches(n))
}

fn mentions_other(tail: &str, own: &str, waiting: &[(String, String)]) -> bool {
    waiting.iter().any(|(name, _)| name != own && mentions(tail, &inspect::ident(name)))
}

/// Returns the statement for a stand-in, with its primary key if that has built-in operator classes: a view may group
/// by it.
fn temporary(table: &Table, has_key: bool) -> String {
    let column = |c: &Column| {
        let collate = c.collate.as_ref().map(|c| format!(" COLLATE {}", canon::quote(c.as_str()))).unwrap_or_default();
        format!("{} {}{collate}", canon::quote(c.name.as_str()), types::value_type(&c.ty))
    };
    let mut parts: Vec<String> = table.columns.values().map(column).collect();
    if let Some(key) = table.primary_key.as_ref().filter(|_| has_key) {
        parts.push(format!("PRIMARY KEY ({})", names::list(key.parts.iter().map(|p| &p.column))));
    }
    format!("CREATE TEMPORARY TABLE {} ({})", canon::quote(table.name.name.as_str()), parts.join(", "))
}

/// Runs a statement that may fail, and returns whether it succeeded.
async fn attempt(connection: &mut Connection, sql: &str) -> Result<bool, Error> {
    connection.execute("SAVEPOINT rosey_try").await?;
    match gate::execute(connection, sql).await {
        Ok(()) => {
            connection.execute("RELEASE SAVEPOINT rosey_try").await?;
            Ok(true)
        }
        Err(error) if error.is_interruption() => Err(error),
        Err(_) => {
            connection.execute("ROLLBACK TO SAVEPOINT rosey_try").await?;
            Ok(false)
        }
    }
}
