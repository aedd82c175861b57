//! What two schemas still differ in after normalisation, settled by the server: expressions whose texts differ are asked
//! for in its own spelling, views are made over stand-ins of the tables they shall read. Structure is not looked at here.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::{self, Answer, Refusal, Scope};
use super::connection::{Connection, Error};
use super::{canon, types};
use crate::schema::{
    Column, DefaultValue, Domain, EnumType, Expr, Ident, Index, Literal, ObjectName, Origin, PartKey, Problem, Schema, Table, Unmanaged,
};

/// How often the server's answers are asked about again: its spelling of its own spelling may be another
/// (`varchar IN (…)`), and then it stays.
const ROUNDS: usize = 4;

/// One expression that may have to be asked for.
struct Slot<'a> {
    /// The column or index that it belongs to: two columns may have one text in turn.
    of: String,
    sql: String,
    cast: Option<String>,
    canon: &'a mut String,
    /// A default's canonical spelling says that it is an expression.
    prefix: &'static str,
    /// Where it stands in the schema file.
    origin: Origin,
    /// Why the server does not take it.
    refused: Option<Refusal>,
}

/// Settles the expressions of tables and domains, and gives those of the schema file that the server does not take.
///
/// # Errors
/// Where the connection is lost.
pub(crate) async fn expressions(connection: &mut Connection, live: &mut Schema, desired: &mut Schema) -> Result<Vec<Problem>, Error> {
    connection.execute("SAVEPOINT rosey_types").await?;
    stand_in_types(connection, live, desired).await?;
    own_collations(connection, desired).await?;
    let problems = settled(connection, live, desired).await?;
    connection.execute("ROLLBACK TO SAVEPOINT rosey_types").await?;
    Ok(problems)
}

/// A collation that the expression of an index has by itself is not kept by the server, and so not said.
async fn own_collations(connection: &mut Connection, desired: &mut Schema) -> Result<(), Error> {
    for table in desired.tables.values_mut() {
        let (alias, columns) = (table.name.name.to_string(), columns(table));
        let excluded = table.exclusions.iter_mut().flat_map(|e| e.parts.iter_mut().map(|(part, _)| part));
        for part in table.indexes.values_mut().flat_map(|i| &mut i.parts).chain(excluded) {
            let (PartKey::Expr(e), Some(given)) = (&part.key, &part.collate) else { continue };
            let questions = vec![(e.text.clone(), None)];
            let scope = Scope { alias: alias.clone(), columns: columns.clone(), questions, answers: Vec::new() };
            if ask::collation(connection, &scope).await?.is_some_and(|own| given.matches(&own)) {
                part.collate = None;
            }
        }
    }
    Ok(())
}

async fn settled(connection: &mut Connection, live: &mut Schema, desired: &mut Schema) -> Result<Vec<Problem>, Error> {
    let unknown = unknowable(live, desired);
    let mut pairs: Vec<(Frame, Vec<Slot>, Vec<Slot>)> = Vec::new();
    let renamed = |table: &Table, live: &Schema| {
        let olds = table.was.iter().map(|w| ObjectName { schema: table.name.schema.clone(), name: w.clone() });
        std::iter::once(table.name.clone()).chain(olds).find(|n| live.tables.contains_key(n))
    };
    let names: Vec<_> = desired.tables.values().map(|t| renamed(t, live)).collect();
    let mut live_tables: BTreeMap<_, &mut Table> = live.tables.iter_mut().map(|(n, t)| (n.clone(), t)).collect();
    for (after, name) in desired.tables.values_mut().zip(names) {
        let Some(before) = name.and_then(|n| live_tables.remove(&n)) else {
            let frame = Frame { alias: after.name.name.to_string(), before: Vec::new(), after: columns(after) };
            pairs.push((frame, Vec::new(), slots(after)));
            continue;
        };
        let frame = Frame { alias: after.name.name.to_string(), before: columns(before), after: columns(after) };
        push(&mut pairs, frame, slots(before), slots(after));
    }
    let mut live_domains: BTreeMap<_, &mut Domain> = live.domains.iter_mut().map(|(n, d)| (n.clone(), d)).collect();
    for after in desired.domains.values_mut() {
        let Some(before) = live_domains.remove(&after.name) else { continue };
        let value = |d: &Domain| vec![("value".to_owned(), types::type_sql(&d.ty), None)];
        let frame = Frame { alias: "rosey_domain".to_owned(), before: value(before), after: value(after) };
        push(&mut pairs, frame, domain_slots(before), domain_slots(after));
    }
    let refused = settle(connection, pairs).await?;
    Ok(if unknown { Vec::new() } else { refused })
}

