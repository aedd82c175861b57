//! Settles with the server's help what still differs between two schemas after normalization: expressions
//! whose texts differ are compared in the server's spelling, and views are created over stand-ins for the
//! tables that they will read. Does not compare structure.

mod definitions;
pub(super) mod stand_ins;
mod try_views;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use super::ask::{self, Answer, Question, Refusal};
use super::connection::{Connection, Error};
use super::owned::live_name;
use super::{canon, types};
use crate::schema::{
    Column, DefaultValue, Domain, EnumType, Expr, Ident, Index, Literal, ObjectName, Origin, PartKey, Problem, Schema, Table, Unmanaged,
};

pub(super) use definitions::definitions;
pub(super) use views::views;

/// How many times the server's answers are sent back to it: its spelling of its own spelling may differ once
/// (`varchar IN (…)`); after that it is stable.
const ROUNDS: usize = 4;

/// An expression that may have to be sent to the server for its spelling.
struct Slot<'a> {
    /// The column or index that it belongs to: two columns may have exchanged their expressions.
    of: String,
    sql: String,
    cast: Option<String>,
    canon: &'a mut String,
    /// In a default's canonical spelling, the mark of an expression.
    prefix: &'static str,
    /// The position in the schema file.
    origin: Origin,
    /// Why the server rejects it.
    refused: Option<Refusal>,
    /// Whether only the server's verdict matters, because the spellings are equal.
    is_equal: bool,
}

impl Slot<'_> {
    /// A literal has no position of its own.
    fn or_at(self, origin: Origin) -> Self {
        if self.origin.0.is_some() { self } else { Self { origin, ..self } }
    }
}

/// Settles the expressions of tables and domains, and returns those of the schema file that the server
/// rejects.
///
/// # Errors
/// If the connection is lost.
pub(crate) async fn expressions(connection: &mut Connection, live: &mut Schema, desired: &mut Schema) -> Result<Vec<Problem>, Error> {
    let types = stand_ins::types(live, desired);
    own_collations(connection, &types, desired).await?;
    let unknown = unknowable(live, desired);
    let stood: BTreeSet<String> = stand_ins::doubtful_names(live, desired).map(str::to_owned).collect();
    let renamed = renamed_types(live, desired);
    let pairs = pairs(live, desired, &renamed);
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    if !types.is_empty() {
        connection.execute("SAVEPOINT rosey_types").await?;
        stand_ins::make(connection, &types).await?;
    }
    let refused = settle(connection, pairs, &stood, &renamed).await?;
    if !types.is_empty() {
        connection.execute("ROLLBACK TO SAVEPOINT rosey_types").await?;
    }
    Ok(if unknown { Vec::new() } else { refused })
}

/// Removes the collation that an index expression has by itself, because the server does not store it.
async fn own_collations(connection: &mut Connection, types: &[String], desired: &mut Schema) -> Result<(), Error> {
    if !desired.tables.values_mut().any(|t| collated(t).next().is_some()) {
        return Ok(());
    }
    connection.execute("SAVEPOINT rosey_types").await?;
    stand_ins::make(connection, types).await?;
    for table in desired.tables.values_mut() {
        let (alias, columns) = (table.name.name.to_string(), columns(table));
        for (expr, given) in collated(table) {
            let question = Question { sql: expr.text.clone(), cast: None, columns: columns.clone(), alias: alias.clone() };
            if ask::collation(connection, &question).await?.is_some_and(|own| given.as_ref().is_some_and(|g| g.matches(&own))) {
                *given = None;
            }
        }
    }
    connection.execute("ROLLBACK TO SAVEPOINT rosey_types").await?;
    Ok(())
}

/// Returns the expressions of indexes with an explicit collation.
fn collated(table: &mut Table) -> impl Iterator<Item = (&Expr, &mut Option<Ident>)> {
    let excluded = table.exclusions.iter_mut().flat_map(|e| e.parts.iter_mut().map(|(part, _)| part));
    let parts = table.indexes.values_mut().flat_map(|i| &mut i.parts).chain(excluded);
    parts.filter(|p| p.collate.is_some()).filter_map(|p| if let PartKey::Expr(e) = &p.key { Some((e, &mut p.collate)) } else { None })
}

