//! The model: a database schema as plain data, regardless of where it was read from.
//!
//! A [`Schema`] comes from a KDL file (the *desired* schema) or from a live database (the *current* one).
//! Nothing here depends on a database, a file format or a terminal, and nothing here decides whether two
//! spellings are equivalent: normalization does, by setting [`Expr::canon`] and [`DefaultValue::canon`].

mod address;
mod allow;
mod any_kind;
mod capabilities;
mod column;
mod defined;
mod directives;
mod exchanged;
mod expr;
mod ident;
mod index;
mod kind;
mod normalized;
mod not_kept;
mod object;
mod other;
mod parts;
mod postgres;
mod problem;
mod rest;
mod shown;
pub mod statement;
mod table;
mod types;
mod unmanaged;
mod validate;

use std::collections::BTreeSet;

pub use address::Address;
pub use allow::{Allow, Allows};
pub use any_kind::{AnyKind, Part, UnmanagedKind};
pub use capabilities::{Capabilities, Shell};
pub use column::{Column, DefaultValue, Explicit, Generated, Identity, Literal};
pub use defined::{DefinedKind, Definition, Definitions, IdentifiedBy};
pub use directives::Directives;
pub use exchanged::Exchanged;
pub(crate) use exchanged::is_done;
pub use expr::{Expr, UNSURE};
pub use ident::{Case, Dialect, Ident, ObjectName, Of, On, Only};
pub use index::{Index, IndexPart, NullsOrder, PartKey};
pub use kind::Kind;
pub(crate) use kind::with_kinds;
pub use normalized::Normalized;
pub use not_kept::NotKept;
pub use object::{Body, Head, Objects};
pub use other::{Ignore, View, VirtualTable};
pub use postgres::{Domain, EnumType, Exclusion, Extension, MaterializedView, Namespace, Sequence, SequenceOptions};
pub use problem::{Origin, Problem, Span, nearest};
pub(crate) use shown::reads_as_name;
pub use shown::{deceives, escape, one_line};
pub use table::{Check, Conflict, Deferrable, ForeignKey, KeyPart, PrimaryKey, RefAction, Table, Unique};
pub use types::{Type, TypeName};
pub(crate) use unmanaged::Names;
pub use unmanaged::Unmanaged;
pub use validate::Unread;

/// A whole schema. It derefs to its [`Objects`], so that `schema.tables` are the tables.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// The objects, kind by kind.
    pub objects: Objects,
    /// Patterns for objects to ignore.
    pub ignores: Vec<Ignore>,
    /// Objects that exist but cannot be expressed; they are left unchanged.
    pub unmanaged: Vec<Unmanaged>,
    /// Declarations that this database cannot keep.
    pub not_kept: Vec<NotKept>,
    /// True for a recorded schema, which a database had: a constraint without a name had none, or the one
    /// that the server generates. In a schema file, a constraint without a name may have any.
    pub names_are_exact: bool,
    /// Renames that have been done although their old names are still in use: recorded in the history for a
    /// live schema, and for a recorded one that a rollback returns to.
    pub renames_done: Exchanged,
    /// Names in a live database, in lower case, that are in use although no object of the schema has them:
    /// those of objects named like rosey's temporary objects, whoever created them.
    pub hidden_names: BTreeSet<String>,
}

impl Schema {
    /// Returns whether nothing is declared at all. `apply` refuses such a schema, as the plan would drop
    /// everything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.unmanaged.is_empty()
    }

    /// Returns the number of top-level objects.
    pub fn len(&self) -> usize {
        self.heads().count()
    }

    /// Returns whether an `ignore` covers the object.
    pub fn ignores(&self, kind: impl Into<AnyKind>, name: &ObjectName) -> bool {
        let kind = kind.into();
        self.ignores.iter().any(|i| i.covers(&kind, name))
    }
}
