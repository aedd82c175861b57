//! Matches the constraints before a change with those after it: first by name, then by definition, because
//! most have no name.

use super::Attribute;
use super::Object;
use super::delta::{Delta, Edit};
use crate::schema::{Check, Exclusion, ForeignKey, Ident, PrimaryKey, Unique};

/// A constraint that may have no name.
pub(super) trait Rule: Object {
    fn name(&self) -> Option<&Ident>;
    /// Previous names (`was=`).
    fn was(&self) -> &[Ident];
    /// Returns whether both define the same constraint, whatever their names.
    fn is_same_rule(&self, other: &Self) -> bool;
}

impl Rule for PrimaryKey {
    fn name(&self) -> Option<&Ident> {
        self.name.as_ref()
    }
    fn was(&self) -> &[Ident] {
        &[]
    }
    /// A table has only one.
    fn is_same_rule(&self, _: &Self) -> bool {
        true
    }
}

impl Rule for Unique {
    fn name(&self) -> Option<&Ident> {
        self.name.as_ref()
    }
    fn was(&self) -> &[Ident] {
        &self.was
    }
    fn is_same_rule(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Rule for Check {
    fn name(&self) -> Option<&Ident> {
        self.name.as_ref()
    }
    fn was(&self) -> &[Ident] {
        &self.was
    }
    fn is_same_rule(&self, other: &Self) -> bool {
        self.expr == other.expr
    }
}

impl Rule for ForeignKey {
    fn name(&self) -> Option<&Ident> {
        self.name.as_ref()
    }
    fn was(&self) -> &[Ident] {
        &self.was
    }
    fn is_same_rule(&self, other: &Self) -> bool {
        self.columns == other.columns && self.table == other.table && self.to == other.to
    }
}

impl Rule for Exclusion {
    fn name(&self) -> Option<&Ident> {
        self.name.as_ref()
    }
    fn was(&self) -> &[Ident] {
        &self.was
    }
    fn is_same_rule(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

/// Returns the change between two versions of one constraint. If names are exact, losing a name is a change
/// too.
pub(super) fn altered_rule<T: Rule>(before: &T, after: &T, exact_names: bool) -> Option<Delta<T>> {
    let mut edits = T::edits(before, after);
    if let (true, Some(name), None) = (exact_names, before.name(), after.name()) {
        edits.push(Edit { attribute: Attribute::Name, before: Some(name.to_string()), after: None });
    }
    if let (Some(old), Some(new)) = (before.name(), after.name())
        && is_respelled(old, new, after.was())
    {
        edits.push(Edit { attribute: Attribute::Name, before: Some(old.to_string()), after: Some(new.to_string()) });
    }
    (!edits.is_empty()).then(|| Delta::Alter { before: before.clone(), after: after.clone(), edits })
}

/// Returns whether `was=` requests the same name in different case, if names compare without case.
pub(super) fn is_respelled(old: &Ident, new: &Ident, was: &[Ident]) -> bool {
    old == new && old.as_str() != new.as_str() && was.contains(old)
}

/// Returns the differences between two lists of constraints.
pub(super) fn rule_deltas<T: Rule>(current: &[T], desired: &[T], exact_names: bool) -> Vec<Delta<T>> {
    let mut partner: Vec<Option<usize>> = vec![None; desired.len()];
    let mut taken = vec![false; current.len()];
    let tests: [fn(&T, &T) -> bool; 8] = [
        |b, a| b.name() == a.name() && b.is_same_rule(a) && T::edits(b, a).is_empty(),
        |b, a| a.is_same_rule(b) && T::edits(b, a).is_empty(),
        // Constraints that swap names keep their definitions.
        |b, a| b.name().is_some_and(|n| a.was().contains(n)) && b.is_same_rule(a),
        // A constraint that differs only by name is renamed, before another one of that name is matched with
        // it.
        |b, a| b.name().is_some() && b.name() == a.name() && b.is_same_rule(a),
        |b, a| b.is_same_rule(a) && T::edits(b, a).iter().all(|e| e.attribute == Attribute::Name),
        |b, a| b.name().is_some() && b.name() == a.name(),
        |b, a| b.name().is_some_and(|n| a.was().contains(n)),
        |b, a| b.is_same_rule(a),
    ];
    for test in tests {
        for (i, after) in desired.iter().enumerate().filter(|(i, _)| partner[*i].is_none()).collect::<Vec<_>>() {
            let found = current.iter().enumerate().position(|(j, before)| !taken[j] && test(before, after));
            if let Some(j) = found {
                partner[i] = Some(j);
                taken[j] = true;
            }
        }
    }
    let mut deltas = Vec::new();
    for (after, partner) in desired.iter().zip(&partner) {
        match partner {
            Some(j) => deltas.extend(altered_rule(&current[*j], after, exact_names)),
            None => deltas.push(Delta::Create(after.clone())),
        }
    }
    deltas.extend(current.iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(t, _)| Delta::Drop(t.clone())));
    deltas
}
