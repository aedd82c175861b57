//! Tries what comes to a table on an empty temporary one of its columns: what the server takes as an expression it may still
//! refuse as a rule or an index (a function that is not IMMUTABLE, a type that the access method cannot sort, a subquery in
//! a check). On a table that holds rows an index is built once the rest has been committed, which is too late to find out.
//!
//! No table is read, and all is rolled back. Says nothing where a type cannot be had yet, nor of what may come with the
//! change: a table or sequence that is not there.

use std::collections::BTreeSet;

use super::connection::{Connection, Error};
use super::names::{Names, quote};
use super::settle::{self, stand_ins};
use super::{ddl, types};
use crate::diff::{Changes, Delta, TableChange, TableEdits};
use crate::schema::{Case, Column, Ident, Index, Literal, ObjectName, Origin, PartKey, Problem, Schema, Span, Table, Type};

/// What the server refuses of the tables that come or change, at its lines.
///
/// # Errors
/// Where the connection is lost.
pub(crate) async fn problems(
    connection: &mut Connection,
    changes: &Changes,
    current: &Schema,
    desired: &Schema,
) -> Result<Vec<Problem>, Error> {
    let tables: Vec<Trial> = changes.tables.iter().filter_map(trial).collect();
    if tables.is_empty() || settle::unknowable(current, desired) {
        return Ok(Vec::new());
    }
    connection.execute("SAVEPOINT rosey_trial").await?;
    stand_ins::make(connection, &stand_ins::types(current, desired)).await?;
    // A function of the server's does not take a type that only stands in for its own.
    let stood_in = stand_ins::type_names(current, desired).next().is_some();
    let mut found = Vec::new();
    for trial in tables {
        let refused = of_table(connection, &trial).await?;
        found.extend(refused.into_iter().filter(|r| !(stood_in && r.code == "42883")).map(Refused::problem));
    }
    connection.execute("ROLLBACK TO SAVEPOINT rosey_trial").await?;
    Ok(found)
}

/// A table with nothing but its columns and what comes to it.
struct Trial {
    table: Table,
    indexes: Vec<Index>,
}

/// What is worth a trial of a table: nothing, where all that comes is sure to be taken.
fn trial(change: &TableChange) -> Option<Trial> {
    let mut table = match change {
        TableChange::Create(table) => table.clone(),
        TableChange::Drop(_) => return None,
        TableChange::Alter(edits) => coming(edits),
    };
    let sure: BTreeSet<Ident> = table.columns.values().filter(|c| sorts(&c.ty)).map(|c| c.name.clone()).collect();
    let indexes: Vec<Index> = table.indexes.drain(..).map(|(_, i)| i).filter(|i| is_doubtful(i, &sure)).collect();
    // Named in full: a search path may put temporary objects last.
    table.name.schema = Some(Ident::new("pg_temp", Case::Exact));
    (table.was, table.unlogged) = (Vec::new(), false);
    table.foreign_keys.clear();
    for column in table.columns.values_mut() {
        (column.ty, column.identity) = (types::stored(&column.ty), None);
        column.default = column.default.take().filter(|d| matches!(d.value, Literal::Expr(_) | Literal::String(_)));
    }
    let value = |c: &Column| c.generated.is_some() || c.default.as_ref().is_some_and(|d| is_read(&d.value, &c.ty));
    let keys = table.primary_key.iter().flat_map(|k| &k.parts).chain(table.uniques.iter().flat_map(|u| &u.parts));
    let keys = keys.map(|p| &p.column).any(|c| !sure.contains(c));
    let rules = !table.checks.is_empty() || !table.exclusions.is_empty() || !table.with.is_empty();
    (!indexes.is_empty() || keys || rules || table.columns.values().any(value)).then_some(Trial { table, indexes })
}

/// The changed table with the rules and indexes that come. Where a type changes, all of them come: they meet the new one.
fn coming(edits: &TableEdits) -> Table {
    let mut table = edits.after.clone();
    let retyped =
        |d: &Delta<Column>| matches!(d, Delta::Alter { before, after, .. } if before.ty != after.ty || before.collate != after.collate);
    if edits.columns.iter().any(retyped) {
        return table;
    }
    let new = |c: &Ident| edits.columns.iter().filter_map(Delta::after).any(|d| d.name == *c);
    for column in table.columns.values_mut().filter(|c| !new(&c.name)) {
        column.default = None;
        // What is there already is there: as a column of its type it serves what comes.
        column.generated = None;
    }
    table.primary_key = edits.primary_key.as_ref().and_then(Delta::after).cloned();
    table.uniques = edits.uniques.iter().filter_map(Delta::after).cloned().collect();
    table.checks = edits.checks.iter().filter_map(Delta::after).cloned().collect();
    table.exclusions = edits.exclusions.iter().filter_map(Delta::after).cloned().collect();
    table.indexes = edits.indexes.iter().filter_map(Delta::after).map(|i| (i.name.clone(), i.clone())).collect();
    if !edits.options.iter().any(|e| e.attribute == "with") {
        table.with.clear();
    }
    table
}

/// Whether a B-tree of values of this type is sure to be taken.
fn sorts(ty: &Type) -> bool {
    !matches!(ty, Type::Json | Type::Other(_))
}

