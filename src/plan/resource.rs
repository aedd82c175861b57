//! What steps create, need, free and drop. SQLite has one namespace. PostgreSQL has several: the relations of
//! a schema, its types, and the constraints of a table. Decides nothing.

use crate::schema::DefinedKind;

/// A resource of a step. Objects are identified by their keys, which contain the schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Resource {
    /// SQLite: the name of an object, in lower case.
    Name(String),
    /// SQLite: a trigger, by its name in lower case.
    Trigger(String),
    /// A table, view, materialized view, sequence or index, or the index of a constraint: they share one
    /// namespace.
    Relation(String),
    /// An enum or domain, or the row type of a table or view.
    Type(String),
    /// A constraint of a table: its name is unique in the table.
    Constraint {
        /// The table's key.
        table: String,
        /// The constraint's name.
        name: String,
    },
    /// An object that SQL defines as a whole.
    Defined {
        /// Its kind.
        kind: DefinedKind,
        /// Its key.
        key: String,
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
    /// A schema.
    Schema(String),
    /// All new extensions exist.
    ExtensionsReady,
    /// Nothing uses the dropped extensions any more.
    ExtensionsUnused,
    /// The object that had this resource has a temporary name now.
    Aside(Box<Resource>),
    /// Every object whose name another object takes has a temporary name.
    NamesFree,
}

impl Resource {
    /// Returns whether only a step can create it: no database has it before.
    pub(super) fn is_of_steps(&self) -> bool {
        matches!(self, Resource::Logged(_) | Resource::Filled(_) | Resource::Aside(_))
    }
}
