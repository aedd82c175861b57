//! Tries additions to a table on an empty temporary table with its columns: the server may accept an
//! expression and still reject it in a constraint or an index (a function that is not IMMUTABLE, a type that
//! the access method cannot sort, a subquery in a check). On a table with rows an index is built after the
//! rest has been committed, which is too late to find out.
//!
//! Reads no table and rolls everything back. Reports nothing if a type cannot be created yet, or about a
//! missing table or sequence, which the change may create. Does not try what calls anything that a plan does
//! not run ([`gated`], [`classes`]), nor what is certain to be accepted. The rest is tried for many tables at
//! once, with one statement each; parts are tried by themselves only if something is rejected.

mod classes;
mod domains;
mod doubt;
mod fills;
mod gated;

use std::collections::BTreeSet;

use super::connection::{Connection, Error};
use super::names::{Names, quote};
use super::settle::{self, stand_ins};
use super::{ddl, fragments, gate, known_types, types};
use crate::diff::{Attribute, Changes, Delta, TableChange, TableEdits};
use crate::schema::{Case, Column, Domain, Ident, Index, Literal, ObjectName, Origin, Problem, Schema, Span, Table, Type};

/// How many tables are tried at once. Each takes some locks, which are released before the next ones are
/// taken (<https://www.postgresql.org/docs/current/runtime-config-locks.html#GUC-MAX-LOCKS-PER-TRANSACTION>).
const AT_ONCE: usize = 100;

/// The function does not exist for these arguments: it may not accept a stand-in for its type.
const UNDEFINED_FUNCTION: &str = "42883";

/// Returns what the server rejects in the tables that are created or altered, at its lines.
///
/// # Errors
/// If the connection is lost.
pub(crate) async fn problems(
    connection: &mut Connection,
    changes: &Changes,
    current: &Schema,
    desired: &Schema,
) -> Result<Vec<Problem>, Error> {
    let mut tables: Vec<Trial> = changes.tables().filter_map(|c| trial(c, desired)).collect();
    let domains: Vec<&Domain> = domains::changed(changes).collect();
    let fills = changes.tables().any(|c| matches!(c, TableChange::Alter(e) if fills::has_any(e)));
    if (tables.is_empty() && domains.is_empty() && !fills) || settle::unknowable(current, desired) {
        return Ok(Vec::new());
    }
    connection.own(&["SAVEPOINT rosey_trial"]).await?;
    stand_ins::make(connection, &stand_ins::types(current, desired)).await?;
    // Even for an empty table the planner evaluates constants: only what is known to be safe is tried.
    gated::keep_safe(connection, &mut tables).await?;
    classes::keep_built_in(connection, &mut tables).await?;
    let stood: BTreeSet<&str> = stand_ins::doubtful_names(current, desired).collect();
    let mut refused = domains::refused(connection, &domains, &stood).await?;
    refused.extend(fills::refused(connection, changes, &stood).await?);
    for some in tables.chunks(AT_ONCE) {
        refused.extend(of_tables(connection, some, &stood).await?);
    }
    let found = refused.into_iter().map(Refused::problem).collect();
    connection.own(&["ROLLBACK TO SAVEPOINT rosey_trial"]).await?;
    Ok(found)
}

/// A table with only its columns and the additions to it.
struct Trial {
    table: Table,
    indexes: Vec<Index>,
}

/// Returns what must be tried for a table, or `None` if all additions are certain to be accepted.
fn trial(change: &TableChange, desired: &Schema) -> Option<Trial> {
    let (mut table, retyped) = match change {
        TableChange::Create(table) => (table.clone(), false),
        TableChange::Drop(_) => return None,
        TableChange::Alter(edits) => coming(edits),
    };
    if table.columns.values().any(|c| known_types::is_row_type(&c.ty, desired)) {
        return None;
    }
    let mut indexes: Vec<Index> = table.indexes.drain(..).map(|(_, i)| i).collect();
    indexes.retain(|i| retyped || doubt::index(i, &table));
    table.checks.retain(|c| retyped || doubt::check(c));
    // Qualified, because a search path may put temporary objects last.
    table.name.schema = Some(Ident::new("pg_temp", Case::Exact));
    (table.was, table.unlogged) = (Vec::new(), false);
    table.foreign_keys.clear();
    let doubtful: BTreeSet<Ident> = table.columns.values().filter(|c| doubt::default(c, desired)).map(|c| c.name.clone()).collect();
    let sure: BTreeSet<Ident> = table.columns.values().filter(|c| doubt::sorts(&c.ty)).map(|c| c.name.clone()).collect();
    for column in table.columns.values_mut() {
        (column.ty, column.identity) = (types::stored(&column.ty), None);
        column.default = column.default.take().filter(|_| doubtful.contains(&column.name));
    }
    let value = |c: &Column| c.generated.is_some() || c.default.is_some();
    let keys = table.primary_key.iter().flat_map(|k| &k.parts).chain(table.uniques.iter().flat_map(|u| &u.parts));
    let keys = keys.map(|p| &p.column).any(|c| !sure.contains(c));
    let rules = !table.checks.is_empty() || !table.exclusions.is_empty() || !table.with.is_empty();
    let typed = |c: &Column| matches!(c.ty, Type::Other(_)) || c.collate.is_some();
    let parts = table.columns.values().any(|c| value(c) || typed(c));
    (!indexes.is_empty() || keys || rules || parts).then_some(Trial { table, indexes })
}