/// The expressions that differ between the sides of a table or domain, with the columns that they may
/// reference.
type Pair<'a> = (Frame, Vec<Slot<'a>>, Vec<Slot<'a>>);

/// Returns the live names of the enums and domains that are renamed, and their new names.
fn renamed_types(live: &Schema, desired: &Schema) -> Vec<(ObjectName, Ident)> {
    let (old, new) = (&live.objects, &desired.objects);
    let enums = new.enums.values().map(|e| (live_name(&e.head, &old.enums, &new.enums), &e.head.name));
    let domains = new.domains.values().map(|d| (live_name(&d.head, &old.domains, &new.domains), &d.head.name));
    let both = enums.chain(domains).filter_map(|(was, name)| Some((was?, name)));
    both.filter(|(was, name)| was != *name).map(|(was, name)| (was, name.name.clone())).collect()
}

/// Spells a live expression with the new names of types: what a renamed type keeps is not a difference.
fn follow(slot: &mut Slot<'_>, renamed: &[(ObjectName, Ident)]) {
    if !renamed.is_empty() {
        let text = slot.canon.strip_prefix(slot.prefix).map(|text| canon::with_types_renamed(text, renamed));
        if let Some(text) = text {
            *slot.canon = format!("{}{text}", slot.prefix);
        }
    }
}

fn pairs<'a>(live: &'a mut Schema, desired: &'a mut Schema, renamed: &[(ObjectName, Ident)]) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    let (old, new) = (&live.objects, &desired.objects);
    let names: Vec<_> = new.tables.values().map(|t| live_name(&t.head, &old.tables, &new.tables)).collect();
    let domains: Vec<_> = new.domains.values().map(|d| live_name(&d.head, &old.domains, &new.domains)).collect();
    let mut live_tables: BTreeMap<_, &mut Table> = live.objects.tables.iter_mut().map(|(n, t)| (n.clone(), t)).collect();
    for (after, name) in desired.objects.tables.values_mut().zip(names) {
        let Some(before) = name.and_then(|n| live_tables.remove(&n)) else {
            let frame = Frame { alias: after.name.name.to_string(), before: Vec::new(), after: columns(after) };
            push(&mut pairs, frame, Vec::new(), slots(after));
            continue;
        };
        let frame = Frame { alias: after.name.name.to_string(), before: columns(before), after: columns(after) };
        let mut old = under_new_names(slots(before), after);
        old.iter_mut().for_each(|slot| follow(slot, renamed));
        push(&mut pairs, frame, old, slots(after));
    }
    let mut live_domains: BTreeMap<_, &mut Domain> = live.objects.domains.iter_mut().map(|(n, d)| (n.clone(), d)).collect();
    for (after, name) in desired.objects.domains.values_mut().zip(domains) {
        let Some(before) = name.and_then(|n| live_domains.remove(&n)) else { continue };
        let value = |d: &Domain| vec![("value".to_owned(), types::type_sql(&d.ty), None)];
        let frame = Frame { alias: "rosey_domain".to_owned(), before: value(before), after: value(after) };
        let mut old = domain_slots(before);
        old.iter_mut().for_each(|slot| follow(slot, renamed));
        push(&mut pairs, frame, old, domain_slots(after));
    }
    pairs
}

/// Returns live expressions with the new names of columns: what a renamed column keeps is not a difference.
fn under_new_names<'a>(slots: Vec<Slot<'a>>, after: &Table) -> Vec<Slot<'a>> {
    let new = |of: &str| after.columns.values().find(|c| c.was.iter().any(|w| w.as_str() == of)).map(|c| c.name.to_string());
    slots.into_iter().map(|s| Slot { of: new(&s.of).unwrap_or_else(|| s.of.clone()), ..s }).collect()
}

