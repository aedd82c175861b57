//! What happens to the values of a column: they are dropped, converted, or rejected by the new type.

use super::super::super::types::{self, Affinity};
use super::super::rows;
use super::{at, old_table, quote};
use crate::diff::{Delta, TableEdits};
use crate::engine::advice::rename_instead;
use crate::engine::filled::is_filled;
use crate::plan::{Code, Hazard, Level, Probe};
use crate::schema::{Column, Table, Type};

pub(super) fn dropped(delta: &Delta<Column>, edits: &TableEdits) -> Option<Hazard> {
    let (column, what) = match delta {
        Delta::Drop(column) => (column, "drops"),
        Delta::Alter { before, after, .. } if after.generated.is_some() => (before, "discards the stored values of newly generated"),
        _ => return None,
    };
    if column.generated.is_some() {
        return None; // generated values can be recomputed
    }
    let name = rows::old_name(edits, &column.name);
    let column = if delta.after().is_none() { edits.dropped(column) } else { column };
    let message = format!("{what} column {} ({{values}})", column.name);
    let advice = rename_instead(&column.name);
    let probe = Probe::Query(format!("SELECT count({name}), count(*) FROM {}", old_table(edits)));
    Some(Hazard::new(Code::DestroysColumn, Level::Destroys, at(edits, &column.name), message, advice).counted(probe))
}

pub(super) fn not_null(edits: &TableEdits, column: &Column) -> Option<Hazard> {
    let is_new = !edits.before.columns.contains_key(&column.name);
    let converted = column.using.is_some() && rows::changes_type(edits, column);
    let key = types::rowid_key(&edits.after).is_some_and(|k| k.name == column.name);
    let was_key = types::rowid_key(&edits.before).is_some_and(|k| k.name == column.name);
    let newly_key = key && !was_key && !is_new;
    let binds = column.not_null && (is_new && !key || rows::becomes_not_null(edits, column) || converted || newly_key);
    if !binds || (is_new && !key && is_filled(column)) {
        return None;
    }
    let advice = if is_new && column.backfill.is_none() {
        "add a default or a backfill to the column"
    } else if column.backfill.is_some() {
        "make the backfill return a value for every row"
    } else {
        "add a backfill to the column, or set a value in these rows first"
    };
    let name = quote(column.name.as_str());
    let message = format!("`{}` is NULL in {{count}} of {{total}} rows", column.name);
    let old = edits.before.columns.contains_key(&column.name) && !converted && column.backfill.is_none();
    let find = if old {
        format!("SELECT * FROM {} WHERE {} IS NULL", old_table(edits), rows::old_name(edits, &column.name))
    } else {
        format!("SELECT * FROM {} WHERE {name} IS NULL", rows::shown_rows(edits))
    };
    let hazard = Hazard::new(Code::BreaksNotNull, Level::Blocks, at(edits, &column.name), message, advice);
    Some(hazard.counted(Probe::Aggregate(format!("sum({name} IS NULL)"))).found_by(find))
}

/// Returns a hazard for values that the new type's affinity changes irreversibly: `'007'` becomes 7.
pub(super) fn conversion(edits: &TableEdits, column: &Column) -> Option<Hazard> {
    let before = edits.before.columns.get(&column.name)?;
    let (from, to) = (types::column_affinity(before, &edits.before), types::column_affinity(column, &edits.after));
    if from == to || (column.using.is_some() && rows::changes_type(edits, column)) {
        return None;
    }
    let old = rows::old_name(edits, &column.name);
    let condition = lossy(&old, from, to)?;
    let table = old_table(edits);
    let message = format!(
        "{{count}} of {{total}} values of {} would be altered by the conversion to {}",
        column.name,
        shown_type(column, &edits.after)
    );
    let advice = "specify a conversion: using \"EXPRESSION\"";
    let hazard = Hazard::new(Code::LosesValues, Level::Destroys, at(edits, &column.name), message, advice);
    let probe = Probe::Query(format!("SELECT sum({condition}), count(*) FROM {table}"));
    Some(hazard.counted(probe).found_by(format!("SELECT * FROM {table} WHERE {condition}")))
}

