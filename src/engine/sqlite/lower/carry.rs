//! Handles views and triggers: those that change, and those that obstruct a table's change and are re-created
//! as they were. A view that names a table makes its RENAME and DROP COLUMN fail; a trigger would fire.

use std::collections::{BTreeMap, BTreeSet};

use super::super::ddl;
use super::super::inspect::{Live, Stored};
use super::super::lexer::quote;
use super::{name_of, trigger_of, words};
use crate::diff::{Changes, Delta};
use crate::plan::{Action, Code, Hazard, Level, Resource, Statement, Step};
use crate::schema::{Address, AnyKind, DefinedKind, Definition, Ident, Kind, Part, Schema, View};

/// Returns the steps, and the obstructing views and triggers that could not be re-created.
///
/// `gone`: the tables that are disturbed. `rewritten`: those of them in which only tables or columns are
/// renamed. `broken`: views and triggers that no longer parse.
pub(super) fn lower<'l>(
    changes: &Changes,
    live: &'l Live,
    desired: &Schema,
    mut gone: BTreeSet<String>,
    rewritten: &BTreeSet<String>,
    broken: &BTreeSet<String>,
) -> (Vec<Step>, Vec<&'l Stored>) {
    gone.extend(changes.views().filter_map(Delta::before).map(|v| v.name.name.as_str().to_ascii_lowercase()));
    let mut in_the_way = in_the_way(live, &mut gone);
    in_the_way.extend(
        live.stored.iter().filter(|r| r.kind != Kind::Table && r.kind != Part::Index && broken.contains(&r.name.to_ascii_lowercase())),
    );
    in_the_way.sort_by_key(|row| live.stored.iter().position(|r| std::ptr::eq(r, *row)));
    in_the_way.dedup();
    let (garbled, mut in_the_way): (Vec<&Stored>, Vec<&Stored>) = in_the_way.into_iter().partition(|r| r.garbled.is_some());
    let leaves = |row: &&&Stored| !names_only(row, &gone, rewritten);
    let followers = followers(live, &in_the_way.iter().filter(leaves).copied().collect::<Vec<_>>());
    in_the_way.extend(followers.iter().filter(|f| !in_the_way.iter().any(|r| std::ptr::eq(*r, **f))).copied().collect::<Vec<_>>());
    in_the_way.sort_by_key(|row| live.stored.iter().position(|r| std::ptr::eq(r, *row)));
    let follows = |row: &Stored| followers.iter().any(|f| std::ptr::eq(*f, row));
    let old_names = old_names(changes);
    let is_view = |n: &&String| live.stored.iter().any(|r| r.kind == Kind::View && r.name.eq_ignore_ascii_case(n));
    let tables: BTreeSet<String> = gone.iter().filter(|n| !is_view(n)).cloned().collect();
    let around = Around { live, gone: &gone, tables: &tables, broken, renamed: &renamed(changes) };
    let mut steps = Vec::new();
    let mut back: BTreeMap<&AnyKind, Vec<Resource>> = BTreeMap::new();
    let changed_view = |name: &str| changes.views().filter_map(Delta::before).any(|v| v.name.name.matches(name));
    let changed_trigger = |name: &str| changes.triggers().filter_map(Delta::before).any(|t| t.name.name.matches(name));
    for row in in_the_way {
        let changed = if row.kind == Kind::View { changed_view(&row.name) } else { changed_trigger(&row.name) };
        let name = super::super::cursor::ident(&row.name);
        let own = declared(row, &name, desired).is_some() || broken.contains(&row.name.to_ascii_lowercase());
        if !changed && !own && !follows(row) && names_only(row, &gone, rewritten) {
            continue; // SQLite's own RENAME rewrites it; rosey could not
        }
        if !changed {
            let all = broken.contains(&row.name.to_ascii_lowercase()).then_some(&tables);
            let [away, mut returned] = carried(row, &gone, &old_names, desired, all);
            // In order of creation, which determines the order in which SQLite fires them.
            let before = back.entry(&row.kind).or_default();
            let text: String = returned.statements.iter().map(|s| s.sql.as_str()).collect();
            returned.footprint.prefers.extend(around.called_by_old_names(&text));
            returned.footprint.prefers.extend(before.last().cloned());
            before.extend(returned.footprint.creates.first().cloned());
            steps.extend([away, returned]);
        }
    }
    steps.extend(changes.views().flat_map(|delta| body_steps(delta, &around, view)));
    for mut step in changes.triggers().flat_map(|delta| body_steps(delta, &around, trigger)) {
        if !step.footprint.creates.is_empty() {
            step.footprint.prefers.extend(back.get(&AnyKind::from(DefinedKind::Trigger)).into_iter().flatten().cloned());
        }
        steps.push(step);
    }
    (steps, garbled)
}