/// Returns the changed table with the added constraints and indexes, and whether a type changes. If one does,
/// all constraints and indexes are included, because they apply to the new type.
fn coming(edits: &TableEdits) -> (Table, bool) {
    let mut table = edits.after.clone();
    let retyped =
        |d: &Delta<Column>| matches!(d, Delta::Alter { before, after, .. } if before.ty != after.ty || before.collate != after.collate);
    if edits.columns.iter().any(retyped) {
        return (table, true);
    }
    let new = |c: &Ident| edits.columns.iter().filter_map(Delta::after).any(|d| d.name == *c);
    for column in table.columns.values_mut().filter(|c| !new(&c.name)) {
        column.default = None;
        // An existing generated column is accepted already: the additions need it only as a column of its
        // type.
        column.generated = None;
    }
    table.primary_key = edits.primary_key.as_ref().and_then(Delta::after).cloned();
    table.uniques = edits.uniques.iter().filter_map(Delta::after).cloned().collect();
    table.checks = edits.checks.iter().filter_map(Delta::after).cloned().collect();
    table.exclusions = edits.exclusions.iter().filter_map(Delta::after).cloned().collect();
    table.indexes = edits.indexes.iter().filter_map(Delta::after).map(|i| (i.name.clone(), i.clone())).collect();
    if !edits.options.iter().any(|e| e.attribute == Attribute::With) {
        table.with.clear();
    }
    (table, false)
}

/// A statement of a trial, and the position of its part in the file.
struct Part {
    sql: String,
    at: Origin,
}

/// Tries all tables at once, and one by one if something is wrong. They may conflict with each other: two
/// with the same name.
async fn of_tables(connection: &mut Connection, tables: &[Trial], stood: &BTreeSet<&str>) -> Result<Vec<Refused>, Error> {
    let names = Names::new(Ident::new("pg_catalog", Case::Exact));
    connection.own(&["SAVEPOINT rosey_trial_of"]).await?;
    let mut taken = true;
    for trial in tables {
        let indexes = trial.indexes.iter().map(|i| unnamed(i, &trial.table.name, &names));
        for sql in std::iter::once(temporary(&trial.table, &names)).chain(indexes) {
            taken = taken && is_taken(connection, &sql).await?;
        }
    }
    connection.own(&["ROLLBACK TO SAVEPOINT rosey_trial_of"]).await?;
    let mut found = Vec::new();
    for trial in tables.iter().filter(|_| !taken) {
        let refused = of_table(connection, trial, &names).await?;
        let is_sure = !stand_ins::names_any(stood, &fragments::of_table(&trial.table));
        found.extend(refused.into_iter().filter(|r| is_sure || r.code != UNDEFINED_FUNCTION));
    }
    Ok(found)
}

/// Returns whether the server accepts a statement. If it does not, the transaction must be rolled back to a
/// savepoint.
async fn is_taken(connection: &mut Connection, sql: &str) -> Result<bool, Error> {
    match gate::execute(connection, sql).await {
        Ok(()) => Ok(true),
        Err(error) if error.is_interruption() => Err(error),
        Err(_) => Ok(false),
    }
}

/// Tries a table as a whole, and part by part if something is wrong.
async fn of_table(connection: &mut Connection, trial: &Trial, names: &Names) -> Result<Vec<Refused>, Error> {
    let mut found = Vec::new();
    connection.own(&["SAVEPOINT rosey_trial_of"]).await?;
    if tried(connection, &temporary(&trial.table, names)).await?.is_some() {
        found = by_parts(connection, &trial.table, names).await?;
    }
    if found.is_empty() {
        for index in &trial.indexes {
            let sql = unnamed(index, &trial.table.name, names);
            found.extend(tried(connection, &sql).await?.and_then(|e| refused(e, index.origin)));
        }
    }
    connection.own(&["ROLLBACK TO SAVEPOINT rosey_trial_of"]).await?;
    Ok(found)
}

/// Returns the statement for the temporary table, including constraints that are not valid.
fn temporary(table: &Table, names: &Names) -> String {
    let mut whole = table.clone();
    whole.checks.iter_mut().for_each(|c| c.not_valid = false);
    ddl::create_table(&whole, names).replacen("CREATE TABLE", "CREATE TEMPORARY TABLE", 1)
}

/// Returns the statement for an index, which the server names: an unnamed constraint may have its name here.
fn unnamed(index: &Index, table: &ObjectName, names: &Names) -> String {
    ddl::create_index(index, None, table, false, names)
}

