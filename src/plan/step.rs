//! The unit of a plan: statements that belong together, and the resources they affect.

use super::{Hazard, Resource};
use crate::schema::Address;

/// What a step does to its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Creates it.
    Create,
    /// Changes it in place.
    Alter,
    /// SQLite: creates a new table, copies the rows and swaps the two.
    Rebuild,
    /// Drops and re-creates it; it contains no rows.
    Replace,
    /// Drops it.
    Destroy,
    /// Nothing: rosey cannot create it.
    Unsupported,
    /// Drops it before another step and re-creates it unchanged afterwards.
    Carry,
}

impl Action {
    /// Returns its name in files and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Alter => "alter",
            Action::Rebuild => "rebuild",
            Action::Replace => "replace",
            Action::Destroy => "destroy",
            Action::Unsupported => "unsupported",
            Action::Carry => "carry",
        }
    }
}

/// What a statement evaluates when it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Evaluates {
    /// Expressions, possibly on rows: the database's error messages may contain their values and are not
    /// shown.
    #[default]
    Rows,
    /// Nothing: it changes only the catalogs, and the database's error messages are about names.
    Nothing,
}

/// What a statement does, if anything depends on that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum StatementKind {
    /// Anything else.
    #[default]
    Other,
    /// Copies or rewrites the step's rows, so that progress can be shown.
    CopiesRows,
    /// SQLite: changes values of rows in place.
    WritesValues,
    /// SQLite: `ALTER TABLE`, which reads every view and trigger.
    AltersTable,
    /// SQLite: edits stored definitions in place.
    EditsDefinition,
    /// SQLite: keeps the statistics of the query planner.
    KeepsStatistics,
    /// Creates a view or a materialized view.
    CreatesView,
    /// Drops a view or a materialized view.
    DropsView,
    /// Creates an index.
    CreatesIndex,
    /// Drops an index.
    DropsIndex,
}

/// A statement of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// The SQL, without a terminating semicolon.
    pub sql: String,
    /// What it does.
    pub kind: StatementKind,
    /// A condition, as SQL, that is true if the statement has been run already. For a statement that cannot
    /// be run twice; a script that is run again checks it.
    pub unless: Option<String>,
    /// What it evaluates.
    pub evaluates: Evaluates,
}

impl Statement {
    /// Creates a statement.
    pub fn new(sql: impl Into<String>) -> Self {
        Statement { sql: sql.into(), kind: StatementKind::Other, unless: None, evaluates: Evaluates::Rows }
    }

    /// Creates a statement that evaluates nothing.
    pub fn of_catalog(sql: impl Into<String>) -> Self {
        Statement::new(sql).on_catalog()
    }

    /// Marks the statement as one that evaluates nothing.
    pub fn on_catalog(self) -> Self {
        Statement { evaluates: Evaluates::Nothing, ..self }
    }

    /// Sets what the statement does.
    pub fn kind(self, kind: StatementKind) -> Self {
        Statement { kind, ..self }
    }

    /// Creates a statement that copies rows.
    pub fn copy(sql: impl Into<String>) -> Self {
        Statement::new(sql).kind(StatementKind::CopiesRows)
    }

    /// Marks the statement as already run if this condition holds.
    pub fn unless(self, done: impl Into<String>) -> Self {
        Statement { unless: Some(done.into()), ..self }
    }
}

/// The resources that a step affects. Only these determine the order of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Footprint {
    /// What exists after it.
    pub creates: Vec<Resource>,
    /// What must exist before it.
    pub needs: Vec<Resource>,
    /// What should exist before it, for readability; a cycle of these is not an error.
    pub prefers: Vec<Resource>,
    /// What its object no longer depends on after it.
    pub frees: Vec<Resource>,
    /// What no longer exists after it.
    pub drops: Vec<Resource>,
}

/// Where a step runs, in execution order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Transaction {
    /// Before the plan's transaction, each statement in its own.
    Before,
    /// In the plan's transaction.
    #[default]
    Inside,
    /// After the plan's transaction is committed, each statement in its own. Such a step can be run again
    /// from its start.
    After,
}

impl Transaction {
    /// Returns its name in files and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Transaction::Before => "before",
            Transaction::Inside => "inside",
            Transaction::After => "after",
        }
    }
}

/// What a database does while it holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Work {
    /// Nothing that depends on the number of rows.
    None,
    /// Reads all rows.
    Scan,
    /// Sorts the rows into an index.
    Build,
    /// Rewrites all rows and rebuilds all indexes.
    Rewrite,
}

/// A lock that a step takes on a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lock {
    /// The relation's name for display.
    pub relation: String,
    /// The lock's name in the database: `ACCESS EXCLUSIVE`, `SHARE`, …
    pub mode: &'static str,
    /// What the database does while holding it.
    pub work: Work,
    /// The size of the relation in bytes, if known.
    pub bytes: Option<i64>,
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The object.
    pub address: Address,
    /// What the step does to it.
    pub action: Action,
    /// Why this action is needed: `type of column sent changes`.
    pub reason: String,
    /// The SQL.
    pub statements: Vec<Statement>,
    /// Where it runs.
    pub transaction: Transaction,
    /// The locks that it acquires and that affect other sessions.
    pub locks: Vec<Lock>,
    /// The resources that it affects.
    pub footprint: Footprint,
    /// The hazards.
    pub hazards: Vec<Hazard>,
    /// The rows that the step's hazards are counted on, as a FROM clause.
    pub rows_of: Option<String>,
    /// The existing rows, as a FROM clause.
    pub old_rows: Option<String>,
    /// A temporary table that hazards may be counted on, and the statements that create it.
    pub trial: Option<(String, Vec<String>)>,
    /// The number of rows, once counted.
    pub rows: Option<i64>,
    /// The query that measures `bytes`.
    pub size_query: Option<String>,
    /// The size of the object with its indexes in bytes, once measured: what a rebuild rewrites.
    pub bytes: Option<i64>,
}

impl Step {
    /// Creates a step that has only statements.
    pub fn new(address: Address, action: Action, statements: Vec<Statement>) -> Self {
        Step {
            address,
            action,
            reason: String::new(),
            statements,
            transaction: Transaction::default(),
            locks: Vec::new(),
            footprint: Footprint::default(),
            hazards: Vec::new(),
            rows_of: None,
            old_rows: None,
            trial: None,
            rows: None,
            size_query: None,
            bytes: None,
        }
    }
}

/// Returns true if two lists of steps run the same statements in the same order.
pub fn same_work(a: &[Step], b: &[Step]) -> bool {
    let sql = |steps: &[Step]| steps.iter().flat_map(|s| &s.statements).map(|s| s.sql.clone()).collect::<Vec<_>>();
    sql(a) == sql(b)
}