/// Returns the triggers on the same table that were created after a dropped one: SQLite fires the newest
/// first, so they are dropped and re-created with it.
fn followers<'l>(live: &'l Live, away: &[&'l Stored]) -> Vec<&'l Stored> {
    let mut behind: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    for row in live.stored.iter().filter(|r| r.kind == DefinedKind::Trigger) {
        let table = row.table.to_ascii_lowercase();
        if away.iter().any(|a| std::ptr::eq(*a, row)) {
            behind.insert(table);
        } else if behind.contains(&table) && row.garbled.is_none() {
            found.push(row);
        }
    }
    found
}

/// Returns the views and triggers that name something disturbed, directly or through a view. Such views are
/// disturbed themselves and are added to `gone`.
fn in_the_way<'l>(live: &'l Live, gone: &mut BTreeSet<String>) -> Vec<&'l Stored> {
    if gone.is_empty() {
        return Vec::new();
    }
    let candidates: Vec<(&Stored, BTreeSet<String>)> = live
        .stored
        .iter()
        .filter(|r| r.kind == Kind::View || r.kind == DefinedKind::Trigger)
        .map(|r| (r, words(r.sql.as_deref().unwrap_or_default())))
        .collect();
    let mut found = vec![false; candidates.len()];
    loop {
        let mut grown = false;
        for (i, (row, names)) in candidates.iter().enumerate() {
            let own = row.name.to_ascii_lowercase();
            let hit = names.iter().any(|n| gone.contains(n) && (row.kind != Kind::View || *n != own));
            if !found[i] && hit {
                found[i] = true;
                grown |= row.kind == Kind::View && gone.insert(own);
            }
        }
        if !grown {
            break;
        }
    }
    candidates.into_iter().zip(found).filter(|(_, f)| *f).map(|((r, _), _)| r).collect()
}

/// Returns true if everything disturbed that the view or trigger names is only renamed.
fn names_only(row: &Stored, gone: &BTreeSet<String>, rewritten: &BTreeSet<String>) -> bool {
    let own = row.name.to_ascii_lowercase();
    let names = words(row.sql.as_deref().unwrap_or_default());
    names.intersection(gone).filter(|n| **n != own).all(|n| rewritten.contains(n))
}

/// Returns the undeclared views and triggers that name a column which is dropped or renamed by a path on
/// which SQLite does not rewrite them.
pub(super) fn left_behind(changes: &Changes, live: &Live, desired: &Schema, rewritten: &BTreeSet<String>) -> Vec<(Address, Hazard)> {
    let mut found = Vec::new();
    for row in live.stored.iter().filter(|r| r.kind == Kind::View || r.kind == DefinedKind::Trigger) {
        let name = super::super::cursor::ident(&row.name);
        let dropped = changes.views().filter_map(Delta::before).any(|v| v.name.name == name)
            || changes.triggers().filter_map(Delta::before).any(|t| t.name.name == name);
        if dropped || declared(row, &name, desired).is_some() {
            continue;
        }
        let names = words(row.sql.as_deref().unwrap_or_default());
        for change in changes.tables() {
            let crate::diff::TableChange::Alter(edits) = change else { continue };
            let table = edits.live.name.name.as_str().to_ascii_lowercase();
            if !names.contains(&table) || rewritten.contains(&table) {
                continue;
            }
            let renamed = edits.renamed_columns.iter().map(|(old, _)| old);
            let gone = edits.columns.iter().filter(|d| d.after().is_none()).filter_map(Delta::before).map(|c| &c.name);
            if let Some(column) = renamed.chain(gone).find(|c| names.contains(&c.as_str().to_ascii_lowercase())) {
                let address = Address::top(&row.kind, &row.name);
                let message = format!("{address} is not in the schema, but uses column {column}, which is dropped or renamed");
                let advice = "declare it in the schema with its new definition, or drop it first";
                found.push((edits.after.address(), Hazard::new(Code::BreaksIgnored, Level::Blocks, address, message, advice)));
            }
        }
    }
    found
}

