//! The kinds of objects that a schema holds at its top, once: [`with_kinds`] is the list that every enum and walk over all
//! kinds is made of. A new kind is a line there; whatever treats kinds one by one is a `match` that the compiler then names.
//! Parts of objects (columns, indexes, constraints) and what is not managed are not kinds.

use std::fmt;

use super::Dialect;

/// Hands every kind to a macro: its variant, its type, its field in a [`Schema`](super::Schema), its word in the schema
/// language. Tables come first, then what other lists have always had in this order.
macro_rules! with_kinds {
    ($callback:ident) => {
        $callback! {
            /// A table.
            Table(Table) tables "table";
            /// A view.
            View(View) views "view";
            /// A trigger.
            Trigger(Trigger) triggers "trigger";
            /// A virtual table of SQLite.
            VirtualTable(VirtualTable) virtual_tables "virtual-table";
            /// A schema of PostgreSQL.
            Namespace(Namespace) namespaces "schema";
            /// An extension of PostgreSQL.
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

            /// Its word: the node of the schema language, the first part of an address, the kind in JSON and in `ignore`.
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
    /// The kind that the word names.
    pub fn of_word(word: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|k| k.word() == word)
    }

    /// Whether its objects do nothing in a database: a schema file for several databases may declare them, and types are
    /// spelled out where columns have them.
    pub fn does_nothing_in(self, dialect: Dialect) -> bool {
        match self {
            Kind::Table | Kind::View | Kind::Trigger | Kind::VirtualTable => false,
            Kind::Namespace | Kind::Extension | Kind::Enum | Kind::Domain | Kind::Sequence | Kind::MaterializedView => {
                dialect == Dialect::Sqlite
            }
        }
    }

    /// Whether its objects share one set of names with tables: relations, as PostgreSQL calls them.
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

    /// Whether rows can be read from its objects, by their names.
    pub fn has_rows(self) -> bool {
        self.is_relation() && self != Kind::Sequence
    }

    /// Whether rows are read from its objects by a query that they were made of.
    pub fn is_view(self) -> bool {
        matches!(self, Kind::View | Kind::MaterializedView)
    }

    /// Whether its objects are types that a column can have.
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
