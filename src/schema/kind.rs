//! The kinds of top-level objects in a schema. [`with_kinds`] lists those with a type of their own, and
//! `defined.rs` those that SQL defines as a whole: every enum over all kinds and every walk is generated from
//! the two. Adding a kind takes one line in one of them; the compiler then reports each `match` that lacks
//! it. Parts of objects (columns, indexes, constraints) and unmanaged objects are not kinds.

use std::fmt;

use super::{DefinedKind, Dialect};

/// Passes every kind with a type of its own to a macro: its variant, its type, its field in a
/// [`Schema`](super::Schema), its keyword in the schema language, its keywords in SQL, and what distinguishes it. Tables come
/// first; the order of the
/// others has no meaning.
macro_rules! with_kinds {
    ($callback:ident) => {
        $callback! {
            /// A table.
            Table(Table) tables "table" "TABLE" [IsRelation HasRows HoldsValues IsTable];
            /// A view.
            View(View) views "view" "VIEW" [IsRelation HasRows IsView];
            /// A SQLite virtual table.
            VirtualTable(VirtualTable) virtual_tables "virtual-table" "TABLE" [IsRelation HasRows HoldsValues IsTable];
            /// A PostgreSQL schema.
            Namespace(Namespace) namespaces "schema" "SCHEMA" [OfServer];
            /// A PostgreSQL extension.
            Extension(Extension) extensions "extension" "EXTENSION" [OfServer];
            /// An enum type.
            Enum(EnumType) enums "enum" "TYPE" [IsType OfServer];
            /// A domain.
            Domain(Domain) domains "domain" "DOMAIN" [IsType OfServer];
            /// A sequence.
            Sequence(Sequence) sequences "sequence" "SEQUENCE" [IsRelation HoldsValues OfServer];
            /// A materialized view.
            MaterializedView(MaterializedView) materialized_views "materialized-view" "MATERIALIZED VIEW" [IsRelation HasRows IsView OfServer];
        }
    };
}
pub(crate) use with_kinds;

/// What distinguishes a kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trait {
    /// It shares a namespace with tables.
    IsRelation,
    /// Rows can be selected from it.
    HasRows,
    /// It holds values that a rename must keep.
    HoldsValues,
    /// Rows can be inserted into it.
    IsTable,
    /// Its rows are those of a query.
    IsView,
    /// A column can have it as its type.
    IsType,
    /// It has no effect in a database without server objects.
    OfServer,
    /// SQL calls it by its name.
    IsRoutine,
    /// Its text shows a renamed column of its table under the new name.
    FollowsColumns,
}

macro_rules! kind {
    ($($(#[$doc:meta])* $kind:ident($ty:ident) $field:ident $word:literal $sql:literal [$($trait:ident)*];)+) => {
        /// A kind of object.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $kind,)+
            /// An object that SQL text defines.
            Defined(DefinedKind),
        }

        impl Kind {
            /// The kinds with a type of their own.
            const WITH_TYPES: &[Kind] = &[$(Kind::$kind),+];

            /// Returns its keyword: the node in the schema language, the first part of an address, the kind in
            /// JSON and in `ignore`.
            pub fn word(self) -> &'static str {
                match self {
                    $(Kind::$kind => $word,)+
                    Kind::Defined(kind) => kind.word(),
                }
            }

            /// Returns its keywords in `CREATE`, `ALTER`, `DROP` and `COMMENT ON`.
            pub fn sql(self) -> &'static str {
                match self {
                    $(Kind::$kind => $sql,)+
                    Kind::Defined(kind) => kind.sql(),
                }
            }

            fn is(self, wanted: Trait) -> bool {
                let traits: &[Trait] = match self {
                    $(Kind::$kind => &[$(Trait::$trait),*],)+
                    Kind::Defined(kind) => kind.traits(),
                };
                traits.contains(&wanted)
            }
        }
    };
}
with_kinds!(kind);

impl Kind {
    /// All kinds, tables first.
    pub const ALL: &[Kind] = &Kind::all::<{ Kind::WITH_TYPES.len() + DefinedKind::ALL.len() }>();

    const fn all<const N: usize>() -> [Kind; N] {
        let mut all = [Kind::Table; N];
        let mut i = 0;
        while i < N {
            let typed = Kind::WITH_TYPES.len();
            all[i] = if i < typed { Kind::WITH_TYPES[i] } else { Kind::Defined(DefinedKind::ALL[i - typed]) };
            i += 1;
        }
        all
    }

    /// Returns the kind for a word.
    pub fn of_word(word: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|k| k.word() == word)
    }

    /// Returns whether its objects have no effect in a database: a schema file for several databases may
    /// declare them, and columns get the underlying types instead.
    pub fn does_nothing_in(self, dialect: Dialect) -> bool {
        !dialect.capabilities().has_server_objects && self.is(Trait::OfServer)
    }

    /// Returns whether it shares a namespace with tables: relations, in PostgreSQL's terms.
    pub fn is_relation(self) -> bool {
        self.is(Trait::IsRelation)
    }

    /// Returns whether its objects hold values that a rename must keep.
    pub fn holds_values(self) -> bool {
        self.is(Trait::HoldsValues)
    }

    /// Returns whether rows can be selected from objects of this kind.
    pub fn has_rows(self) -> bool {
        self.is(Trait::HasRows)
    }

    /// Returns whether its rows are the result of a query.
    pub fn is_view(self) -> bool {
        self.is(Trait::IsView)
    }

    /// Returns whether rows can be inserted into objects of this kind.
    pub fn is_table(self) -> bool {
        self.is(Trait::IsTable)
    }

    /// Returns whether a column can have an object of this kind as its type.
    pub fn is_type(self) -> bool {
        self.is(Trait::IsType)
    }
}

impl From<DefinedKind> for Kind {
    fn from(kind: DefinedKind) -> Self {
        Kind::Defined(kind)
    }
}

impl PartialEq<DefinedKind> for Kind {
    fn eq(&self, kind: &DefinedKind) -> bool {
        *self == Kind::Defined(*kind)
    }
}

impl Kind {
    /// Returns whether SQL calls such an object by its name.
    pub fn is_routine(self) -> bool {
        self.is(Trait::IsRoutine)
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
