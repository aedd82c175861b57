//! Tries a plan in a private in-memory database without rows: what SQLite rejects there it would reject
//! later, and a plan that does not lead to the desired schema is detected before anything is changed.
//!
//! The texts may come from anyone's pull request, so only schema statements are allowed.

use std::collections::BTreeSet;

use super::compiles::{self, Broken};
use super::connection::{Connection, Error};
use super::inspect::{self, Live, Stored};
use super::lexer::{quote, quote_string};
use super::lower::{expressions, words};
use super::{gate, implied};
use crate::diff::{Changes, TableChange, remaining};
use crate::plan::{Action, Statement, StatementKind, Step};
use crate::schema::{Address, AnyKind, Column, DefinedKind, Kind, Literal, Normalized, Problem, Schema};

/// Why a plan cannot be correct.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// SQLite rejects a statement.
    Statement { address: Address, statement: Statement, message: String },
    /// A live object cannot be copied, because it uses what only the application that created it provides.
    Foreign { step: Address, address: Address, message: String },
    /// An expression cannot be evaluated one row at a time.
    Expression(Problem),
    /// The steps do not lead to the desired schema.
    Leftover(Box<Changes>),
}

/// The result of a trial.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    /// Why the plan cannot be correct, if so.
    pub(crate) refusal: Option<Refusal>,
    /// The views and triggers affected by the change that do not work before the steps.
    pub(crate) was_broken: Broken,
    /// Those that do not work after the steps.
    pub(crate) is_broken: Broken,
}

impl From<Refusal> for Proof {
    fn from(refusal: Refusal) -> Self {
        Proof { refusal: Some(refusal), ..Proof::default() }
    }
}

/// Runs the steps on an empty copy of what they change, and compares the result with the desired schema.
pub(crate) async fn prove(live: &Live, desired: &Normalized, changes: &Changes, steps: &[Step]) -> Result<Proof, Error> {
    // RENAME and DROP COLUMN read every view and trigger, so all of them must exist then, with what they
    // name.
    let renames = steps.iter().flat_map(|s| &s.statements).any(|s| s.kind == StatementKind::AltersTable);
    let touched = touched(live, steps, renames);
    let mut memory = Connection::in_memory().await?;
    let foreign = copy(&mut memory, live, &touched, renames).await?;
    let longest = steps.iter().flat_map(|s| &s.statements).map(|s| s.sql.len()).max().unwrap_or_default();
    let _secluded = gate::seclude(&mut memory, longest.max(live.longest_definition())).await?;
    if let Some(problem) = over_many_rows(&mut memory, changes).await {
        return Ok(Refusal::Expression(problem).into());
    }
    if let Some(problem) = unknown_in_defaults(&mut memory, changes).await {
        return Ok(Refusal::Expression(problem).into());
    }
    let changed = changed_names(changes);
    let was_broken = compiles::broken(&mut memory, &changed).await?;
    for step in steps {
        if let Some(found) = foreign.iter().find(|f| f.is_in_the_way(step, desired)) {
            let (step, address) = (step.address.clone(), found.address.clone());
            return Ok(Refusal::Foreign { step, address, message: found.message.clone() }.into());
        }
        // What is dropped need not be valid.
        let goes = |sql: &str| foreign.iter().any(|f| sql == f.drop_statement());
        for statement in step.statements.iter().filter(|s| s.kind != StatementKind::KeepsStatistics && !goes(&s.sql)) {
            if let Err(error) = memory.run_one(&statement.sql).await {
                if let Error::TooLong { .. } = error {
                    return Err(error);
                }
                let (address, statement) = (step.address.clone(), statement.clone());
                return Ok(Refusal::Statement { address, statement, message: error.to_string() }.into());
            }
            if let Some(message) = unparsed(&mut memory, &statement.sql).await {
                let (address, statement) = (step.address.clone(), statement.clone());
                return Ok(Refusal::Statement { address, statement, message }.into());
            }
        }
    }
    if let Some(problem) = unknown_in_stored(&mut memory, changes).await {
        return Ok(Refusal::Expression(problem).into());
    }
    let is_broken = compiles::broken(&mut memory, &changed).await?;
    let outcome = without_garbled(inspect::inspect(&mut memory).await?, live);
    memory.close().await?;
    let mut wanted = part_of(desired.schema(), &touched);
    foreign.iter().for_each(|f| f.take_out_of(&mut wanted));
    let wanted = Normalized::by_dialect(wanted);
    let left = remaining(&outcome, &wanted);
    let refusal = (!left.is_empty()).then(|| Refusal::Leftover(Box::new(left)));
    Ok(Proof { refusal, was_broken, is_broken })
}

