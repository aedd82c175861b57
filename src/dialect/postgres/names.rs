//! Names and strings as PostgreSQL's SQL text: names always in quotes, the schema in front where it is not the default
//! one. Knows no object and decides nothing.

use crate::schema::{Ident, ObjectName};

/// A name as SQL, always in quotes.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string as SQL; a backslash is itself, as `standard_conforming_strings` is on.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Names in quotes, with commas.
pub(crate) fn list<'i>(names: impl IntoIterator<Item = &'i Ident>) -> String {
    names.into_iter().map(|n| quote(n.as_str())).collect::<Vec<_>>().join(", ")
}

/// A plain lower-case word as it is, anything else in quotes: access methods, storage parameters.
pub(crate) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { quote(text) }
}

/// How objects are called on a connection whose `search_path` begins with the default schema.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    default: Ident,
}

impl Names {
    /// Names as they are where `default` is the schema of what has none.
    pub(crate) fn new(default: Ident) -> Self {
        Names { default }
    }

    /// The name in SQL.
    pub(crate) fn sql(&self, name: &ObjectName) -> String {
        match &name.schema {
            Some(schema) if *schema != self.default => format!("{}.{}", quote(schema.as_str()), quote(name.name.as_str())),
            _ => quote(name.name.as_str()),
        }
    }

    /// The name of something that lies in the schema of `object`, in SQL: an index of a table.
    pub(crate) fn beside(&self, object: &ObjectName, name: &Ident) -> String {
        self.sql(&self.sibling(object, name))
    }

    /// The name of something that lies in the schema of `object`.
    pub(crate) fn sibling(&self, object: &ObjectName, name: &Ident) -> ObjectName {
        ObjectName { schema: object.schema.clone(), name: name.clone() }
    }

    /// The schema that the object lies in.
    pub(crate) fn schema<'n>(&'n self, name: &'n ObjectName) -> &'n Ident {
        name.schema.as_ref().unwrap_or(&self.default)
    }

    /// One spelling for each object, whether its schema is named or not.
    pub(crate) fn key(&self, name: &ObjectName) -> String {
        format!("{}.{}", self.schema(name), name.name)
    }

    /// The same for names that were read from SQL text.
    pub(crate) fn key_of(&self, schema: Option<&str>, name: &str) -> String {
        format!("{}.{name}", schema.unwrap_or(self.default.as_str()))
    }

    /// Whether two names are one object's.
    pub(crate) fn same(&self, a: &ObjectName, b: &ObjectName) -> bool {
        a.name == b.name && self.schema(a) == self.schema(b)
    }
}
