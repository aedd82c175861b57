//! Tries the views of the schema file over stand-ins for what changes: each is created as a temporary view,
//! and the catalog then shows what it reads. Runs no query.

use std::collections::BTreeSet;

use super::super::ask::Refusal;
use super::super::connection::{Connection, Error};
use super::super::names::literal;
use super::super::{canon, default_name, inspect, names, sqlstate};
use super::stand_ins::{self, Stood};
use super::views::{Body, Open, bodies, is_relation};
use crate::engine::postgres::catalog_row::catalog_row;
use crate::schema::{Ident, Kind, ObjectName, Problem, Schema, Table};

/// A view to create: its temporary name and the rest of the statement.
struct Attempt<'s> {
    body: Body<'s>,
    name: String,
    tail: String,
    /// The names in its query.
    named: BTreeSet<String>,
}

/// Creates the open views, and returns those that the server rejects or that read what the change drops or
/// renames. A view that depends on something that cannot be created is not tried; it is judged by its text.
///
/// # Errors
/// If the connection is lost.
pub(super) async fn problems(
    connection: &mut Connection,
    home: &str,
    (live, desired): (&Schema, &Schema),
    open: &[Open],
    stood: &Stood,
) -> Result<Vec<Problem>, Error> {
    let is_open = |b: &Body| open.iter().any(|o| o.kind == b.kind && o.name == b.head.name);
    let bodies = bodies(desired).filter(is_open).enumerate();
    let waiting: Vec<Attempt> = bodies.map(|(n, body)| attempt(n, body, |sql| stood.reached(home, sql))).collect();
    let (made, rejected) = created(connection, waiting).await?;
    let names: BTreeSet<String> = rejected.iter().map(|(a, _)| a.name.clone()).collect();
    let mut found = Vec::new();
    for (attempt, error) in rejected {
        let waits = attempt.named.intersection(&names).any(|n| *n != attempt.name);
        let refusal = Refusal::from(error);
        let waits = waits || needs_what_comes(&attempt, &refusal, (live, desired), open);
        if !is_uncertain(connection, &attempt, &refusal, waits, stood).await? {
            found.extend(problem_of(&attempt, &refusal));
        }
    }
    for read in reads(connection, &made).await? {
        let view = made.iter().find(|a| a.name == read.view).map(|a| &a.body);
        found.extend(view.and_then(|view| lost(view, &read, home, live, desired)));
    }
    found.dedup_by(|a, b| a.message == b.message);
    Ok(found)
}

/// A view in another schema gets a name that hides nothing.
fn attempt(n: usize, body: Body<'_>, reached: impl Fn(&str) -> String) -> Attempt<'_> {
    let name = if body.head.name.schema.is_none() { body.head.name.name.to_string() } else { format!("_rosey_view_{n}") };
    let list = if body.columns.is_empty() { String::new() } else { format!(" ({})", names::list(body.columns)) };
    let tail = format!("{list} AS {}", reached(&body.query.text));
    let named = canon::names(&tail).into_iter().collect();
    Attempt { body, name, tail, named }
}

/// A view that the server rejects, and why.
type Rejected<'s> = (Attempt<'s>, Error);

/// Creates each view after those that it may read. Returns those that exist, and those that the server rejects.
async fn created<'s>(connection: &mut Connection, mut waiting: Vec<Attempt<'s>>) -> Result<(Vec<Attempt<'s>>, Vec<Rejected<'s>>), Error> {
    let (mut made, mut rejected) = (Vec::new(), Vec::new());
    while !waiting.is_empty() {
        let names: BTreeSet<String> = waiting.iter().map(|a| a.name.clone()).collect();
        let is_ready = |a: &Attempt| a.named.intersection(&names).all(|n| *n == a.name);
        let (mut ready, left): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
        waiting = left;
        if ready.is_empty() {
            ready = std::mem::take(&mut waiting);
        }
        for attempt in ready {
            let sql = format!("CREATE TEMPORARY VIEW {}{}", canon::quote(&attempt.name), attempt.tail);
            match stand_ins::attempt(connection, &sql).await? {
                None => made.push(attempt),
                Some(error) => rejected.push((attempt, error)),
            }
        }
    }
    Ok((made, rejected))
}

/// Returns whether the view may need something that the change creates and that has no stand-in under the
/// name that the view uses: a sequence, or a view in a schema that is specified.
fn needs_what_comes(attempt: &Attempt<'_>, refusal: &Refusal, (live, desired): (&Schema, &Schema), open: &[Open]) -> bool {
    let names = |name: &ObjectName| attempt.named.contains(name.name.as_str());
    match refusal.code.as_str() {
        "42P01" | "42703" | "42704" => {
            let own = |t: &Table| {
                t.columns
                    .values()
                    .filter(|c| c.ty.is_serial() || c.identity.is_some())
                    .map(|c| default_name::sequence(&t.name, &c.name))
                    .collect::<Vec<_>>()
            };
            desired.sequences.keys().any(|s| names(s) && !live.sequences.contains_key(s))
                || desired.tables.values().flat_map(own).any(|s| attempt.named.contains(&s))
                || open.iter().any(|o| names(&o.name) && (o.name.schema.is_some() || refusal.message.contains('.')))
        }
        _ => false,
    }
}

