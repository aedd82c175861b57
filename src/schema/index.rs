//! Indexes.

use std::fmt;

use super::{Directives, Expr, Ident};

/// An index that was created as such (the index of a constraint belongs to the constraint).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The name.
    pub name: Ident,
    /// Whether it is UNIQUE.
    pub unique: bool,
    /// What it indexes.
    pub parts: Vec<IndexPart>,
    /// The condition of a partial index.
    pub predicate: Option<Expr>,
    /// PostgreSQL: the access method, if it is not B-tree.
    pub method: Option<String>,
    /// PostgreSQL: NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// PostgreSQL: INCLUDE columns.
    pub include: Vec<Ident>,
    /// PostgreSQL: storage parameters.
    pub with: Vec<(String, String)>,
    /// The comment that PostgreSQL stores.
    pub comment: Option<String>,
    /// PostgreSQL: the remains of a concurrent build that did not finish; serves no query but slows every
    /// write.
    pub invalid: bool,
    /// What only the schema file contains.
    pub directives: Directives,
}

impl Index {
    /// Creates an index without parts.
    pub fn new(name: Ident) -> Self {
        Index {
            name,
            unique: false,
            parts: Vec::new(),
            predicate: None,
            method: None,
            nulls_not_distinct: false,
            include: Vec::new(),
            with: Vec::new(),
            comment: None,
            invalid: false,
            directives: Directives::default(),
        }
    }
}

/// One part of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPart {
    /// A column or an expression.
    pub key: PartKey,
    /// The collation, if it is declared.
    pub collate: Option<Ident>,
    /// Descending.
    pub desc: bool,
    /// PostgreSQL: where NULLs sort, if that is not the default for the order.
    pub nulls: Option<NullsOrder>,
    /// PostgreSQL: the operator class.
    pub opclass: Option<String>,
}

impl IndexPart {
    /// Creates a part with just its key.
    pub fn new(key: PartKey) -> Self {
        IndexPart { key, collate: None, desc: false, nulls: None, opclass: None }
    }

    /// Returns the column, if it is one.
    pub fn column(&self) -> Option<&Ident> {
        match &self.key {
            PartKey::Column(c) => Some(c),
            PartKey::Expr(_) => None,
        }
    }
}

/// The key of an index part.
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
            PartKey::Column(c) => f.write_str(&c.shown())?,
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