fn is_doubtful(index: &Index, sure: &BTreeSet<Ident>) -> bool {
    let part = |p: &crate::schema::IndexPart| match &p.key {
        PartKey::Column(c) => !sure.contains(c) || p.opclass.is_some() || p.collate.is_some(),
        PartKey::Expr(_) => true,
    };
    index.method.is_some() || index.predicate.is_some() || !index.with.is_empty() || index.parts.iter().any(part)
}

/// Whether the server reads the default's text as a value of the type, or as an expression.
fn is_read(value: &Literal, ty: &Type) -> bool {
    match value {
        Literal::Expr(_) => true,
        Literal::String(_) => types::length(ty).is_none(),
        _ => false,
    }
}

/// One statement of a trial, and where in the file its part stands.
struct Part {
    sql: String,
    at: Origin,
}

/// All at once where nothing is wrong, and otherwise part by part.
async fn of_table(connection: &mut Connection, trial: &Trial) -> Result<Vec<Refused>, Error> {
    let names = Names::new(Ident::new("pg_catalog", Case::Exact));
    let mut found = Vec::new();
    connection.execute("SAVEPOINT rosey_trial_of").await?;
    if tried(connection, &temporary(&trial.table, &names)).await?.is_some() {
        found = by_parts(connection, &trial.table, &names).await?;
    }
    if found.is_empty() {
        for index in &trial.indexes {
            let sql = ddl::create_index(index, &index.name, &trial.table.name, false, &names);
            found.extend(tried(connection, &sql).await?.and_then(|e| refused(e, index.origin)));
        }
    }
    connection.execute("ROLLBACK TO SAVEPOINT rosey_trial_of").await?;
    Ok(found)
}

fn temporary(table: &Table, names: &Names) -> String {
    ddl::create_table(table, names).replacen("CREATE TABLE", "CREATE TEMPORARY TABLE", 1)
}

async fn by_parts(connection: &mut Connection, table: &Table, names: &Names) -> Result<Vec<Refused>, Error> {
    let mut bare = Table::new(table.name.clone());
    let plain = |c: &Column| Column { default: None, generated: None, not_null: false, ..c.clone() };
    bare.columns = table.columns.values().filter(|c| c.generated.is_none()).map(|c| (c.name.clone(), plain(c))).collect();
    // A type that is not there yet, or not a type at all, is others' to tell.
    if tried(connection, &temporary(&bare, names)).await?.is_some() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for parts in [values(table, &table.name, names), rules(table, names)] {
        for part in parts {
            found.extend(tried(connection, &part.sql).await?.and_then(|e| refused(e, part.at)));
        }
        // What reads a column that cannot be says nothing more.
        if !found.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// Computed columns and defaults.
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

/// The place of the words themselves, where it is known.
fn nearer(own: Origin, whole: Origin) -> Origin {
    if own.0.is_some() { own } else { whole }
}

/// Keys, rules and storage parameters.
fn rules(table: &Table, names: &Names) -> Vec<Part> {
    let alter = |what: String, at: Origin| Part { sql: format!("ALTER TABLE {} {what}", names.sql(&table.name)), at };
    let mut parts: Vec<Part> = table.primary_key.iter().map(|k| alter(format!("ADD {}", ddl::primary_key(k)), k.origin)).collect();
    parts.extend(table.uniques.iter().map(|u| alter(format!("ADD {}", ddl::unique(u)), u.origin)));
    parts.extend(table.checks.iter().map(|c| alter(format!("ADD {}", ddl::check(c)), nearer(c.expr.origin, c.origin))));
    parts.extend(table.exclusions.iter().map(|e| alter(format!("ADD {}", ddl::exclusion(e)), e.origin)));
    if !table.with.is_empty() {
        parts.push(alter(format!("SET ({})", ddl::parameters(&table.with)), table.origin));
    }
    parts
}

/// The server's refusal of a statement, if it refuses.
async fn tried(connection: &mut Connection, sql: &str) -> Result<Option<Error>, Error> {
    connection.execute("SAVEPOINT rosey_try").await?;
    match connection.execute(sql).await {
        Ok(_) => connection.execute("RELEASE SAVEPOINT rosey_try").await.map(|_| None),
        Err(lost @ (Error::Lost(_) | Error::Cancelled)) => Err(lost),
        Err(refusal) => connection.execute("ROLLBACK TO SAVEPOINT rosey_try").await.map(|_| Some(refusal)),
    }
}

/// A part that the server does not take.
struct Refused {
    code: String,
    message: String,
    help: String,
    at: Span,
}

impl Refused {
    fn problem(self) -> Problem {
        Problem::new(format!("PostgreSQL refuses this: {}", self.message), self.at, "here").help(self.help)
    }
}

/// What the server says of the file's own words: class 42 but for tables that are not there yet, features that it has not,
/// values that are none of the type (the manual's appendix A).
fn refused(error: Error, at: Origin) -> Option<Refused> {
    let Error::Sql { code, message, hint, .. } = error else { return None };
    let told =
        (code.starts_with("42") && code != "42P01") || ["0A000", "22P02", "22007", "22008", "22023", "22003"].contains(&code.as_str());
    let help = hint.unwrap_or_else(|| "correct the SQL".to_owned());
    at.0.filter(|_| told).map(|at| Refused { code, message, help, at })
}