fn resources(names: &BTreeSet<String>, of: &BTreeSet<String>) -> Vec<Resource> {
    names.intersection(of).map(|n| Resource::Name(n.clone())).collect()
}

/// What views and triggers have in common: a name, a text that names other objects, and no rows.
struct Body<'t> {
    kind: Kind,
    name: &'t Ident,
    address: Address,
    resource: Resource,
    text: &'t str,
    create: String,
}

fn view(v: &View) -> Body<'_> {
    let name = &v.name.name;
    Body { kind: Kind::View, name, address: v.address(), resource: name_of(name), text: &v.query.text, create: ddl::create_view(v) }
}

fn trigger(t: &Definition) -> Body<'_> {
    let name = &t.name.name;
    Body { kind: t.kind.into(), name, address: t.address(), resource: trigger_of(name), text: &t.body.text, create: ddl::create_trigger(t) }
}

/// What determines the order of views and triggers.
struct Around<'c> {
    live: &'c Live,
    gone: &'c BTreeSet<String>,
    /// Those of them that are not views.
    tables: &'c BTreeSet<String>,
    broken: &'c BTreeSet<String>,
    /// The old and new names of tables, in lower case.
    renamed: &'c [(String, String)],
}

impl Around<'_> {
    /// Returns what a body names; in the database it still uses the old names of renamed objects.
    fn named_by(&self, body: &Body<'_>) -> BTreeSet<String> {
        let is_it = |r: &&Stored| r.kind == body.kind && body.name.matches(&r.name);
        let stored = self.live.stored.iter().find(is_it).and_then(|r| r.sql.as_deref());
        words(body.text).into_iter().chain(stored.map(words).unwrap_or_default()).collect()
    }

    /// Returns the renamed tables, under their new names, whose old names occur in a new text. The text must
    /// be created after the rename, because SQLite would otherwise replace the names in it.
    fn called_by_old_names(&self, text: &str) -> impl Iterator<Item = Resource> {
        let names = words(text);
        self.renamed.iter().filter(move |(old, _)| names.contains(old)).map(|(_, new)| Resource::Name(new.clone()))
    }
}

fn renamed(changes: &Changes) -> Vec<(String, String)> {
    let pair = |change: &crate::diff::TableChange| match change {
        crate::diff::TableChange::Alter(edits) => {
            let old = edits.renamed_from.as_ref()?;
            Some((old.name.as_str().to_ascii_lowercase(), edits.after.name.name.as_str().to_ascii_lowercase()))
        }
        _ => None,
    };
    changes.tables().filter_map(pair).collect()
}

