//! The row that an apply adds to the database's history, as plain data. Writes nothing.

use super::Rename;

/// The version of the row format. Increases when the meaning of a column changes.
pub const HISTORY_FORMAT: i64 = 2;

/// What created a row of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Kind {
    /// A schema file or a saved plan was applied.
    #[default]
    Apply,
    /// An earlier schema was restored.
    Rollback,
    /// The schema was recorded as it was found.
    Stamp,
}

impl Kind {
    /// Returns its name in the history.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Apply => "apply",
            Kind::Rollback => "rollback",
            Kind::Stamp => "stamp",
        }
    }
}

/// Who applies, and from where.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The operating system's user.
    pub user: Option<String>,
    /// The host.
    pub host: Option<String>,
    /// The Git commit of the schema file.
    pub git_commit: Option<String>,
}

/// A row of the history.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The kind.
    pub kind: Kind,
    /// The digest of the plan.
    pub plan: String,
    /// The message.
    pub message: Option<String>,
    /// The schema before the apply, in rosey's spelling.
    pub schema_before: String,
    /// The schema after the apply, in the database's spelling.
    pub schema_after: String,
    /// The schema after the apply as the schema file has it, if the text differs.
    pub schema_written: Option<String>,
    /// The renames that were made, which a rollback inverts.
    pub renames: Vec<Rename>,
    /// The SQL statements.
    pub sql: String,
    /// Who applied.
    pub identity: Identity,
    /// The duration in milliseconds.
    pub duration_ms: i64,
    /// The number of rows that rebuilds copied.
    pub rows_copied: i64,
    /// `applied`, or `running` while steps outside the transaction are unfinished.
    pub outcome: &'static str,
    /// The path of the backup.
    pub backup: Option<String>,
    /// The version whose schema was restored; 0 is the schema before the first version.
    pub back_to: Option<i64>,
}