async fn by_parts(connection: &mut Connection, table: &Table, names: &Names) -> Result<Vec<Refused>, Error> {
    let mut bare = Table::new(table.name.clone());
    let plain = |c: &Column| Column { default: None, generated: None, not_null: false, ..c.clone() };
    bare.columns = table.columns.values().filter(|c| c.generated.is_none()).map(|c| (c.name.clone(), plain(c))).collect();
    if tried(connection, &temporary(&bare, names)).await?.is_some() {
        return bare_columns(connection, &bare, names).await;
    }
    let mut found = Vec::new();
    for parts in [values(table, &table.name, names), rules(table, names)] {
        for part in parts {
            found.extend(tried(connection, &part.sql).await?.and_then(|e| refused(e, part.at)));
        }
        // If a column is rejected, errors in the parts that read it would add nothing.
        if !found.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// Tries each column by itself, without and with its collation.
async fn bare_columns(connection: &mut Connection, table: &Table, names: &Names) -> Result<Vec<Refused>, Error> {
    let mut found = Vec::new();
    for column in table.columns.values() {
        let alone = |column: Column| Table { columns: [(column.name.clone(), column)].into_iter().collect(), ..table.clone() };
        let plain = tried(connection, &temporary(&alone(Column { collate: None, ..column.clone() }), names)).await?;
        let at = if plain.is_some() { column.type_origin } else { column.collate.as_ref().map(|c| c.origin()).unwrap_or_default() };
        let error = match plain {
            None if column.collate.is_some() => tried(connection, &temporary(&alone(column.clone()), names)).await?,
            plain => plain,
        };
        found.extend(error.and_then(|e| refused(e, nearer(at, column.origin))));
        connection.own(&["ROLLBACK TO SAVEPOINT rosey_trial_of"]).await?;
    }
    Ok(found)
}

/// Returns the parts for generated columns and defaults.
fn values(table: &Table, name: &ObjectName, names: &Names) -> Vec<Part> {
    let alter = |what: String, at: Origin| Part { sql: format!("ALTER TABLE {} {what}", names.sql(name)), at };
    let mut parts = Vec::new();
    for column in table.columns.values() {
        if let Some(generated) = &column.generated {
            parts.push(alter(format!("ADD COLUMN {}", ddl::column(column)), nearer(generated.expr.origin, column.origin)));
        }
        if let Some(default) = &column.default {
            let said = if let Literal::Expr(e) = &default.value { e.origin } else { Origin::default() };
            let set = format!("ALTER COLUMN {} SET DEFAULT {}", quote(column.name.as_str()), ddl::value(&default.value));
            parts.push(alter(set, nearer(said, column.origin)));
        }
    }
    parts
}

/// Returns the position of the text itself, if it is known.
fn nearer(own: Origin, whole: Origin) -> Origin {
    if own.0.is_some() { own } else { whole }
}

/// Returns the parts for keys, constraints and storage parameters.
fn rules(table: &Table, names: &Names) -> Vec<Part> {
    let alter = |what: String, at: Origin| Part { sql: format!("ALTER TABLE {} {what}", names.sql(&table.name)), at };
    let mut parts: Vec<Part> = table.primary_key.iter().map(|k| alter(format!("ADD {}", ddl::primary_key(k)), k.origin)).collect();
    parts.extend(table.uniques.iter().map(|u| alter(format!("ADD {}", ddl::unique(u)), u.origin)));
    // Not validated: otherwise the server would evaluate constants in it, which may call anything.
    parts.extend(table.checks.iter().map(|c| alter(format!("ADD {} NOT VALID", ddl::check(c)), nearer(c.expr.origin, c.origin))));
    parts.extend(table.exclusions.iter().map(|e| alter(format!("ADD {}", ddl::exclusion(e)), e.origin)));
    if !table.with.is_empty() {
        parts.push(alter(format!("SET ({})", ddl::parameters(&table.with)), table.origin));
    }
    parts
}

/// Returns the server's error for a statement, if it rejects it.
async fn tried(connection: &mut Connection, sql: &str) -> Result<Option<Error>, Error> {
    connection.own(&["SAVEPOINT rosey_try"]).await?;
    match gate::execute(connection, sql).await {
        Ok(()) => connection.own(&["RELEASE SAVEPOINT rosey_try"]).await.map(|()| None),
        Err(error) if error.is_interruption() => Err(error),
        Err(refusal) => connection.own(&["ROLLBACK TO SAVEPOINT rosey_try"]).await.map(|()| Some(refusal)),
    }
}

/// A part that the server rejects.
struct Refused {
    code: String,
    message: String,
    help: String,
    at: Span,
}

impl Refused {
    fn problem(self) -> Problem {
        Problem::new(format!("PostgreSQL rejects this: {}", self.message), self.at, "here").help(self.help)
    }
}

/// Returns the server's message about the file's own text: class 42 except missing tables, unsupported
/// features, invalid values for a type (the manual's appendix A).
fn refused(error: Error, at: Origin) -> Option<Refused> {
    let Error::Sql { code, message, hint, .. } = error else { return None };
    let told =
        (code.starts_with("42") && code != "42P01") || ["0A000", "22P02", "22007", "22008", "22023", "22003"].contains(&code.as_str());
    let help = hint.map_or_else(|| super::sqlstate::advice(&code).to_owned(), String::from);
    at.0.filter(|_| told).map(|at| Refused { code, message, help, at })
}
