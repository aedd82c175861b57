//! Settles the queries of views and materialized views with the server's help, over stand-ins for the tables
//! that they will read. Does not decide whether a view must be re-created because of what it reads.

use std::collections::BTreeSet;

use super::super::connection::{Connection, Error};
use super::super::{ask, canon, names};
use super::{ROUNDS, stand_ins, unknowable};
use crate::schema::{Expr, Ident, ObjectName, Problem, Schema};

/// Settles the queries of views and materialized views. A view reads the tables in their final form: new and
/// changed ones exist meanwhile as empty temporary tables that hide the real ones.
///
/// # Errors
/// If the connection is lost.
pub(in crate::engine::postgres) async fn views(
    connection: &mut Connection,
    live: &mut Schema,
    desired: &mut Schema,
) -> Result<Vec<Problem>, Error> {
    let mut open: Vec<(ObjectName, bool)> = Vec::new();
    for (name, view) in &desired.views {
        let same = live.views.get(name).is_some_and(|v| v.query == view.query && view.columns.is_empty());
        if live.views.contains_key(name) && (!same || reads_changing(&view.query.text, live, desired)) {
            open.push((name.clone(), false));
        }
    }
    for (name, view) in &desired.materialized_views {
        let same = live.materialized_views.get(name).is_some_and(|v| v.query == view.query && view.columns.is_empty());
        if live.materialized_views.contains_key(name) && (!same || reads_changing(&view.query.text, live, desired)) {
            open.push((name.clone(), true));
        }
    }
    if open.is_empty() && desired.views.keys().all(|v| live.views.contains_key(v)) {
        return Ok(Vec::new());
    }
    connection.execute("SAVEPOINT rosey_stand_ins").await?;
    let unreadable = stand_ins::of_views(connection, live, desired, &open).await?;
    let problems = if unknowable(live, desired) { Vec::new() } else { unreadable };
    for (name, materialized) in open {
        let (before, after) = if materialized {
            let (b, a) = (live.materialized_views.get_mut(&name), desired.materialized_views.get_mut(&name));
            (b.map(|v| (&mut v.query, &mut v.columns)), a.map(|v| (&mut v.query, &mut v.columns)))
        } else {
            let (b, a) = (live.views.get_mut(&name), desired.views.get_mut(&name));
            (b.map(|v| (&mut v.query, &mut v.columns)), a.map(|v| (&mut v.query, &mut v.columns)))
        };
        if let (Some((before, old_columns)), Some((after, columns))) = (before, after) {
            same_query(connection, before, after, columns).await?;
            if before == after {
                old_columns.clone_from(columns);
            }
        }
    }
    connection.execute("ROLLBACK TO SAVEPOINT rosey_stand_ins").await?;
    Ok(problems)
}

/// Asks about both until they are equal or no longer change.
async fn same_query(connection: &mut Connection, before: &mut Expr, after: &mut Expr, columns: &[Ident]) -> Result<(), Error> {
    let (mut old, mut new) = (before.text.clone(), after.text.clone());
    let mut list = if columns.is_empty() { String::new() } else { format!("({})", names::list(columns)) };
    for _ in 0..ROUNDS {
        if let Ok(text) = ask::viewdef_as(connection, &list, &new).await? {
            new = text.trim().trim_end_matches(';').to_owned();
            after.canon = canon::canon(&new);
        }
        list.clear();
        if before.canon == after.canon {
            return Ok(());
        }
        if let Ok(text) = ask::viewdef_as(connection, "", &old).await? {
            old = text.trim().trim_end_matches(';').to_owned();
            before.canon = canon::canon(&old);
        }
        if before.canon == after.canon {
            return Ok(());
        }
    }
    Ok(())
}

/// Returns whether the query reads a table that is created or changed.
fn reads_changing(query: &str, live: &Schema, desired: &Schema) -> bool {
    let names: BTreeSet<String> = canon::names(query).into_iter().collect();
    desired.tables.values().any(|t| names.contains(t.name.name.as_str()) && stand_ins::changes(t, live))
}
