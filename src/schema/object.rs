//! What all objects have in common: a head, and a body that depends on the kind. Passes that treat all kinds
//! alike work on heads and must not need to know a body.

use std::ops::{Deref, DerefMut};

use indexmap::IndexMap;

use super::kind::with_kinds;
use super::{
    Address, Definition, Definitions, Directives, Domain, EnumType, Expr, Extension, Index, Kind, MaterializedView, Namespace, ObjectName,
    Schema, Sequence, Table, View, VirtualTable,
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

/// A type whose values are objects: of one kind, or of all kinds that SQL defines as a whole. Each contains its [`Head`] and derefs to it, so that
/// `table.name` is the name in the head of the table.
pub trait Body: Clone + PartialEq + DerefMut<Target = Head> {
    /// Returns its kind.
    fn kind(&self) -> Kind;

    /// Returns its address, as plans and messages show it.
    fn address(&self) -> Address {
        Address::of(self.kind(), &self.name)
    }

    /// Returns the objects of its kind in a schema.
    fn peers_in<'s>(&self, schema: &'s mut Schema) -> &'s mut IndexMap<ObjectName, Self>;
}

impl Address {
    /// Returns the address of an object.
    pub fn of(kind: Kind, name: &ObjectName) -> Self {
        let Some((on, relation)) = name.on().zip(name.relation()) else { return Address::top(kind, name) };
        let relation = Address::top(if on.is_view { Kind::View } else { Kind::Table }, relation);
        relation.object(kind, &name.name)
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

    /// Returns the objects that are defined by a single piece of SQL: the body of a trigger, the query of a view, the
    /// module of a virtual table.
    pub fn texts(&self) -> impl Iterator<Item = (Kind, &Head, &Expr)> {
        let views = self.views.values().map(|v| (Kind::View, &v.head, &v.query));
        let materialized = self.materialized_views.values().map(|v| (Kind::MaterializedView, &v.head, &v.query));
        let defined = self.definitions.values().map(|d| (Kind::Defined(d.kind), &d.head, &d.body));
        let virtuals = self.virtual_tables.values().map(|t| (Kind::VirtualTable, &t.head, &t.using));
        views.chain(materialized).chain(defined).chain(virtuals)
    }

    /// Returns the same, mutably.
    pub(crate) fn texts_mut(&mut self) -> impl Iterator<Item = (Kind, &Head, &mut Expr)> {
        let objects = &mut self.objects;
        let views = objects.views.values_mut().map(|v| (Kind::View, &v.head, &mut v.query));
        let materialized = objects.materialized_views.values_mut().map(|v| (Kind::MaterializedView, &v.head, &mut v.query));
        let defined = objects.definitions.values_mut().map(|d| (Kind::Defined(d.kind), &d.head, &mut d.body));
        let virtuals = objects.virtual_tables.values_mut().map(|t| (Kind::VirtualTable, &t.head, &mut t.using));
        views.chain(materialized).chain(defined).chain(virtuals)
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

macro_rules! has_head {
    ($ty:ident) => {
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
            /// Returns its address, as plans and messages show it.
            pub fn address(&self) -> Address {
                Body::address(self)
            }
        }
    };
}

has_head!(Definition);

macro_rules! objects {
    ($($(#[$doc:meta])* $kind:ident($ty:ident) $field:ident $word:literal $sql:literal [$($trait:ident)*];)+) => {
        $(
            has_head!($ty);

            impl Body for $ty {
                fn kind(&self) -> Kind {
                    Kind::$kind
                }

                fn peers_in<'s>(&self, schema: &'s mut Schema) -> &'s mut IndexMap<ObjectName, Self> {
                    &mut schema.$field
                }
            }
        )+

        /// The objects of a schema, by kind and name. They keep their order of declaration; the order is not
        /// compared.
        #[derive(Debug, Clone, Default)]
        pub struct Objects {
            $($(#[$doc])* pub $field: IndexMap<ObjectName, $ty>,)+
            /// The objects that SQL defines as a whole.
            pub definitions: Definitions,
        }

        impl Schema {
            /// Returns the heads of all objects, kind by kind.
            pub fn heads(&self) -> impl Iterator<Item = (Kind, &Head)> {
                let defined = self.definitions.values().map(|o| (Kind::Defined(o.kind), &o.head));
                std::iter::empty()$(.chain(self.$field.values().map(|o| (Kind::$kind, &o.head))))+.chain(defined)
            }

            /// Returns the same, mutably. Names are keys and must not be changed.
            pub(crate) fn heads_mut(&mut self) -> impl Iterator<Item = (Kind, &mut Head)> {
                let defined = self.objects.definitions.values_mut().map(|o| (Kind::Defined(o.kind), &mut o.head));
                std::iter::empty()$(.chain(self.objects.$field.values_mut().map(|o| (Kind::$kind, &mut o.head))))+.chain(defined)
            }

            /// Returns the head of an object.
            pub fn head(&self, kind: Kind, name: &ObjectName) -> Option<&Head> {
                match kind {
                    $(Kind::$kind => self.$field.get(name).map(|o| &o.head),)+
                    Kind::Defined(kind) => self.definitions.of(kind).get(name).map(|o| &o.head),
                }
            }

            /// Keeps the objects for which `keep` returns true.
            pub(crate) fn retain(&mut self, keep: impl Fn(Kind, &Head) -> bool) {
                $(self.$field.retain(|_, o| keep(Kind::$kind, &o.head));)+
                self.definitions.kinds_mut().for_each(|(kind, all)| all.retain(|_, o| keep(Kind::Defined(kind), &o.head)));
            }

            /// Adds the objects of another schema that are missing here and for which `is_wanted` returns
            /// true.
            pub(crate) fn copy_missing(&mut self, other: &Schema, is_wanted: impl Fn(Kind, &Head) -> bool) {
                $(copy_missing(&mut self.$field, &other.$field, |head| is_wanted(Kind::$kind, head));)+
                for (kind, all) in self.definitions.kinds_mut() {
                    copy_missing(all, other.definitions.of(kind), |head| is_wanted(Kind::Defined(kind), head));
                }
            }

            /// Sorts the objects of each kind by name.
            pub(crate) fn sort(&mut self) {
                $(self.$field.sort_unstable_keys();)+
                self.definitions.kinds_mut().for_each(|(_, all)| all.sort_unstable_keys());
            }

            /// Renames objects: `rename` changes the name of each.
            pub(crate) fn rename_each(&mut self, rename: impl Fn(Kind, &mut ObjectName)) {
                $(rekey(&mut self.$field, &rename);)+
                self.definitions.kinds_mut().for_each(|(_, all)| rekey(all, &rename));
            }
        }
    };
}
with_kinds!(objects);

fn copy_missing<T: Body>(own: &mut IndexMap<ObjectName, T>, others: &IndexMap<ObjectName, T>, is_wanted: impl Fn(&Head) -> bool) {
    for (name, object) in others.iter().filter(|(_, o)| is_wanted(o)) {
        own.entry(name.clone()).or_insert_with(|| object.clone());
    }
}

fn rekey<T: Body>(objects: &mut IndexMap<ObjectName, T>, rename: impl Fn(Kind, &mut ObjectName)) {
    for (_, mut object) in std::mem::take(objects) {
        rename(object.kind(), &mut object.name);
        objects.insert(object.name.clone(), object);
    }
}
