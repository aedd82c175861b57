//! Settles the queries of views and materialized views with the server's help, over stand-ins for the tables
//! that they will read. Does not decide whether a view must be re-created because of what it reads.

use std::collections::BTreeSet;

use super::super::connection::{Connection, Error};
use super::super::{ask, canon, names};
use super::{ROUNDS, stand_ins, try_views, unknowable};
use crate::schema::{Expr, Head, Ident, Kind, ObjectName, Problem, Schema};

/// A view or materialized view.
pub(super) struct Body<'s> {
    pub(super) kind: Kind,
    pub(super) head: &'s Head,
    pub(super) columns: &'s Vec<Ident>,
    pub(super) query: &'s Expr,
}

/// A view of the desired schema that the server must read.
pub(super) struct Open {
    pub(super) kind: Kind,
    pub(super) name: ObjectName,
    /// The live name, if it exists.
    before: Option<ObjectName>,
}

/// Returns the views and materialized views of a schema.
pub(super) fn bodies(schema: &Schema) -> impl Iterator<Item = Body<'_>> {
    let views = schema.views.values().map(|v| Body { kind: Kind::View, head: &v.head, columns: &v.columns, query: &v.query });
    let materialized = schema.materialized_views.values();
    views.chain(materialized.map(|v| Body { kind: Kind::MaterializedView, head: &v.head, columns: &v.columns, query: &v.query }))
}

/// Settles the queries of views and materialized views, and returns those of the schema file that the server
/// rejects or that read what the change drops or renames. A view reads the tables in their final form: in the
/// meantime, new and changed ones exist as empty temporary tables that hide the real ones. `home` is the
/// schema of unqualified names.
///
/// # Errors
/// If the connection is lost.
pub(in crate::engine::postgres) async fn views(
    connection: &mut Connection,
    home: &str,
    live: &mut Schema,
    desired: &mut Schema,
) -> Result<Vec<Problem>, Error> {
    let open = open(live, desired);
    if open.is_empty() {
        return Ok(Vec::new());
    }
    connection.execute("SAVEPOINT rosey_stand_ins").await?;
    let stood = stand_ins::of_tables(connection, live, desired).await?;
    let tried = try_views::problems(connection, home, (&*live, &*desired), &open, &stood).await?;
    let problems = if unknowable(live, desired) { Vec::new() } else { tried };
    for Open { kind, name, before } in open {
        let Some(before) = before else { continue };
        let (before, after) = if kind == Kind::MaterializedView {
            let (b, a) = (live.materialized_views.get_mut(&before), desired.materialized_views.get_mut(&name));
            (b.map(|v| (&mut v.query, &mut v.columns)), a.map(|v| (&mut v.query, &mut v.columns)))
        } else {
            let (b, a) = (live.views.get_mut(&before), desired.views.get_mut(&name));
            (b.map(|v| (&mut v.query, &mut v.columns)), a.map(|v| (&mut v.query, &mut v.columns)))
        };
        if let (Some((before, old_columns)), Some((after, columns))) = (before, after) {
            same_query(connection, before, after, columns, &|sql| stood.reached(home, sql)).await?;
            if before == after {
                old_columns.clone_from(columns);
            }
        }
    }
    connection.execute("ROLLBACK TO SAVEPOINT rosey_stand_ins").await?;
    Ok(problems)
}

/// Returns the views that are new, have a different spelling, or may read something that changes.
fn open(live: &Schema, desired: &Schema) -> Vec<Open> {
    let mut changing = changing(live, desired);
    let (mut open, mut left): (Vec<Open>, Vec<_>) = (Vec::new(), bodies(desired).collect());
    loop {
        let before = open.len();
        left.retain(|body| {
            let there = live_name(live, body);
            let named = |kind: &Body| Some(kind.head.name.clone()) == there && kind.kind == body.kind;
            let same = bodies(live).filter(named).any(|v| v.query == body.query) && body.columns.is_empty();
            // A view that is renamed does not have its new name yet.
            let renamed = there.as_ref() != Some(&body.head.name);
            let stays = same && !renamed && canon::names(&body.query.text).iter().all(|n| !changing.contains(n));
            if !stays {
                changing.insert(body.head.name.name.to_string());
                open.push(Open { kind: body.kind, name: body.head.name.clone(), before: there });
            }
            stays
        });
        if open.len() == before {
            return open;
        }
    }
}

/// Returns the live name of a view, which may be an old one.
fn live_name(live: &Schema, body: &Body) -> Option<ObjectName> {
    let is_live = |n: &ObjectName| match body.kind {
        Kind::MaterializedView => live.materialized_views.contains_key(n),
        _ => live.views.contains_key(n),
    };
    let name = &body.head.name;
    let olds = body.head.was.iter().map(|w| name.renamed(w.clone()));
    std::iter::once(name.clone()).chain(olds).find(is_live)
}

/// Returns the names, without their schemas, of tables that are created or changed, and of relations that are
/// dropped or renamed.
fn changing(live: &Schema, desired: &Schema) -> BTreeSet<String> {
    let come = desired.tables.values().filter(|t| stand_ins::changes(t, live)).map(|t| t.name.name.to_string());
    let gone = relations(live).filter(|n| !is_relation(desired, n)).map(|n| n.name.to_string());
    come.chain(gone).collect()
}

fn relations(schema: &Schema) -> impl Iterator<Item = &ObjectName> {
    schema.tables.keys().chain(schema.views.keys()).chain(schema.materialized_views.keys())
}

pub(super) fn is_relation(schema: &Schema, name: &ObjectName) -> bool {
    schema.tables.contains_key(name) || schema.views.contains_key(name) || schema.materialized_views.contains_key(name)
}

/// Asks about both until they are equal or no longer change. `reached` returns a text that reads the
/// stand-ins.
async fn same_query(
    connection: &mut Connection,
    before: &mut Expr,
    after: &mut Expr,
    columns: &[Ident],
    reached: &(dyn Fn(&str) -> String + Sync),
) -> Result<(), Error> {
    let (mut old, mut new) = (reached(&before.text), reached(&after.text));
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
