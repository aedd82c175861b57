//! What steps create, need, free and drop, as typed resources. PostgreSQL keeps several name spaces apart: the relations
//! of a schema, its types, and the constraints of a table. Decides nothing.

use std::fmt;

/// A resource of a step. Objects are called by their keys, which name the schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    /// A table, view, materialized view, sequence or index, or the index of a constraint: they share one name space.
    Relation(String),
    /// An enum or domain, or the row type of a table or view.
    Type(String),
    /// A constraint of a table: its name is unique there.
    Constraint { table: String, name: String },
    /// The columns of a live table: whoever reads them goes before they change.
    Shape(String),
    /// The keys of a table that foreign keys may point to.
    Keys(String),
    /// A table that is logged or unlogged as it shall be.
    Logged(String),
    /// The columns of a table that are NOT NULL once they have been checked.
    Filled(String),
    /// The old type that is dropped once all columns have left it.
    OldType(String),
    /// The old name of a sequence whose owner changes.
    OwnedSequence(String),
    /// A schema.
    Schema(String),
    /// All new extensions are there.
    ExtensionsReady,
    /// Nothing uses the extensions that are dropped any more.
    ExtensionsUnused,
    /// What held this resource and has a temporary name now.
    Aside(String),
    /// Whatever holds a name that something else takes has a temporary name.
    NamesFree,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resource::Relation(key) => write!(f, "relation:{key}"),
            Resource::Type(key) => write!(f, "type:{key}"),
            Resource::Constraint { table, name } => write!(f, "constraint:{table}:{name}"),
            Resource::Shape(key) => write!(f, "shape:{key}"),
            Resource::Keys(key) => write!(f, "keys:{key}"),
            Resource::Logged(key) => write!(f, "logged:{key}"),
            Resource::Filled(key) => write!(f, "filled:{key}"),
            Resource::OldType(key) => write!(f, "old-type:{key}"),
            Resource::OwnedSequence(key) => write!(f, "owned-sequence:{key}"),
            Resource::Schema(name) => write!(f, "schema:{name}"),
            Resource::ExtensionsReady => f.write_str("extensions-ready"),
            Resource::ExtensionsUnused => f.write_str("extensions-unused"),
            Resource::Aside(resource) => write!(f, "aside:{resource}"),
            Resource::NamesFree => f.write_str("names-free"),
        }
    }
}

impl From<Resource> for String {
    fn from(resource: Resource) -> String {
        resource.to_string()
    }
}
