//! The columns that hold values of an enum or domain: of the type itself, of a domain over it, or arrays of
//! either.

use std::collections::BTreeMap;

use super::super::names::Names;
use super::super::types as pg_types;
use super::LoweringContext;
use crate::diff::TableChange;
use crate::schema::{Column, Ident, ObjectName, Schema};

/// A live column with values of a type.
pub(super) struct Holder<'w> {
    pub(super) table: &'w ObjectName,
    pub(super) column: &'w Ident,
    /// Whether the values are elements of an array.
    pub(super) is_array: bool,
    /// The desired column; none if it is dropped.
    pub(super) after: Option<&'w Column>,
}

/// Returns the live columns with values of a type, under its live name.
pub(super) fn holders<'w>(context: &'w LoweringContext<'_>, ty: &ObjectName) -> Vec<Holder<'w>> {
    let kinds = types_over(&context.names, context.current, ty);
    let mut found = Vec::new();
    for table in context.current.tables.values() {
        for column in table.columns.values() {
            let Some((key, dimensions)) = pg_types::named(&column.ty, &context.names) else { continue };
            if let Some(nested) = kinds.get(&key) {
                let is_array = *nested || dimensions.contains('[');
                found.push(Holder { table: &table.name, column: &column.name, is_array, after: after(context, &table.name, &column.name) });
            }
        }
    }
    found
}

impl Holder<'_> {
    /// Returns whether the column has values of the type after the change, too; `ty` is the type's new name.
    pub(super) fn keeps(&self, context: &LoweringContext<'_>, ty: &ObjectName) -> bool {
        let key = self.after.and_then(|c| pg_types::named(&c.ty, &context.names)).map(|(key, _)| key);
        key.is_some_and(|key| types_over(&context.names, context.desired, ty).contains_key(&key))
    }
}

/// Returns the type and the domains over it, each with whether its values are arrays of such values.
pub(crate) fn types_over(names: &Names, schema: &Schema, ty: &ObjectName) -> BTreeMap<String, bool> {
    let mut found = BTreeMap::from([(names.key(ty), false)]);
    loop {
        let new = schema.domains.values().filter(|d| !found.contains_key(&names.key(&d.name)));
        let new: Vec<(String, bool)> = new
            .filter_map(|d| {
                let (base, dimensions) = pg_types::named(&d.ty, names)?;
                found.get(&base).map(|nested| (names.key(&d.name), *nested || dimensions.contains('[')))
            })
            .collect();
        if new.is_empty() {
            return found;
        }
        found.extend(new);
    }
}

/// Returns the desired column for a live one; none if it is dropped.
fn after<'w>(context: &'w LoweringContext<'_>, table: &ObjectName, column: &Ident) -> Option<&'w Column> {
    let changed = context.changes.tables().find(|c| c.before().is_some_and(|t| context.names.same(&t.name, table)));
    match changed {
        Some(TableChange::Alter(edits)) => edits.column_after(column),
        Some(_) => None,
        None => context.desired.tables.get(table).or_else(|| context.current.tables.get(table)).and_then(|t| t.columns.get(column)),
    }
}
