//! Addresses: the one name that a thing has in plans, messages and JSON, like `table.users.column.email`.

use std::fmt;

/// Where an object is, outermost first. Ordered, so that plans come out in one order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Vec<String>);

impl Address {
    /// The address of a top-level object.
    pub fn top(kind: &str, name: impl fmt::Display) -> Self {
        Address(vec![kind.to_owned(), name.to_string()])
    }

    /// The address of a part of this object.
    pub fn child(&self, kind: &str, name: impl fmt::Display) -> Self {
        let mut parts = self.0.clone();
        parts.push(kind.to_owned());
        parts.push(name.to_string());
        Address(parts)
    }

    /// Its parts: kind and name of each object, outermost first.
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// The address of these parts, if they are pairs of kind and name.
    pub fn of_parts(parts: &[String]) -> Option<Self> {
        (!parts.is_empty() && parts.len().is_multiple_of(2)).then(|| Address(parts.to_vec()))
    }

    /// Kind of the top-level object: `table`, `view`, …
    pub fn kind(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// Whether it is that object, or a part of it.
    pub fn is_within(&self, other: &Address) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Returns this address and those of the objects that it is a part of, innermost first.
    pub fn ancestors(&self) -> impl Iterator<Item = Address> + '_ {
        (2..=self.0.len()).rev().step_by(2).map(|n| Address(self.0[..n].to_vec()))
    }

    /// Whether the text is the address, or that of what this is a part of.
    pub fn is_named_by(&self, text: &str) -> bool {
        let named = |n: usize| self.0[..n].join(".");
        (2..=self.0.len()).step_by(2).any(|n| named(n) == text || super::one_line(&named(n)) == text)
    }

    /// Kind of the innermost object.
    pub fn last_kind(&self) -> &str {
        self.0.iter().rev().nth(1).map_or("", String::as_str)
    }

    /// Name of the innermost object.
    pub fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::one_line(&self.0.join(".")))
    }
}
