//! The differences between two schemas: a list of changes, each of one object. Code that treats all kinds
//! alike works on the heads of both sides; code that must know a kind matches on [`Change`], or asks for the
//! changes of that kind.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::Object;
use super::delta::{Delta, Edit, as_they_were, deltas, with_respelled};
use super::rename::rekey;
use super::table::TableChange;
use crate::schema::{
    Address, AnyKind, Body, DefinedKind, Definition, Domain, EnumType, Extension, Head, Kind, MaterializedView, Namespace, ObjectName,
    Schema, Sequence, View, VirtualTable, with_kinds,
};

/// All differences between two schemas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// What happens to each object that differs, kind by kind.
    pub objects: Vec<Change>,
    /// Kind and name of each object that is declared as unmanaged and missing from the database.
    pub lacking: Vec<(AnyKind, String)>,
}

/// Tables are compared part by part; an object of any other kind is compared as a whole.
macro_rules! changes {
    (
        $(#[$table_doc:meta])* Table(Table) $tables:ident $table_word:literal $table_sql:literal [$($table_trait:ident)*];
        $($(#[$doc:meta])* $kind:ident($ty:ident) $field:ident $word:literal $sql:literal [$($trait:ident)*];)+
    ) => {
        /// What happens to one object.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(clippy::large_enum_variant)] // a plan holds few of them
        #[non_exhaustive]
        pub enum Change {
            $(#[$table_doc])*
            Table(TableChange),
            $($(#[$doc])* $kind(Delta<$ty>),)+
            /// An object that SQL defines as a whole.
            Defined(Delta<Definition>),
        }

        impl Change {
            /// Returns the kind of the object.
            pub fn kind(&self) -> Kind {
                match self {
                    Change::Table(_) => Kind::Table,
                    $(Change::$kind(_) => Kind::$kind,)+
                    Change::Defined(d) => Kind::Defined(d.object().kind),
                }
            }

            /// Returns the head of the current object, under its old name; none if it is created.
            pub fn before(&self) -> Option<&Head> {
                match self {
                    Change::Table(t) => t.before().map(|t| &t.head),
                    $(Change::$kind(d) => d.before().map(|o| &o.head),)+
                    Change::Defined(d) => d.before().map(|o| &o.head),
                }
            }

            /// Returns the head of the desired object; none if it is dropped.
            pub fn after(&self) -> Option<&Head> {
                match self {
                    Change::Table(t) => t.after().map(|t| &t.head),
                    $(Change::$kind(d) => d.after().map(|o| &o.head),)+
                    Change::Defined(d) => d.after().map(|o| &o.head),
                }
            }

            /// Returns the head of the desired object, or of the current one if it is dropped.
            pub fn head(&self) -> &Head {
                match self {
                    Change::Table(t) => &t.table().head,
                    $(Change::$kind(d) => &d.object().head,)+
                    Change::Defined(d) => &d.object().head,
                }
            }

            /// Returns the attributes of the object itself that differ, without those of a table's parts.
            pub fn edits(&self) -> &[Edit] {
                match self {
                    Change::Table(t) => t.edits(),
                    $(Change::$kind(d) => d.edits(),)+
                    Change::Defined(d) => d.edits(),
                }
            }

            /// Declares the desired object in a schema, unless it is dropped.
            pub(crate) fn declare(&self, schema: &mut Schema) {
                match self {
                    Change::Table(t) => schema.$tables.extend(t.after().map(|t| (t.name.clone(), t.clone()))),
                    $(Change::$kind(d) => schema.$field.extend(d.after().map(|o| (o.name.clone(), o.clone()))),)+
                    Change::Defined(d) => {
                        schema.definitions.of_mut(d.object().kind).extend(d.after().map(|o| (o.name.clone(), o.clone())));
                    }
                }
            }
        }

        impl Changes {
            /// Returns the changes of tables, with their columns, keys, constraints and indexes.
            pub fn tables(&self) -> impl Iterator<Item = &TableChange> + Clone {
                self.objects.iter().filter_map(|c| if let Change::Table(t) = c { Some(t) } else { None })
            }

            $(
                /// Returns the changes of objects of this kind.
                pub fn $field(&self) -> impl Iterator<Item = &Delta<$ty>> + Clone {
                    self.objects.iter().filter_map(|c| if let Change::$kind(d) = c { Some(d) } else { None })
                }
            )+
        }

        /// Returns the differences of everything except tables.
        pub(super) fn of_others(before: &Schema, live: &Schema, wanted: &Schema) -> Vec<Change> {
            let mut found = Vec::new();
            $(
                found.extend(of_kind(&before.$field, &live.$field, &wanted.$field).map(Change::$kind));
            )+
            for kind in DefinedKind::ALL.iter().copied() {
                let [before, live, wanted] = [before, live, wanted].map(|schema| schema.definitions.of(kind));
                found.extend(of_kind(before, live, wanted).map(Change::Defined));
            }
            found
        }

        /// Moves objects that hold no values to their new names.
        pub(super) fn rename_others(live: &mut Schema, wanted: &Schema) {
            $(rekey(&mut live.$field, &wanted.$field);)+
            for (kind, live) in live.definitions.kinds_mut() {
                rekey(live, wanted.definitions.of(kind));
            }
        }
    };
}
with_kinds!(changes);

/// Returns the differences of one kind. `before` has the live objects before the renames.
fn of_kind<T: Object + Body>(
    before: &IndexMap<ObjectName, T>,
    live: &IndexMap<ObjectName, T>,
    wanted: &IndexMap<ObjectName, T>,
) -> impl Iterator<Item = Delta<T>> {
    with_respelled(as_they_were(deltas(live, wanted), before), live, wanted).into_iter()
}

impl Change {
    /// Returns the address of the object, under its new name.
    pub fn address(&self) -> Address {
        Address::of(self.kind(), &self.head().name)
    }

    /// Returns whether the object exists on both sides and differs.
    pub fn is_alter(&self) -> bool {
        self.before().is_some() && self.after().is_some()
    }
}

impl Changes {
    /// Returns the changes of the objects that SQL defines as a whole.
    pub fn definitions(&self) -> impl Iterator<Item = &Delta<Definition>> + Clone {
        self.objects.iter().filter_map(|c| if let Change::Defined(d) = c { Some(d) } else { None })
    }

    /// Returns the changes of triggers.
    pub fn triggers(&self) -> impl Iterator<Item = &Delta<Definition>> + Clone {
        self.definitions().filter(|d| d.object().kind == DefinedKind::Trigger)
    }

    /// Returns the addresses of each object that differs, before and after; none on the side on which it does
    /// not exist.
    pub fn pairs(&self) -> Vec<(Option<Address>, Option<Address>)> {
        let side = |c: &Change, head: Option<&Head>| head.map(|h| Address::of(c.kind(), &h.name));
        self.objects.iter().map(|c| (side(c, c.before()), side(c, c.after()))).collect()
    }

    /// Returns the addresses of all objects that differ, without duplicates.
    pub fn addresses(&self) -> BTreeSet<Address> {
        let lacking = self.lacking.iter().map(|(kind, name)| Address::top(kind, name));
        self.objects.iter().map(Change::address).chain(lacking).collect()
    }

    /// Returns whether an object is dropped and another one takes its name.
    pub fn replaces(&self, address: &Address) -> bool {
        let named = |c: &&Change| c.head().name.name.as_str() == address.last() && c.address() == *address;
        let there = || self.objects.iter().filter(|c| c.kind().holds_values()).filter(named);
        there().any(|c| c.after().is_none()) && there().any(|c| c.after().is_some())
    }

    /// Returns the change of the object at the address.
    pub fn at(&self, address: &Address) -> Option<&Change> {
        self.objects.iter().find(|c| c.address() == *address)
    }

    /// Returns the changes of tables, mutably.
    pub(crate) fn tables_mut(&mut self) -> impl Iterator<Item = &mut TableChange> {
        self.objects.iter_mut().filter_map(|c| if let Change::Table(t) = c { Some(t) } else { None })
    }

    /// Returns whether the schemas are equal.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.lacking.is_empty()
    }
}
