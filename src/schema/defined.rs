//! Objects that SQL defines as a whole: a name, what else identifies them, and the text of a statement.
//! [`DefinedKind`] is the only list of their kinds; an engine has a table with a row for each kind that it
//! manages. Nothing here reads the text.

use std::fmt;

use indexmap::IndexMap;

use super::kind::Trait;
use super::{Body, Dialect, Expr, Head, Kind, ObjectName, Of, Schema};

/// What identifies an object of a kind besides its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifiedBy {
    /// Nothing.
    Name,
    /// The types of its arguments, which its text begins with.
    Arguments,
    /// The table or view that it is on, where names are unique per table.
    Relation,
}

macro_rules! defined_kinds {
    ($($(#[$doc:meta])* $kind:ident $word:literal $sql:literal $by:ident $on:literal [$($trait:ident)*];)+) => {
        /// A kind of object that SQL defines as a whole: its keyword in the schema language, its words in SQL,
        /// what identifies its objects, the SQL keyword before the table or view that they are on, if any, and
        /// what distinguishes it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum DefinedKind {
            $($(#[$doc])* $kind,)+
        }

        impl DefinedKind {
            /// All of them.
            pub const ALL: &[DefinedKind] = &[$(DefinedKind::$kind),+];

            /// Returns its word.
            pub fn word(self) -> &'static str {
                match self {
                    $(DefinedKind::$kind => $word,)+
                }
            }

            /// Returns its words in `CREATE`, `ALTER`, `DROP` and `COMMENT ON`.
            pub fn sql(self) -> &'static str {
                match self {
                    $(DefinedKind::$kind => $sql,)+
                }
            }

            /// Returns what may identify its objects besides their names.
            fn by(self) -> IdentifiedBy {
                match self {
                    $(DefinedKind::$kind => IdentifiedBy::$by,)+
                }
            }

            /// Returns the SQL keyword before the table or view that its objects are on.
            pub fn relation_keyword(self) -> Option<&'static str> {
                let keyword = match self {
                    $(DefinedKind::$kind => $on,)+
                };
                Some(keyword).filter(|k| !k.is_empty())
            }

            pub(super) fn traits(self) -> &'static [Trait] {
                match self {
                    $(DefinedKind::$kind => &[$(Trait::$trait),*],)+
                }
            }
        }
    };
}

defined_kinds! {
    /// A trigger.
    Trigger "trigger" "TRIGGER" Relation "on" [];
    /// A function.
    Function "function" "FUNCTION" Arguments "" [OfServer IsRoutine];
    /// A procedure.
    Procedure "procedure" "PROCEDURE" Arguments "" [OfServer IsRoutine];
    /// Extended statistics.
    Statistics "statistics" "STATISTICS" Name "from" [OfServer FollowsColumns];
}

impl DefinedKind {
    /// Returns the kind for a word.
    pub fn of_word(word: &str) -> Option<DefinedKind> {
        DefinedKind::ALL.iter().copied().find(|k| k.word() == word)
    }

    /// Returns whether the types of arguments identify its objects.
    pub fn has_arguments(self) -> bool {
        self.by() == IdentifiedBy::Arguments
    }

    /// Returns what identifies its objects in a database besides their names.
    pub fn identified_by(self, dialect: Dialect) -> IdentifiedBy {
        match self.by() {
            IdentifiedBy::Relation if !dialect.capabilities().has_names_per_table => IdentifiedBy::Name,
            by => by,
        }
    }
}

impl fmt::Display for DefinedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// An object that SQL defines as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// What all objects have in common.
    pub head: Head,
    /// Its kind.
    pub kind: DefinedKind,
    /// Everything after the name.
    pub body: Expr,
    /// The table or view that it is on, if that has been read from the body.
    pub table: Option<ObjectName>,
}

impl Definition {
    /// Creates an object with just its definition.
    pub fn new(kind: DefinedKind, name: ObjectName, body: Expr) -> Self {
        Definition { head: Head::new(name), kind, body, table: None }
    }
}

impl Definition {
    /// Returns whether its text follows when a column of its table is renamed: it then refers to the column by number.
    pub(crate) fn follows_columns(&self) -> bool {
        self.kind.traits().contains(&Trait::FollowsColumns) || matches!(self.name.of, Of::Relation(_))
    }
}

impl Body for Definition {
    fn kind(&self) -> Kind {
        Kind::Defined(self.kind)
    }

    fn peers_in<'s>(&self, schema: &'s mut Schema) -> &'s mut IndexMap<ObjectName, Self> {
        schema.definitions.of_mut(self.kind)
    }
}

/// The objects that SQL defines as a whole, by kind and name.
#[derive(Debug, Clone)]
pub struct Definitions(Vec<IndexMap<ObjectName, Definition>>);

impl Default for Definitions {
    fn default() -> Self {
        Definitions(DefinedKind::ALL.iter().map(|_| IndexMap::new()).collect())
    }
}

impl Definitions {
    /// Returns those of one kind.
    pub fn of(&self, kind: DefinedKind) -> &IndexMap<ObjectName, Definition> {
        &self.0[kind as usize]
    }

    /// Returns the same, mutably.
    pub fn of_mut(&mut self, kind: DefinedKind) -> &mut IndexMap<ObjectName, Definition> {
        &mut self.0[kind as usize]
    }

    /// Returns all of them, kind by kind.
    pub fn values(&self) -> impl Iterator<Item = &Definition> {
        self.0.iter().flat_map(IndexMap::values)
    }

    /// Returns the same, mutably. Names and kinds are keys and must not be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Definition> {
        self.0.iter_mut().flat_map(IndexMap::values_mut)
    }

    /// Returns the objects of each kind, mutably.
    pub(crate) fn kinds_mut(&mut self) -> impl Iterator<Item = (DefinedKind, &mut IndexMap<ObjectName, Definition>)> {
        DefinedKind::ALL.iter().copied().zip(&mut self.0)
    }
}

impl Schema {
    /// Returns the triggers.
    pub fn triggers(&self) -> &IndexMap<ObjectName, Definition> {
        self.definitions.of(DefinedKind::Trigger)
    }
}
