//! Kinds of everything that can be named: objects ([`Kind`]), parts of objects ([`Part`]) and objects that
//! rosey does not manage ([`UnmanagedKind`]). To manage a kind, move its line from the list here to the one
//! in `kind.rs`: [`AnyKind::of_word`] then returns the managed kind for its keyword.

use std::cmp::Ordering;
use std::fmt;

use super::{DefinedKind, Kind};

/// Generates an enum whose variants have words, and a list of them.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $kind:ident $word:literal $([$($trait:ident)+])?;)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $kind,)+
        }

        impl $name {
            /// All kinds.
            pub const ALL: &[$name] = &[$($name::$kind),+];

            /// Returns its keyword, as in addresses and in schema files.
            pub fn word(self) -> &'static str {
                match self {
                    $($name::$kind => $word,)+
                }
            }

            /// Returns what distinguishes it from other kinds.
            fn traits(self) -> &'static [Trait] {
                match self {
                    $($name::$kind => &[$($(Trait::$trait),+)?],)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

/// What distinguishes an unmanaged kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trait {
    /// It belongs to a relation: the name is `WHAT on RELATION`.
    OfRelation,
    /// It is not in a schema.
    OfDatabase,
    /// It is a property of a table or column that no application depends on.
    Property,
    /// It may be named in `ignore kind=`.
    Ignorable,
    /// `WHAT` is a column.
    NamesColumn,
    /// `WHAT` is an index.
    NamesIndex,
    /// Its relation is an index.
    OnIndex,
    /// The name ends with the types of its arguments.
    HasArguments,
    /// It is a table.
    Table,
    /// It is a sequence.
    Sequence,
}

words! {
    /// A kind of part of an object.
    Part {
        /// A column.
        Column "column";
        /// A primary key.
        PrimaryKey "primary-key";
        /// A unique constraint.
        Unique "unique";
        /// A foreign key.
        ForeignKey "foreign-key";
        /// A check constraint.
        Check "check";
        /// An index.
        Index "index" [Ignorable];
    }
}

words! {
    /// A kind of object, or of property of an object, that rosey does not manage.
    UnmanagedKind {
        /// An access method, or that of a relation.
        AccessMethod "access method" [OfRelation OfDatabase Property];
        /// An aggregate function.
        Aggregate "aggregate" [HasArguments];
        /// A cast.
        Cast "cast" [OfDatabase];
        /// The index that CLUSTER uses.
        Cluster "cluster" [OfRelation Property NamesIndex];
        /// A collation.
        Collation "collation";
        /// The default of a view column.
        ColumnDefault "column default" [OfRelation Property NamesColumn];
        /// Options of a column such as `n_distinct`.
        ColumnOptions "column options" [OfRelation Property NamesColumn];
        /// A comment on an object that the schema language has no comment for.
        Comment "comment" [OfRelation Property NamesColumn];
        /// The compression method of a column.
        Compression "compression" [OfRelation Property NamesColumn];
        /// A constraint that the schema language cannot express.
        Constraint "constraint" [OfRelation];
        /// A conversion between encodings.
        Conversion "conversion";
        /// A privilege that objects get when they are created.
        DefaultPrivilege "default privilege" [OfDatabase];
        /// An event trigger.
        EventTrigger "event trigger" [OfDatabase];
        /// A foreign data wrapper.
        ForeignDataWrapper "foreign data wrapper" [OfDatabase];
        /// A foreign table.
        ForeignTable "foreign-table" [Table];
        /// A procedural language.
        Language "language" [OfDatabase];
        /// An operator.
        Operator "operator";
        /// An operator class.
        OperatorClass "operator class";
        /// An operator family.
        OperatorFamily "operator family";
        /// A row-level security policy.
        Policy "policy" [OfRelation Ignorable];
        /// A privilege.
        Privilege "privilege" [OfRelation];
        /// A publication.
        Publication "publication" [OfDatabase];
        /// The columns or index that identify a row in logical replication.
        ReplicaIdentity "replica identity" [OfRelation NamesIndex];
        /// Whether policies apply to a table.
        RowSecurity "row security" [OfRelation];
        /// A rewrite rule.
        Rule "rule" [OfRelation];
        /// A security label.
        SecurityLabel "security label" [OfDatabase];
        /// A foreign server.
        Server "server" [OfDatabase];
        /// How much detail ANALYZE collects about a column.
        StatisticsTarget "statistics target" [OfRelation Property NamesColumn OnIndex];
        /// The storage of a column.
        Storage "storage" [OfRelation Property NamesColumn];
        /// Storage parameters of an index.
        StorageParameters "storage parameters" [OfRelation Property NamesIndex];
        /// A subscription.
        Subscription "subscription" [OfDatabase];
        /// A tablespace other than the default one.
        Tablespace "tablespace" [OfRelation Property OnIndex];
        /// A text search configuration.
        TextSearchConfiguration "text search configuration";
        /// A text search dictionary.
        TextSearchDictionary "text search dictionary";
        /// A text search parser.
        TextSearchParser "text search parser";
        /// A text search template.
        TextSearchTemplate "text search template";
        /// A transform of a type for a procedural language.
        Transform "transform" [OfDatabase];
        /// A composite, range or base type.
        Type "type";
        /// A sequence that is unlogged.
        UnloggedSequence "unlogged sequence" [OfRelation Property Sequence];
        /// The mapping of a user to a user of a foreign server.
        UserMapping "user mapping" [OfDatabase];
    }
}

/// The kind of anything that has a name. Ordered by keyword.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnyKind {
    /// An object.
    Object(Kind),
    /// A part of an object.
    Part(Part),
    /// An object that rosey does not manage.
    Unmanaged(UnmanagedKind),
    /// A word that names none of these, from a schema file or a record. [`AnyKind::of_word`] creates it.
    Unknown(Box<str>),
}

