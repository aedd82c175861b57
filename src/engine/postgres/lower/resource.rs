//! What steps create, need, free and drop, as typed resources. PostgreSQL has several separate namespaces:
//! the relations of a schema, its types, and the constraints of a table. Decides nothing.

use std::fmt;

/// A resource of a step. Objects are identified by their keys, which contain the schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    /// A table, view, materialized view, sequence or index, or the index of a constraint: they share one
    /// namespace.
    Relation(String),
    /// An enum or domain, or the row type of a table or view.
    Type(String),
    /// A constraint of a table: its name is unique in the table.
    Constraint {
        table: String,
        name: String,
    },
    /// The columns of a live table: dependents that read them are dropped before they change.
    Shape(String),
    /// The keys of a table that foreign keys may reference.
    Keys(String),
    /// A table that is logged or unlogged as specified.
    Logged(String),
    /// The columns of a table that become NOT NULL after they have been checked.
    Filled(String),
    /// The old type, which is dropped when no column uses it any more.
    OldType(String),
    /// The old name of a sequence whose owner changes.
    OwnedSequence(String),
    Schema(String),
    /// All new extensions exist.
    ExtensionsReady,
    /// Nothing uses the dropped extensions any more.
    ExtensionsUnused,
    /// The object that had this resource has a temporary name now.
    Aside(String),
    /// Every object whose name another object takes has a temporary name.
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
