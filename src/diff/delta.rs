//! The change of one object.

use std::hash::Hash;

use indexmap::IndexMap;

use super::pairs::is_respelled;
use super::{Attribute, Object};
use crate::schema::{Body, ObjectName};

/// One attribute that differs, formatted for display.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edit {
    /// The attribute.
    pub attribute: Attribute,
    /// The current value, if set.
    pub before: Option<String>,
    /// The desired value, if set.
    pub after: Option<String>,
}

/// An object that is created, dropped or altered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delta<T> {
    /// It does not exist yet.
    Create(T),
    /// It is no longer declared.
    Drop(T),
    /// It exists and differs.
    Alter {
        /// The current object, under its new name.
        before: T,
        /// The desired object.
        after: T,
        /// The attributes that differ; for a plain rename, only that.
        edits: Vec<Edit>,
    },
}

impl<T> Delta<T> {
    /// Returns the current object, if it exists.
    pub fn before(&self) -> Option<&T> {
        match self {
            Delta::Create(_) => None,
            Delta::Drop(t) | Delta::Alter { before: t, .. } => Some(t),
        }
    }

    /// Returns the desired object, if it is declared.
    pub fn after(&self) -> Option<&T> {
        match self {
            Delta::Drop(_) => None,
            Delta::Create(t) | Delta::Alter { after: t, .. } => Some(t),
        }
    }
}

impl<T> Delta<T> {
    /// Returns the desired object, or the current one if it is dropped.
    pub fn object(&self) -> &T {
        match self {
            Delta::Create(t) | Delta::Drop(t) | Delta::Alter { after: t, .. } => t,
        }
    }

    /// Returns the attributes that differ.
    pub fn edits(&self) -> &[Edit] {
        match self {
            Delta::Create(_) | Delta::Drop(_) => &[],
            Delta::Alter { edits, .. } => edits,
        }
    }
}

/// Returns the differences between two sets of named objects: the desired ones in order, then those to drop.
pub(crate) fn deltas<K: Eq + Hash, T: Object>(current: &IndexMap<K, T>, desired: &IndexMap<K, T>) -> Vec<Delta<T>> {
    let mut found = Vec::new();
    for (name, after) in desired {
        match current.get(name) {
            None => found.push(Delta::Create(after.clone())),
            Some(before) => found.extend(altered(before, after)),
        }
    }
    found.extend(current.iter().filter(|(name, _)| !desired.contains_key(*name)).map(|(_, t)| Delta::Drop(t.clone())));
    found
}

/// Replaces the dropped objects with their definitions before the renames.
pub(crate) fn as_they_were<T: Object + Body>(found: Vec<Delta<T>>, live: &IndexMap<ObjectName, T>) -> Vec<Delta<T>> {
    let original = |delta: Delta<T>| match delta {
        Delta::Drop(t) => Delta::Drop(live.get(&t.name).cloned().unwrap_or(t)),
        other => other,
    };
    found.into_iter().map(original).collect()
}

/// Adds objects whose name changes only in case, if names compare without case and `was=` asks for it.
pub(crate) fn with_respelled<T: Object + Body>(
    mut found: Vec<Delta<T>>,
    current: &IndexMap<ObjectName, T>,
    desired: &IndexMap<ObjectName, T>,
) -> Vec<Delta<T>> {
    for (name, after) in desired {
        let Some(before) = current.get(name) else { continue };
        let (old, new) = (&before.name, &after.name);
        let is_found = || found.iter().any(|d| d.after().is_some_and(|t| t.name == *name));
        if is_respelled(&old.name, &new.name, &after.was) && !is_found() {
            let edits = vec![Edit { attribute: Attribute::Name, before: Some(old.to_string()), after: Some(new.to_string()) }];
            found.push(Delta::Alter { before: before.clone(), after: after.clone(), edits });
        }
    }
    found
}

/// Returns the change between two versions of one object, if there is one.
pub(crate) fn altered<T: Object>(before: &T, after: &T) -> Option<Delta<T>> {
    let edits = T::edits(before, after);
    (!edits.is_empty()).then(|| Delta::Alter { before: before.clone(), after: after.clone(), edits })
}
