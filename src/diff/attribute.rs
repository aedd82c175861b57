//! The attributes in which two versions of an object can differ.

use std::fmt;

/// An attribute of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Attribute {
    /// SQLite's AUTOINCREMENT.
    Autoincrement,
    /// The checks of a domain.
    Checks,
    /// The collation.
    Collate,
    /// The columns, with their order.
    Columns,
    /// The comment.
    Comment,
    /// The condition of a check.
    Condition,
    /// The default.
    Default,
    /// When a constraint is checked.
    Deferrable,
    /// The SQL that defines the object.
    Definition,
    /// SQLite's `INTEGER PRIMARY KEY DESC`.
    Desc,
    /// The expression of a generated column.
    Generated,
    /// The kind of identity column.
    Identity,
    /// The included columns of an index.
    Include,
    /// An index of a materialized view.
    Index,
    /// Whether an index is invalid: a concurrent build has not finished.
    Invalid,
    /// MATCH.
    Match,
    /// The name, of a rename or of a constraint.
    Name,
    /// NO INHERIT.
    NoInherit,
    /// NOT NULL.
    NotNull,
    /// NOT VALID: rows that existed before have not been checked.
    NotValid,
    /// NULLS NOT DISTINCT.
    NullsNotDistinct,
    /// SQLite's ON CONFLICT clause.
    OnConflict,
    /// ON DELETE.
    OnDelete,
    /// ON UPDATE.
    OnUpdate,
    /// The options of a sequence.
    Options,
    /// The column that owns a sequence.
    OwnedBy,
    /// The parts of an index or exclusion constraint.
    Parts,
    /// What a foreign key references.
    References,
    /// The schema of an extension.
    Schema,
    /// The options of the sequence behind a serial or identity column.
    Sequence,
    /// Whether a generated column is stored.
    Stored,
    /// SQLite's STRICT.
    Strict,
    /// The type of a column, domain or sequence.
    Type,
    /// Whether an index is unique.
    Unique,
    /// PostgreSQL's UNLOGGED.
    Unlogged,
    /// The access method.
    Using,
    /// The values of an enum.
    Values,
    /// The version of an extension.
    Version,
    /// The predicate of a partial index or exclusion constraint.
    Where,
    /// The storage parameters.
    With,
    /// SQLite's WITHOUT ROWID.
    WithoutRowid,
}

impl Attribute {
    /// Returns its name in plans: the property or node of the schema language that sets it, if there is one.
    pub fn word(self) -> &'static str {
        match self {
            Attribute::Autoincrement => "autoincrement",
            Attribute::Checks => "checks",
            Attribute::Collate => "collate",
            Attribute::Columns => "columns",
            Attribute::Comment => "comment",
            Attribute::Condition => "condition",
            Attribute::Default => "default",
            Attribute::Deferrable => "deferrable",
            Attribute::Definition => "definition",
            Attribute::Desc => "desc",
            Attribute::Generated => "generated",
            Attribute::Identity => "identity",
            Attribute::Include => "include",
            Attribute::Index => "index",
            Attribute::Invalid => "invalid",
            Attribute::Match => "match",
            Attribute::Name => "name",
            Attribute::NoInherit => "no-inherit",
            Attribute::NotNull => "not-null",
            Attribute::NotValid => "not-valid",
            Attribute::NullsNotDistinct => "nulls-not-distinct",
            Attribute::OnConflict => "on-conflict",
            Attribute::OnDelete => "on-delete",
            Attribute::OnUpdate => "on-update",
            Attribute::Options => "options",
            Attribute::OwnedBy => "owned-by",
            Attribute::Parts => "parts",
            Attribute::References => "references",
            Attribute::Schema => "schema",
            Attribute::Sequence => "sequence",
            Attribute::Stored => "stored",
            Attribute::Strict => "strict",
            Attribute::Type => "type",
            Attribute::Unique => "unique",
            Attribute::Unlogged => "unlogged",
            Attribute::Using => "using",
            Attribute::Values => "values",
            Attribute::Version => "version",
            Attribute::Where => "where",
            Attribute::With => "with",
            Attribute::WithoutRowid => "without-rowid",
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