/// Returns the names of what changes, before and after, in lower case.
fn changed_names(changes: &Changes) -> BTreeSet<String> {
    let pairs = changes.pairs().into_iter().flat_map(|(before, after)| before.into_iter().chain(after));
    pairs.map(|a| a.last().to_ascii_lowercase()).collect()
}

/// Returns a problem for a backfill or conversion that aggregates or ranks rows. In a SELECT list, an
/// aggregate turns all rows into one, and a window function sees only the rows that its statement reads; in
/// WHERE, SQLite rejects both (<https://sqlite.org/lang_aggfunc.html>,
/// <https://sqlite.org/windowfunctions.html>).
async fn over_many_rows(memory: &mut Connection, changes: &Changes) -> Option<Problem> {
    for change in changes.tables() {
        let TableChange::Alter(edits) = change else { continue };
        let table = quote(edits.live.name.name.as_str());
        for (what, expr) in expressions(edits) {
            let probe = format!("EXPLAIN SELECT 1 FROM {table} WHERE ({}) IS NULL", expr.text);
            let Err(error) = memory.query(&probe).await else { continue };
            let message = error.to_string();
            if message.contains("misuse of") {
                let problem =
                    Problem::new(format!("SQLite rejects {what}: {message}"), expr.origin.0, "must be computed from a single row");
                return Some(problem.help("put it into a subquery: (SELECT count(*) FROM t AS other WHERE …)"));
            }
        }
    }
    None
}

/// Returns a problem for a new default that SQLite would accept although every insert would then fail: it
/// looks up functions only at the insert.
async fn unknown_in_defaults(memory: &mut Connection, changes: &Changes) -> Option<Problem> {
    for change in changes.tables() {
        let columns: Vec<&Column> = match change {
            TableChange::Create(table) => table.columns.values().collect(),
            TableChange::Alter(edits) => edits.columns.iter().filter_map(|d| d.after()).collect(),
            TableChange::Drop(_) => Vec::new(),
        };
        for column in columns {
            let Some(Literal::Expr(expr)) = column.default.as_ref().map(|d| &d.value) else { continue };
            let Err(error) = memory.query(&format!("EXPLAIN SELECT ({})", expr.text)).await else { continue };
            let message = error.to_string();
            if message.contains("no such function") {
                let told = format!("SQLite rejects the default of column {}: {message}", column.name);
                return Some(Problem::new(told, expr.origin.0, "every insert would fail").help(
                    "correct the name; if it is a function of PostgreSQL, declare the column twice, each with its own default: once with \
                     `only=sqlite` and once with `only=postgres`",
                ));
            }
        }
    }
    None
}

/// Returns SQLite's error for an edited definition. It is parsed when it is used, not by the statement that
/// reloads the schema.
async fn unparsed(memory: &mut Connection, sql: &str) -> Option<String> {
    if sql != "PRAGMA writable_schema = RESET" {
        return None;
    }
    memory.query("SELECT 1 FROM sqlite_schema LIMIT 0").await.err().map(|e| e.to_string())
}

