//! Columns whose type changes, by the schema or because their type is re-created, and columns that cannot be
//! changed and are re-created: generated columns, which lose nothing by that.

use std::collections::BTreeSet;

use super::super::names::quote;
use super::super::types as pg_types;
use super::super::words::words;
use super::LoweringContext;
use super::ground::{becomes_not_null, converted, domains_of, ground, refuses_null};
use super::types::same_type;
use crate::diff::TableEdits;
use crate::schema::{Column, Ident, Type};

/// A column whose type changes.
#[derive(Debug, Clone)]
pub(super) struct Retyped {
    /// The new name.
    pub(super) column: Ident,
    /// The live name.
    pub(super) live: Ident,
    /// What follows `ALTER COLUMN …`.
    pub(super) clause: String,
    /// The value as an expression over the live rows.
    pub(super) value: String,
    /// Whether all rows are rewritten.
    pub(super) rewrites: bool,
    /// Whether the schema specifies how to convert values.
    pub(super) said: bool,
}

/// Returns the live name of a column.
pub(super) fn live_column<'e>(edits: &'e TableEdits, column: &'e Ident) -> &'e Ident {
    edits.renamed_columns.iter().find(|(_, new)| new == column).map_or(column, |(old, _)| old)
}

/// Returns the columns whose type changes.
pub(super) fn retyped(context: &LoweringContext<'_>, edits: &TableEdits) -> Vec<Retyped> {
    let pairs = edits.after.columns.values().filter_map(|c| Some((edits.before.columns.get(&c.name)?, c)));
    let plain = pairs.filter(|(b, a)| a.generated.is_none() && b.generated.as_ref().is_none_or(|g| g.stored));
    plain.filter(|(b, a)| changes(context, b, a)).map(|(b, a)| retype(context, edits, b, a)).collect()
}

fn changes(context: &LoweringContext<'_>, before: &Column, after: &Column) -> bool {
    !same_type(context, &before.ty, &after.ty) || before.collate != after.collate || moved_under(context, after).is_some()
}

/// Returns whether SQL names a type that is re-created: the object with this SQL would depend on the old one.
pub(super) fn names_moved(context: &LoweringContext<'_>, sql: &str) -> bool {
    if context.moved.is_empty() {
        return false;
    }
    let named = words(sql);
    context.moved_names().iter().any(|n| named.contains(n.as_str()))
}

/// Returns whether values are converted by way of text, if the column's type is re-created.
fn moved_under(context: &LoweringContext<'_>, column: &Column) -> Option<bool> {
    let (key, _) = pg_types::named(&column.ty, &context.names)?;
    context.moved.get(&key).map(|m| m.by_text)
}

