//! Sequences that one side has behind a serial column and the other as an object of its own: both are put into the second
//! form, so that the sequence is kept and only what differs changes.

use super::inspect::ident;
use super::{canon, default_name, normalize, read_type, types};
use crate::schema::{Column, DefaultValue, Expr, Ident, Literal, ObjectName, Schema, Sequence, SequenceOptions};

/// Puts the serial columns of both sides into the same form. `named` gives the live sequence of a serial column that has
/// another name than PostgreSQL gives.
pub(crate) fn align(live: &mut Schema, desired: &mut Schema, named: impl Fn(&ObjectName, &Ident) -> Option<ObjectName>) {
    let tables: Vec<(ObjectName, ObjectName)> =
        desired.tables.values().filter_map(|t| Some((live_name(t, live)?, t.name.clone()))).collect();
    for (before, after) in tables {
        let columns: Vec<Ident> = desired.tables.get(&after).map(|t| t.columns.keys().cloned().collect()).unwrap_or_default();
        for column in columns {
            let own = named(&before, &column).unwrap_or_else(|| usual(&before, &column));
            if is_serial(live, &before, &column) && desired.sequences.contains_key(&own) {
                take_apart(live, &before, &column, own.clone());
            }
            let wanted = usual(&after, &column);
            if is_serial(desired, &after, &column) && live.sequences.contains_key(&wanted) {
                take_apart(desired, &after, &column, wanted);
            }
        }
    }
}

fn live_name(table: &crate::schema::Table, live: &Schema) -> Option<ObjectName> {
    let olds = table.was.iter().map(|w| ObjectName { schema: table.name.schema.clone(), name: w.clone() });
    std::iter::once(table.name.clone()).chain(olds).find(|n| live.tables.contains_key(n))
}

fn usual(table: &ObjectName, column: &Ident) -> ObjectName {
    ObjectName { schema: table.schema.clone(), name: ident(&default_name::sequence(table, column)) }
}

fn is_serial(schema: &Schema, table: &ObjectName, column: &Ident) -> bool {
    schema.tables.get(table).and_then(|t| t.columns.get(column)).is_some_and(|c| c.ty.is_serial())
}

/// `serial` is an integer, a sequence that it owns, and a default that takes from it.
fn take_apart(schema: &mut Schema, table: &ObjectName, name: &Ident, sequence: ObjectName) {
    let Some(column) = schema.tables.get_mut(table).and_then(|t| t.columns.get_mut(name)) else { return };
    let ty = types::stored(&column.ty);
    let options: SequenceOptions = std::mem::take(&mut column.sequence);
    column.ty = ty.clone();
    column.default = Some(takes_from(&sequence, column));
    let (was, owned_by, origin) = (Vec::new(), Some((table.clone(), name.clone())), column.origin);
    let object = Sequence { name: sequence.clone(), was, ty, options, owned_by, comment: None, prevent_destroy: false, origin };
    schema.sequences.insert(sequence, object);
}

fn takes_from(sequence: &ObjectName, column: &Column) -> DefaultValue {
    let name = read_type::plain_or_quoted(sequence.name.as_str());
    let schema = sequence.schema.as_ref().map(|s| format!("{}.", read_type::plain_or_quoted(s.as_str()))).unwrap_or_default();
    let call = format!("nextval({}::regclass)", canon::literal(&format!("{schema}{name}")));
    let mut default = Some(DefaultValue::new(Literal::Expr(Expr::new(call))));
    normalize::default(&mut default, &column.ty);
    default.unwrap_or_else(|| DefaultValue::new(Literal::Null))
}