impl AnyKind {
    /// Returns the kind for a word.
    pub fn of_word(word: &str) -> Self {
        let part = || Part::ALL.iter().find(|p| p.word() == word).map(|p| AnyKind::Part(*p));
        let unmanaged = || UnmanagedKind::ALL.iter().find(|u| u.word() == word).map(|u| AnyKind::Unmanaged(*u));
        let known = Kind::of_word(word).map(AnyKind::Object).or_else(part).or_else(unmanaged);
        known.unwrap_or_else(|| AnyKind::Unknown(word.into()))
    }

    /// Returns the words of the kinds that `ignore kind=` accepts.
    pub fn ignorable() -> impl Iterator<Item = &'static str> {
        let parts = Part::ALL.iter().filter(|p| p.traits().contains(&Trait::Ignorable)).map(|p| p.word());
        let unmanaged = UnmanagedKind::ALL.iter().filter(|u| u.traits().contains(&Trait::Ignorable)).map(|u| u.word());
        Kind::ALL.iter().map(|k| k.word()).chain(parts).chain(unmanaged)
    }

    /// Returns its keyword.
    pub fn word(&self) -> &str {
        match self {
            AnyKind::Object(kind) => kind.word(),
            AnyKind::Part(part) => part.word(),
            AnyKind::Unmanaged(kind) => kind.word(),
            AnyKind::Unknown(word) => word,
        }
    }

    /// Returns the kind of the object, if it is one that rosey manages.
    pub fn object(&self) -> Option<Kind> {
        if let AnyKind::Object(kind) = self { Some(*kind) } else { None }
    }

    /// Returns whether unmanaged objects of this kind belong to a relation.
    pub(super) fn is_of_relation(&self) -> bool {
        matches!(self, AnyKind::Object(Kind::Defined(kind)) if kind.relation_keyword().is_some()) || self.is(Trait::OfRelation)
    }

    /// Returns whether unmanaged objects of this kind are not in a schema.
    pub(super) fn is_of_database(&self) -> bool {
        self.is(Trait::OfDatabase)
    }

    /// Returns whether these are properties of tables and columns that no application depends on.
    pub(super) fn is_property(&self) -> bool {
        self.is(Trait::Property)
    }

    /// Returns whether their names start with that of a column.
    pub(super) fn names_column(&self) -> bool {
        self.is(Trait::NamesColumn)
    }

    /// Returns whether their names start with that of an index.
    pub(super) fn names_index(&self) -> bool {
        self.is(Trait::NamesIndex)
    }

    /// Returns whether their relation is an index.
    pub(super) fn is_on_index(&self) -> bool {
        self.is(Trait::OnIndex)
    }

    /// Returns whether their names contain the types of arguments.
    pub(super) fn has_arguments(&self) -> bool {
        matches!(self, AnyKind::Object(Kind::Defined(kind)) if kind.has_arguments()) || self.is(Trait::HasArguments)
    }

    /// Returns whether these are tables of some kind.
    pub fn is_table(&self) -> bool {
        self.object().is_some_and(Kind::is_table) || self.is(Trait::Table)
    }

    /// Returns whether these are sequences, managed or not.
    pub fn is_sequence(&self) -> bool {
        *self == Kind::Sequence || self.is(Trait::Sequence)
    }

    fn is(&self, wanted: Trait) -> bool {
        matches!(self, AnyKind::Unmanaged(kind) if kind.traits().contains(&wanted))
    }
}

impl From<Kind> for AnyKind {
    fn from(kind: Kind) -> Self {
        AnyKind::Object(kind)
    }
}

impl From<DefinedKind> for AnyKind {
    fn from(kind: DefinedKind) -> Self {
        AnyKind::Object(Kind::Defined(kind))
    }
}

impl From<Part> for AnyKind {
    fn from(part: Part) -> Self {
        AnyKind::Part(part)
    }
}

impl From<UnmanagedKind> for AnyKind {
    fn from(kind: UnmanagedKind) -> Self {
        AnyKind::Unmanaged(kind)
    }
}

impl From<&AnyKind> for AnyKind {
    fn from(kind: &AnyKind) -> Self {
        kind.clone()
    }
}

impl PartialEq<Kind> for AnyKind {
    fn eq(&self, kind: &Kind) -> bool {
        *self == AnyKind::Object(*kind)
    }
}

impl PartialEq<DefinedKind> for AnyKind {
    fn eq(&self, kind: &DefinedKind) -> bool {
        *self == Kind::Defined(*kind)
    }
}

impl PartialEq<Part> for AnyKind {
    fn eq(&self, part: &Part) -> bool {
        *self == AnyKind::Part(*part)
    }
}

impl PartialEq<UnmanagedKind> for AnyKind {
    fn eq(&self, kind: &UnmanagedKind) -> bool {
        *self == AnyKind::Unmanaged(*kind)
    }
}

impl PartialOrd for AnyKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AnyKind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.word().cmp(other.word())
    }
}

impl fmt::Display for AnyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_one_kind() {
        let parts = Part::ALL.iter().map(|p| AnyKind::Part(*p));
        let unmanaged = UnmanagedKind::ALL.iter().map(|u| AnyKind::Unmanaged(*u));
        for kind in Kind::ALL.iter().map(|k| AnyKind::Object(*k)).chain(parts).chain(unmanaged) {
            assert_eq!(AnyKind::of_word(kind.word()), kind);
        }
        assert_eq!(AnyKind::of_word("dream"), AnyKind::Unknown("dream".into()));
    }
}
