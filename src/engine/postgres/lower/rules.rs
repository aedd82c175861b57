//! What happens to the constraints of a table: which are dropped, added, or changed in place.

use std::collections::BTreeSet;

use super::super::default_name;
use super::super::words::words;
use super::edited;
use crate::diff::{Attribute, Delta, Edit, Object, TableEdits};
use crate::schema::{Case, Check, Exclusion, Ident, PartKey, PrimaryKey, Table, Unique};

/// What happens to one constraint.
#[derive(Debug, Clone)]
pub(super) enum Op<T> {
    /// It is dropped.
    Drop { name: String },
    /// It is added.
    Add { item: T },
    /// The old one is dropped and the new one added.
    Replace { name: String, item: T },
    /// It is changed in place.
    Edit { name: String, after: T, edits: Vec<Edit> },
}

impl<T> Op<T> {
    /// Returns the live name of a constraint that is dropped.
    pub(super) fn gone(&self) -> Option<&str> {
        match self {
            Op::Drop { name } | Op::Replace { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Returns the old and the new name of a constraint that is renamed.
    fn renamed<'o>(&'o self, given: impl Fn(&'o T) -> Option<&'o Ident>) -> Option<(String, String)> {
        let Op::Edit { name, after, edits } = self else { return None };
        new_name(name, given(after), edits).map(|new| (name.clone(), new.to_string()))
    }

    /// Returns the constraint that is added.
    pub(super) fn come(&self) -> Option<&T> {
        match self {
            Op::Add { item } | Op::Replace { item, .. } => Some(item),
            _ => None,
        }
    }

    /// Returns a constraint that is added, or one that gets its default name back, with the live name that it
    /// releases.
    pub(super) fn named_mut(&mut self) -> Option<(Option<&str>, &mut T)> {
        match self {
            Op::Add { item } | Op::Replace { item, .. } => Some((None, item)),
            Op::Edit { name, after, edits } if edits.iter().any(|e| e.attribute == Attribute::Name && e.after.is_none()) => {
                Some((Some(name), after))
            }
            _ => None,
        }
    }
}

/// Returns what happens to the constraints of one kind. `before` and `live` contain the same ones, with new
/// and old names; `in_place` says what can be changed in place; `around` says which must be dropped while
/// their columns change.
pub(super) fn ops<T: Object + PartialEq>(
    before: &[T],
    live: &[T],
    deltas: &[Delta<T>],
    after: &[T],
    name_of: &dyn Fn(&T) -> String,
    in_place: &[Attribute],
    around: &dyn Fn(&T) -> bool,
) -> Vec<Op<T>> {
    let live_of = |item: &T| before.iter().position(|b| b == item).and_then(|i| live.get(i)).unwrap_or(item).clone();
    let live_name = |item: &T| name_of(&live_of(item));
    let mut found = Vec::new();
    for delta in deltas {
        found.push(match delta {
            Delta::Create(item) => Op::Add { item: item.clone() },
            Delta::Drop(item) => Op::Drop { name: live_name(item) },
            Delta::Alter { before, after, edits } => {
                let stays = edits.iter().all(|e| in_place.contains(&e.attribute)) && !around(&live_of(before));
                let stays = stays && !edits.iter().any(|e| e.attribute == Attribute::NotValid && e.after.is_some());
                let name = live_name(before);
                if stays {
                    Op::Edit { name, after: after.clone(), edits: edits.clone() }
                } else {
                    Op::Replace { name, item: after.clone() }
                }
            }
        });
    }
    let touched = |item: &T| deltas.iter().filter_map(Delta::before).any(|b| b == item);
    for item in before.iter().filter(|b| !touched(b) && around(&live_of(b))) {
        let same = after.iter().find(|a| T::edits(item, a).is_empty());
        found.push(Op::Replace { name: live_name(item), item: same.unwrap_or(item).clone() });
    }
    found
}

/// What happens to all constraints of a table except foreign keys. Added ones have a name.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    pub(super) keys: Vec<Op<PrimaryKey>>,
    pub(super) uniques: Vec<Op<Unique>>,
    pub(super) checks: Vec<Op<Check>>,
    pub(super) exclusions: Vec<Op<Exclusion>>,
}

impl Rules {
    /// Returns the old and new names of constraints that are renamed.
    pub(super) fn renamed(&self) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = self.keys.iter().filter_map(|op| op.renamed(|k| k.name.as_ref())).collect();
        found.extend(self.uniques.iter().filter_map(|op| op.renamed(|u| u.name.as_ref())));
        found.extend(self.checks.iter().filter_map(|op| op.renamed(|c| c.name.as_ref())));
        found.extend(self.exclusions.iter().filter_map(|op| op.renamed(|e| e.name.as_ref())));
        found
    }

    /// Returns the names that are released, and whether an index has them too.
    pub(super) fn names_left(&self) -> Vec<(String, bool)> {
        let indexed = self.keys.iter().filter_map(Op::gone).chain(self.uniques.iter().filter_map(Op::gone));
        let indexed = indexed.chain(self.exclusions.iter().filter_map(Op::gone)).map(|n| (n.to_owned(), true));
        let checks = self.checks.iter().filter_map(Op::gone).map(|n| (n.to_owned(), false));
        let is_check = |name: &str| self.checks.iter().any(|op| matches!(op, Op::Edit { name: n, .. } if n == name));
        indexed.chain(checks).chain(self.renamed().into_iter().map(|(old, _)| (old.clone(), !is_check(&old)))).collect()
    }

    /// Returns the names that are taken, and whether an index takes them too.
    pub(super) fn names_taken(&self) -> Vec<(String, bool)> {
        let keys = self.keys.iter().filter_map(Op::come).filter_map(|k| k.name.as_ref());
        let uniques = self.uniques.iter().filter_map(Op::come).filter_map(|u| u.name.as_ref());
        let exclusions = self.exclusions.iter().filter_map(Op::come).filter_map(|e| e.name.as_ref());
        let indexed = keys.chain(uniques).chain(exclusions).map(|n| (n.to_string(), true));
        let checks = self.checks.iter().filter_map(Op::come).filter_map(|c| c.name.as_ref()).map(|n| (n.to_string(), false));
        let is_check = |name: &str| self.checks.iter().any(|op| matches!(op, Op::Edit { name: n, .. } if n == name));
        indexed.chain(checks).chain(self.renamed().into_iter().map(|(old, new)| (new, !is_check(&old)))).collect()
    }
}

/// Returns the names of a table's live constraints, and whether an index has them too.
pub(super) fn named(table: &Table) -> Vec<(String, bool)> {
    let name = |given: &Option<Ident>, default: String| given.as_ref().map_or(default, ToString::to_string);
    let keys = table.primary_key.iter().map(|k| (name(&k.name, default_name::primary_key(&table.name, k)), true));
    let uniques = table.uniques.iter().map(|u| (name(&u.name, default_name::unique(&table.name, u)), true));
    let exclusions = table.exclusions.iter().map(|e| (name(&e.name, default_name::exclusion(&table.name, e)), true));
    let checks = table.checks.iter().map(|c| (name(&c.name, default_name::check(table, c)), false));
    let foreign = table.foreign_keys.iter().map(|f| (name(&f.name, default_name::foreign_key(&table.name, f)), false));
    keys.chain(uniques).chain(exclusions).chain(checks).chain(foreign).collect()
}

/// Returns what happens to the constraints. `stirred`: columns whose type changes, with old and new names;
/// `recreated`: columns that are dropped and re-created.
pub(super) fn rules(
    edits: &TableEdits,
    stirred: &BTreeSet<Ident>,
    recreated: &BTreeSet<Ident>,
    is_relation: &dyn Fn(&str) -> bool,
) -> Rules {
    let (live, before, after) = (&edits.live, &edits.before, &edits.after);
    let named = |sql: &str| {
        let words = words(sql);
        stirred.iter().chain(recreated).any(|c| words.contains(c.as_str()))
    };
    let made_again = |columns: Vec<&Ident>| columns.iter().any(|c| recreated.contains(*c));
    let name = |given: &Option<Ident>, default: String| given.as_ref().map_or(default, ToString::to_string);
    const KEPT: [Attribute; 2] = [Attribute::Name, Attribute::Comment];
    let mut rules = Rules {
        keys: ops(
            before.primary_key.as_slice(),
            live.primary_key.as_slice(),
            edits.primary_key.as_slice(),
            after.primary_key.as_slice(),
            &|k| name(&k.name, default_name::primary_key(&live.name, k)),
            &KEPT,
            &|k| made_again(k.parts.iter().map(|p| &p.column).chain(&k.include).collect()),
        ),
        uniques: ops(
            &before.uniques,
            &live.uniques,
            &edits.uniques,
            &after.uniques,
            &|u| name(&u.name, default_name::unique(&live.name, u)),
            &KEPT,
            &|u| made_again(u.parts.iter().map(|p| &p.column).chain(&u.include).collect()),
        ),
        checks: ops(
            &before.checks,
            &live.checks,
            &edits.checks,
            &after.checks,
            &|c| name(&c.name, default_name::check(live, c)),
            &[Attribute::Name, Attribute::Comment, Attribute::NotValid],
            &|c| named(&c.expr.text),
        ),
        exclusions: ops(
            &before.exclusions,
            &live.exclusions,
            &edits.exclusions,
            &after.exclusions,
            &|e| name(&e.name, default_name::exclusion(&live.name, e)),
            &KEPT,
            &|e| excludes(e, &named),
        ),
    };
    name_all(&mut rules, edits, is_relation);
    rules
}

fn excludes(exclusion: &Exclusion, named: &dyn Fn(&str) -> bool) -> bool {
    let part = |key: &PartKey| match key {
        PartKey::Column(c) => named(&super::quote(c.as_str())),
        PartKey::Expr(e) => named(&e.text),
    };
    exclusion.parts.iter().any(|(p, _)| part(&p.key)) || exclusion.predicate.as_ref().is_some_and(|p| named(&p.text))
}

/// Gives constraints that are added or kept without a name their default name, so that later statements can
/// reference them. The index of a constraint shares a namespace with the other relations; a check has no
/// index.
fn name_all(rules: &mut Rules, edits: &TableEdits, is_relation: &dyn Fn(&str) -> bool) {
    let (live, after) = (&edits.live, &edits.after);
    let mut taken = live_names(edits);
    let gone = rules.keys.iter().filter_map(Op::gone).chain(rules.uniques.iter().filter_map(Op::gone));
    let gone = gone.chain(rules.checks.iter().filter_map(Op::gone)).chain(rules.exclusions.iter().filter_map(Op::gone));
    for name in gone {
        taken.remove(name);
    }
    taken.extend(live.indexes.keys().map(ToString::to_string));
    let mut give = |left: Option<&str>, name: &mut Option<Ident>, default: String, indexed: bool| {
        left.map(|name| taken.remove(name));
        let free = default_name::free(&default, |n| taken.contains(n) || (indexed && is_relation(n)));
        let given = name.get_or_insert_with(|| Ident::new(free, Case::Exact));
        taken.insert(given.to_string());
    };
    for (left, key) in rules.keys.iter_mut().filter_map(Op::named_mut) {
        let default = default_name::primary_key(&after.name, key);
        give(left, &mut key.name, default, true);
    }
    for (left, unique) in rules.uniques.iter_mut().filter_map(Op::named_mut) {
        let default = default_name::unique(&after.name, unique);
        give(left, &mut unique.name, default, true);
    }
    for (left, check) in rules.checks.iter_mut().filter_map(Op::named_mut) {
        let default = default_name::check(after, check);
        give(left, &mut check.name, default, false);
    }
    for (left, exclusion) in rules.exclusions.iter_mut().filter_map(Op::named_mut) {
        let default = default_name::exclusion(&after.name, exclusion);
        give(left, &mut exclusion.name, default, true);
    }
}

/// Returns the names of the live constraints of a table, including foreign keys.
pub(super) fn live_names(edits: &TableEdits) -> BTreeSet<String> {
    named(&edits.live).into_iter().map(|(name, _)| name).collect()
}

/// Returns the new name of a constraint that is renamed.
pub(super) fn new_name<'n>(name: &str, after: Option<&'n Ident>, edits: &[Edit]) -> Option<&'n Ident> {
    after.filter(|n| edited(edits, Attribute::Name) && n.as_str() != name)
}
