//! Tables, their keys and constraints.

use std::fmt;

use indexmap::IndexMap;

use super::{Column, Directives, Exclusion, Expr, Head, Ident, Index, ObjectName};

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The fields that all objects have.
    pub head: Head,
    /// Columns by name, in order.
    pub columns: IndexMap<Ident, Column>,
    /// The primary key.
    pub primary_key: Option<PrimaryKey>,
    /// UNIQUE constraints (unique indexes are in `indexes`).
    pub uniques: Vec<Unique>,
    /// CHECK constraints, including those written on a column.
    pub checks: Vec<Check>,
    /// Foreign keys, including those written on a column.
    pub foreign_keys: Vec<ForeignKey>,
    /// PostgreSQL's exclusion constraints.
    pub exclusions: Vec<Exclusion>,
    /// Indexes by name.
    pub indexes: IndexMap<Ident, Index>,
    /// PostgreSQL's UNLOGGED: its rows are lost in a crash.
    pub unlogged: bool,
    /// PostgreSQL: storage parameters.
    pub with: Vec<(String, String)>,
    /// SQLite's STRICT.
    pub strict: bool,
    /// SQLite's WITHOUT ROWID.
    pub without_rowid: bool,
}

impl Table {
    /// Creates an empty table.
    pub fn new(name: ObjectName) -> Self {
        Table {
            head: Head::new(name),
            columns: IndexMap::new(),
            primary_key: None,
            uniques: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            exclusions: Vec::new(),
            indexes: IndexMap::new(),
            unlogged: false,
            with: Vec::new(),
            strict: false,
            without_rowid: false,
        }
    }

    /// Returns the key column, if the key is a single column.
    pub fn single_key(&self) -> Option<&Column> {
        match self.primary_key.as_ref()?.parts.as_slice() {
            [part] => self.columns.get(&part.column),
            _ => None,
        }
    }

    /// Returns whether the column is part of the primary key.
    pub fn in_key(&self, column: &Ident) -> bool {
        self.primary_key.as_ref().is_some_and(|k| k.parts.iter().any(|p| p.column == *column))
    }
}

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryKey {
    /// The constraint's name.
    pub name: Option<Ident>,
    /// The columns, in key order.
    pub parts: Vec<KeyPart>,
    /// SQLite's ON CONFLICT.
    pub conflict: Option<Conflict>,
    /// SQLite's AUTOINCREMENT: ids are never reused.
    pub autoincrement: bool,
    /// Written on its column with DESC. On SQLite `INTEGER PRIMARY KEY DESC` is not the rowid, because of an
    /// old bug kept for compatibility, while `PRIMARY KEY (id DESC)` is
    /// (<https://sqlite.org/lang_createtable.html#rowid>).
    pub inline_desc: bool,
    /// PostgreSQL: when it is checked.
    pub deferrable: Option<Deferrable>,
    /// PostgreSQL: INCLUDE columns.
    pub include: Vec<Ident>,
    /// The comment that PostgreSQL stores.
    pub comment: Option<String>,
    /// What only the schema file contains.
    pub directives: Directives,
}

impl PrimaryKey {
    /// Creates a key with just its columns.
    pub fn new(parts: Vec<KeyPart>) -> Self {
        PrimaryKey {
            name: None,
            parts,
            conflict: None,
            autoincrement: false,
            inline_desc: false,
            deferrable: None,
            include: Vec::new(),
            comment: None,
            directives: Directives::default(),
        }
    }
}

/// A column of a primary key or UNIQUE constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPart {
    /// The column.
    pub column: Ident,
    /// The collation, if it is declared.
    pub collate: Option<Ident>,
    /// Descending.
    pub desc: bool,
}

impl KeyPart {
    /// Creates an ascending part in the column's own collation.
    pub fn plain(column: Ident) -> Self {
        KeyPart { column, collate: None, desc: false }
    }
}

/// A UNIQUE constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// The constraint's name.
    pub name: Option<Ident>,
    /// The columns.
    pub parts: Vec<KeyPart>,
    /// SQLite's ON CONFLICT.
    pub conflict: Option<Conflict>,
    /// PostgreSQL: when it is checked.
    pub deferrable: Option<Deferrable>,
    /// PostgreSQL: NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// PostgreSQL: INCLUDE columns.
    pub include: Vec<Ident>,
    /// The comment that PostgreSQL stores.
    pub comment: Option<String>,
    /// What only the schema file contains.
    pub directives: Directives,
}

impl Unique {
    /// Creates a constraint with just its columns.
    pub fn new(parts: Vec<KeyPart>) -> Self {
        Unique {
            name: None,
            parts,
            conflict: None,
            deferrable: None,
            nulls_not_distinct: false,
            include: Vec::new(),
            comment: None,
            directives: Directives::default(),
        }
    }
}

