//! Tables, their keys and constraints.

use std::fmt;

use indexmap::IndexMap;

use super::{Allows, Column, Exclusion, Expr, Head, Ident, Index, ObjectName, Origin};

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What every object has.
    pub head: Head,
    /// Columns by name, in their order.
    pub columns: IndexMap<Ident, Column>,
    /// The primary key.
    pub primary_key: Option<PrimaryKey>,
    /// UNIQUE constraints (unique indexes are in `indexes`).
    pub uniques: Vec<Unique>,
    /// CHECK constraints, those written at a column included.
    pub checks: Vec<Check>,
    /// Foreign keys, those written at a column included.
    pub foreign_keys: Vec<ForeignKey>,
    /// PostgreSQL's exclusion constraints.
    pub exclusions: Vec<Exclusion>,
    /// Indexes by name.
    pub indexes: IndexMap<Ident, Index>,
    /// PostgreSQL's UNLOGGED: its rows do not survive a crash.
    pub unlogged: bool,
    /// PostgreSQL: storage parameters.
    pub with: Vec<(String, String)>,
    /// SQLite's STRICT.
    pub strict: bool,
    /// SQLite's WITHOUT ROWID.
    pub without_rowid: bool,
}

impl Table {
    /// A table with nothing in it.
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

    /// The key's column, where the key is one column.
    pub fn single_key(&self) -> Option<&Column> {
        match self.primary_key.as_ref()?.parts.as_slice() {
            [part] => self.columns.get(&part.column),
            _ => None,
        }
    }

    /// Whether the column is part of the primary key.
    pub fn in_key(&self, column: &Ident) -> bool {
        self.primary_key.as_ref().is_some_and(|k| k.parts.iter().any(|p| p.column == *column))
    }
}

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryKey {
    /// The constraint's name.
    pub name: Option<Ident>,
    /// Its columns, in the key's own order.
    pub parts: Vec<KeyPart>,
    /// SQLite's ON CONFLICT.
    pub conflict: Option<Conflict>,
    /// SQLite's AUTOINCREMENT: ids are never used twice.
    pub autoincrement: bool,
    /// Written at its column with DESC. On SQLite `INTEGER PRIMARY KEY DESC` is, by an old bug that is kept for
    /// compatibility, not the rowid, while `PRIMARY KEY (id DESC)` is (<https://sqlite.org/lang_createtable.html#rowid>).
    pub inline_desc: bool,
    /// PostgreSQL: when it is checked.
    pub deferrable: Option<Deferrable>,
    /// PostgreSQL: columns that the index holds besides.
    pub include: Vec<Ident>,
    /// The comment that PostgreSQL stores.
    pub comment: Option<String>,
    /// Where it stands in the schema file.
    pub origin: Origin,
}

impl PrimaryKey {
    /// A key with nothing but its columns.
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
            origin: Origin::default(),
        }
    }
}

/// A column of a primary key or UNIQUE constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPart {
    /// The column.
    pub column: Ident,
    /// A collation of its own.
    pub collate: Option<Ident>,
    /// Descending.
    pub desc: bool,
}

impl KeyPart {
    /// A column, ascending, in its own collation.
    pub fn plain(column: Ident) -> Self {
        KeyPart { column, collate: None, desc: false }
    }
}

/// A UNIQUE constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// The constraint's name.
    pub name: Option<Ident>,
    /// Names it may have had.
    pub was: Vec<Ident>,
    /// Its columns.
    pub parts: Vec<KeyPart>,
    /// SQLite's ON CONFLICT.
    pub conflict: Option<Conflict>,
    /// PostgreSQL: when it is checked.
    pub deferrable: Option<Deferrable>,
    /// PostgreSQL: NULLs count as equal.
    pub nulls_not_distinct: bool,
    /// PostgreSQL: columns that the index holds besides.
    pub include: Vec<Ident>,
    /// The comment that PostgreSQL stores.
    pub comment: Option<String>,
    /// Where it stands in the schema file.
    pub origin: Origin,
}

impl Unique {
    /// A rule with nothing but its columns.
    pub fn new(parts: Vec<KeyPart>) -> Self {
        Unique {
            name: None,
            was: Vec::new(),
            parts,
            conflict: None,
            deferrable: None,
            nulls_not_distinct: false,
            include: Vec::new(),
            comment: None,
            origin: Origin::default(),
        }
    }
}

