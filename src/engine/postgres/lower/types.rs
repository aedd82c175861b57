//! Types that cannot be changed in place: enums that lose or reorder values, domains with another base type.
//! The old type is renamed, the new one takes its name, columns are converted, and the old one is dropped.

use std::collections::{BTreeMap, BTreeSet};

use super::super::types as pg_types;
use super::super::words::{strings, words};
use super::super::{default_name, renamed_types};
use super::LoweringContext;
use super::holders::{holders, types_over};
use super::tables::Altered;
use crate::diff::{Attribute, Delta, TableChange, check_changes};
use crate::plan::{Code, Hazard, Level, NotCounted};
use crate::schema::{Case, Check, Column, DefaultValue, Domain, EnumType, Ident, Literal, ObjectName, Schema, Type};

/// A type that is re-created.
#[derive(Debug, Clone)]
pub(super) struct Moved {
    /// The temporary name of the old type.
    pub(super) aside: ObjectName,
    /// Whether values are converted by way of text: those of an enum, or of a domain over one.
    pub(super) by_text: bool,
}

/// Returns all types that are re-created, including domains based on such a type.
pub(super) fn moved(context: &LoweringContext<'_>) -> BTreeMap<String, Moved> {
    let mut found = BTreeMap::new();
    for delta in context.changes.enums() {
        if let Delta::Alter { before, after, .. } = delta
            && value_change(context, before, after) == ValueChange::Replace
        {
            found.insert(context.names.key(&after.name), Moved { aside: aside(context, &before.name), by_text: true });
        }
    }
    for after in context.desired.domains.values() {
        if let Some(before) = live_domain(context, after)
            && (before.collate != after.collate || !same_type(context, &before.ty, &after.ty) || binds_elements(context, before, after))
        {
            found.insert(context.names.key(&after.name), Moved { aside: aside(context, &before.name), by_text: false });
        }
    }
    loop {
        let base = |d: &Domain| pg_types::named(&d.ty, &context.names).and_then(|(key, _)| found.get(&key)).map(|m| m.by_text);
        let all = context.desired.domains.values().filter(|d| !found.contains_key(&context.names.key(&d.name)));
        let over: Vec<_> = all.filter_map(|d| Some((live_domain(context, d)?, d, base(d)?))).collect();
        if over.is_empty() {
            return found;
        }
        for (live, domain, by_text) in over {
            found.insert(context.names.key(&domain.name), Moved { aside: aside(context, &live.name), by_text });
        }
    }
}

/// Returns a domain as it is live, under its live name.
fn live_domain<'c>(context: &LoweringContext<'c>, after: &Domain) -> Option<&'c Domain> {
    let changed = context.changes.domains().find(|d| d.after().is_some_and(|a| a.name == after.name));
    changed.map_or_else(|| context.current.domains.get(&after.name), Delta::before)
}

/// Returns whether a domain gets a constraint that must be validated while it is the element of an array in a
/// column, which PostgreSQL refuses (<https://www.postgresql.org/docs/current/sql-alterdomain.html#id-1.9.3.7.7>).
fn binds_elements(context: &LoweringContext<'_>, before: &Domain, after: &Domain) -> bool {
    let binds = |delta: &Delta<Check>| match delta {
        Delta::Create(check) => !check.not_valid,
        Delta::Drop(_) => false,
        Delta::Alter { edits, .. } => edits.iter().any(|e| !matches!(e.attribute, Attribute::Name | Attribute::Comment)),
    };
    let gains = after.not_null && !before.not_null || check_changes(&before.checks, &after.checks).iter().any(binds);
    gains && holders(context, &before.name).iter().any(|h| h.is_array)
}

/// Returns the name of the old type while both exist. Types share a namespace with tables and views.
fn aside(context: &LoweringContext<'_>, name: &ObjectName) -> ObjectName {
    let called = |n: &str| name.renamed(Ident::new(n, Case::Exact));
    let is_type = |n: &ObjectName| {
        let types = |s: &Schema| s.enums.keys().chain(s.domains.keys()).any(|t| context.names.same(t, n));
        types(context.current) || types(context.desired)
    };
    let base = default_name::make(name.name.as_str(), None, "rosey_old");
    called(&default_name::free(&base, |n| is_type(&called(n)) || context.is_taken(&called(n))))
}