/// What comes with the change itself cannot be asked about before. Types of other schemas cannot be stood in for.
pub(super) fn unknowable(live: &Schema, desired: &Schema) -> bool {
    let there = |u: &Unmanaged| live.unmanaged.iter().any(|l| l.kind == u.kind && l.name == u.name);
    let comes = |e: &EnumType| live.enums.get(&e.name).is_none_or(|b| b.values != e.values);
    let domain_comes = |d: &Domain| live.domains.get(&d.name).is_none_or(|b| b.ty != d.ty);
    desired.extensions.keys().any(|e| !live.extensions.contains_key(e))
        || desired.enums.values().any(|e| e.name.schema.is_some() && comes(e))
        || desired.domains.values().any(|d| d.name.schema.is_some() && domain_comes(d))
        || !desired.unmanaged.iter().all(there)
}

fn problem(slot: &Slot) -> Option<Problem> {
    told(slot.refused.as_ref()?, slot.origin)
}

/// What the server says of the file's own words. A table or type that is not there at all may come with the change.
fn told(refusal: &Refusal, origin: Origin) -> Option<Problem> {
    // Undefined column, syntax, types that do not fit, no such function, ambiguity, a wrong literal: the manual's appendix A.
    let told = ["42703", "42601", "42804", "42883", "42702", "22P02", "42P18", "42846", "42803", "0A000"].contains(&refusal.code.as_str());
    let at = origin.0?;
    told.then(|| Problem::new(format!("PostgreSQL refuses this: {}", refusal.message), at, "here").help("correct the SQL"))
}

/// The columns of both sides.
struct Frame {
    alias: String,
    before: Vec<(String, String, Option<String>)>,
    after: Vec<(String, String, Option<String>)>,
}

fn columns(table: &Table) -> Vec<(String, String, Option<String>)> {
    let column = |c: &Column| (c.name.to_string(), types::value_type(&c.ty), c.collate.as_ref().map(ToString::to_string));
    table.columns.values().map(column).collect()
}

/// Keeps what differs on both sides; what only one side has is a difference whatever the server says.
fn push<'a>(pairs: &mut Vec<(Frame, Vec<Slot<'a>>, Vec<Slot<'a>>)>, frame: Frame, before: Vec<Slot<'a>>, after: Vec<Slot<'a>>) {
    let text = |s: &Slot| (s.of.clone(), s.canon.clone());
    let texts = |slots: &[Slot]| slots.iter().map(text).collect::<BTreeSet<_>>();
    let (old, new) = (texts(&before), texts(&after));
    let open = |s: &Slot| s.refused.is_none();
    let before: Vec<Slot> = before.into_iter().filter(|s| open(s) && !new.contains(&text(s))).collect();
    let after: Vec<Slot> = after.into_iter().filter(|s| open(s) && !old.contains(&text(s))).collect();
    if !after.is_empty() {
        pairs.push((frame, before, after));
    }
}

async fn settle(connection: &mut Connection, mut pairs: Vec<(Frame, Vec<Slot<'_>>, Vec<Slot<'_>>)>) -> Result<Vec<Problem>, Error> {
    let mut problems = Vec::new();
    for round in 0..ROUNDS {
        if pairs.is_empty() {
            break;
        }
        // What is live is in the server's spelling already, mostly.
        let both = round > 0;
        let mut scopes: Vec<Scope> = Vec::new();
        for (frame, before, after) in &pairs {
            scopes.push(scope(&frame.alias, &frame.after, after));
            scopes.extend(both.then(|| scope(&frame.alias, &frame.before, before)));
        }
        ask::ask(connection, &mut scopes).await?;
        let mut answers = scopes.into_iter().map(|s| s.answers);
        for (_, before, after) in &mut pairs {
            take(after, answers.next().unwrap_or_default());
            if both {
                take(before, answers.next().unwrap_or_default());
            }
        }
        let open: Vec<_> = std::mem::take(&mut pairs);
        for (frame, before, after) in open {
            problems.extend(after.iter().filter_map(problem));
            // What has no counterpart has been looked at, and that is all.
            if before.is_empty() {
                continue;
            }
            push(&mut pairs, frame, before, after);
        }
    }
    Ok(problems)
}

fn scope(alias: &str, columns: &[(String, String, Option<String>)], slots: &[Slot]) -> Scope {
    let named: BTreeSet<String> = slots.iter().flat_map(|s| canon::names(&s.sql)).collect();
    let columns = columns.iter().filter(|(name, _, _)| named.contains(name)).cloned().collect();
    let questions = slots.iter().map(|s| (s.sql.clone(), s.cast.clone())).collect();
    Scope { alias: alias.to_owned(), columns, questions, answers: Vec::new() }
}

fn take(slots: &mut [Slot], answers: Vec<Result<Answer, Refusal>>) {
    for (slot, answer) in slots.iter_mut().zip(answers) {
        match answer {
            Ok(answer) => {
                *slot.canon = format!("{}{}", slot.prefix, answer.canon);
                slot.sql = answer.sql;
            }
            Err(refusal) => slot.refused = Some(refusal),
        }
    }
}

