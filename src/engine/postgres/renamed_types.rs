//! Types that the change only renames: enums, domains, and the row types of relations. Columns and domains of such a type
//! follow the rename, so that they do not differ. Types that are re-created are left to the lowering.

use std::collections::BTreeMap;

use super::inspect::ident;
use super::names::Names;
use super::types;
use crate::diff::{Attribute, Change, Changes, Delta, Edit, TableChange};
use crate::schema::{Kind, ObjectName, Problem, Schema, Span, Type};

/// Returns the old and new names of the renamed types, as keys of `names`.
pub(super) fn renamed(changes: &Changes, names: &Names) -> BTreeMap<String, String> {
    let pairs = pairs(changes).map(|(old, new)| (names.key(old), names.key(new)));
    pairs.collect()
}

fn pairs(changes: &Changes) -> impl Iterator<Item = (&ObjectName, &ObjectName)> {
    let typed = changes.objects.iter().filter(|c| matches!(c.kind(), Kind::Enum | Kind::Domain) || c.kind().has_rows());
    let both = typed.filter_map(|c| Some((&c.before()?.name, &c.after()?.name)));
    both.filter(|(old, new)| old != new)
}

/// Returns whether the second type is the first one after the renames.
pub(super) fn is_renamed(renamed: &BTreeMap<String, String>, names: &Names, before: &Type, after: &Type) -> bool {
    let pair = || {
        let (old, dimensions) = types::named(before, names)?;
        let (new, others) = types::named(after, names)?;
        Some(dimensions == others && renamed.get(&old) == Some(&new))
    };
    pair().unwrap_or_default()
}

/// Removes differences that consist only of the new name of a type.
pub(super) fn follow(changes: &mut Changes, home: &str) {
    let names = Names::new(ident(home));
    let renamed = renamed(changes, &names);
    if renamed.is_empty() {
        return;
    }
    let keep = |edits: &mut Vec<Edit>, before: &Type, after: &Type| {
        if is_renamed(&renamed, &names, before, after) {
            edits.retain(|e| e.attribute != Attribute::Type);
        }
        !edits.is_empty()
    };
    changes.objects.retain_mut(|change| match change {
        Change::Table(TableChange::Alter(table)) => {
            table.columns.retain_mut(|d| match d {
                Delta::Alter { before, after, edits } => keep(edits, &before.ty, &after.ty),
                _ => true,
            });
            !table.is_empty()
        }
        Change::Domain(Delta::Alter { before, after, edits }) => keep(edits, &before.ty, &after.ty),
        _ => true,
    });
}

/// Returns a problem for each column or domain of the desired schema whose type is the old name of a renamed object, as in
/// a file that declares a rename and still uses the old name.
pub(super) fn problems(changes: &Changes, desired: &Schema, home: &str) -> Vec<Problem> {
    let names = Names::new(ident(home));
    let renamed = renamed(changes, &names);
    if renamed.is_empty() {
        return Vec::new();
    }
    let kept = desired.heads().map(|(_, head)| names.key(&head.name)).collect::<Vec<_>>();
    let problem = |whose: String, ty: &Type, at: Option<Span>| {
        let (old, _) = types::named(ty, &names)?;
        let new = renamed.get(&old).filter(|_| !kept.contains(&old))?;
        let new = pairs(changes).find(|(_, name)| names.key(name) == *new).map(|(_, name)| name.to_string())?;
        let message = format!("{whose} has type `{ty}`, but that type is renamed to `{new}`");
        Some(Problem::new(message, at, "here").help(format!("write `{new}`")))
    };
    let columns = desired.tables.values().flat_map(|t| t.columns.values());
    let columns = columns.filter_map(|c| problem(format!("column `{}`", c.name), &c.ty, c.type_origin.0.or(c.origin.0)));
    let domains = desired.domains.values();
    let domains = domains.filter_map(|d| problem(format!("domain `{}`", d.name), &d.ty, d.type_origin.0.or(d.origin.0)));
    columns.chain(domains).collect()
}
