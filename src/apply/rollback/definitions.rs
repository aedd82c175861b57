//! What the type of a column is over: enums and domains, as a schema declares them. Knows types only by their names.

use crate::schema::{Column, Domain, EnumType, ObjectName, Schema, Type};

/// An enum or domain that a type is over.
pub(super) enum Definition<'s> {
    Enum(&'s EnumType),
    /// A domain, and whether its values are elements of an array.
    Domain(&'s Domain, bool),
}

impl Definition<'_> {
    pub(super) fn name(&self) -> &ObjectName {
        match self {
            Definition::Enum(ty) => &ty.name,
            Definition::Domain(domain, _) => &domain.name,
        }
    }
}

/// Returns the enums and domains that a type is over: its own first, then the one that this is over, and so on.
pub(super) fn under<'s>(schema: &'s Schema, ty: &Type) -> Vec<Definition<'s>> {
    let mut found: Vec<Definition<'_>> = Vec::new();
    let (mut next, mut is_element) = (ty, false);
    loop {
        let text = next.to_string().replace('"', "");
        let (name, dimensions) = text.split_at(text.find('[').unwrap_or(text.len()));
        is_element |= !dimensions.is_empty();
        if let Some(ty) = schema.enums.values().find(|e| e.name.to_string() == name) {
            found.push(Definition::Enum(ty));
            return found;
        }
        let domain = schema.domains.values().find(|d| d.name.to_string() == name);
        // A domain cannot be over itself.
        let Some(domain) = domain.filter(|d| !found.iter().any(|f| *f.name() == d.name)) else { return found };
        found.push(Definition::Domain(domain, is_element));
        next = &domain.ty;
    }
}

/// Returns true if values of a type that keeps its name are converted, because what it is over changes: an enum loses
/// or reorders values, a domain gets another type, or constraints as the element of an array.
pub(super) fn converts(before: &[Definition<'_>], after: &[Definition<'_>]) -> bool {
    let one = |pair: (&Definition<'_>, &Definition<'_>)| match pair {
        (Definition::Enum(before), Definition::Enum(after)) => {
            let mut kept = after.values.iter();
            !before.values.iter().all(|v| kept.any(|k| k == v))
        }
        (Definition::Domain(before, _), Definition::Domain(after, is_element)) => {
            let is_bound = before.not_null != after.not_null || before.checks != after.checks;
            before.ty != after.ty || before.collate != after.collate || (*is_element && is_bound)
        }
        _ => true,
    };
    before.len() != after.len() || before.iter().zip(after).any(one)
}

/// Returns true if no value of the column can be NULL.
pub(super) fn refuses_null(schema: &Schema, column: &Column) -> bool {
    let refuses = |d: &Definition<'_>| matches!(d, Definition::Domain(domain, false) if domain.not_null);
    column.not_null || under(schema, &column.ty).iter().any(refuses)
}