fn slots(table: &mut Table) -> Vec<Slot<'_>> {
    let mut found = Vec::new();
    for column in table.columns.values_mut() {
        let cast = uncut(&types::value_type(&column.ty));
        let default = column.default.as_mut().and_then(|d| default_slot(d, &cast));
        let generated = column.generated.as_mut().map(|g| slot(&mut g.expr, Some(cast.clone())));
        found.extend(default.into_iter().chain(generated).map(|s| Slot { of: column.name.to_string(), ..s }));
    }
    found.extend(table.checks.iter_mut().map(|c| slot(&mut c.expr, None)));
    for exclusion in &mut table.exclusions {
        found.extend(exclusion.parts.iter_mut().filter_map(|(part, _)| part_slot(&mut part.key)));
        found.extend(exclusion.predicate.iter_mut().map(|p| slot(p, None)));
    }
    found.extend(table.indexes.values_mut().flat_map(index_slots));
    found
}

fn index_slots(index: &mut Index) -> Vec<Slot<'_>> {
    let of = index.name.to_string();
    let parts = index.parts.iter_mut().filter_map(|p| part_slot(&mut p.key));
    parts.chain(index.predicate.iter_mut().map(|p| slot(p, None))).map(|s| Slot { of: of.clone(), ..s }).collect()
}

fn part_slot(key: &mut PartKey) -> Option<Slot<'_>> {
    match key {
        PartKey::Column(_) => None,
        PartKey::Expr(e) => Some(slot(e, None)),
    }
}

fn domain_slots(domain: &mut Domain) -> Vec<Slot<'_>> {
    let cast = uncut(&types::value_type(&domain.ty));
    let default = domain.default.as_mut().and_then(|d| default_slot(d, &cast));
    default.into_iter().chain(domain.checks.iter_mut().map(|c| slot(&mut c.expr, None))).collect()
}

fn slot(expr: &mut Expr, cast: Option<String>) -> Slot<'_> {
    Slot { of: String::new(), sql: expr.text.clone(), cast, origin: expr.origin, canon: &mut expr.canon, prefix: "", refused: None }
}

/// A default that the server may spell in another way: an expression, or a value of a type with a form of its own.
fn default_slot<'a>(default: &'a mut DefaultValue, cast: &str) -> Option<Slot<'a>> {
    let sql = match &default.value {
        Literal::Null => return None,
        Literal::Bool(b) => b.to_string(),
        Literal::Number(n) => n.clone(),
        Literal::String(s) => canon::literal(s),
        Literal::Expr(e) => e.text.clone(),
    };
    let origin = if let Literal::Expr(e) = &default.value { e.origin } else { Origin::default() };
    Some(Slot { of: String::new(), sql, cast: Some(cast.to_owned()), canon: &mut default.canon, prefix: "e:", origin, refused: None })
}

/// A type without its length: the server keeps a default's value before it is cut.
fn uncut(ty: &str) -> String {
    let (head, tail) = ty.split_once('(').map_or((ty, ""), |(h, t)| (h, t.split_once(')').map_or("", |(_, t)| t)));
    match head.trim() {
        "char" => format!("bpchar{tail}"),
        head => format!("{head}{tail}"),
    }
}

/// What a name in the query may stand for, when the tables it reads shall change.
fn mentions(query: &str, name: &Ident) -> bool {
    canon::names(query).iter().any(|n| name.matches(n))
}

