//! Names, and when two of them are one.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::Origin;

/// A database product. Each has its own rules for names, types and changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// SQLite 3.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// Its word in the schema language (`only=sqlite`) and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
        }
    }

    /// How its names compare.
    pub fn case(self) -> Case {
        match self {
            Dialect::Sqlite => Case::AsciiInsensitive,
            Dialect::Postgres => Case::Exact,
        }
    }
}

/// The dialect that a declaration is kept to with `only=`. No difference between objects: all are equal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Only(pub Option<Dialect>);

impl PartialEq for Only {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Only {}

/// How names compare: SQLite folds ASCII letters, PostgreSQL compares quoted names exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `Users` and `users` are one name.
    AsciiInsensitive,
    /// They are two.
    Exact,
}

/// A name, as it was written. Equality, order and hash follow the [`Case`] of its database.
#[derive(Clone)]
pub struct Ident {
    text: Box<str>,
    case: Case,
    origin: Origin,
}

impl Ident {
    /// A name that compares by `case`.
    pub fn new(text: impl Into<Box<str>>, case: Case) -> Self {
        Ident { text: text.into(), case, origin: Origin::default() }
    }

    /// The same name with the place where it was read.
    pub fn at(self, origin: Origin) -> Self {
        Ident { origin, ..self }
    }

    /// Where it stands in a schema file.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How it compares.
    pub fn case(&self) -> Case {
        self.case
    }

    /// Whether `other` names the same thing.
    pub fn matches(&self, other: &str) -> bool {
        match self.case {
            Case::AsciiInsensitive => self.text.eq_ignore_ascii_case(other),
            Case::Exact => &*self.text == other,
        }
    }

    fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        let fold = self.case == Case::AsciiInsensitive;
        self.text.bytes().map(move |b| if fold { b.to_ascii_lowercase() } else { b })
    }
}

impl PartialEq for Ident {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.text)
    }
}
impl Eq for Ident {}

impl Hash for Ident {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().for_each(|b| state.write_u8(b));
        state.write_u8(0xff);
    }
}

impl Ord for Ident {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}
impl PartialOrd for Ident {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

/// The name of a top-level object, with the database schema it lies in where that is given (PostgreSQL).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    /// PostgreSQL's schema; none is the first of `search_path`. Always none on SQLite.
    pub schema: Option<Ident>,
    /// The name itself.
    pub name: Ident,
}

impl ObjectName {
    /// A name with no schema.
    pub fn bare(name: Ident) -> Self {
        ObjectName { schema: None, name }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(s) = &self.schema {
            write!(f, "{s}.")?;
        }
        write!(f, "{}", self.name)
    }
}