/// Returns a problem for a new check constraint or generated column that calls an unknown function. SQLite
/// reads what an edit of the definition or ADD COLUMN stores without looking up functions; then every
/// statement that evaluates it fails.
async fn unknown_in_stored(memory: &mut Connection, changes: &Changes) -> Option<Problem> {
    for change in changes.tables() {
        let TableChange::Alter(edits) = change else { continue };
        let table = quote(edits.after.name.name.as_str());
        let checks = edits.checks.iter().filter_map(|d| d.after());
        let checks = checks.map(|c| (format!("a check constraint of table {}", edits.after.name), &c.expr, c.origin));
        let columns = edits.columns.iter().filter_map(|d| d.after());
        let generated = columns.filter_map(|c| Some((format!("generated column {}", c.name), &c.generated.as_ref()?.expr, c.origin)));
        for (what, expr, whole) in checks.chain(generated) {
            let Err(error) = memory.query(&format!("EXPLAIN SELECT 1 FROM {table} WHERE ({})", expr.text)).await else { continue };
            let message = error.to_string();
            if message.contains("no such function") {
                let at = if expr.origin.0.is_some() { expr.origin } else { whole };
                let problem = Problem::new(format!("SQLite rejects {what}: {message}"), at.0, "no such function");
                return Some(problem.help("correct the name; an application that provides the function must create the object itself"));
            }
        }
    }
    None
}

/// A table or index that uses what only the application that created it provides.
struct Foreign {
    address: Address,
    /// The table, or the index's table, in lower case.
    table: String,
    message: String,
}

impl Foreign {
    /// Returns true if the step depends on it. An unmanaged index matters only to steps that write rows.
    fn is_in_the_way(&self, step: &Step, desired: &Normalized) -> bool {
        let touches = *step.address.kind() == Kind::Table && step.address.last().eq_ignore_ascii_case(&self.table);
        let managed = || {
            let index = |t: &crate::schema::Table| t.indexes.keys().any(|i| i.matches(self.address.last()));
            *self.address.kind() == Kind::Table || desired.schema().tables.values().any(index)
        };
        let writes = || step.statements.iter().any(|s| matches!(s.kind, StatementKind::CopiesRows | StatementKind::WritesValues));
        touches && step.action != Action::Destroy && (managed() || writes())
    }
}

impl Foreign {
    fn drop_statement(&self) -> String {
        format!("DROP {} {}", self.address.kind().word().to_ascii_uppercase(), quote(self.address.last()))
    }

    /// Removes the object from a schema, because what could not be copied is not in the result either.
    fn take_out_of(&self, schema: &mut Schema) {
        let name = self.address.last();
        match self.address.kind() {
            AnyKind::Object(Kind::Table) => {
                schema.tables.retain(|n, _| !n.name.matches(name));
                schema.virtual_tables.retain(|n, _| !n.name.matches(name));
            }
            _ => schema.tables.values_mut().for_each(|t| t.indexes.retain(|n, _| !n.matches(name))),
        }
    }
}

/// Creates an empty copy of the relevant objects. Returns those that cannot be created.
async fn copy(memory: &mut Connection, live: &Live, touched: &BTreeSet<String>, renames: bool) -> Result<Vec<Foreign>, Error> {
    let mut foreign = Vec::new();
    // Objects that could not be re-created are not copied, except for tables, which others may name.
    let copied = |r: &&Stored| (r.garbled.is_none() || r.kind == Kind::Table) && (belongs(r, touched) || (renames && is_body(r)));
    for row in live.stored.iter().filter(copied) {
        let Some(sql) = &row.sql else { continue };
        let Err(error) = memory.execute(sql).await else { continue };
        if is_body(row) {
            continue;
        }
        // The remaining shadow tables are created with their virtual table.
        let there = format!("SELECT count(*) FROM sqlite_schema WHERE name = {} COLLATE NOCASE", quote_string(&row.name));
        if memory.number(&there).await? == 0 {
            let (address, table) = (Address::top(&row.kind, &row.name), row.table.to_ascii_lowercase());
            foreign.push(Foreign { address, table, message: error.to_string() });
        }
    }
    Ok(foreign)
}

