//! The places in a schema that contain an expression, identified in the same way in two states of it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::default_name;
use crate::schema::{Address, Check, DefaultValue, Expr, Ident, Index, IndexPart, PartKey, Schema, Table, Type};

/// Where an expression is. One place may contain several constraints: most have no name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The object that contains it.
    pub(super) object: Address,
    /// The place in the object.
    part: String,
}

/// What a place contains.
pub(super) enum Slot<'s> {
    /// An expression or a query.
    Expr(&'s mut Expr),
    /// A default, and whether its type is text, for which the server has no other spelling.
    Default(&'s mut DefaultValue, bool),
}

impl Slot<'_> {
    /// Returns the spelling that is compared.
    pub(super) fn canon(&mut self) -> &mut String {
        match self {
            Slot::Expr(e) => &mut e.canon,
            Slot::Default(d, _) => &mut d.canon,
        }
    }

    /// Returns whether a server might consider the two equal although their spelling differs.
    fn may_equal(&mut self, other: &str) -> bool {
        let Slot::Default(default, text) = self else { return true };
        let plain = |canon: &str| canon.starts_with("n:") || canon.starts_with("b:") || (*text && canon.starts_with("s:"));
        !(plain(&default.canon) && plain(other))
    }
}

/// Returns all expressions of a schema that a server may spell differently.
pub(super) fn slots(schema: &mut Schema) -> Vec<(Place, Slot<'_>)> {
    let mut found = Vec::new();
    for table in schema.objects.tables.values_mut() {
        of_table(table, &mut found);
    }
    for domain in schema.objects.domains.values_mut() {
        let (at, usual) = (domain.address(), default_name::domain_check(domain));
        let text = is_text(&domain.ty);
        found.extend(domain.default.as_mut().map(|d| (place(&at, "default"), Slot::Default(d, text))));
        found.extend(domain.checks.iter_mut().map(|c| (place(&at, &check_part(c, &usual)), Slot::Expr(&mut c.expr))));
    }
    for view in schema.objects.views.values_mut() {
        found.push((place(&view.address(), "query"), Slot::Expr(&mut view.query)));
    }
    for definition in schema.objects.definitions.values_mut() {
        found.push((place(&definition.address(), "definition"), Slot::Expr(&mut definition.body)));
    }
    for view in schema.objects.materialized_views.values_mut() {
        let at = view.address();
        found.push((place(&at, "query"), Slot::Expr(&mut view.query)));
        view.indexes.values_mut().for_each(|i| of_index(&at, i, &mut found));
    }
    found
}

fn place(object: &Address, part: &str) -> Place {
    Place { object: object.clone(), part: part.to_owned() }
}

fn of_table<'s>(table: &'s mut Table, found: &mut Vec<(Place, Slot<'s>)>) {
    let at = table.address();
    let usual: Vec<String> = table.checks.iter().map(|c| default_name::check(table, c)).collect();
    for column in table.columns.values_mut() {
        let text = is_text(&column.ty);
        let part = |what: &str| place(&at, &format!("column {} {what}", column.name));
        let (default, generated) = (part("default"), part("generated"));
        found.extend(column.default.as_mut().map(|d| (default, Slot::Default(d, text))));
        found.extend(column.generated.as_mut().map(|g| (generated, Slot::Expr(&mut g.expr))));
    }
    for (check, usual) in table.checks.iter_mut().zip(usual) {
        found.push((place(&at, &check_part(check, &usual)), Slot::Expr(&mut check.expr)));
    }
    for exclusion in &mut table.exclusions {
        let name = exclusion.name.as_ref().map(Ident::to_string).unwrap_or_default();
        let parts = exclusion.parts.iter_mut().map(|(part, _)| part);
        of_parts(&at, &format!("exclude {name}"), parts, &mut exclusion.predicate, found);
    }
    table.indexes.values_mut().for_each(|i| of_index(&at, i, found));
}

fn of_index<'s>(at: &Address, index: &'s mut Index, found: &mut Vec<(Place, Slot<'s>)>) {
    of_parts(at, &format!("index {}", index.name), index.parts.iter_mut(), &mut index.predicate, found);
}

fn of_parts<'s>(
    at: &Address,
    whose: &str,
    parts: impl Iterator<Item = &'s mut IndexPart>,
    predicate: &'s mut Option<Expr>,
    found: &mut Vec<(Place, Slot<'s>)>,
) {
    for (i, part) in parts.enumerate() {
        if let PartKey::Expr(e) = &mut part.key {
            found.push((place(at, &format!("{whose} {i}")), Slot::Expr(e)));
        }
    }
    found.extend(predicate.as_mut().map(|p| (place(at, &format!("{whose} where")), Slot::Expr(p))));
}

/// Returns a check's name. PostgreSQL's default name with a number appended counts as the default name.
fn check_part(check: &Check, usual: &str) -> String {
    let counted = |n: &&Ident| n.as_str().strip_prefix(usual).is_none_or(|rest| !rest.chars().all(|c| c.is_ascii_digit()));
    format!("check {}", check.name.as_ref().filter(counted).map_or(usual, Ident::as_str))
}

fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::VarChar(_) | Type::Char(_))
}

/// Returns the spellings in each place.
pub(super) fn spellings(slots: &mut [(Place, Slot<'_>)]) -> BTreeMap<Place, Vec<String>> {
    let mut found: BTreeMap<Place, Vec<String>> = BTreeMap::new();
    for (place, slot) in slots {
        found.entry(place.clone()).or_default().push(slot.canon().clone());
    }
    found
}

/// Returns the objects on both sides with a differing expression that a server might consider equal.
pub(super) fn unsettled(current: &mut Schema, wanted: &mut Schema) -> BTreeSet<Address> {
    let live = spellings(&mut slots(current));
    let mut found = BTreeSet::new();
    for (place, mut slot) in slots(wanted) {
        let Some(there) = live.get(&place) else { continue };
        let differs = !there.contains(slot.canon());
        if differs && there.iter().any(|canon| slot.may_equal(canon)) {
            found.insert(place.object);
        }
    }
    found
}
