//! The unit of a plan: statements that belong together, and what they touch.

use super::Hazard;
use crate::schema::Address;

/// What a step does to its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// A statement of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The SQL, without a closing semicolon.
    pub sql: String,
    /// Whether it copies the step's rows, so that progress can be shown.
    pub copies: bool,
}

impl Statement {
    /// A statement that is done in no time.
    pub fn new(sql: impl Into<String>) -> Self {
        Statement { sql: sql.into(), copies: false }
    }

    /// A statement that copies rows.
    pub fn copy(sql: impl Into<String>) -> Self {
        Statement { sql: sql.into(), copies: true }
    }
}

/// What a step touches, as names of resources. The order of a plan follows from these alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The object.
    pub address: Address,
    /// What happens to it.
    pub action: Action,
    /// Why it happens this way, in words: `type of column sent changes`.
    pub reason: String,
    /// The SQL.
    pub statements: Vec<Statement>,
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
