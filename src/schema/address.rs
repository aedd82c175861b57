//! Addresses: the name of an object in plans, messages and JSON, such as `table.users.column.email`.

use std::fmt;

use super::{AnyKind, Kind, Part};

/// The path to an object: kind and name of each, outermost first. Ordered, so that plans are deterministic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    top: (AnyKind, String),
    within: Vec<(AnyKind, String)>,
}

impl Address {
    /// Returns the address of a top-level object.
    pub fn top(kind: impl Into<AnyKind>, name: impl fmt::Display) -> Self {
        Address { top: (kind.into(), name.to_string()), within: Vec::new() }
    }

    /// Returns the address of a part of this object.
    pub fn child(&self, part: Part, name: impl fmt::Display) -> Self {
        let mut address = self.clone();
        address.within.push((part.into(), name.to_string()));
        address
    }

    /// Returns the address of an object that is on this one.
    pub(super) fn object(&self, kind: Kind, name: impl fmt::Display) -> Self {
        let mut address = self.clone();
        address.within.push((kind.into(), name.to_string()));
        address
    }

    /// Returns the parts: kind and name of each object, outermost first.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.pairs().flat_map(|(kind, name)| [kind.word(), name.as_str()])
    }

    /// Builds an address from parts, if they are pairs of kind and name.
    pub fn of_parts(parts: &[String]) -> Option<Self> {
        let (pairs, rest) = parts.as_chunks::<2>();
        let mut pairs = pairs.iter().map(|[kind, name]| (AnyKind::of_word(kind), name.clone()));
        let top = pairs.next().filter(|_| rest.is_empty())?;
        Some(Address { top, within: pairs.collect() })
    }

    /// Returns the kind of the top-level object.
    pub fn kind(&self) -> &AnyKind {
        &self.top.0
    }

    /// Returns the number of objects on the path.
    pub fn depth(&self) -> usize {
        1 + self.within.len()
    }

    /// Compares without case: two names that differ only in case cannot both exist on SQLite.
    pub(crate) fn is_same(&self, other: &Address) -> bool {
        self.depth() == other.depth() && self.parts().zip(other.parts()).all(|(a, b)| a.eq_ignore_ascii_case(b))
    }

    /// Returns whether this is `other` or a part of it.
    pub fn is_within(&self, other: &Address) -> bool {
        self.top == other.top && self.within.starts_with(&other.within)
    }

    /// Returns this address and those of the objects that contain it, innermost first.
    pub fn ancestors(&self) -> impl Iterator<Item = Address> + '_ {
        (0..=self.within.len()).rev().map(|n| Address { top: self.top.clone(), within: self.within[..n].to_vec() })
    }

    /// Returns whether the text is this address or that of an object that contains it.
    pub fn is_named_by(&self, text: &str) -> bool {
        self.ancestors().any(|a| a.joined() == text || a.to_string() == text)
    }

    /// Returns the kind of the innermost object.
    pub fn last_kind(&self) -> &AnyKind {
        &self.innermost().0
    }

    /// Returns the name of the innermost object.
    pub fn last(&self) -> &str {
        &self.innermost().1
    }

    fn innermost(&self) -> &(AnyKind, String) {
        self.within.last().unwrap_or(&self.top)
    }

    fn pairs(&self) -> impl Iterator<Item = &(AnyKind, String)> {
        std::iter::once(&self.top).chain(&self.within)
    }

    /// Returns the address as it is shown in a list: names that do not read as one are in double quotes.
    pub(crate) fn shown(&self) -> String {
        self.pairs().flat_map(|(kind, name)| [kind.word().to_owned(), super::shown::name(name)]).collect::<Vec<_>>().join(".")
    }

    fn joined(&self) -> String {
        self.parts().collect::<Vec<_>>().join(".")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::one_line(&self.joined()))
    }
}
