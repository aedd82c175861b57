//! What only PostgreSQL has: schemas, extensions, types of one's own, sequences, materialised views, exclusion
//! constraints. On SQLite they do nothing or are an error; the dialect says which.

use std::fmt;

use indexmap::IndexMap;

use super::{Check, DefaultValue, Deferrable, Expr, Head, Ident, Index, IndexPart, ObjectName, Origin, Type};

/// A schema: a namespace for objects (<https://www.postgresql.org/docs/current/ddl-schemas.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// What every object has.
    pub head: Head,
}

impl Namespace {
    /// A schema without a comment.
    pub fn new(name: Ident) -> Self {
        Namespace { head: Head::new(ObjectName::bare(name)) }
    }
}

/// An extension. Its version is the server's business, unless the file names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// What every object has.
    pub head: Head,
    /// The schema that holds its objects; none is the server's choice.
    pub schema: Option<Ident>,
    /// Its version; none is the server's default, and no difference.
    pub version: Option<String>,
}

impl Extension {
    /// An extension that is as the server makes it. The comment that it brings is no difference.
    pub fn new(name: Ident) -> Self {
        Extension { head: Head::new(ObjectName::bare(name)), schema: None, version: None }
    }
}

/// An enum type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumType {
    /// What every object has.
    pub head: Head,
    /// Its values, in their order.
    pub values: Vec<String>,
}

impl EnumType {
    /// An enum type with nothing but its values.
    pub fn new(name: ObjectName, values: Vec<String>) -> Self {
        EnumType { head: Head::new(name), values }
    }
}

/// A domain: a type with rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// What every object has.
    pub head: Head,
    /// The type it is made of.
    pub ty: Type,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// What a column of it gets.
    pub default: Option<DefaultValue>,
    /// Its collation, where that is not the type's.
    pub collate: Option<Ident>,
    /// Conditions over `VALUE`.
    pub checks: Vec<Check>,
}

impl Domain {
    /// A domain with nothing but its type.
    pub fn new(name: ObjectName, ty: Type) -> Self {
        Domain { head: Head::new(name), ty, not_null: false, default: None, collate: None, checks: Vec::new() }
    }
}

/// How a sequence counts; what is none is PostgreSQL's default for its type and direction
/// (<https://www.postgresql.org/docs/current/sql-createsequence.html>).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SequenceOptions {
    /// The first value.
    pub start: Option<i64>,
    /// The step.
    pub increment: Option<i64>,
    /// The lowest value.
    pub min: Option<i64>,
    /// The highest value.
    pub max: Option<i64>,
    /// How many values a session takes at once.
    pub cache: Option<i64>,
    /// Whether it begins again at its end.
    pub cycle: bool,
}

impl SequenceOptions {
    /// The options that are set, with their words in the schema language.
    pub fn numbers(&self) -> [(&'static str, Option<i64>); 5] {
        [("start", self.start), ("increment", self.increment), ("min", self.min), ("max", self.max), ("cache", self.cache)]
    }
}

/// A sequence that is an object of its own (those of serial and identity columns belong to their column).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// What every object has.
    pub head: Head,
    /// smallint, integer or bigint.
    pub ty: Type,
    /// How it counts.
    pub options: SequenceOptions,
    /// The column it goes with.
    pub owned_by: Option<(ObjectName, Ident)>,
}

impl Sequence {
    /// A sequence of which nothing else is said.
    pub fn new(name: ObjectName, ty: Type) -> Self {
        Sequence { head: Head::new(name), ty, options: SequenceOptions::default(), owned_by: None }
    }
}

/// A materialised view. It holds what its query gave when it was made or refreshed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaterializedView {
    /// What every object has.
    pub head: Head,
    /// Its columns' names, where they are given.
    pub columns: Vec<Ident>,
    /// The query.
    pub query: Expr,
    /// Indexes by name.
    pub indexes: IndexMap<Ident, Index>,
    /// Storage parameters.
    pub with: Vec<(String, String)>,
}

impl MaterializedView {
    /// A materialized view with nothing but its query.
    pub fn new(name: ObjectName, query: Expr) -> Self {
        MaterializedView { head: Head::new(name), columns: Vec::new(), query, indexes: IndexMap::new(), with: Vec::new() }
    }
}

/// An exclusion constraint: no two rows for which all comparisons hold
/// (<https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-EXCLUDE>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// The constraint's name.
    pub name: Option<Ident>,
    /// Names it may have had.
    pub was: Vec<Ident>,
    /// The access method, where it is not a B-tree.
    pub method: Option<String>,
    /// What is compared, and the operator.
    pub parts: Vec<(IndexPart, String)>,
    /// The condition that rows must meet to count.
    pub predicate: Option<Expr>,
    /// When it is checked.
    pub deferrable: Option<Deferrable>,
    /// Columns that the index holds besides.
    pub include: Vec<Ident>,
    /// Its comment.
    pub comment: Option<String>,
    /// Where it stands in the schema file.
    pub origin: Origin,
}

impl fmt::Display for SequenceOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<String> = self.numbers().iter().filter_map(|(w, n)| n.map(|n| format!("{w}={n}"))).collect();
        if self.cycle {
            words.push("cycle".to_owned());
        }
        f.write_str(&words.join(" "))
    }
}