/// Returns whether two types are the same after types are renamed.
pub(super) fn same_type(context: &LoweringContext<'_>, before: &Type, after: &Type) -> bool {
    let (before, after) = (pg_types::stored(before), pg_types::stored(after));
    let same = || pg_types::named(&before, &context.names).is_some_and(|b| Some(b) == pg_types::named(&after, &context.names));
    // The name of a renamed type may be given to another one.
    let keeps_name = !gives_up_name(context, &before);
    keeps_name && (before == after || same()) || renamed_types::is_renamed(&context.renamed_types, &context.names, &before, &after)
}

/// Returns whether a live type is renamed: its name is free, or that of another type, after the change.
pub(super) fn gives_up_name(context: &LoweringContext<'_>, live: &Type) -> bool {
    pg_types::named(live, &context.names).is_some_and(|(key, _)| context.renamed_types.contains_key(&key))
}

/// Returns whether SQL names a column of an enum whose values are reordered.
pub(super) fn reads_reordered(context: &LoweringContext<'_>, table: &Altered<'_>, sql: &str) -> bool {
    let named = words(sql);
    let reordered = |key: &str| {
        let find = |d: &&Delta<EnumType>| d.after().is_some_and(|e| context.names.key(&e.name) == key);
        context.changes.enums().find(find).is_some_and(|d| match d {
            Delta::Alter { before, after, .. } => {
                let kept = |a: &[String], b: &[String]| a.iter().filter(|v| b.contains(v)).cloned().collect::<Vec<_>>();
                kept(&before.values, &after.values) != kept(&after.values, &before.values)
            }
            _ => false,
        })
    };
    let columns =
        table.retyped.iter().filter(|r| named.contains(r.column.as_str())).filter_map(|r| table.edits.after.columns.get(&r.column));
    columns.filter_map(|c| pg_types::named(&c.ty, &context.names)).any(|(key, _)| reordered(&key))
}

/// How an enum gets its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueChange {
    /// They do not change.
    Keep,
    /// Values are added in place, in the plan's transaction: nothing in it uses them.
    Add,
    /// Values are added before that transaction, in which they could not be used otherwise.
    AddBefore,
    /// It is re-created.
    Replace,
}

/// Returns how to change the values. A new value cannot be used in the transaction that adds it
/// (<https://www.postgresql.org/docs/current/sql-altertype.html#id-1.9.3.42.7>).
pub(super) fn value_change(context: &LoweringContext<'_>, enum_before: &EnumType, enum_after: &EnumType) -> ValueChange {
    let (before, after) = (&enum_before.values, &enum_after.values);
    if before == after {
        return ValueChange::Keep;
    }
    let kept: Vec<&String> = after.iter().filter(|v| before.contains(v)).collect();
    if !kept.iter().copied().eq(before.iter()) {
        return ValueChange::Replace;
    }
    let new: BTreeSet<&str> = after.iter().filter(|v| !before.contains(v)).map(String::as_str).collect();
    match (uses_any(context, &new) || gets_values(context, enum_after), context.online) {
        (false, _) => ValueChange::Add,
        (true, true) => ValueChange::AddBefore,
        (true, false) => ValueChange::Replace,
    }
}

