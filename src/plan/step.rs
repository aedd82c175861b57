//! The unit of a plan: statements that belong together, and what they touch.

use super::Hazard;
use crate::schema::Address;

/// What a step does to its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Makes it.
    Create,
    /// Changes it where it stands.
    Alter,
    /// SQLite: creates it anew, copies the rows and swaps.
    Rebuild,
    /// Drops it and makes it anew; it holds no rows.
    Replace,
    /// Drops it.
    Destroy,
    /// Nothing: rosey cannot make it.
    Unsupported,
    /// Takes it away and puts it back as it was, around another step.
    Carry,
}

impl Action {
    /// Its word in files and JSON.
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
    /// Expressions, maybe over rows: what the database says of a failure may hold their values, and is not shown.
    #[default]
    Rows,
    /// Nothing: it changes the catalogs alone, and what the database says of a failure is about names.
    Nothing,
}

/// A statement of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// The SQL, without a closing semicolon.
    pub sql: String,
    /// Whether it copies the step's rows, so that progress can be shown.
    pub copies: bool,
    /// A condition under which it has been done already, as SQL, where it could not be done twice: what a script that is run
    /// again asks.
    pub unless: Option<String>,
    /// What it evaluates.
    pub evaluates: Evaluates,
}

impl Statement {
    /// A statement that is done in no time.
    pub fn new(sql: impl Into<String>) -> Self {
        Statement { sql: sql.into(), copies: false, unless: None, evaluates: Evaluates::Rows }
    }

    /// A statement that evaluates nothing.
    pub fn of_catalog(sql: impl Into<String>) -> Self {
        Statement::new(sql).on_catalog()
    }

    /// The statement, which evaluates nothing.
    pub fn on_catalog(self) -> Self {
        Statement { evaluates: Evaluates::Nothing, ..self }
    }

    /// A statement that copies rows.
    pub fn copy(sql: impl Into<String>) -> Self {
        Statement { copies: true, ..Statement::new(sql) }
    }

    /// The statement, which is done where this condition holds.
    pub fn unless(self, done: impl Into<String>) -> Self {
        Statement { unless: Some(done.into()), ..self }
    }
}

/// What a step touches, as names of resources. The order of a plan follows from these alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Footprint {
    /// What is there after it.
    pub creates: Vec<String>,
    /// What must be there before it.
    pub needs: Vec<String>,
    /// What had better be there before it, for people to read; a cycle of these is no error.
    pub prefers: Vec<String>,
    /// What it stops depending on.
    pub frees: Vec<String>,
    /// What is gone after it.
    pub drops: Vec<String>,
}

/// Where a step runs. Ordered as they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Transaction {
    /// Ahead of the plan's one transaction, each statement in one of its own.
    Before,
    /// In the plan's one transaction.
    #[default]
    Inside,
    /// Once that has been committed, each statement in one of its own. Such a step can be run again from its start.
    After,
}

impl Transaction {
    /// Its word in files and JSON.
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
    /// Nothing that grows with the rows.
    None,
    /// It reads all rows.
    Scan,
    /// It sorts the rows into an index.
    Build,
    /// It writes all rows, and builds all indexes anew.
    Rewrite,
}

/// A lock that a step takes on a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lock {
    /// The relation, as people know it.
    pub relation: String,
    /// The lock's name in the database: `ACCESS EXCLUSIVE`, `SHARE`, …
    pub mode: &'static str,
    /// What goes on under it.
    pub work: Work,
    /// Bytes that the relation takes, where they are known.
    pub bytes: Option<i64>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The object.
    pub address: Address,
    /// What happens to it.
    pub action: Action,
    /// Why it happens this way, in words: `type of column sent changes`.
    pub reason: String,
    /// The SQL.
    pub statements: Vec<Statement>,
    /// Where it runs.
    pub transaction: Transaction,
    /// The locks that it takes and that others would feel.
    pub locks: Vec<Lock>,
    /// What it touches.
    pub footprint: Footprint,
    /// What can go wrong.
    pub hazards: Vec<Hazard>,
    /// The rows that the step's hazards are counted over, as what stands behind FROM.
    pub rows_of: Option<String>,
    /// The rows that are there now, as what stands behind FROM.
    pub old_rows: Option<String>,
    /// A temporary table that the hazards may be counted over, and the statements that make it.
    pub trial: Option<(String, Vec<String>)>,
    /// How many these are, once counted.
    pub rows: Option<i64>,
    /// The query that tells `bytes`.
    pub size_query: Option<String>,
    /// Bytes that the object takes with its indexes, once measured: what a rebuild writes anew.
    pub bytes: Option<i64>,
}

impl Step {
    /// A step with nothing but its statements.
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

/// Whether two lists of steps run the same statements in the same order.
pub fn same_work(a: &[Step], b: &[Step]) -> bool {
    let sql = |steps: &[Step]| steps.iter().flat_map(|s| &s.statements).map(|s| s.sql.clone()).collect::<Vec<_>>();
    sql(a) == sql(b)
}