/// Returns whether the server cannot answer beforehand, because the change itself creates what an expression
/// needs or because a type in another schema cannot have a stand-in.
pub(super) fn unknowable(live: &Schema, desired: &Schema) -> bool {
    let there = |u: &Unmanaged| live.unmanaged.iter().any(|l| l.kind == u.kind && l.name == u.name);
    let comes = |e: &EnumType| live.enums.get(&e.name).is_none_or(|b| b.values != e.values);
    let domain_comes = |d: &Domain| live.domains.get(&d.name).is_none_or(|b| b.ty != d.ty);
    desired.extensions.keys().any(|e| !live.extensions.contains_key(e))
        || desired.enums.values().any(|e| e.name.schema.is_some() && comes(e))
        || desired.domains.values().any(|d| d.name.schema.is_some() && domain_comes(d))
        || !desired.unmanaged.iter().all(there)
}

/// Returns whether the server rejects an expression because a function does not accept a stand-in for its type.
fn is_about_a_stand_in(frame: &Frame, slot: &Slot, stood: &BTreeSet<String>) -> bool {
    let named: BTreeSet<String> = canon::names(&slot.sql).into_iter().collect();
    let typed = frame.after.iter().filter(|(name, ..)| named.contains(name)).flat_map(|(_, ty, _)| canon::names(ty));
    let undefined = slot.refused.as_ref().is_some_and(|r| r.code == "42883");
    undefined && typed.chain(named.iter().cloned()).any(|n| stood.contains(&n))
}

fn problem(slot: &Slot) -> Option<Problem> {
    problem_of(slot.refused.as_ref()?, slot.origin)
}

/// Returns the server's message about the file's own text. A missing table or type may be created by the
/// change.
fn problem_of(refusal: &Refusal, origin: Origin) -> Option<Problem> {
    // Undefined column, syntax error, type mismatch, undefined function, ambiguity, invalid literal: the
    // manual's appendix A.
    let told = ["42703", "42601", "42804", "42883", "42702", "22P02", "42P18", "42846", "42803", "0A000"].contains(&refusal.code.as_str());
    let at = origin.0?;
    told.then(|| {
        Problem::new(format!("PostgreSQL rejects this: {}", refusal.message), at, "here").help(super::sqlstate::advice(&refusal.code))
    })
}

/// The qualifier and the columns of both sides.
struct Frame {
    alias: String,
    before: Vec<(String, String, Option<String>)>,
    after: Vec<(String, String, Option<String>)>,
}

fn columns(table: &Table) -> Vec<(String, String, Option<String>)> {
    let column = |c: &Column| (c.name.to_string(), types::value_type(&c.ty), c.collate.as_ref().map(ToString::to_string));
    table.columns.values().map(column).collect()
}

/// Keeps expressions that differ on both sides; an expression that exists on one side only is a difference
/// whatever the server says. An expression that is equal but names a column that is dropped or renamed is
/// kept too: the server rejects it, unless something else has that name.
fn push<'a>(pairs: &mut Vec<Pair<'a>>, frame: Frame, before: Vec<Slot<'a>>, after: Vec<Slot<'a>>) {
    let text = |s: &Slot| (s.of.clone(), s.canon.clone());
    let texts = |slots: &[Slot]| slots.iter().map(text).collect::<BTreeSet<_>>();
    let (old, new) = (texts(&before), texts(&after));
    let open = |s: &Slot| s.refused.is_none();
    let before: Vec<Slot> = before.into_iter().filter(|s| open(s) && !new.contains(&text(s))).collect();
    let has = |columns: &[(String, String, Option<String>)], name: &str| columns.iter().any(|(n, ..)| n == name);
    let is_lost = |name: &String| has(&frame.before, name) && !has(&frame.after, name);
    let mut kept = Vec::new();
    for slot in after.into_iter().filter(|s| open(s) && !s.is_equal) {
        let is_equal = old.contains(&text(&slot));
        if !is_equal || canon::names(&slot.sql).iter().any(is_lost) {
            kept.push(Slot { is_equal, ..slot });
        }
    }
    let after = kept;
    if !after.is_empty() {
        pairs.push((frame, before, after));
    }
}