/// Settles the queries of views and materialised views. A view reads the tables as they shall be: those that come or
/// change are there as empty temporary ones meanwhile, which stand before the real ones.
///
/// # Errors
/// Where the connection is lost.
pub(crate) async fn views(connection: &mut Connection, live: &mut Schema, desired: &mut Schema) -> Result<Vec<Problem>, Error> {
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
    let unreadable = stand_ins(connection, live, desired, &open).await?;
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

/// Asks for both until they are equal or stay as they are.
async fn same_query(connection: &mut Connection, before: &mut Expr, after: &mut Expr, columns: &[Ident]) -> Result<(), Error> {
    let (mut old, mut new) = (before.text.clone(), after.text.clone());
    let mut list = if columns.is_empty() { String::new() } else { format!("({})", super::names::list(columns)) };
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

/// Whether the query reads a table that comes or changes.
fn reads_changing(query: &str, live: &Schema, desired: &Schema) -> bool {
    let names: BTreeSet<String> = canon::names(query).into_iter().collect();
    desired.tables.values().any(|t| names.contains(t.name.name.as_str()) && changes(t, live))
}

/// Whether the table is not there, or has other columns.
fn changes(table: &Table, live: &Schema) -> bool {
    live.tables.get(&table.name).is_none_or(|before| columns(before) != columns(table))
}

/// Types that come or change, as temporary ones, which stand before the real ones.
pub(super) async fn stand_in_types(connection: &mut Connection, live: &Schema, desired: &Schema) -> Result<(), Error> {
    for e in desired.enums.values().filter(|e| live.enums.get(&e.name).is_none_or(|b| b.values != e.values)) {
        let values: Vec<String> = e.values.iter().map(|v| canon::literal(v)).collect();
        attempt(connection, &format!("CREATE TYPE pg_temp.{} AS ENUM ({})", canon::quote(e.name.name.as_str()), values.join(", "))).await?;
    }
    let new = |d: &&Domain| d.name.schema.is_none() && live.domains.get(&d.name).is_none_or(|b| b.ty != d.ty);
    for domain in desired.domains.values().filter(new) {
        let (name, ty) = (canon::quote(domain.name.name.as_str()), types::value_type(&domain.ty));
        attempt(connection, &format!("CREATE DOMAIN pg_temp.{name} AS {ty}")).await?;
    }
    Ok(())
}

/// The names of the types that stand in.
pub(super) fn stand_in_names<'s>(live: &'s Schema, desired: &'s Schema) -> impl Iterator<Item = &'s str> {
    let enums = desired.enums.values().filter(|e| live.enums.get(&e.name).is_none_or(|b| b.values != e.values)).map(|e| &e.name);
    let domains = desired.domains.values().filter(|d| live.domains.get(&d.name).is_none_or(|b| b.ty != d.ty)).map(|d| &d.name);
    enums.chain(domains).map(|n| n.name.as_str())
}

/// Types, tables and views that the open views may read and that are not there as they shall be. What cannot be made is
/// left out: then the view that needs it has no answer, and its text decides.
async fn stand_ins(
    connection: &mut Connection,
    live: &Schema,
    desired: &Schema,
    open: &[(ObjectName, bool)],
) -> Result<Vec<Problem>, Error> {
    stand_in_types(connection, live, desired).await?;
    // A table whose columns keep their names has another type all the same where a type stands in.
    let types: BTreeSet<&str> = stand_in_names(live, desired).collect();
    let typed = |t: &Table| t.columns.values().any(|c| canon::names(&types::value_type(&c.ty)).iter().any(|n| types.contains(n.as_str())));
    let bare = |t: &&Table| t.name.schema.is_none() && (changes(t, live) || typed(t));
    for table in desired.tables.values().filter(bare) {
        attempt(connection, &temporary(table)).await?;
    }
    // Views over views: in rounds, until no more can be made.
    let is_open = |name: &ObjectName| open.iter().any(|(n, _)| n == name);
    let fresh = desired.views.values().filter(|v| v.name.schema.is_none() && (is_open(&v.name) || !live.views.contains_key(&v.name)));
    let mut waiting: Vec<(String, String)> = fresh
        .map(|v| {
            let list = if v.columns.is_empty() { String::new() } else { format!(" ({})", super::names::list(&v.columns)) };
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
        let list = if view.columns.is_empty() { String::new() } else { format!("({})", super::names::list(&view.columns)) };
        if let Err(error) = ask::viewdef_as(connection, &list, &view.query.text).await? {
            found.extend(told(&Refusal::from(error), view.query.origin));
        }
    }
    Ok(found)
}

fn mentions_other(tail: &str, own: &str, waiting: &[(String, String)]) -> bool {
    waiting.iter().any(|(name, _)| name != own && mentions(tail, &super::inspect::ident(name)))
}

fn temporary(table: &Table) -> String {
    let column = |c: &Column| {
        let collate = c.collate.as_ref().map(|c| format!(" COLLATE {}", canon::quote(c.as_str()))).unwrap_or_default();
        format!("{} {}{collate}", canon::quote(c.name.as_str()), types::value_type(&c.ty))
    };
    let mut parts: Vec<String> = table.columns.values().map(column).collect();
    if let Some(key) = &table.primary_key {
        parts.push(format!("PRIMARY KEY ({})", super::names::list(key.parts.iter().map(|p| &p.column))));
    }
    format!("CREATE TEMPORARY TABLE {} ({})", canon::quote(table.name.name.as_str()), parts.join(", "))
}

/// Runs a statement that may fail.
async fn attempt(connection: &mut Connection, sql: &str) -> Result<bool, Error> {
    connection.execute("SAVEPOINT rosey_try").await?;
    match connection.execute(sql).await {
        Ok(_) => {
            connection.execute("RELEASE SAVEPOINT rosey_try").await?;
            Ok(true)
        }
        Err(lost @ Error::Lost(_)) => Err(lost),
        Err(_) => {
            connection.execute("ROLLBACK TO SAVEPOINT rosey_try").await?;
            Ok(false)
        }
    }
}