/// Removes tables whose definitions are not UTF-8, which are readable only in the copy.
fn without_garbled(outcome: Live, live: &Live) -> Normalized {
    let mut schema = outcome.current.schema().clone();
    let garbled =
        |name: &crate::schema::Ident| live.stored.iter().any(|r| r.garbled.is_some() && r.kind == Kind::Table && name.matches(&r.name));
    schema.tables.retain(|name, _| !garbled(&name.name));
    schema.virtual_tables.retain(|name, _| !garbled(&name.name));
    Normalized::by_dialect(schema)
}

/// Returns the relevant names: those in the statements, those in the views and triggers among them, the
/// tables of indexes, and the tables that references without columns depend on.
fn touched(live: &Live, steps: &[Step], all_bodies: bool) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = steps.iter().flat_map(|s| &s.statements).flat_map(|s| words(&s.sql)).collect();
    let mut bodies: Vec<&Stored> = live.stored.iter().filter(|r| r.kind != Kind::Table).collect();
    loop {
        let (in_it, rest): (Vec<&Stored>, Vec<&Stored>) =
            bodies.into_iter().partition(|r| belongs(r, &names) || (all_bodies && is_body(r)));
        if in_it.is_empty() {
            let mut further = implied::parents(live, &names);
            further.extend(readers(live, &names));
            if further.is_subset(&names) {
                return names;
            }
            names.extend(further);
        }
        let views = in_it.iter().filter(|r| is_body(r)).filter_map(|r| r.sql.as_deref());
        names.extend(views.flat_map(words).chain(in_it.iter().map(|r| r.table.to_ascii_lowercase())));
        bodies = rest;
    }
}

/// Returns the virtual tables that name a relevant table in their arguments, in lower case: the table that holds
/// their contents, for example.
fn readers(live: &Live, names: &BTreeSet<String>) -> BTreeSet<String> {
    let holds = |r: &&Stored| r.kind == Kind::Table || r.kind == Kind::View;
    let tables: BTreeSet<String> = live.stored.iter().filter(holds).map(|r| r.name.to_ascii_lowercase()).collect();
    let virtuals = live.stored.iter().filter(|r| r.sql.as_deref().is_some_and(inspect::is_virtual));
    let reads = |r: &&Stored| {
        compiles::names_in_arguments(r.sql.as_deref().unwrap_or_default()).iter().any(|w| tables.contains(w) && names.contains(w))
    };
    virtuals.filter(reads).map(|r| r.name.to_ascii_lowercase()).collect()
}

/// Returns true for a view or trigger, which names other objects.
pub(super) fn is_body(row: &Stored) -> bool {
    row.kind == Kind::View || row.kind == DefinedKind::Trigger
}

fn belongs(row: &Stored, touched: &BTreeSet<String>) -> bool {
    let named = |n: &str| touched.contains(&n.to_ascii_lowercase());
    row.sql.is_some() && (named(&row.name) || named(&row.table)) && !row.name.to_ascii_lowercase().starts_with("sqlite_")
}

fn part_of(schema: &Schema, touched: &BTreeSet<String>) -> Schema {
    let named = |n: &crate::schema::ObjectName| touched.contains(&n.name.as_str().to_ascii_lowercase());
    let mut part = schema.clone();
    part.tables.retain(|n, _| named(n));
    part.views.retain(|n, _| named(n));
    part.definitions
        .of_mut(DefinedKind::Trigger)
        .retain(|n, t| named(n) || t.table.as_ref().is_some_and(|t| touched.contains(&t.name.as_str().to_ascii_lowercase())));
    part.virtual_tables.retain(|n, _| named(n));
    part.unmanaged.clear();
    part
}
