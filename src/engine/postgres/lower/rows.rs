//! The future rows of a table, for counting: a query over the live ones. Types that do not exist yet do not
//! occur in it.

use super::super::names::quote;
use super::super::{ddl, types};
use super::LoweringContext;
use super::ground::{becomes_not_null, default_of, is_over_new_values, known_ground};
use super::retype::live_column;
use super::tables::Altered;
use super::types::gives_up_name;
use crate::schema::{Column, Table};

/// Returns whether the rows remain as they are, including names.
fn stays(context: &LoweringContext<'_>, table: &Altered<'_>) -> bool {
    let before = &table.edits.before.columns;
    let new = table.edits.after.columns.keys().any(|c| !before.contains_key(c));
    let filled = table.edits.after.columns.values().any(|c| is_filled(context, table, c));
    !new && !filled && table.edits.renamed_columns.is_empty() && table.retyped.is_empty() && table.recreated.is_empty()
}

fn is_filled(context: &LoweringContext<'_>, table: &Altered<'_>, column: &Column) -> bool {
    column.backfill.is_some() && table.column(&column.name).is_some_and(|b| becomes_not_null(context, b, column))
}

/// Returns the future rows, as an item for FROM without an alias.
pub(super) fn new_rows(context: &LoweringContext<'_>, table: &Altered<'_>) -> String {
    if stays(context, table) {
        return table.old.clone();
    }
    let made = |c: &&Column| c.generated.is_some() && (table.recreated.contains(&c.name) || table.column(&c.name).is_none());
    let columns = table.edits.after.columns.values();
    let plain: Vec<String> = columns.clone().filter(|c| !made(c)).map(|c| one(&value(context, table, c), c)).collect();
    let select = if plain.is_empty() { "1".to_owned() } else { plain.join(", ") };
    let rows = format!("(SELECT {select} FROM {})", table.old);
    let computed: Vec<String> =
        columns.filter(made).filter_map(|c| Some(one(&format!("({})", c.generated.as_ref()?.expr.text), c))).collect();
    if computed.is_empty() {
        return rows;
    }
    let alias = quote(table.edits.after.name.name.as_str());
    format!("(SELECT *, {} FROM {rows} AS {alias})", computed.join(", "))
}

fn one(value: &str, column: &Column) -> String {
    format!("{value} AS {}", quote(column.name.as_str()))
}

fn value(context: &LoweringContext<'_>, table: &Altered<'_>, column: &Column) -> String {
    // A cast to a domain fails for values that the domain refuses, which are counted separately.
    let own = || is_known(context, column).then(|| types::value_type(&column.ty));
    let known = known_ground(context, &column.ty).or_else(own);
    let cast = known.map(|ty| format!("::{ty}")).unwrap_or_default();
    if table.column(&column.name).is_none() {
        return match (&column.backfill, &column.default) {
            _ if column.ty.is_serial() || column.identity.is_some() => format!("row_number() OVER (){cast}"),
            (Some(e), _) => format!("({}){cast}", e.text),
            (None, Some(d)) => format!("({}){cast}", ddl::value(&d.value)),
            (None, None) => match default_of(context, &column.ty) {
                Some(d) => format!("({}){cast}", ddl::value(&d.value)),
                None => format!("NULL{cast}"),
            },
        };
    }
    let live = quote(live_column(&table.edits, &column.name).as_str());
    let filled = column.backfill.as_ref().filter(|_| is_filled(context, table, column));
    if let Some(retyped) = table.retyped.iter().find(|r| r.column == column.name) {
        let said = column.using.as_ref().filter(|_| retyped.said).map_or_else(|| live.clone(), |e| format!("({})", e.text));
        let of_ground = known_ground(context, &column.ty).filter(|_| !is_known(context, column));
        if let (None, None, Some(value)) = (&of_ground, filled, of_moved(context, table, column, retyped.said)) {
            return value;
        }
        // An expression of a type that does not exist yet may name it.
        let (source, ty) = of_ground.map_or_else(|| (live, "text".to_owned()), |ty| (said, ty));
        return match filled {
            _ if is_known(context, column) => format!("({})", retyped.value),
            Some(e) => format!("coalesce({source}::{ty}, ({})::{ty})", e.text),
            None => format!("{source}::{ty}"),
        };
    }
    match filled {
        Some(e) => format!("coalesce({live}, ({}))", e.text),
        None => live,
    }
}

/// Returns the value of a column whose type is re-created, in the old type or the new base type: the new type
/// does not exist yet, and the values that conditions compare it with must fit. `None` if the column gets
/// another type as well.
fn of_moved(context: &LoweringContext<'_>, table: &Altered<'_>, column: &Column, said: bool) -> Option<String> {
    let before = table.column(&column.name)?;
    let moved = context.moved.get(&types::named(&column.ty, &context.names)?.0)?;
    if !super::types::same_type(context, &before.ty, &column.ty) {
        return None;
    }
    let live = quote(live_column(&table.edits, &column.name).as_str());
    let value = column.using.as_ref().filter(|_| said).map_or(live, |e| format!("({})", e.text));
    Some(match moved.by_text {
        true if said => {
            format!("{value}::text::{}", types::value_type(&table.edits.live.columns.get(live_column(&table.edits, &column.name))?.ty))
        }
        true => value,
        false => format!("{value}::{}", types::value_type(&super::ground::bases(context, &before.ty, &column.ty).1)),
    })
}

/// Returns whether the column's type exists now and does not change. An enum that gets values does not have them yet.
fn is_known(context: &LoweringContext<'_>, column: &Column) -> bool {
    let Some((key, _)) = types::named(&column.ty, &context.names) else { return true };
    let has = |s: &crate::schema::Schema| s.enums.keys().chain(s.domains.keys()).any(|n| context.names.key(n) == key);
    let is_there = !context.moved.contains_key(&key) && (has(context.current) || !has(context.desired));
    is_there && !gives_up_name(context, &column.ty) && !is_over_new_values(context, &column.ty)
}

/// Returns the rows of a table that a foreign key may reference, whatever happens to the table.
pub(super) fn parent_rows(context: &LoweringContext<'_>, parent: Option<&Altered<'_>>, name: &crate::schema::ObjectName) -> Option<String> {
    let live = |t: &&Table| context.names.same(&t.name, name);
    match parent {
        Some(parent) => Some(new_rows(context, parent)),
        None => {
            let known = context.current.tables.values().find(live).filter(|_| !context.is_new(name)).map(|t| context.names.sql(&t.name));
            // A table that rosey does not manage, such as a partitioned one, does not change.
            let comes = context.desired.tables.values().any(|t| context.names.same(&t.name, name));
            known.or_else(|| (!comes).then(|| context.names.sql(name)))
        }
    }
}