/// Returns a hazard for text that was stored as numbers. A type that only PostgreSQL knows, such as the name
/// of a domain, has NUMERIC affinity, so text that looked like a number was stored as one. The original text
/// is lost already, so this only warns.
pub(super) fn stored_as_numbers(edits: &TableEdits, column: &Column) -> Option<Hazard> {
    const NUMBERS: [&str; 10] = ["NUM", "DEC", "BOOL", "DATE", "TIME", "MONEY", "YEAR", "BIT", "FIXED", "BYTE"];
    let before = edits.before.columns.get(&column.name)?;
    let Type::Other(name) = &before.ty else { return None };
    let upper = name.as_str().to_ascii_uppercase();
    let (from, to) = (types::column_affinity(before, &edits.before), types::column_affinity(column, &edits.after));
    let accident = from == Affinity::Numeric && !NUMBERS.iter().any(|n| upper.contains(n));
    if !accident || to != Affinity::Text || column.using.is_some() {
        return None;
    }
    let (old, table) = (rows::old_name(edits, &column.name), old_table(edits));
    let condition = format!("typeof({old}) IN ('integer', 'real')");
    let message = format!(
        "{{count}} of {{total}} values of {} were stored as numbers, because type {} has NUMERIC affinity in SQLite; they become text in that form",
        column.name,
        name.as_str()
    );
    let advice = "leading and trailing zeros were lost when they were stored ('007' became 7): check these values";
    let hazard = Hazard::new(Code::LosesValues, Level::Warns, at(edits, &column.name), message, advice);
    let probe = Probe::Query(format!("SELECT sum({condition}), count(*) FROM {table}"));
    Some(hazard.counted(probe).found_by(format!("SELECT * FROM {table} WHERE {condition}")))
}

/// Returns a hazard for fractions, which SQLite stores in an INTEGER column but other databases do not, so
/// the user has to decide.
pub(super) fn fractions(edits: &TableEdits, column: &Column) -> Option<Hazard> {
    let before = edits.before.columns.get(&column.name)?;
    let (from, to) = (types::column_affinity(before, &edits.before), types::column_affinity(column, &edits.after));
    let converted = column.using.is_some() && rows::changes_type(edits, column);
    if to != Affinity::Integer || from == to || converted || edits.after.strict {
        return None;
    }
    let (old, table) = (rows::old_name(edits, &column.name), old_table(edits));
    let condition = format!("typeof({old}) = 'real' AND CAST({old} AS INTEGER) <> {old}");
    let message = format!(
        "{{count}} of {{total}} values of {} have a fractional part, although the new type is {}",
        column.name,
        shown_type(column, &edits.after)
    );
    let advice = "specify a conversion: using \"EXPRESSION\"; otherwise SQLite keeps them unchanged";
    let hazard = Hazard::new(Code::MisfitValues, Level::Destroys, at(edits, &column.name), message, advice);
    let probe = Probe::Query(format!("SELECT sum(coalesce({condition}, 0)), count(*) FROM {table}"));
    Some(hazard.counted(probe).found_by(format!("SELECT * FROM {table} WHERE {condition}")))
}

/// Returns a hazard for text that exceeds the length of its type: SQLite does not enforce the length, but
/// PostgreSQL does.
pub(super) fn longer(edits: &TableEdits, column: &Column) -> Option<Hazard> {
    let length = |t: &Type| match t {
        Type::VarChar(n) | Type::Char(n) => Some(*n),
        _ => None,
    };
    let before = edits.before.columns.get(&column.name)?;
    let most = length(&column.ty).filter(|n| length(&before.ty).is_none_or(|old| old > *n))?;
    let (name, table) = (rows::old_name(edits, &column.name), old_table(edits));
    let condition = format!("typeof({name}) = 'text' AND length({name}) > {most}");
    let message = format!("{{count}} of {{total}} values of {} are longer than {most} characters", column.name);
    let hazard = Hazard::new(
        Code::LongerValues,
        Level::Warns,
        at(edits, &column.name),
        message,
        "SQLite does not enforce the length and keeps them unchanged",
    );
    let probe = Probe::Query(format!("SELECT sum({condition}), count(*) FROM {table}"));
    Some(hazard.counted(probe).found_by(format!("SELECT * FROM {table} WHERE {condition}")))
}

