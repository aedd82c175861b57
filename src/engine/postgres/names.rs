//! Names and strings as PostgreSQL SQL: names are always quoted, and qualified unless they are in the default
//! schema. Knows no objects and decides nothing.

use crate::schema::{Ident, ObjectName};

/// Returns a name as SQL, always quoted.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns a string as SQL; a backslash is an ordinary character because `standard_conforming_strings` is on.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns quoted names, separated by commas.
pub(crate) fn list<'i>(names: impl IntoIterator<Item = &'i Ident>) -> String {
    names.into_iter().map(|n| quote(n.as_str())).collect::<Vec<_>>().join(", ")
}

/// Returns a plain lower-case word unchanged and anything else quoted: access methods, storage parameters.
pub(crate) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { quote(text) }
}

/// The names of objects on a connection whose `search_path` begins with the default schema.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    default: Ident,
}

impl Names {
    /// Creates the names with `default` as the schema of unqualified names.
    pub(crate) fn new(default: Ident) -> Self {
        Names { default }
    }

    /// Returns the name in SQL.
    pub(crate) fn sql(&self, name: &ObjectName) -> String {
        match &name.schema {
            Some(schema) if *schema != self.default => format!("{}.{}", quote(schema.as_str()), quote(name.name.as_str())),
            _ => quote(name.name.as_str()),
        }
    }

    /// Returns the name in SQL with its schema.
    pub(crate) fn qualified(&self, name: &ObjectName) -> String {
        format!("{}.{}", quote(self.schema(name).as_str()), quote(name.name.as_str()))
    }

    /// Returns the name in SQL of an object in the same schema as `object`, such as an index of a table.
    pub(crate) fn beside(&self, object: &ObjectName, name: &Ident) -> String {
        self.sql(&self.sibling(object, name))
    }

    /// Returns the name of an object in the same schema as `object`.
    pub(crate) fn sibling(&self, object: &ObjectName, name: &Ident) -> ObjectName {
        object.renamed(name.clone())
    }

    /// Returns the schema of the object.
    pub(crate) fn schema<'n>(&'n self, name: &'n ObjectName) -> &'n Ident {
        name.schema.as_ref().unwrap_or(&self.default)
    }

    /// Returns one spelling for each object, whether or not it is qualified.
    pub(crate) fn key(&self, name: &ObjectName) -> String {
        format!("{}.{}", self.schema(name), name.name)
    }

    /// Returns the same for names that were read from SQL.
    pub(crate) fn key_of(&self, schema: Option<&str>, name: &str) -> String {
        format!("{}.{name}", schema.unwrap_or(self.default.as_str()))
    }

    /// Returns whether two names are those of one object.
    pub(crate) fn same(&self, a: &ObjectName, b: &ObjectName) -> bool {
        a.name == b.name && self.schema(a) == self.schema(b)
    }
}
