//! Constraint names that are PostgreSQL's default names. The live schema omits them, so that a file that
//! specifies the default name does not differ. Decides nothing else about names.
//!
//! After a rollback, a constraint without a name must have the default name. Renaming its table or column
//! leaves the constraint's name unchanged, so after renaming back it is correct again and nothing needs to be
//! done.

use indexmap::IndexMap;

use super::default_name;
use crate::diff::{Attribute, Change, Changes, Delta, TableChange, TableEdits};
use crate::schema::{Ident, ObjectName, Schema, Table};

/// Removes edits to names that the live constraints already have.
pub(super) fn keep_given(changes: &mut Changes) {
    for change in changes.tables_mut() {
        if let TableChange::Alter(edits) = change {
            of_table(edits);
        }
    }
    changes.objects.retain(|c| !matches!(c, Change::Table(TableChange::Alter(edits)) if edits.is_empty()));
}

fn of_table(edits: &mut TableEdits) {
    let TableEdits { live, before, after, .. } = edits;
    let (old, new) = (&live.name, &after.name);
    let mut key: Vec<_> = edits.primary_key.take().into_iter().collect();
    let pairs = Pairs { before: before.primary_key.as_slice(), live: live.primary_key.as_slice() };
    settle(&mut key, &pairs, |k| default_name::primary_key(old, k), |k| default_name::primary_key(new, k));
    edits.primary_key = key.pop();
    let pairs = Pairs { before: &before.uniques, live: &live.uniques };
    settle(&mut edits.uniques, &pairs, |u| default_name::unique(old, u), |u| default_name::unique(new, u));
    let pairs = Pairs { before: &before.checks, live: &live.checks };
    settle(&mut edits.checks, &pairs, |c| default_name::check(live, c), |c| default_name::check(after, c));
    let pairs = Pairs { before: &before.foreign_keys, live: &live.foreign_keys };
    settle(&mut edits.foreign_keys, &pairs, |f| default_name::foreign_key(old, f), |f| default_name::foreign_key(new, f));
    let pairs = Pairs { before: &before.exclusions, live: &live.exclusions };
    settle(&mut edits.exclusions, &pairs, |e| default_name::exclusion(old, e), |e| default_name::exclusion(new, e));
}

/// The constraints of one kind with their new names and, in the same order, with their live names.
struct Pairs<'t, T> {
    before: &'t [T],
    live: &'t [T],
}

/// Removes edits that lead to a default name: `live_name` and `new_name` return the default name of a live
/// and of a desired constraint.
fn settle<T: PartialEq>(
    deltas: &mut Vec<Delta<T>>,
    pairs: &Pairs<'_, T>,
    live_name: impl Fn(&T) -> String,
    new_name: impl Fn(&T) -> String,
) {
    deltas.retain_mut(|delta| {
        let Delta::Alter { before, after, edits } = delta else { return true };
        let live = pairs.before.iter().position(|b| b == before).and_then(|i| pairs.live.get(i));
        edits.retain(|edit| match (edit.attribute, &edit.before, &edit.after) {
            (Attribute::Name, None, Some(name)) => live.is_none_or(|l| live_name(l) != *name),
            (Attribute::Name, Some(name), None) => *name != new_name(after),
            _ => true,
        });
        !edits.is_empty()
    });
}

/// Makes a name in the file equal to the same default name of the live constraint. If it is no longer the
/// default one, because the table was renamed, both sides specify it.
pub(super) fn settle_all(current: &mut Schema, desired: &mut Schema) {
    for after in desired.tables.values_mut() {
        let Some(before) = live_name(&after.name, &after.was, &current.tables).and_then(|n| current.tables.get_mut(&n)) else { continue };
        of_pair(before, after);
    }
    for after in desired.domains.values_mut() {
        let Some(before) = live_name(&after.name, &after.was, &current.domains).and_then(|n| current.domains.get_mut(&n)) else { continue };
        let given = (default_name::domain_check(before), default_name::domain_check(after));
        let (checks, wanted) = (&mut before.checks, &mut after.checks);
        align(checks, wanted, |c| &mut c.name, |a, b| a.expr == b.expr, |_| given.0.clone(), |_| given.1.clone());
    }
}

fn live_name<T>(name: &ObjectName, was: &[Ident], live: &IndexMap<ObjectName, T>) -> Option<ObjectName> {
    let olds = was.iter().map(|w| name.renamed(w.clone()));
    std::iter::once(name.clone()).chain(olds).find(|n| live.contains_key(n))
}

fn of_pair(before: &mut Table, after: &mut Table) {
    let (live, wanted) = (before.clone(), after.clone());
    let (old, new) = (&live.name, &wanted.name);
    let (keys, wanted_keys) = (before.primary_key.as_mut_slice(), after.primary_key.as_mut_slice());
    align(keys, wanted_keys, |k| &mut k.name, |_, _| true, |k| default_name::primary_key(old, k), |k| default_name::primary_key(new, k));
    align(
        &mut before.uniques,
        &mut after.uniques,
        |u| &mut u.name,
        |a, b| a.parts == b.parts,
        |u| default_name::unique(old, u),
        |u| default_name::unique(new, u),
    );
    align(
        &mut before.checks,
        &mut after.checks,
        |c| &mut c.name,
        |a, b| a.expr == b.expr,
        |c| default_name::check(&live, c),
        |c| default_name::check(&wanted, c),
    );
    align(
        &mut before.foreign_keys,
        &mut after.foreign_keys,
        |f| &mut f.name,
        |a, b| a.columns == b.columns && a.table == b.table && a.to == b.to,
        |f| default_name::foreign_key(old, f),
        |f| default_name::foreign_key(new, f),
    );
    align(
        &mut before.exclusions,
        &mut after.exclusions,
        |e| &mut e.name,
        |a, b| a.parts == b.parts,
        |e| default_name::exclusion(old, e),
        |e| default_name::exclusion(new, e),
    );
}

/// Aligns the names of one kind of constraints. `live_name` and `new_name` return the default name of a live
/// and of a desired one.
fn align<T>(
    before: &mut [T],
    after: &mut [T],
    name: impl Fn(&mut T) -> &mut Option<Ident>,
    same: impl Fn(&T, &T) -> bool,
    live_name: impl Fn(&T) -> String,
    new_name: impl Fn(&T) -> String,
) {
    for wanted in after {
        let Some(given) = name(wanted).clone() else { continue };
        let is_partner = |b: &mut T| name(b).is_none() && same(b, wanted) && given.matches(&live_name(b));
        let Some(live) = before.iter_mut().find_map(|b| is_partner(b).then_some(b)) else { continue };
        if given.matches(&new_name(wanted)) { *name(wanted) = None } else { *name(live) = Some(given) }
    }
}