/// A CHECK constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The constraint's name.
    pub name: Option<Ident>,
    /// Names it may have had.
    pub was: Vec<Ident>,
    /// The condition.
    pub expr: Expr,
    /// PostgreSQL: tables that inherit do not have it.
    pub no_inherit: bool,
    /// PostgreSQL: rows that were there before it have not been checked.
    pub not_valid: bool,
    /// The comment that PostgreSQL stores.
    pub comment: Option<String>,
    /// Where it stands in the schema file.
    pub origin: Origin,
}

impl Check {
    /// A rule with nothing but its condition.
    pub fn new(expr: Expr) -> Self {
        Check { name: None, was: Vec::new(), expr, no_inherit: false, not_valid: false, comment: None, origin: Origin::default() }
    }
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The constraint's name.
    pub name: Option<Ident>,
    /// Names it may have had.
    pub was: Vec<Ident>,
    /// The columns of this table.
    pub columns: Vec<Ident>,
    /// The table they point to.
    pub table: ObjectName,
    /// The columns they point to; none is that table's key.
    pub to: Vec<Ident>,
    /// ON DELETE.
    pub on_delete: RefAction,
    /// ON UPDATE.
    pub on_update: RefAction,
    /// MATCH, where it is not SIMPLE. SQLite parses it and does nothing with it.
    pub matching: Option<Ident>,
    /// When it is checked.
    pub deferrable: Option<Deferrable>,
    /// It leads to no table or no key, as SQLite lets it; `inspect` says so of what it found.
    pub dangling: bool,
    /// PostgreSQL: rows that were there before it have not been checked.
    pub not_valid: bool,
    /// The comment that PostgreSQL stores.
    pub comment: Option<String>,
    /// What is let stand of it.
    pub allows: Allows,
    /// Where it stands in the schema file.
    pub origin: Origin,
}

impl ForeignKey {
    /// A foreign key to a table's key, with no actions.
    pub fn new(columns: Vec<Ident>, table: ObjectName) -> Self {
        ForeignKey {
            name: None,
            was: Vec::new(),
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
            allows: Allows::default(),
            origin: Origin::default(),
        }
    }
}

/// What happens to rows that point to a row that goes or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RefAction {
    /// The statement fails, at its end or the transaction's.
    #[default]
    NoAction,
    /// The statement fails at once.
    Restrict,
    /// They go or change with it.
    Cascade,
    /// They point to nothing.
    SetNull,
    /// They point to their default.
    SetDefault,
}

impl RefAction {
    /// All, with their words in the schema language.
    pub const ALL: [(&'static str, RefAction); 5] = [
        ("no-action", RefAction::NoAction),
        ("restrict", RefAction::Restrict),
        ("cascade", RefAction::Cascade),
        ("set-null", RefAction::SetNull),
        ("set-default", RefAction::SetDefault),
    ];

    /// Its word in the schema language.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, a)| *a == self).map_or("", |(w, _)| w)
    }

    /// Its words in SQL.
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
    /// At the end of the statement, unless the transaction says otherwise.
    InitiallyImmediate,
}

impl Deferrable {
    /// All, with their words in the schema language.
    pub const ALL: [(&'static str, Deferrable); 2] =
        [("initially-deferred", Deferrable::InitiallyDeferred), ("initially-immediate", Deferrable::InitiallyImmediate)];

    /// Its word in the schema language.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, a)| *a == self).map_or("", |(w, _)| w)
    }
}

/// SQLite's conflict clause (<https://sqlite.org/lang_conflict.html>); ABORT, the default, is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// The transaction is rolled back.
    Rollback,
    /// The statement stops, keeping what it did.
    Fail,
    /// The row is skipped.
    Ignore,
    /// The rows in the way are deleted.
    Replace,
}

impl Conflict {
    /// All, with their words in the schema language.
    pub const ALL: [(&'static str, Conflict); 4] =
        [("rollback", Conflict::Rollback), ("fail", Conflict::Fail), ("ignore", Conflict::Ignore), ("replace", Conflict::Replace)];

    /// Its word in the schema language.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, a)| *a == self).map_or("", |(w, _)| w)
    }
}

impl fmt::Display for KeyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.column)?;
        if let Some(c) = &self.collate {
            write!(f, " collate {c}")?;
        }
        if self.desc { f.write_str(" desc") } else { Ok(()) }
    }
}
