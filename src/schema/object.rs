//! What all objects have in common: a head, and a body that depends on the kind. Passes that treat all kinds
//! alike work on heads and must not need to know a body.

use std::ops::{Deref, DerefMut};

use indexmap::IndexMap;

use super::kind::with_kinds;
use super::{
    Address, Directives, Domain, EnumType, Expr, Extension, Index, Kind, MaterializedView, Namespace, ObjectName, Schema, Sequence, Table,
    Trigger, View, VirtualTable,
};

/// What every object has. A kind that does not support one of these leaves it empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The name.
    pub name: ObjectName,
    /// The comment that PostgreSQL stores.
    pub comment: Option<String>,
    /// What only the schema file contains.
    pub directives: Directives,
}

impl Head {
    /// Creates the head of an object of which only the name is known.
    pub fn new(name: ObjectName) -> Self {
        Head { name, comment: None, directives: Directives::default() }
    }
}

/// A type whose values are the objects of one kind. Each contains its [`Head`] and derefs to it, so that
/// `table.name` is the name in the head of the table.
pub trait Body: Clone + PartialEq + DerefMut<Target = Head> {
    /// The kind.
    const KIND: Kind;

    /// Returns `KIND.NAME`, as plans and messages show it.
    fn address(&self) -> Address {
        Address::of(Self::KIND, &self.name)
    }

    /// Returns the objects of this type in a schema.
    fn all_in(schema: &Schema) -> &IndexMap<ObjectName, Self>;

    /// Returns the same, mutably.
    fn all_in_mut(schema: &mut Schema) -> &mut IndexMap<ObjectName, Self>;
}

impl Address {
    /// Returns the address of an object.
    pub fn of(kind: Kind, name: &ObjectName) -> Self {
        Address::top(kind, name)
    }
}

impl Schema {
    /// Returns the heads of the objects of some kinds.
    pub fn heads_of(&self, is_one: fn(Kind) -> bool) -> impl Iterator<Item = (Kind, &Head)> {
        self.heads().filter(move |(kind, _)| is_one(*kind))
    }

    /// Returns whether an object of some kinds has that name.
    pub fn has(&self, is_one: fn(Kind) -> bool, name: &ObjectName) -> bool {
        Kind::ALL.iter().any(|k| is_one(*k) && self.head(*k, name).is_some())
    }

    /// Returns the indexes of views that have rows of their own, each with the name of its view.
    pub fn indexes_of_views(&self) -> impl Iterator<Item = (&ObjectName, &Index)> {
        self.materialized_views.values().flat_map(|v| v.indexes.values().map(|i| (&v.head.name, i)))
    }

    /// Returns the same indexes, mutably.
    pub(crate) fn indexes_of_views_mut(&mut self) -> impl Iterator<Item = &mut Index> {
        self.materialized_views.values_mut().flat_map(|v| v.indexes.values_mut())
    }

    /// Returns the objects that are defined by a single piece of SQL: a trigger, the query of a view, the
    /// module of a virtual table.
    pub fn texts(&self) -> impl Iterator<Item = (Kind, &Head, &Expr)> {
        let views = self.views.values().map(|v| (Kind::View, &v.head, &v.query));
        let materialized = self.materialized_views.values().map(|v| (Kind::MaterializedView, &v.head, &v.query));
        let triggers = self.triggers.values().map(|t| (Kind::Trigger, &t.head, &t.body));
        let virtuals = self.virtual_tables.values().map(|t| (Kind::VirtualTable, &t.head, &t.using));
        views.chain(materialized).chain(triggers).chain(virtuals)
    }

    /// Returns the same, mutably.
    pub(crate) fn texts_mut(&mut self) -> impl Iterator<Item = (Kind, &Head, &mut Expr)> {
        let objects = &mut self.objects;
        let views = objects.views.values_mut().map(|v| (Kind::View, &v.head, &mut v.query));
        let materialized = objects.materialized_views.values_mut().map(|v| (Kind::MaterializedView, &v.head, &mut v.query));
        let triggers = objects.triggers.values_mut().map(|t| (Kind::Trigger, &t.head, &mut t.body));
        let virtuals = objects.virtual_tables.values_mut().map(|t| (Kind::VirtualTable, &t.head, &mut t.using));
        views.chain(materialized).chain(triggers).chain(virtuals)
    }
}