async fn settle(
    connection: &mut Connection,
    mut pairs: Vec<Pair<'_>>,
    stood: &BTreeSet<String>,
    renamed: &[(ObjectName, Ident)],
) -> Result<Vec<Problem>, Error> {
    let mut problems = Vec::new();
    for round in 0..ROUNDS {
        if pairs.is_empty() {
            break;
        }
        // Most live expressions are already in the server's spelling.
        let both = round > 0;
        let mut questions: Vec<Question> = Vec::new();
        for (frame, before, after) in &pairs {
            questions.extend(after.iter().map(|s| question(&frame.alias, &frame.after, s)));
            let before = before.iter().filter(|_| both);
            questions.extend(before.map(|s| question(&frame.alias, &frame.before, s)));
        }
        let mut answers = ask::ask(connection, &questions).await?.into_iter();
        for (_, before, after) in &mut pairs {
            let before = before.iter_mut().filter(|_| both);
            after.iter_mut().zip(&mut answers).for_each(|(slot, answer)| take(slot, answer));
            for (slot, answer) in before.zip(&mut answers) {
                take(slot, answer);
                follow(slot, renamed);
            }
        }
        let open: Vec<_> = std::mem::take(&mut pairs);
        for (frame, before, after) in open {
            problems.extend(after.iter().filter(|s| !is_about_a_stand_in(&frame, s, stood)).filter_map(problem));
            // Without a counterpart, only the check whether the server accepts it was needed.
            if before.is_empty() {
                continue;
            }
            push(&mut pairs, frame, before, after);
        }
    }
    Ok(problems)
}

/// Returns the question about an expression: it contains the table's name only if the expression contains
/// that word, so that an expression that occurs in many tables is only one question.
fn question(alias: &str, columns: &[(String, String, Option<String>)], slot: &Slot) -> Question {
    let named: BTreeSet<String> = canon::names(&slot.sql).into_iter().collect();
    let columns = columns.iter().filter(|(name, _, _)| named.contains(name)).cloned().collect();
    let alias = if named.contains(alias) { alias } else { "rosey_table" };
    Question { sql: slot.sql.clone(), cast: slot.cast.clone(), columns, alias: alias.to_owned() }
}

fn take(slot: &mut Slot, answer: Result<Answer, Refusal>) {
    match answer {
        Ok(_) if slot.is_equal => {}
        Ok(answer) => {
            *slot.canon = format!("{}{}", slot.prefix, answer.canon);
            slot.sql = answer.sql;
        }
        Err(refusal) => slot.refused = Some(refusal),
    }
}

fn slots(table: &mut Table) -> Vec<Slot<'_>> {
    let mut found = Vec::new();
    for column in table.columns.values_mut() {
        let cast = uncut(&types::value_type(&column.ty));
        let origin = column.origin;
        let default = column.default.as_mut().and_then(|d| default_slot(d, &cast)).map(|s| s.or_at(origin));
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
    Slot {
        of: String::new(),
        sql: expr.text.clone(),
        cast,
        origin: expr.origin,
        canon: &mut expr.canon,
        prefix: "",
        refused: None,
        is_equal: false,
    }
}

/// Returns a default that the server may spell differently: an expression, or a value of a type with its own
/// format.
fn default_slot<'a>(default: &'a mut DefaultValue, cast: &str) -> Option<Slot<'a>> {
    let sql = match &default.value {
        Literal::Null => return None,
        Literal::Bool(b) => b.to_string(),
        Literal::Number(n) => n.clone(),
        Literal::String(s) => canon::literal(s),
        Literal::Expr(e) => e.text.clone(),
    };
    let origin = if let Literal::Expr(e) = &default.value { e.origin } else { Origin::default() };
    Some(Slot {
        of: String::new(),
        sql,
        cast: Some(cast.to_owned()),
        canon: &mut default.canon,
        prefix: "e:",
        origin,
        refused: None,
        is_equal: false,
    })
}

/// Returns a type without its length: the server stores a default's value before truncating it.
fn uncut(ty: &str) -> String {
    let (head, tail) = ty.split_once('(').map_or((ty, ""), |(h, t)| (h, t.split_once(')').map_or("", |(_, t)| t)));
    match head.trim() {
        "char" => format!("bpchar{tail}"),
        head => format!("{head}{tail}"),
    }
}
