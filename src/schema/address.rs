//! Addresses: the name of an object in plans, messages and JSON, such as `table.users.column.email`.

use std::fmt;

/// The path to an object, outermost first. Ordered, so that plans are deterministic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Vec<String>);

impl Address {
    /// Returns the address of a top-level object.
    pub fn top(kind: &str, name: impl fmt::Display) -> Self {
        Address(vec![kind.to_owned(), name.to_string()])
    }

    /// Returns the address of a part of this object.
    pub fn child(&self, kind: &str, name: impl fmt::Display) -> Self {
        let mut parts = self.0.clone();
        parts.push(kind.to_owned());
        parts.push(name.to_string());
        Address(parts)
    }

    /// Returns the parts: kind and name of each object, outermost first.
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// Builds an address from parts, if they are pairs of kind and name.
    pub fn of_parts(parts: &[String]) -> Option<Self> {
        (!parts.is_empty() && parts.len().is_multiple_of(2)).then(|| Address(parts.to_vec()))
    }

    /// Returns the kind of the top-level object: `table`, `view`, …
    pub fn kind(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// Compares without case: two names that differ only in case cannot both exist on SQLite.
    pub(crate) fn is_same(&self, other: &Address) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(a, b)| a.eq_ignore_ascii_case(b))
    }

    /// Returns whether this is `other` or a part of it.
    pub fn is_within(&self, other: &Address) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Returns this address and those of the objects that contain it, innermost first.
    pub fn ancestors(&self) -> impl Iterator<Item = Address> + '_ {
        (2..=self.0.len()).rev().step_by(2).map(|n| Address(self.0[..n].to_vec()))
    }

    /// Returns whether the text is this address or that of an object that contains it.
    pub fn is_named_by(&self, text: &str) -> bool {
        let named = |n: usize| self.0[..n].join(".");
        (2..=self.0.len()).step_by(2).any(|n| named(n) == text || super::one_line(&named(n)) == text)
    }

    /// Returns the kind of the innermost object.
    pub fn last_kind(&self) -> &str {
        self.0.iter().rev().nth(1).map_or("", String::as_str)
    }

    /// Returns the name of the innermost object.
    pub fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::one_line(&self.0.join(".")))
    }
}