/// Returns whether the server may accept the view once the change has been made, because it rejects or lacks
/// a stand-in.
async fn is_uncertain(
    connection: &mut Connection,
    attempt: &Attempt<'_>,
    refusal: &Refusal,
    waits: bool,
    stood: &Stood,
) -> Result<bool, Error> {
    let code = refusal.code.as_str();
    let about_names = ["42P01", "42703", "42704"].contains(&code);
    let about_types = ["42883", "42804", "42725", "42846", "42P18", "42P22"].contains(&code);
    let named = &attempt.named;
    let calls_what_comes = code == "42883" && !stood.routines.is_disjoint(named);
    let about_groups = code == "42803";
    if calls_what_comes
        || (about_groups && !stood.has_keys(named))
        || (about_names && (waits || !stood.is_complete(named)))
        || (about_types && stood.has_types)
    {
        return Ok(true);
    }
    // A function of a row does not accept the row of a stand-in.
    Ok((about_types || about_names) && takes_a_row(connection, named, stood).await?)
}

/// Returns whether one of the names is a function that takes a row of a table that has a stand-in.
async fn takes_a_row(connection: &mut Connection, named: &BTreeSet<String>, stood: &Stood) -> Result<bool, Error> {
    if stood.tables.is_empty() {
        return Ok(false);
    }
    let list = |names: &BTreeSet<String>| names.iter().map(|n| literal(n)).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT 1 AS found FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_type t ON t.oid = ANY (p.proargtypes) \
         WHERE p.oid >= 16384 AND t.typtype = 'c' AND p.proname::pg_catalog.text IN ({}) AND t.typname::pg_catalog.text IN ({}) LIMIT 1",
        list(named),
        list(&stood.tables)
    );
    Ok(!connection.catalog(&sql).await?.is_empty())
}

/// Returns the server's message about the file's own text: class 42 except for a missing privilege and a name
/// that already exists, unsupported features, invalid values for a type.
fn problem_of(attempt: &Attempt, refusal: &Refusal) -> Option<Problem> {
    let code = refusal.code.as_str();
    let own = code.starts_with("42") && !["42501", "42P07"].contains(&code);
    let told = own || ["0A000", "22P02", "22007", "22008", "22023", "22003"].contains(&code);
    let at = attempt.body.query.origin.0.or(attempt.body.head.origin.0).filter(|_| told)?;
    Some(Problem::new(format!("PostgreSQL rejects this: {}", refusal.message), at, "here").help(sqlstate::advice(code)))
}

catalog_row! {
    /// A real relation, or a column of it, that a temporary view reads.
    struct Read from "what views read" {
        view: String,
        schema: String,
        relation: String,
        column: Option<String>,
    }
}

async fn reads(connection: &mut Connection, made: &[Attempt<'_>]) -> Result<Vec<Read>, Error> {
    if made.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = made.iter().map(|a| literal(&a.name)).collect();
    let sql = format!(
        "SELECT DISTINCT v.relname::text AS view, n.nspname::text AS schema, r.relname::text AS relation, a.attname::text AS column \
         FROM pg_class v JOIN pg_rewrite w ON w.ev_class = v.oid \
         JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass \
         JOIN pg_class r ON r.oid = d.refobjid AND r.oid <> v.oid JOIN pg_namespace n ON n.oid = r.relnamespace \
         LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0 \
         WHERE v.relnamespace = pg_my_temp_schema() AND r.relnamespace <> pg_my_temp_schema() AND v.relname::text IN ({}) \
         ORDER BY 1, 2, 3, 4 NULLS FIRST",
        names.join(", ")
    );
    connection.rows(&sql).await
}

/// Returns the problem of a view that reads what the change drops or renames.
fn lost(view: &Body, read: &Read, home: &str, live: &Schema, desired: &Schema) -> Option<Problem> {
    let name = ObjectName::new((read.schema != home).then(|| inspect::ident(&read.schema)), inspect::ident(&read.relation));
    let kind = kind_of(live, &name)?;
    if desired.ignores(kind, &name) {
        return None;
    }
    let message = |lost: &str, what: &str| {
        let own = if view.kind == Kind::MaterializedView { "materialized view" } else { "view" };
        format!("{own} `{}` reads {lost}, which is {what}", view.head.name)
    };
    let at = view.query.origin.0.or(view.head.origin.0);
    if !is_relation(desired, &name) {
        let shown = format!("{} `{name}`", kind.word().replace('-', " "));
        return Some(match renamed_to(desired, &name) {
            Some(new) => Problem::new(message(&shown, &format!("renamed to `{new}`")), at, "here").help(format!("write `{new}`")),
            None => Problem::new(message(&shown, "dropped"), at, "here").help("change the query, or drop the view as well"),
        });
    }
    let (table, column) = (desired.tables.get(&name)?, inspect::ident(read.column.as_deref()?));
    if table.columns.contains_key(&column) || !live.tables.get(&name)?.columns.contains_key(&column) {
        return None;
    }
    let shown = format!("column `{column}` of table `{name}`");
    Some(match table.columns.values().find(|c| c.was.contains(&column)) {
        Some(new) => Problem::new(message(&shown, &format!("renamed to `{}`", new.name)), at, "here").help(format!("write `{}`", new.name)),
        None => Problem::new(message(&shown, "dropped"), at, "here").help("change the query, or drop the view as well"),
    })
}

fn kind_of(schema: &Schema, name: &ObjectName) -> Option<Kind> {
    let kind = if schema.tables.contains_key(name) {
        Kind::Table
    } else if schema.views.contains_key(name) {
        Kind::View
    } else {
        schema.materialized_views.get(name).map(|_| Kind::MaterializedView)?
    };
    Some(kind)
}

/// Returns the new name of a relation.
fn renamed_to<'s>(desired: &'s Schema, old: &ObjectName) -> Option<&'s Ident> {
    let heads = desired.tables.values().map(|t| &t.head).chain(bodies(desired).map(|b| b.head));
    let mut renamed = heads.filter(|h| h.name.schema == old.schema && h.was.contains(&old.name));
    renamed.next().map(|h| &h.name.name)
}