fn shown_type(column: &Column, table: &Table) -> String {
    types::declared(&column.ty, table.strict)
}

/// Returns the condition under which a value stored with the new affinity differs, unless the old affinity
/// would restore it. A comparison with a NUMERIC cast applies numeric affinity to the other side
/// (<https://sqlite.org/datatype3.html#comparison_expressions>), so it is true only for text that looks like
/// a number.
fn lossy(v: &str, from: Affinity, to: Affinity) -> Option<String> {
    let from_text = |cast: &str| {
        format!("typeof({v}) = 'text' AND CAST({v} AS NUMERIC) = {v} AND CAST(CAST({v} AS {cast}) AS TEXT) <> {v} COLLATE BINARY")
    };
    let number = format!("typeof({v}) = 'text' AND CAST({v} AS NUMERIC) = {v}");
    if from == Affinity::Blob {
        // Without an affinity, values are stored as given, and nothing restores them.
        return Some(match to {
            Affinity::Integer | Affinity::Numeric => {
                format!("coalesce(({number}) OR (typeof({v}) = 'real' AND CAST({v} AS INTEGER) = {v}), 0)")
            }
            Affinity::Real => format!("coalesce(({number}) OR typeof({v}) = 'integer', 0)"),
            Affinity::Text => format!("coalesce(typeof({v}) IN ('integer', 'real'), 0)"),
            Affinity::Blob => return None,
        });
    }
    let big = format!("typeof({v}) = 'integer' AND CAST(CAST({v} AS REAL) AS INTEGER) <> {v}");
    let conditions = match to {
        Affinity::Integer | Affinity::Numeric => from_text("NUMERIC"),
        Affinity::Real => format!("({}) OR ({big})", from_text("REAL")),
        Affinity::Text => format!("typeof({v}) = 'real' AND CAST(CAST({v} AS TEXT) AS REAL) <> {v}"),
        Affinity::Blob => return None,
    };
    Some(format!("coalesce({conditions}, 0)"))
}

/// Returns a hazard for values that the new type rejects: a STRICT table rejects what its type cannot store
/// (<https://sqlite.org/stricttables.html>), and a rowid key in any table rejects non-integers.
pub(super) fn strict_value(edits: &TableEdits, column: &Column) -> Option<Hazard> {
    let is_key = |t: &Table| types::rowid_key(t).is_some_and(|k| k.name == column.name);
    let newly_key = is_key(&edits.after) && !is_key(&edits.before);
    let newly = newly_key || (edits.after.strict && (!edits.before.strict || rows::changes_type(edits, column)));
    if !newly || !edits.before.columns.contains_key(&column.name) {
        return None;
    }
    let v = quote(column.name.as_str());
    let declared = types::declared(&column.ty, true).to_ascii_uppercase();
    // The stored values already have the column's affinity.
    let fits = match declared.as_str() {
        "INT" | "INTEGER" => format!("typeof({v}) = 'integer'"),
        "REAL" => format!("typeof({v}) IN ('integer', 'real')"),
        "TEXT" => format!("typeof({v}) = 'text'"),
        "BLOB" => format!("typeof({v}) = 'blob'"),
        _ => return None,
    };
    let condition = format!("{v} IS NOT NULL AND NOT coalesce({fits}, 0)");
    let message = format!("{{count}} of {{total}} values of {} are not of type {declared}", column.name);
    let hazard = Hazard::new(Code::BreaksType, Level::Blocks, at(edits, &column.name), message, "convert them: using \"EXPRESSION\"");
    let find = format!("SELECT * FROM {} WHERE {condition}", rows::shown_rows(edits));
    Some(hazard.counted(Probe::Aggregate(format!("sum({condition})"))).found_by(find))
}

pub(super) fn autoincrement(edits: &TableEdits) -> Option<Hazard> {
    let set = |t: &Table| t.primary_key.as_ref().is_some_and(|k| k.autoincrement);
    if !set(&edits.before) || set(&edits.after) {
        return None;
    }
    let message = format!("{} loses AUTOINCREMENT: the ids of deleted rows may be reused", edits.after.name);
    let advice = "to keep it, write `autoincrement` after `primary-key`";
    Some(Hazard::new(Code::LosesAutoincrement, Level::Warns, edits.after.address(), message, advice))
}
