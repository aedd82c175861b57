//! Tries a plan in a private in-memory database without rows: what SQLite rejects there it would reject
//! later, and a plan that does not lead to the desired schema is detected before anything is changed.
//!
//! The texts may come from anyone's pull request, so only schema statements are allowed.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog_copy::{Catalog, Copy, Wanted};
use super::compiles::{self, Broken};
use super::connection::{Connection, Error};
use super::inspect::{Live, Stored};
use super::lexer::quote;
use super::lower::{expressions, words};
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

/// How many steps are run, and how many tables are examined, on one copy.
const AT_ONCE: usize = 8;

/// Runs the steps on empty copies of what they change, and compares the result with the desired schema.
pub(crate) async fn prove(live: &Live, desired: &Normalized, changes: &Changes, steps: &[Step]) -> Result<Proof, Error> {
    let mut trial = Trial::of(live, desired, changes, steps);
    if let Some(problem) = trial.unfit_expression().await? {
        return Ok(Refusal::Expression(problem).into());
    }
    let was_broken = trial.broken().await?;
    for some in steps.chunks(AT_ONCE) {
        if let Some(refusal) = trial.run(some).await? {
            return Ok(refusal.into());
        }
    }
    let is_broken = trial.broken().await?;
    let refusal = trial.leftover(live).map(|left| Refusal::Leftover(Box::new(left)));
    Ok(Proof { refusal, was_broken, is_broken })
}

/// A plan that is being tried.
struct Trial<'t> {
    desired: &'t Normalized,
    changes: &'t Changes,
    /// The altered tables that get a check constraint or a generated column, by their new names in lower case.
    storing: BTreeMap<String, &'t TableChange>,
    catalog: Catalog,
    /// The length of the longest statement.
    longest: usize,
    /// The names of all that was copied, in lower case.
    touched: BTreeSet<String>,
    foreign: Vec<Foreign>,
}

impl<'t> Trial<'t> {
    fn of(live: &Live, desired: &'t Normalized, changes: &'t Changes, steps: &[Step]) -> Trial<'t> {
        let longest = steps.iter().flat_map(|s| &s.statements).map(|s| s.sql.len()).max().unwrap_or_default();
        let storing = changes.tables().filter(|c| stores(c)).map(|c| (c.table().name.name.as_str().to_ascii_lowercase(), c)).collect();
        Trial { desired, changes, storing, catalog: Catalog::of(live), longest, touched: BTreeSet::new(), foreign: Vec::new() }
    }

    /// Copies what has one of these names, and what that needs.
    async fn copy(&self, names: BTreeSet<String>) -> Result<Copy, Error> {
        self.catalog.copy(Wanted { names, all_bodies: false, rewriting: BTreeSet::new() }, self.longest).await
    }

    /// Returns a problem for an expression that cannot be evaluated, on the tables as they are before the steps.
    async fn unfit_expression(&self) -> Result<Option<Problem>, Error> {
        let altered = |c: &&TableChange| matches!(c, TableChange::Alter(edits) if !expressions(edits).is_empty());
        let changes: Vec<&TableChange> = self.changes.tables().filter(altered).collect();
        for some in changes.chunks(AT_ONCE) {
            let mut copy = self.copy(some.iter().flat_map(|c| names_before(c)).collect()).await?;
            if let Some(problem) = over_many_rows(&mut copy.memory, some).await {
                return Ok(Some(problem));
            }
        }
        let changes: Vec<&TableChange> = self.changes.tables().filter(|c| has_default_expression(c)).collect();
        if changes.is_empty() {
            return Ok(None);
        }
        let mut copy = self.copy(BTreeSet::new()).await?;
        Ok(unknown_in_defaults(&mut copy.memory, &changes).await)
    }

    /// Returns the views and triggers affected by the change that do not work now.
    async fn broken(&self) -> Result<Broken, Error> {
        let changed = changed_names(self.changes);
        let names = self.catalog.naming(&changed);
        if names.is_empty() {
            return Ok(Broken::new());
        }
        let mut copy = self.copy(names).await?;
        let broken = compiles::broken(&mut copy.memory, &changed).await?;
        copy.memory.close().await?;
        Ok(broken)
    }

    /// Runs some steps on a copy of what they touch.
    async fn run(&mut self, steps: &[Step]) -> Result<Option<Refusal>, Error> {
        let statements = || steps.iter().flat_map(|s| &s.statements);
        let alters = |s: &&Statement| s.kind == StatementKind::AltersTable;
        let names = statements().flat_map(|s| words(&s.sql)).collect();
        // RENAME and DROP COLUMN read every view and trigger, so all of them must exist then, with what they name.
        let all_bodies = statements().any(|s| alters(&s));
        let rewriting = statements().filter(alters).flat_map(|s| words(&s.sql)).collect();
        let mut copy = self.catalog.copy(Wanted { names, all_bodies, rewriting }, self.longest).await?;
        for step in steps {
            if let Some(refusal) = run_step(&mut copy, step, self.desired).await? {
                return Ok(Some(refusal));
            }
        }
        // Of a table with several steps, only the last one leaves all that it stores.
        let addresses = steps.iter().map(|s| s.address.last().to_ascii_lowercase()).collect::<BTreeSet<_>>();
        let stored: Vec<&TableChange> = addresses.iter().filter_map(|name| self.storing.get(name)).copied().collect();
        if let Some(problem) = unknown_in_stored(&mut copy.memory, &stored).await {
            return Ok(Some(Refusal::Expression(problem)));
        }
        self.touched.extend(copy.names.iter().cloned());
        self.foreign.extend(copy.foreign.iter().cloned());
        self.catalog.take(copy).await?;
        Ok(None)
    }

    /// Returns what still differs from the desired schema.
    fn leftover(self, live: &Live) -> Option<Changes> {
        let Trial { desired, catalog, touched, foreign, .. } = self;
        let outcome = catalog.parse(|row| belongs(row, &touched) && !foreign.iter().any(|f| f.is(row)));
        let outcome = without_garbled(outcome, live);
        let mut wanted = part_of(desired.schema(), &touched);
        foreign.iter().for_each(|f| f.take_out_of(&mut wanted));
        let left = remaining(&outcome, &Normalized::by_dialect(wanted));
        (!left.is_empty()).then_some(left)
    }
}