/// A CHECK constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The constraint's name.
    pub name: Option<Ident>,
    /// The condition.
    pub expr: Expr,
    /// PostgreSQL: NO INHERIT; child tables do not have it.
    pub no_inherit: bool,
    /// PostgreSQL: NOT VALID; rows that existed before it have not been checked.
    pub not_valid: bool,
    /// The comment that PostgreSQL stores.
    pub comment: Option<String>,
    /// What only the schema file contains.
    pub directives: Directives,
}

impl Check {
    /// Creates a constraint with just its condition.
    pub fn new(expr: Expr) -> Self {
        Check { name: None, expr, no_inherit: false, not_valid: false, comment: None, directives: Directives::default() }
    }
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The constraint's name.
    pub name: Option<Ident>,
    /// The columns of this table.
    pub columns: Vec<Ident>,
    /// The referenced table.
    pub table: ObjectName,
    /// The referenced columns; empty for the primary key of that table.
    pub to: Vec<Ident>,
    /// ON DELETE.
    pub on_delete: RefAction,
    /// ON UPDATE.
    pub on_update: RefAction,
    /// MATCH, if it is not SIMPLE. SQLite parses it but ignores it.
    pub matching: Option<Ident>,
    /// When it is checked.
    pub deferrable: Option<Deferrable>,
    /// The table or key it references does not exist, which SQLite permits; `inspect` reports such foreign
    /// keys.
    pub dangling: bool,
    /// PostgreSQL: NOT VALID; rows that existed before it have not been checked.
    pub not_valid: bool,
    /// The comment that PostgreSQL stores.
    pub comment: Option<String>,
    /// What only the schema file contains.
    pub directives: Directives,
}

impl ForeignKey {
    /// Creates a foreign key to the primary key of a table, without actions.
    pub fn new(columns: Vec<Ident>, table: ObjectName) -> Self {
        ForeignKey {
            name: None,
            columns,
            table,
            to: Vec::new(),
            on_delete: RefAction::default(),
            on_update: RefAction::default(),
            matching: None,
            deferrable: None,
            dangling: false,
            not_valid: false,
            comment: None,
            directives: Directives::default(),
        }
    }
}

/// What happens to referencing rows when the referenced row is deleted or updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RefAction {
    /// The statement fails, at its end or at the end of the transaction.
    #[default]
    NoAction,
    /// The statement fails at once.
    Restrict,
    /// They are deleted or updated as well.
    Cascade,
    /// Their columns are set to NULL.
    SetNull,
    /// Their columns are set to their defaults.
    SetDefault,
}

impl RefAction {
    /// All values, with their keywords in the schema language.
    pub const ALL: [(&'static str, RefAction); 5] = [
        ("no-action", RefAction::NoAction),
        ("restrict", RefAction::Restrict),
        ("cascade", RefAction::Cascade),
        ("set-null", RefAction::SetNull),
        ("set-default", RefAction::SetDefault),
    ];

    /// Returns its keyword in the schema language.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, a)| *a == self).map_or("", |(w, _)| w)
    }

    /// Returns its keywords in SQL.
    pub fn sql(self) -> String {
        self.word().replace('-', " ").to_uppercase()
    }
}

/// When a deferrable constraint is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deferrable {
    /// At the end of the transaction.
    InitiallyDeferred,
    /// At the end of the statement, unless the transaction sets it otherwise.
    InitiallyImmediate,
}

impl Deferrable {
    /// All values, with their keywords in the schema language.
    pub const ALL: [(&'static str, Deferrable); 2] =
        [("initially-deferred", Deferrable::InitiallyDeferred), ("initially-immediate", Deferrable::InitiallyImmediate)];

    /// Returns its keyword in the schema language.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, a)| *a == self).map_or("", |(w, _)| w)
    }
}

/// SQLite's conflict clause (<https://sqlite.org/lang_conflict.html>); ABORT, the default, is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// The transaction is rolled back.
    Rollback,
    /// The statement stops but keeps its changes so far.
    Fail,
    /// The row is skipped.
    Ignore,
    /// The conflicting rows are deleted.
    Replace,
}

impl Conflict {
    /// All values, with their keywords in the schema language.
    pub const ALL: [(&'static str, Conflict); 4] =
        [("rollback", Conflict::Rollback), ("fail", Conflict::Fail), ("ignore", Conflict::Ignore), ("replace", Conflict::Replace)];

    /// Returns its keyword in the schema language.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, a)| *a == self).map_or("", |(w, _)| w)
    }
}

impl fmt::Display for KeyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.column.shown())?;
        if let Some(c) = &self.collate {
            write!(f, " collate {c}")?;
        }
        if self.desc { f.write_str(" desc") } else { Ok(()) }
    }
}
