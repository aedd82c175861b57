//! Sequences that belong to a serial column on one side and are objects of their own on the other: both sides
//! are converted to the second form, so that the sequence is kept and only the differences are changed.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::inspect::ident;
use super::{canon, default_name, normalize, read_type, types};
use crate::schema::{Column, DefaultValue, Expr, Head, Ident, Literal, ObjectName, Schema, Sequence, SequenceOptions, Type};

/// Converts the serial columns of both sides to the same form. Adds live sequences of serial columns whose
/// name is not the default one to `named`.
pub(crate) fn align(live: &mut Schema, desired: &mut Schema, named: &mut BTreeMap<(ObjectName, Ident), ObjectName>) {
    keep_declared(live, desired, named);
    let tables: Vec<(ObjectName, ObjectName)> =
        desired.tables.values().filter_map(|t| Some((live_name(&t.head, &live.tables, &desired.tables)?, t.name.clone()))).collect();
    for (before, after) in tables {
        let columns: Vec<Ident> = desired.tables.get(&after).map(|t| t.columns.keys().cloned().collect()).unwrap_or_default();
        for column in columns {
            let wanted = usual(&after, &column);
            // A sequence that belongs to another column only has the same name: this column gets a sequence
            // with another name.
            let own = |s: &Sequence| s.owned_by.as_ref().is_none_or(|(table, c)| *table == before && *c == column);
            if is_serial(desired, &after, &column) && live.sequences.get(&wanted).is_some_and(own) {
                take_apart(desired, &after, &column, wanted);
            }
            if is_serial(desired, &after, &column)
                && let Some(sequence) = put_together(live, &before, &column, desired)
            {
                named.insert((before.clone(), column.clone()), sequence);
            }
        }
    }
}

/// Makes the live sequences that the desired schema declares objects of their own, whether their columns
/// remain or not: if a column is dropped, a sequence that is part of it would be dropped too, and restart.
fn keep_declared(live: &mut Schema, desired: &Schema, named: &BTreeMap<(ObjectName, Ident), ObjectName>) {
    let mut declared = Vec::new();
    for table in live.tables.values() {
        for column in table.columns.values().filter(|c| c.ty.is_serial()) {
            let key = (table.name.clone(), column.name.clone());
            let sequence = named.get(&key).cloned().unwrap_or_else(|| usual(&key.0, &key.1));
            let takes_over = |s: &Sequence| s.name == sequence || s.name.schema == sequence.schema && s.was.contains(&sequence.name);
            if desired.sequences.values().any(takes_over) {
                declared.push((key, sequence));
            }
        }
    }
    for ((table, column), sequence) in declared {
        take_apart(live, &table, &column, sequence);
    }
}

/// Returns the live name of an object: an old one that no other object of the desired schema has, or else its own.
/// Another live object may have the new name until it is dropped.
pub(super) fn live_name<L, D>(head: &Head, live: &IndexMap<ObjectName, L>, desired: &IndexMap<ObjectName, D>) -> Option<ObjectName> {
    let olds = head.was.iter().map(|w| head.name.renamed(w.clone()));
    let mut names = olds.filter(|n| !desired.contains_key(n)).chain([head.name.clone()]);
    names.find(|n| live.contains_key(n))
}

fn usual(table: &ObjectName, column: &Ident) -> ObjectName {
    table.renamed(ident(&default_name::sequence(table, column)))
}

fn is_serial(schema: &Schema, table: &ObjectName, column: &Ident) -> bool {
    schema.tables.get(table).and_then(|t| t.columns.get(column)).is_some_and(|c| c.ty.is_serial())
}

/// Splits `serial` into an integer, a sequence that it owns, and a default that uses the sequence.
fn take_apart(schema: &mut Schema, table: &ObjectName, name: &Ident, sequence: ObjectName) {
    let Some(column) = schema.tables.get_mut(table).and_then(|t| t.columns.get_mut(name)) else { return };
    let ty = types::stored(&column.ty);
    let options: SequenceOptions = std::mem::take(&mut column.sequence);
    column.ty = ty.clone();
    column.default = Some(takes_from(&sequence, column));
    let (owned_by, origin) = (Some((table.clone(), name.clone())), column.origin);
    let mut object = Sequence { options, owned_by, ..Sequence::new(sequence.clone(), ty) };
    object.origin = origin;
    schema.sequences.insert(sequence, object);
}

/// Does the reverse, whatever the name of the sequence is: a renamed table keeps its sequence. A sequence
/// that the file declares remains an object.
fn put_together(schema: &mut Schema, table: &ObjectName, name: &Ident, desired: &Schema) -> Option<ObjectName> {
    let column = schema.tables.get(table)?.columns.get(name)?;
    let owner = Some((table.clone(), name.clone()));
    let own = |s: &&Sequence| s.owned_by == owner && s.ty == column.ty && s.comment.is_none() && !desired.sequences.contains_key(&s.name);
    let sequence = schema.sequences.values().find(own)?.clone();
    let serial = match column.ty {
        Type::Integer => Type::Serial,
        Type::BigInt => Type::BigSerial,
        _ => return None,
    };
    if column.default != Some(takes_from(&sequence.name, column)) || !column.not_null {
        return None;
    }
    schema.sequences.shift_remove(&sequence.name);
    let column = schema.tables.get_mut(table)?.columns.get_mut(name)?;
    (column.ty, column.default, column.sequence) = (serial, None, sequence.options);
    Some(sequence.head.name)
}

fn takes_from(sequence: &ObjectName, column: &Column) -> DefaultValue {
    let name = read_type::plain_or_quoted(sequence.name.as_str());
    let schema = sequence.schema.as_ref().map(|s| format!("{}.", read_type::plain_or_quoted(s.as_str()))).unwrap_or_default();
    let call = format!("nextval({}::regclass)", canon::literal(&format!("{schema}{name}")));
    let mut default = Some(DefaultValue::new(Literal::Expr(Expr::new(call))));
    normalize::default(&mut default, &column.ty);
    default.unwrap_or_else(|| DefaultValue::new(Literal::Null))
}