/// Returns true if the table gets a check constraint or a generated column.
fn stores(change: &TableChange) -> bool {
    let TableChange::Alter(edits) = change else { return false };
    edits.checks.iter().any(|d| d.after().is_some()) || new_columns(change).iter().any(|c| c.generated.is_some())
}

/// Returns the live name of a table, and what its new expressions name, in lower case.
fn names_before(change: &TableChange) -> BTreeSet<String> {
    let TableChange::Alter(edits) = change else { return BTreeSet::new() };
    let mut names: BTreeSet<String> = expressions(edits).iter().flat_map(|(_, expr)| words(&expr.text)).collect();
    names.insert(edits.live.name.name.as_str().to_ascii_lowercase());
    names
}

fn has_default_expression(change: &TableChange) -> bool {
    new_columns(change).iter().any(|c| matches!(c.default.as_ref().map(|d| &d.value), Some(Literal::Expr(_))))
}

/// Returns the columns that are created or changed.
fn new_columns(change: &TableChange) -> Vec<&Column> {
    match change {
        TableChange::Create(table) => table.columns.values().collect(),
        TableChange::Alter(edits) => edits.columns.iter().filter_map(|d| d.after()).collect(),
        TableChange::Drop(_) => Vec::new(),
    }
}

/// Runs the statements of a step.
async fn run_step(copy: &mut Copy, step: &Step, desired: &Normalized) -> Result<Option<Refusal>, Error> {
    if let Some(found) = copy.foreign.iter().find(|f| f.is_in_the_way(step, desired)) {
        let (step, address) = (step.address.clone(), found.address.clone());
        return Ok(Some(Refusal::Foreign { step, address, message: found.message.clone() }));
    }
    // What is dropped need not be valid.
    let foreign: Vec<String> = copy.foreign.iter().map(Foreign::drop_statement).collect();
    let refused = |statement: &Statement, message: String| {
        let (address, statement) = (step.address.clone(), statement.clone());
        Ok(Some(Refusal::Statement { address, statement, message }))
    };
    for statement in step.statements.iter().filter(|s| s.kind != StatementKind::KeepsStatistics && !foreign.contains(&s.sql)) {
        match copy.memory.run_one(&statement.sql).await {
            Err(error @ Error::TooLong { .. }) => return Err(error),
            Err(error) => return refused(statement, error.to_string()),
            Ok(_) => {}
        }
        if let Some(message) = unparsed(&mut copy.memory, &statement.sql).await {
            return refused(statement, message);
        }
    }
    Ok(None)
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
async fn over_many_rows(memory: &mut Connection, changes: &[&TableChange]) -> Option<Problem> {
    for change in changes {
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
async fn unknown_in_defaults(memory: &mut Connection, changes: &[&TableChange]) -> Option<Problem> {
    for change in changes {
        for column in new_columns(change) {
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
async fn unknown_in_stored(memory: &mut Connection, changes: &[&TableChange]) -> Option<Problem> {
    for change in changes {
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
#[derive(Debug, Clone)]
pub(super) struct Foreign {
    address: Address,
    /// The table, or the index's table, in lower case.
    table: String,
    message: String,
}

impl Foreign {
    pub(super) fn new(address: Address, table: &str, message: String) -> Foreign {
        Foreign { address, table: table.to_ascii_lowercase(), message }
    }

    /// Returns true if this is its row.
    pub(super) fn is(&self, row: &Stored) -> bool {
        *self.address.kind() == row.kind && self.address.last().eq_ignore_ascii_case(&row.name)
    }

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

/// Removes tables whose definitions are not UTF-8, which are readable only in the copy.
fn without_garbled(outcome: Live, live: &Live) -> Normalized {
    let mut schema = outcome.current.schema().clone();
    let garbled =
        |name: &crate::schema::Ident| live.stored.iter().any(|r| r.garbled.is_some() && r.kind == Kind::Table && name.matches(&r.name));
    schema.tables.retain(|name, _| !garbled(&name.name));
    schema.virtual_tables.retain(|name, _| !garbled(&name.name));
    Normalized::by_dialect(schema)
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
