//! Defaults of NULL. The server stores one only for a type with a length or other modifier, and for a domain,
//! whose own default it overrides; any other is the same as no default (`AddRelationNewConstraints` in
//! `src/backend/catalog/heap.c`).

use super::types::has_modifier;
use super::{normalize, words};
use crate::schema::{DefaultValue, ObjectName, Schema, Type};

/// Removes the defaults that the server does not store.
pub(super) fn leave_out(schema: &mut Schema) {
    let domains: Vec<ObjectName> = schema.domains.keys().cloned().collect();
    let is_kept = |ty: &Type| has_modifier(ty) || is_one_of(ty, &domains);
    let is_null = |d: &DefaultValue| d.canon == normalize::NULL;
    let columns = schema.objects.tables.values_mut().flat_map(|t| t.columns.values_mut()).map(|c| (&c.ty, &mut c.default));
    for (ty, default) in columns.chain(schema.objects.domains.values_mut().map(|d| (&d.ty, &mut d.default))) {
        *default = default.take().filter(|d| is_kept(ty) || !is_null(d));
    }
}

fn is_one_of(ty: &Type, domains: &[ObjectName]) -> bool {
    let Type::Other(name) = ty else { return false };
    let Some(((schema, name), _)) = words::leading_name(name.as_str()) else { return false };
    let in_schema = |d: &ObjectName| schema.as_ref().is_none_or(|s| d.schema.as_ref().is_some_and(|own| own.matches(s)));
    domains.iter().any(|d| d.name.matches(&name) && in_schema(d))
}
