//! Indexes.

use std::fmt;

use super::{Allows, Expr, Ident, Only, Origin};

/// An index that was created as one (a constraint's own index belongs to the constraint).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: Ident,
    /// Names it may have had.
    pub was: Vec<Ident>,
    /// Whether equal keys are refused.
    pub unique: bool,
    /// What it is sorted by.
    pub parts: Vec<IndexPart>,
    /// The condition of a partial index.
    pub predicate: Option<Expr>,
    /// PostgreSQL: the access method, where it is not a B-tree.
    pub method: Option<String>,
    /// PostgreSQL: NULLs count as equal.
    pub nulls_not_distinct: bool,
    /// PostgreSQL: columns that the index holds besides.
    pub include: Vec<Ident>,
    /// PostgreSQL: storage parameters.
    pub with: Vec<(String, String)>,
    /// The comment that PostgreSQL stores.
    pub comment: Option<String>,
    /// PostgreSQL: what a concurrent build that did not finish has left; it serves no query, and slows every write.
    pub invalid: bool,
    /// What is let stand of it.
    pub allows: Allows,
    /// The dialect it is kept to, which lets it say what others do not know.
    pub only: Only,
    /// Where it stands in the schema file.
    pub origin: Origin,
}

impl Index {
    /// An index with no parts yet.
    pub fn new(name: Ident) -> Self {
        Index {
            name,
            was: Vec::new(),
            unique: false,
            parts: Vec::new(),
            predicate: None,
            method: None,
            nulls_not_distinct: false,
            include: Vec::new(),
            with: Vec::new(),
            comment: None,
            invalid: false,
            allows: Allows::default(),
            only: Only::default(),
            origin: Origin::default(),
        }
    }
}

/// One part of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPart {
    /// A column or an expression.
    pub key: PartKey,
    /// A collation of its own.
    pub collate: Option<Ident>,
    /// Descending.
    pub desc: bool,
    /// PostgreSQL: where NULLs sort, when it is not the order's default.
    pub nulls: Option<NullsOrder>,
    /// PostgreSQL: the operator class.
    pub opclass: Option<String>,
}

impl IndexPart {
    /// A part with nothing but its key.
    pub fn new(key: PartKey) -> Self {
        IndexPart { key, collate: None, desc: false, nulls: None, opclass: None }
    }

    /// The column, where it is one.
    pub fn column(&self) -> Option<&Ident> {
        match &self.key {
            PartKey::Column(c) => Some(c),
            PartKey::Expr(_) => None,
        }
    }
}

/// What an index part sorts by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartKey {
    /// A column.
    Column(Ident),
    /// An expression.
    Expr(Expr),
}

/// Where NULLs sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NullsOrder {
    /// Before all values.
    First,
    /// After them.
    Last,
}

impl fmt::Display for IndexPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            PartKey::Column(c) => write!(f, "{c}")?,
            PartKey::Expr(e) => f.write_str(&e.text)?,
        }
        if let Some(c) = &self.collate {
            write!(f, " collate {c}")?;
        }
        if let Some(o) = &self.opclass {
            write!(f, " {o}")?;
        }
        if self.desc {
            f.write_str(" desc")?;
        }
        match self.nulls {
            Some(NullsOrder::First) => f.write_str(" nulls first"),
            Some(NullsOrder::Last) => f.write_str(" nulls last"),
            None => Ok(()),
        }
    }
}
