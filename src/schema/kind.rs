//! The kinds of top-level objects in a schema. [`with_kinds`] is the only list: every enum over all kinds and
//! every walk is generated from it. Adding a kind takes one line there; the compiler then reports each
//! `match` that lacks it. Parts of objects (columns, indexes, constraints) and unmanaged objects are not
//! kinds.

use std::fmt;

use super::Dialect;

/// Passes every kind to a macro: its variant, its type, its field in a [`Schema`](super::Schema), its keyword
/// in the schema language. Tables come first; the order of the others is historical.
macro_rules! with_kinds {
    ($callback:ident) => {
        $callback! {
            /// A table.
            Table(Table) tables "table";
            /// A view.
            View(View) views "view";
            /// A trigger.
            Trigger(Trigger) triggers "trigger";
            /// A SQLite virtual table.
            VirtualTable(VirtualTable) virtual_tables "virtual-table";
            /// A PostgreSQL schema.
            Namespace(Namespace) namespaces "schema";
            /// A PostgreSQL extension.
            Extension(Extension) extensions "extension";
            /// An enum type.
            Enum(EnumType) enums "enum";
            /// A domain.
            Domain(Domain) domains "domain";
            /// A sequence.
            Sequence(Sequence) sequences "sequence";
            /// A materialized view.
            MaterializedView(MaterializedView) materialized_views "materialized-view";
        }
    };
}
pub(crate) use with_kinds;

macro_rules! kind {
    ($($(#[$doc:meta])* $kind:ident($ty:ident) $field:ident $word:literal;)+) => {
        /// A kind of object.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $kind,)+
        }

        impl Kind {
            /// All kinds, tables first.
            pub const ALL: &[Kind] = &[$(Kind::$kind),+];

            /// Returns its word: the node in the schema language, the first part of an address, the kind in
            /// JSON and in `ignore`.
            pub fn word(self) -> &'static str {
                match self {
                    $(Kind::$kind => $word,)+
                }
            }
        }
    };
}
with_kinds!(kind);

impl Kind {
    /// Returns the kind for a word.
    pub fn of_word(word: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|k| k.word() == word)
    }

    /// Whether its objects do nothing in a database: a schema file for several databases may declare them, and types are
    /// spelled out where columns have them.
    pub fn does_nothing_in(self, dialect: Dialect) -> bool {
        match self {
            Kind::Table | Kind::View | Kind::Trigger | Kind::VirtualTable => false,
            Kind::Namespace | Kind::Extension | Kind::Enum | Kind::Domain | Kind::Sequence | Kind::MaterializedView => {
                !dialect.capabilities().has_server_objects
            }
        }
    }

    /// Returns whether it shares a namespace with tables: relations, in PostgreSQL's terms.
    pub fn is_relation(self) -> bool {
        match self {
            Kind::Table | Kind::View | Kind::VirtualTable | Kind::Sequence | Kind::MaterializedView => true,
            Kind::Trigger | Kind::Namespace | Kind::Extension | Kind::Enum | Kind::Domain => false,
        }
    }

    /// Whether its objects hold values that a rename must keep.
    pub fn holds_values(self) -> bool {
        matches!(self, Kind::Table | Kind::VirtualTable | Kind::Sequence)
    }

    /// Returns whether rows can be selected from such an object.
    pub fn has_rows(self) -> bool {
        self.is_relation() && self != Kind::Sequence
    }

    /// Whether rows are read from its objects by a query that they were made of.
    pub fn is_view(self) -> bool {
        matches!(self, Kind::View | Kind::MaterializedView)
    }

    /// Returns whether rows can be inserted into such an object.
    pub fn is_table(self) -> bool {
        matches!(self, Kind::Table | Kind::VirtualTable)
    }

    /// Returns whether such an object is a type that a column can have.
    pub fn is_type(self) -> bool {
        matches!(self, Kind::Enum | Kind::Domain)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn a_word_names_one_kind() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_word(kind.word()), Some(*kind));
        }
        assert_eq!(Kind::of_word("index"), None);
    }
}
