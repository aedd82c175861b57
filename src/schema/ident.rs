//! Names, and when two of them are equal.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::Origin;

/// A database product, with its own rules for names, types and changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// SQLite 3.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// Returns its keyword in the schema language (`only=sqlite`) and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
        }
    }

    /// Returns how its names compare.
    pub fn case(self) -> Case {
        match self {
            Dialect::Sqlite => Case::AsciiInsensitive,
            Dialect::Postgres => Case::Exact,
        }
    }
}

/// The dialect that a declaration is restricted to with `only=`. Not part of a comparison: all values are
/// equal.
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
    /// `Users` and `users` are the same name.
    AsciiInsensitive,
    /// They are different names.
    Exact,
}

/// A name, as written. Equality, order and hash follow the [`Case`] of its database.
#[derive(Clone)]
pub struct Ident {
    text: Box<str>,
    case: Case,
    origin: Origin,
}

impl Ident {
    /// Creates a name that compares by `case`.
    pub fn new(text: impl Into<Box<str>>, case: Case) -> Self {
        Ident { text: text.into(), case, origin: Origin::default() }
    }

    /// Returns the same name with the position where it was read.
    pub fn at(self, origin: Origin) -> Self {
        Ident { origin, ..self }
    }

    /// Returns its position in a schema file.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Returns the name as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns how it compares.
    pub fn case(&self) -> Case {
        self.case
    }

    /// Returns whether `other` is the same name.
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

impl Ident {
    /// Returns the name as it is shown among words: in double quotes unless it reads as a name.
    pub(crate) fn shown(&self) -> String {
        super::shown::name(&self.text)
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

/// The name of a top-level object, with its database schema if that is given (PostgreSQL).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    /// PostgreSQL's schema; `None` is the first of `search_path`. Always `None` on SQLite.
    pub schema: Option<Ident>,
    /// The name itself.
    pub name: Ident,
    /// What else identifies the object. SQL writes it in a place of its own, or not at all.
    pub of: Of,
}

/// What identifies an object besides its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Of {
    /// Nothing: the name is unique among the objects of its kind.
    #[default]
    Nothing,
    /// The types of its arguments, as the database prints them: `integer, text`.
    Arguments(Box<str>),
    /// The table or view that it is on, which is in the same schema.
    Relation(On),
}

/// The table or view that an object is on.
#[derive(Debug, Clone)]
pub struct On {
    /// Its name.
    pub relation: Ident,
    /// Whether it is a view, if that is known. Relations share one namespace, so this is not compared.
    pub is_view: bool,
}

impl PartialEq for On {
    fn eq(&self, other: &Self) -> bool {
        self.relation == other.relation
    }
}
impl Eq for On {}

impl Hash for On {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.relation.hash(state);
    }
}

impl Ord for On {
    fn cmp(&self, other: &Self) -> Ordering {
        self.relation.cmp(&other.relation)
    }
}
impl PartialOrd for On {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Of {
    /// Returns that the object is on a table, or on a view as far as is known.
    pub fn on(relation: Ident) -> Self {
        Of::Relation(On { relation, is_view: false })
    }
}

impl ObjectName {
    /// Creates a name in a schema, if one is given.
    pub fn new(schema: Option<Ident>, name: Ident) -> Self {
        ObjectName { schema, name, of: Of::Nothing }
    }

    /// Creates a name without a schema.
    pub fn bare(name: Ident) -> Self {
        ObjectName::new(None, name)
    }

    /// Returns another name in the same place: in the same schema, on the same table, with the same arguments.
    pub fn renamed(&self, name: Ident) -> Self {
        ObjectName { name, ..self.clone() }
    }

    /// Returns the table or view that the object is on, without its schema.
    pub fn on(&self) -> Option<&On> {
        if let Of::Relation(on) = &self.of { Some(on) } else { None }
    }

    /// Returns the name of the table or view that the object is on.
    pub fn relation(&self) -> Option<ObjectName> {
        if let Of::Relation(on) = &self.of { Some(ObjectName::new(self.schema.clone(), on.relation.clone())) } else { None }
    }

    /// Returns the schema and the name alone.
    pub fn plain(&self) -> ObjectName {
        ObjectName { of: Of::Nothing, ..self.clone() }
    }
}

impl ObjectName {
    /// Returns the name as it is shown among words, with its schema.
    pub(crate) fn shown(&self) -> String {
        let schema = self.schema.as_ref().map(|s| format!("{}.", s.shown())).unwrap_or_default();
        let of = match &self.of {
            Of::Nothing => String::new(),
            Of::Arguments(types) => format!("({types})"),
            Of::Relation(on) => format!(" on {}", on.relation.shown()),
        };
        format!("{schema}{}{of}", self.name.shown())
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(s) = &self.schema {
            write!(f, "{s}.")?;
        }
        write!(f, "{}", self.name)?;
        match &self.of {
            Of::Nothing => Ok(()),
            Of::Arguments(types) => write!(f, "({types})"),
            Of::Relation(on) => write!(f, " on {}", on.relation),
        }
    }
}