/// Drops the old body and creates the new one. Views and triggers that no longer parse must be dropped while
/// anything is changed.
fn body_steps<T>(delta: &Delta<T>, around: &Around<'_>, body: fn(&T) -> Body<'_>) -> Vec<Step> {
    let Around { gone, tables, broken, .. } = around;
    let mut steps = Vec::new();
    let action = match delta {
        Delta::Create(_) => Action::Create,
        Delta::Drop(_) => Action::Destroy,
        Delta::Alter { .. } => Action::Replace,
    };
    let (before, after) = (delta.before().map(body), delta.after().map(body));
    let stumbles = [&before, &after].into_iter().flatten().any(|b| broken.contains(&b.name.as_str().to_ascii_lowercase()));
    if let Some(old) = &before {
        let drop = Statement::new(format!("DROP {} {}", old.kind.sql(), quote(old.name.as_str())));
        let address = after.as_ref().unwrap_or(old).address.clone();
        let mut step = Step::new(address, action, vec![drop]);
        step.footprint.drops.push(old.resource.clone());
        step.footprint.frees = resources(&around.named_by(old), gone);
        if stumbles {
            step.footprint.frees.extend(resources(tables, gone));
        }
        steps.push(step);
    }
    if let Some(new) = after {
        let mut step = Step::new(new.address, action, vec![Statement::new(new.create)]);
        step.footprint.needs = words(new.text).into_iter().map(Resource::Name).filter(|n| *n != new.resource).collect();
        if stumbles {
            step.footprint.prefers = resources(gone, gone).into_iter().filter(|n| *n != new.resource).collect();
        }
        step.footprint.prefers.extend(around.called_by_old_names(new.text).filter(|n| *n != new.resource));
        step.footprint.creates.push(new.resource);
        steps.push(step);
    }
    steps
}

/// Drops the object before the change and re-creates it afterwards: as stored, unless it names something that
/// is renamed, in which case the definition in the schema file, which uses the new name, is used. `all`: the
/// tables before whose change it must be dropped although it does not name them.
fn carried(
    row: &Stored,
    gone: &BTreeSet<String>,
    old_names: &BTreeSet<String>,
    desired: &Schema,
    all: Option<&BTreeSet<String>>,
) -> [Step; 2] {
    let name = super::super::cursor::ident(&row.name);
    let stored = row.sql.clone().unwrap_or_default();
    let create = declared(row, &name, desired).filter(|_| !words(&stored).is_disjoint(old_names)).unwrap_or_else(|| stored.clone());
    let address = Address::top(&row.kind, &row.name);
    let resource = if row.kind == Kind::View { name_of(&name) } else { trigger_of(&name) };
    let with_all = |names: BTreeSet<String>| names.into_iter().chain(all.into_iter().flatten().cloned()).collect();
    let mut names: BTreeSet<String> = with_all(words(&stored));
    if row.kind == Kind::View {
        names.remove(&row.name.to_ascii_lowercase());
    }
    let mut away = Step::new(
        address.clone(),
        Action::Carry,
        vec![Statement::new(format!("DROP {} {}", row.kind.word().to_uppercase(), quote(&row.name)))],
    );
    away.footprint.drops.push(resource.clone());
    away.footprint.frees = resources(&names, gone);
    let mut back = Step::new(address, Action::Carry, vec![Statement::new(create.clone())]);
    back.footprint.creates.push(resource);
    let mut needed: BTreeSet<String> = with_all(words(&create));
    if row.kind == Kind::View {
        needed.remove(&row.name.to_ascii_lowercase());
    }
    back.footprint.needs = needed.into_iter().map(Resource::Name).collect();
    [away, back]
}

/// Returns the former names of renamed tables and columns, in lower case.
fn old_names(changes: &Changes) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for change in changes.tables() {
        if let crate::diff::TableChange::Alter(edits) = change {
            names.extend(edits.renamed_from.iter().map(|n| n.name.as_str().to_ascii_lowercase()));
            names.extend(edits.renamed_columns.iter().map(|(old, _)| old.as_str().to_ascii_lowercase()));
        }
    }
    names
}

fn declared(row: &Stored, name: &Ident, desired: &Schema) -> Option<String> {
    let view = || desired.views.values().find(|v| v.name.name == *name).map(ddl::create_view);
    let trigger = || desired.triggers().values().find(|t| t.name.name == *name).map(ddl::create_trigger);
    if row.kind == Kind::View { view() } else { trigger() }
}
