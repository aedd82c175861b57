//! The row that an apply leaves in the database's history, as plain data. Writes nothing.

use super::Rename;

/// The version of a row's shape. It rises when a column changes its meaning.
pub const HISTORY_FORMAT: i64 = 2;

/// What brought a row into the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Kind {
    /// A schema file or a saved plan was applied.
    #[default]
    Apply,
    /// An earlier schema was gone back to.
    Rollback,
    /// The schema was written down as it was found.
    Stamp,
}

impl Kind {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Apply => "apply",
            Kind::Rollback => "rollback",
            Kind::Stamp => "stamp",
        }
    }
}

/// Who applies, and from what.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The system's user.
    pub user: Option<String>,
    /// The machine.
    pub host: Option<String>,
    /// The commit that the schema file is at.
    pub git_commit: Option<String>,
}

/// One row.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// What brought it.
    pub kind: Kind,
    /// The digest of the plan.
    pub plan: String,
    /// What was said of it.
    pub message: Option<String>,
    /// The schema before it, in rosey's spelling.
    pub schema_before: String,
    /// The schema after it, in the database's spelling.
    pub schema_after: String,
    /// The schema after it as the schema file has it, where that is another text.
    pub schema_written: Option<String>,
    /// The renames that were done, so that the way back inverts them.
    pub renames: Vec<Rename>,
    /// The statements.
    pub sql: String,
    /// Who did it.
    pub identity: Identity,
    /// How long it took.
    pub duration_ms: i64,
    /// Rows that rebuilds copied.
    pub rows_copied: i64,
    /// `applied`, or `running` while steps outside the transaction are left.
    pub outcome: &'static str,
    /// The backup.
    pub backup: Option<String>,
    /// Which row's schema was gone back to; 0 is what was there before the first.
    pub back_to: Option<i64>,
}
