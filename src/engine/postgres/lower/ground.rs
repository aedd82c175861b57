//! The base type of a domain, through domains over domains.

use super::super::types as pg_types;
use super::super::{normalize, read_type};
use super::LoweringContext;
use super::types::{gets_new_values, gives_up_name};
use crate::schema::{Column, DefaultValue, Domain, Schema, Type};

/// A domain of a type.
pub(super) struct DomainOf<'s> {
    pub(super) domain: &'s Domain,
    /// Whether its values are elements of an array.
    pub(super) is_element: bool,
}

/// Returns the domains of a type in a schema: its own first, then the one that this is over, and so on.
pub(super) fn domains_of<'s>(context: &LoweringContext<'_>, schema: &'s Schema, ty: &Type) -> Vec<DomainOf<'s>> {
    let mut found: Vec<DomainOf<'_>> = Vec::new();
    let mut is_element = false;
    let mut next = pg_types::named(ty, &context.names);
    while let Some((key, dimensions)) = next {
        let domain = schema.domains.values().find(|d| context.names.key(&d.name) == key);
        // A domain cannot be over itself, but a schema file can declare that.
        let Some(domain) = domain.filter(|d| !found.iter().any(|f| f.domain.name == d.name)) else { break };
        is_element |= dimensions.contains('[');
        found.push(DomainOf { domain, is_element });
        next = pg_types::named(&domain.ty, &context.names);
    }
    found
}

/// Returns the base type of all domains. An array of a domain is an array of that type.
pub(super) fn ground(context: &LoweringContext<'_>, schema: &Schema, ty: &Type) -> Type {
    let mut found = ty.clone();
    for DomainOf { domain, .. } in domains_of(context, schema, ty) {
        let dimensions = pg_types::named(&found, &context.names).map(|(_, rest)| rest).unwrap_or_default();
        let text = format!("{}{dimensions}", pg_types::value_type(&domain.ty));
        found = read_type::read(&text, context.facts.default_schema.as_str());
    }
    found
}

/// Returns the types between which values are converted. A domain that the change creates, renames or alters
/// counts as its base type: it does not exist yet, and a cast to it would be a cast to that type.
pub(super) fn bases(context: &LoweringContext<'_>, before: &Type, after: &Type) -> (Type, Type) {
    if domains_of(context, context.desired, after).into_iter().all(|d| is_unchanged(context, d.domain)) {
        return (before.clone(), after.clone());
    }
    (ground(context, context.current, before), ground(context, context.desired, after))
}

/// Returns a column before and after its values are converted, with the types of [`bases`].
pub(super) fn converted(context: &LoweringContext<'_>, before: &Column, after: &Column) -> (Column, Column) {
    let (old, new) = bases(context, &before.ty, &after.ty);
    (Column { ty: old, ..before.clone() }, Column { ty: new, ..after.clone() })
}

/// Returns the base type of a column's domains as SQL, if the column has one and the server knows the type.
pub(super) fn known_ground(context: &LoweringContext<'_>, ty: &Type) -> Option<String> {
    if domains_of(context, context.desired, ty).is_empty() {
        return None;
    }
    let ground = ground(context, context.desired, ty);
    let known = |key: &String| {
        let has = |s: &Schema| s.enums.keys().any(|n| context.names.key(n) == *key);
        !context.moved.contains_key(key) && (has(context.current) || !has(context.desired))
    };
    let is_known = pg_types::named(&ground, &context.names).is_none_or(|(key, _)| known(&key));
    (is_known && !gives_up_name(context, &ground) && !is_over_new_values(context, ty)).then(|| pg_types::value_type(&ground))
}

/// Returns whether the type is an enum that gets values, or is over one.
pub(super) fn is_over_new_values(context: &LoweringContext<'_>, ty: &Type) -> bool {
    pg_types::named(&ground(context, context.desired, ty), &context.names).is_some_and(|(key, _)| gets_new_values(context, &key))
}

/// Returns whether the domain exists and accepts the same values.
pub(super) fn is_unchanged(context: &LoweringContext<'_>, domain: &Domain) -> bool {
    let same = |b: &Domain| b.ty == domain.ty && b.not_null == domain.not_null && b.checks == domain.checks;
    let key = context.names.key(&domain.name);
    !context.moved.contains_key(&key)
        && !context.renamed_types.contains_key(&key)
        && context.current.domains.get(&domain.name).is_some_and(same)
}

/// Returns the default of a column of this type that has none of its own: that of its domain.
pub(super) fn default_of<'s>(context: &'s LoweringContext<'_>, ty: &Type) -> Option<&'s DefaultValue> {
    let whole = domains_of(context, context.desired, ty).into_iter().filter(|d| !d.is_element);
    whole.map(|d| d.domain).find_map(|d| d.default.as_ref()).filter(|d| d.canon != normalize::NULL)
}

/// Returns whether a column refuses NULL after a change, by itself or by its domain, but not before it.
pub(super) fn becomes_not_null(context: &LoweringContext<'_>, before: &Column, after: &Column) -> bool {
    let refused = domains_of(context, context.current, &before.ty).iter().any(|d| d.domain.not_null && !d.is_element);
    !before.not_null && !refused && (after.not_null || refuses_null(context, &after.ty))
}

/// Returns whether no value of the type can be NULL after the change.
pub(super) fn refuses_null(context: &LoweringContext<'_>, ty: &Type) -> bool {
    domains_of(context, context.desired, ty).iter().any(|d| d.domain.not_null && !d.is_element)
}