fn retype(context: &LoweringContext<'_>, edits: &TableEdits, before: &Column, after: &Column) -> Retyped {
    let live = live_column(edits, &after.name).clone();
    let name = quote(live.as_str());
    let is_filled = after.backfill.is_some() && becomes_not_null(context, before, after) && !is_filled_before(before, after);
    // A cast to a domain that refuses NULL would fail before the NULL is filled.
    let is_cast_late = is_filled && refuses_null(context, &after.ty);
    let ty = pg_types::value_type(&if is_cast_late { ground(context, context.desired, &after.ty) } else { after.ty.clone() });
    let other_type = !same_type(context, &before.ty, &after.ty);
    let moved = moved_under(context, after);
    let said = after.using.as_ref().filter(|_| other_type || moved.is_some());
    let (under, over) = converted(context, before, after);
    let by_text = by_text(&under.ty, &over.ty);
    let is_moved = |ty: &Type| pg_types::named(ty, &context.names).is_some_and(|(key, _)| context.moved.contains_key(&key));
    // An assignment rejects a text that is too long for the domain; a cast would truncate it.
    let is_other_of_name = super::types::gives_up_name(context, &under.ty);
    let is_assigned = pg_types::assignable(&under.ty, &over.ty) && !is_moved(&over.ty) && !is_other_of_name;
    let goes_by_text = is_by_text(context, &under, &over);
    let converted = match (said, moved) {
        // The expression has the old type, which is renamed, or no type yet.
        (Some(e), Some(true)) => Some(format!("({}){by_text}::{ty}", e.text)),
        (Some(e), _) => Some(format!("({})", e.text)),
        (None, Some(_)) if is_assigned => None,
        (None, Some(true)) => Some(format!("{name}{by_text}::{ty}")),
        (None, Some(false)) if goes_by_text => Some(format!("{name}{by_text}::{ty}")),
        (None, Some(false)) => Some(format!("{name}::{ty}")),
        (None, None) if !other_type || is_assigned => None,
        (None, None) if goes_by_text => Some(format!("{name}{by_text}::{ty}")),
        (None, None) => Some(format!("{name}::{ty}")),
    };
    let using = match after.backfill.as_ref().filter(|_| is_filled) {
        Some(e) => Some(format!("coalesce({}, ({}))", converted.clone().unwrap_or_else(|| format!("{name}::{ty}")), e.text)),
        None => converted,
    };
    let collate = match (&before.collate, &after.collate) {
        (_, Some(c)) => format!(" COLLATE {}", quote(c.as_str())),
        _ => String::new(),
    };
    let clause =
        format!("TYPE {}{collate}{}", pg_types::value_type(&after.ty), using.as_ref().map(|u| format!(" USING {u}")).unwrap_or_default());
    // Constraints of a domain are checked by rewriting the table.
    let bound =
        other_type && domains_of(context, context.desired, &after.ty).iter().any(|d| d.domain.not_null || !d.domain.checks.is_empty());
    let rewrites = using.is_some() || moved.is_some() || bound || pg_types::rewrites(&under.ty, &over.ty);
    let value = using.unwrap_or_else(|| if other_type || moved.is_some() { format!("{name}::{ty}") } else { name });
    Retyped { column: after.name.clone(), live, clause, value, rewrites, said: said.is_some() }
}

/// Returns whether values are converted by way of text. An enum, or an array of one, can only be cast to text
/// types, and only from them (<https://www.postgresql.org/docs/current/datatype-enum.html>).
pub(super) fn is_by_text(context: &LoweringContext<'_>, before: &Column, after: &Column) -> bool {
    let is_text = |c: &Column| matches!(c.ty, Type::Text | Type::VarChar(_) | Type::Char(_));
    let is_enum = |c: &Column| {
        let mut enums = context.current.enums.keys().chain(context.desired.enums.keys());
        pg_types::named(&c.ty, &context.names).is_some_and(|(key, _)| enums.any(|e| context.names.key(e) == key))
    };
    (is_enum(after) && !is_text(before)) || (is_enum(before) && !is_text(after))
}

/// Returns the cast that turns a value into the text that its new type reads.
pub(super) fn by_text(before: &Type, after: &Type) -> &'static str {
    let array = |ty: &Type| pg_types::value_type(ty).ends_with(']');
    match (array(before), array(after)) {
        (true, true) => "::text[]",
        (false, true) => "::text::text[]",
        _ => "::text",
    }
}

/// Returns whether NULLs are filled before the type changes: a text that is too long must be refused, but a
/// cast would truncate it.
pub(super) fn is_filled_before(before: &Column, after: &Column) -> bool {
    let is_text = |c: &Column| pg_types::length(&c.ty).is_some();
    after.using.is_none() && is_text(before) && is_text(after)
}

/// Returns the generated columns that are re-created: their expression changes, or the type of a column that
/// they read.
pub(super) fn recreated(context: &LoweringContext<'_>, edits: &TableEdits, retyped: &[Retyped]) -> BTreeSet<Ident> {
    let pairs = edits.after.columns.values().filter_map(|c| Some((edits.before.columns.get(&c.name)?, c)));
    let again = |(before, after): &(&Column, &Column)| {
        let expr = match (&before.generated, &after.generated) {
            (None, None) => return false,
            (Some(b), None) => return !b.stored,
            (None, Some(_)) => return true,
            (Some(b), Some(a)) if b != a || changes(context, before, after) => return true,
            (Some(_), Some(a)) => &a.expr.text,
        };
        let named = words(expr);
        names_moved(context, expr) || retyped.iter().any(|r| named.contains(r.column.as_str()) || named.contains(r.live.as_str()))
    };
    pairs.filter(again).map(|(_, after)| after.name.clone()).collect()
}