impl Deref for Schema {
    type Target = Objects;

    fn deref(&self) -> &Objects {
        &self.objects
    }
}

impl DerefMut for Schema {
    fn deref_mut(&mut self) -> &mut Objects {
        &mut self.objects
    }
}

macro_rules! objects {
    ($($(#[$doc:meta])* $kind:ident($ty:ident) $field:ident $word:literal $sql:literal [$($trait:ident)*];)+) => {
        $(
            impl Deref for $ty {
                type Target = Head;

                fn deref(&self) -> &Head {
                    &self.head
                }
            }

            impl DerefMut for $ty {
                fn deref_mut(&mut self) -> &mut Head {
                    &mut self.head
                }
            }

            impl $ty {
                /// Returns `KIND.NAME`, as plans and messages show it.
                pub fn address(&self) -> Address {
                    Body::address(self)
                }
            }

            impl Body for $ty {
                const KIND: Kind = Kind::$kind;

                fn all_in(schema: &Schema) -> &IndexMap<ObjectName, Self> {
                    &schema.$field
                }

                fn all_in_mut(schema: &mut Schema) -> &mut IndexMap<ObjectName, Self> {
                    &mut schema.$field
                }
            }
        )+

        /// The objects of a schema, by kind and name. They keep their order of declaration; the order is not
        /// compared.
        #[derive(Debug, Clone, Default)]
        pub struct Objects {
            $($(#[$doc])* pub $field: IndexMap<ObjectName, $ty>,)+
        }

        impl Schema {
            /// Returns the heads of all objects, kind by kind.
            pub fn heads(&self) -> impl Iterator<Item = (Kind, &Head)> {
                std::iter::empty()$(.chain(self.$field.values().map(|o| (Kind::$kind, &o.head))))+
            }

            /// Returns the same, mutably. Names are keys and must not be changed.
            pub(crate) fn heads_mut(&mut self) -> impl Iterator<Item = (Kind, &mut Head)> {
                std::iter::empty()$(.chain(self.objects.$field.values_mut().map(|o| (Kind::$kind, &mut o.head))))+
            }

            /// Returns the head of an object.
            pub fn head(&self, kind: Kind, name: &ObjectName) -> Option<&Head> {
                match kind {
                    $(Kind::$kind => self.$field.get(name).map(|o| &o.head),)+
                }
            }

            /// Keeps the objects for which `keep` returns true.
            pub(crate) fn retain(&mut self, keep: impl Fn(Kind, &Head) -> bool) {
                $(self.$field.retain(|_, o| keep(Kind::$kind, &o.head));)+
            }

            /// Adds the objects of another schema that are missing here and for which `is_wanted` returns
            /// true.
            pub(crate) fn copy_missing(&mut self, other: &Schema, is_wanted: impl Fn(Kind, &Head) -> bool) {
                $(
                    for (name, object) in other.$field.iter().filter(|(_, o)| is_wanted(Kind::$kind, &o.head)) {
                        self.$field.entry(name.clone()).or_insert_with(|| object.clone());
                    }
                )+
            }

            /// Sorts the objects of each kind by name.
            pub(crate) fn sort(&mut self) {
                $(self.$field.sort_unstable_keys();)+
            }

            /// Renames objects: `rename` changes the name of each.
            pub(crate) fn rename_each(&mut self, rename: impl Fn(Kind, &mut ObjectName)) {
                $(rekey(&mut self.$field, &rename);)+
            }
        }
    };
}
with_kinds!(objects);

fn rekey<T: Body>(objects: &mut IndexMap<ObjectName, T>, rename: impl Fn(Kind, &mut ObjectName)) {
    for (_, mut object) in std::mem::take(objects) {
        rename(T::KIND, &mut object.name);
        objects.insert(object.name.clone(), object);
    }
}
