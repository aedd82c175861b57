//! Objects that only PostgreSQL has: schemas, extensions, user-defined types, sequences, materialized views,
//! exclusion constraints. On SQLite they have no effect or are an error; the dialect decides.

use std::fmt;

use indexmap::IndexMap;

use super::{Check, DefaultValue, Deferrable, Directives, Expr, Head, Ident, Index, IndexPart, ObjectName, Type};

/// A schema: a namespace for objects (<https://www.postgresql.org/docs/current/ddl-schemas.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// The fields that all objects have.
    pub head: Head,
}

impl Namespace {
    /// Creates a schema without a comment.
    pub fn new(name: Ident) -> Self {
        Namespace { head: Head::new(ObjectName::bare(name)) }
    }
}

/// An extension. The server chooses its version, unless the file names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The fields that all objects have.
    pub head: Head,
    /// The schema that contains its objects; `None` leaves it to the server.
    pub schema: Option<Ident>,
    /// The version; `None` is the server's default, and not compared.
    pub version: Option<String>,
}

impl Extension {
    /// Creates an extension with the server's defaults. Its built-in comment is not compared.
    pub fn new(name: Ident) -> Self {
        Extension { head: Head::new(ObjectName::bare(name)), schema: None, version: None }
    }
}

/// An enum type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumType {
    /// The fields that all objects have.
    pub head: Head,
    /// The values, in their order.
    pub values: Vec<String>,
}

impl EnumType {
    /// Creates an enum type with just its values.
    pub fn new(name: ObjectName, values: Vec<String>) -> Self {
        EnumType { head: Head::new(name), values }
    }
}

/// A domain: a type with constraints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The fields that all objects have.
    pub head: Head,
    /// The underlying type.
    pub ty: Type,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// The default of a column of this type.
    pub default: Option<DefaultValue>,
    /// The collation, if it differs from that of the type.
    pub collate: Option<Ident>,
    /// Conditions over `VALUE`.
    pub checks: Vec<Check>,
}

impl Domain {
    /// Creates a domain with just its type.
    pub fn new(name: ObjectName, ty: Type) -> Self {
        Domain { head: Head::new(name), ty, not_null: false, default: None, collate: None, checks: Vec::new() }
    }
}

/// The options of a sequence; `None` is PostgreSQL's default for its type and direction
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
    /// How many values a session preallocates.
    pub cache: Option<i64>,
    /// Whether it wraps around at its end.
    pub cycle: bool,
}

impl SequenceOptions {
    /// Returns the options with their keywords in the schema language.
    pub fn numbers(&self) -> [(&'static str, Option<i64>); 5] {
        [("start", self.start), ("increment", self.increment), ("min", self.min), ("max", self.max), ("cache", self.cache)]
    }
}

/// A standalone sequence (those of serial and identity columns belong to their column).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// The fields that all objects have.
    pub head: Head,
    /// smallint, integer or bigint.
    pub ty: Type,
    /// The options.
    pub options: SequenceOptions,
    /// The column that owns it.
    pub owned_by: Option<(ObjectName, Ident)>,
}

impl Sequence {
    /// Creates a sequence with default options.
    pub fn new(name: ObjectName, ty: Type) -> Self {
        Sequence { head: Head::new(name), ty, options: SequenceOptions::default(), owned_by: None }
    }
}

/// A materialized view. It contains the result of its query when it was created or last refreshed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaterializedView {
    /// The fields that all objects have.
    pub head: Head,
    /// Column names, if given.
    pub columns: Vec<Ident>,
    /// The query.
    pub query: Expr,
    /// Indexes by name.
    pub indexes: IndexMap<Ident, Index>,
    /// Storage parameters.
    pub with: Vec<(String, String)>,
}

impl MaterializedView {
    /// Creates a materialized view with just its query.
    pub fn new(name: ObjectName, query: Expr) -> Self {
        MaterializedView { head: Head::new(name), columns: Vec::new(), query, indexes: IndexMap::new(), with: Vec::new() }
    }
}

/// An exclusion constraint: no two rows may satisfy all comparisons
/// (<https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-EXCLUDE>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// The constraint's name.
    pub name: Option<Ident>,
    /// The access method, if it is not B-tree.
    pub method: Option<String>,
    /// The compared parts, each with its operator.
    pub parts: Vec<(IndexPart, String)>,
    /// The predicate: which rows it applies to.
    pub predicate: Option<Expr>,
    /// When it is checked.
    pub deferrable: Option<Deferrable>,
    /// INCLUDE columns.
    pub include: Vec<Ident>,
    /// The comment.
    pub comment: Option<String>,
    /// What only the schema file contains.
    pub directives: Directives,
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