/// Returns the values that an enum gets in this change, which its live type does not have.
fn new_values(delta: &Delta<EnumType>) -> BTreeSet<&str> {
    match delta {
        Delta::Alter { before, after, .. } => after.values.iter().filter(|v| !before.values.contains(v)).map(String::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

/// Returns whether an enum, by its new name, gets values in this change.
pub(super) fn gets_new_values(context: &LoweringContext<'_>, key: &str) -> bool {
    let is_it = |d: &&Delta<EnumType>| d.after().is_some_and(|e| context.names.key(&e.name) == key);
    context.changes.enums().find(is_it).is_some_and(|d| !new_values(d).is_empty())
}

/// Marks hazards as not counted whose count needs enum values that this change adds: the live server does not have
/// them, so a comparison with them, and a conversion of texts to them, would fail. `converted` are the columns whose
/// values become values of such an enum, in the future `rows`.
pub(super) fn without_new_values(context: &LoweringContext<'_>, hazards: &mut [Hazard], converted: &[&Ident], rows: &str) {
    let new: BTreeSet<&str> = context.changes.enums().flat_map(new_values).collect();
    if new.is_empty() {
        return;
    }
    // Whether texts are values of an enum is decided by comparing texts.
    for hazard in hazards.iter_mut().filter(|h| h.probe.is_some() && h.code != Code::BreaksType) {
        let Some(sql) = &hazard.find else { continue };
        let names_value = || strings(sql).iter().any(|s| new.contains(s.as_str()));
        let read = words(&sql.replace(rows, ""));
        let is_checked = hazard.code == Code::BreaksCheck && converted.iter().any(|c| read.contains(c.as_str()));
        if is_checked || names_value() {
            (hazard.probe, hazard.find, hazard.forward, hazard.level) = (None, None, None, Level::Warns);
            hazard.not_counted(NotCounted::Unknown("it needs enum values that the plan adds".to_owned()));
            "if such rows exist, the server rejects the change when it is applied".clone_into(&mut hazard.advice);
        }
    }
}

/// Returns whether values of another type become values of the enum: new ones may be among them.
fn gets_values(context: &LoweringContext<'_>, ty: &EnumType) -> bool {
    let types = types_over(&context.names, context.desired, &ty.name);
    let has_it = |ty: &Type| pg_types::named(ty, &context.names).is_some_and(|(key, _)| types.contains_key(&key));
    let becomes = |d: &Delta<Column>| match d {
        Delta::Alter { before, after, .. } => has_it(&after.ty) && !same_type(context, &before.ty, &after.ty),
        _ => false,
    };
    let under = |d: &Delta<Domain>| match d {
        Delta::Alter { before, after, .. } => has_it(&after.ty) && !same_type(context, &before.ty, &after.ty),
        _ => false,
    };
    let mut altered = context.changes.tables().filter_map(|c| if let TableChange::Alter(edits) = c { Some(edits) } else { None });
    altered.any(|edits| edits.columns.iter().any(becomes)) || context.changes.domains().any(under)
}

/// Returns whether the plan may use one of these values: an expression that it runs contains it as a string.
fn uses_any(context: &LoweringContext<'_>, values: &BTreeSet<&str>) -> bool {
    let in_text = |sql: &str| strings(sql).iter().any(|s| values.contains(s.as_str()));
    let in_default = |d: &DefaultValue| match &d.value {
        Literal::String(s) => values.contains(s.as_str()),
        Literal::Expr(e) => in_text(&e.text),
        _ => false,
    };
    let in_column = |c: &Column| {
        let exprs = c.backfill.iter().chain(&c.using).chain(c.generated.iter().map(|g| &g.expr));
        c.default.as_ref().is_some_and(in_default) || exprs.into_iter().any(|e| in_text(&e.text))
    };
    let tables = context.changes.tables().filter(|c| !matches!(c, TableChange::Drop(_))).map(TableChange::table);
    let in_table = |t: &crate::schema::Table| {
        let predicates = t.indexes.values().filter_map(|i| i.predicate.as_ref());
        let parts = t.indexes.values().flat_map(|i| &i.parts).filter_map(|p| match &p.key {
            crate::schema::PartKey::Expr(e) => Some(e),
            crate::schema::PartKey::Column(_) => None,
        });
        let excluded = t.exclusions.iter().filter_map(|e| e.predicate.as_ref());
        t.columns.values().any(in_column)
            || t.checks.iter().map(|c| &c.expr).chain(predicates).chain(parts).chain(excluded).any(|e| in_text(&e.text))
    };
    let queries = context.desired.texts().filter(|(kind, ..)| kind.is_view()).map(|(_, _, text)| text);
    let domains = context.changes.domains().filter_map(Delta::after);
    let in_domain =
        |d: &crate::schema::Domain| d.default.as_ref().is_some_and(in_default) || d.checks.iter().any(|c| in_text(&c.expr.text));
    tables.into_iter().any(in_table) || queries.into_iter().any(|q| in_text(&q.text)) || domains.into_iter().any(in_domain)
}
