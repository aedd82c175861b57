//! The numbers that serial and identity columns give to existing rows, within the bounds of their sequences
//! (<https://www.postgresql.org/docs/current/sql-createsequence.html>). Creates no sequence.

use super::super::names::{list, literal, quote};
use super::tables::Altered;
use crate::plan::{Code, Hazard, Level, Probe, Statement};
use crate::schema::{Column, Part, SequenceOptions, Type};

/// The options of a sequence, including PostgreSQL's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbers {
    first: i128,
    step: i128,
    min: i128,
    max: i128,
    cycle: bool,
}

impl Numbers {
    /// Returns the options of a column's sequence.
    pub(super) fn of(column: &Column) -> Numbers {
        Numbers::with(&column.sequence, super::super::types::stored(&column.ty))
    }

    /// Returns the options of a sequence with these options and this type.
    pub(super) fn with(options: &SequenceOptions, ty: Type) -> Numbers {
        let (lowest, highest) = match ty {
            Type::SmallInt => (i128::from(i16::MIN), i128::from(i16::MAX)),
            Type::Integer => (i128::from(i32::MIN), i128::from(i32::MAX)),
            _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
        };
        let number = |n: Option<i64>| n.map(i128::from);
        let step = number(options.increment).unwrap_or(1);
        let (min, max) = if step < 0 { (lowest, -1) } else { (1, highest) };
        let (min, max) = (number(options.min).unwrap_or(min), number(options.max).unwrap_or(max));
        let first = number(options.start).unwrap_or(if step < 0 { max } else { min });
        Numbers { first, step, min, max, cycle: options.cycle }
    }

    /// Returns its minimum and maximum.
    pub(super) fn bounds(self) -> (i128, i128) {
        (self.min, self.max)
    }

    /// Returns the value after its last one if it cycles: the maximum for a descending sequence.
    fn again(self) -> i128 {
        if self.step < 0 { self.max } else { self.min }
    }

    /// Returns how many values there are from `first` on.
    fn count_from(self, first: i128) -> i128 {
        let last = if self.step < 0 { self.min } else { self.max };
        if self.step == 0 { 1 } else { (last - first) / self.step + 1 }
    }

    /// Returns how many rows can be numbered; `None` is unlimited.
    pub(super) fn capacity(self) -> Option<i128> {
        (!self.cycle).then(|| self.count_from(self.first))
    }

    /// Returns the number of the row at this position, counted from 0, as SQL.
    fn at(self, place: &str) -> String {
        let Numbers { first, step, .. } = self;
        if !self.cycle {
            return format!("{first} + {place} * ({step})");
        }
        let (once, all, again) = (self.count_from(first), self.count_from(self.again()), self.again());
        // `bigint % integer` has no operator that fits exactly.
        let all = if i64::try_from(all).is_ok() { format!("{all}::bigint") } else { all.to_string() };
        format!("CASE WHEN {place} < {once} THEN {first} + {place} * ({step}) ELSE {again} + ({place} - {once}) % {all} * ({step}) END")
    }
}

/// Returns a bound as SQL. The server reads the sign of the lowest `bigint` as an operator on a `numeric`,
/// which no comparison with an integer matches exactly: an operator in the search path could be called
/// instead.
fn bound(number: i128) -> String {
    if number == i128::from(i64::MIN) { format!("'{number}'::bigint") } else { number.to_string() }
}

/// Numbers the rows of a new column as its sequence would, in the order of the old primary key.
pub(super) fn number(table: &Altered<'_>, column: &Column, name: &str) -> Option<Statement> {
    let key = table.edits.live.primary_key.as_ref()?;
    let order = list(key.parts.iter().map(|p| &p.column));
    let (name, old) = (quote(name), &table.now);
    let value = Numbers::of(column).at("o.place");
    let placed = format!("SELECT ctid AS id, row_number() OVER (ORDER BY {order}) - 1 AS place FROM {old}");
    Some(Statement::copy(format!("UPDATE {old} AS t SET {name} = {value} FROM ({placed}) AS o WHERE t.ctid = o.id")))
}

/// Makes the sequence of a numbered column continue after the last row.
pub(super) fn after_numbered(table: &Altered<'_>, column: &Column, sequence: &str) -> Statement {
    let value = Numbers::of(column).at("(n - 1)");
    Statement::new(format!(
        "SELECT pg_catalog.setval({sequence}, {value}) FROM (SELECT count(*) AS n FROM {}) AS rows WHERE n > 0",
        table.new
    ))
}

/// Makes the sequence continue after the existing values. Values outside of its bounds do not count.
pub(super) fn past_highest(table: &Altered<'_>, column: &Column, sequence: &str) -> Statement {
    let name = quote(column.name.as_str());
    let numbers = Numbers::of(column);
    let (most, compares) = if numbers.step < 0 { ("min", "<=") } else { ("max", ">=") };
    let (from, first) = (&table.new, numbers.first);
    let within = format!("{name} BETWEEN {} AND {}", bound(numbers.min), bound(numbers.max));
    Statement::new(format!(
        "SELECT pg_catalog.setval({sequence}, {most}({name})) FROM {from} WHERE {within} HAVING {most}({name}) {compares} {first}"
    ))
}

/// Stores the position of a sequence that is dropped before its successor exists, until the end of the transaction.
pub(super) fn remember(table: &Altered<'_>, column: &Column, sequence: &str) -> Statement {
    let setting = literal(&position(table, column));
    let position = "CASE WHEN is_called THEN last_value::text ELSE '' END";
    Statement::of_catalog(format!("SELECT pg_catalog.set_config({setting}, {position}, true) FROM {sequence}"))
}

/// Makes the sequence continue after the existing values and after the stored position.
pub(super) fn past_remembered(table: &Altered<'_>, column: &Column, sequence: &str) -> Statement {
    let numbers = Numbers::of(column);
    let (most, compares) = if numbers.step < 0 { ("min", "<=") } else { ("max", ">=") };
    let (name, from, first) = (quote(column.name.as_str()), &table.new, numbers.first);
    let within = format!("n BETWEEN {} AND {}", bound(numbers.min), bound(numbers.max));
    let position = format!("nullif(pg_catalog.current_setting({}), '')::bigint", literal(&position(table, column)));
    let all = format!("SELECT {name} FROM {from} UNION ALL SELECT {position}");
    Statement::new(format!(
        "SELECT pg_catalog.setval({sequence}, {most}(n)) FROM ({all}) AS numbers(n) WHERE {within} HAVING {most}(n) {compares} {first}"
    ))
}

/// Returns the name of the setting that stores the position of a column's sequence. It only has to differ from those of the
/// table's other columns: each step sets its own before it reads them.
fn position(table: &Altered<'_>, column: &Column) -> String {
    format!("rosey.position_{}", table.edits.after.columns.get_index_of(&column.name).unwrap_or_default())
}

/// Makes a new sequence continue at the position of another one, if that is within its bounds.
pub(super) fn go_on_from(sequence: &str, numbers: Numbers, old: &str) -> Statement {
    let (min, max) = (bound(numbers.min), bound(numbers.max));
    Statement::of_catalog(format!(
        "SELECT pg_catalog.setval({}, last_value, is_called) FROM {old} WHERE last_value BETWEEN {min} AND {max}",
        literal(sequence)
    ))
}

/// Reports more rows than the sequence of a new column has values.
pub(super) fn too_few(table: &Altered<'_>, column: &Column) -> Option<Hazard> {
    let counts = column.ty.is_serial() || column.identity.is_some();
    let capacity =
        Numbers::of(column).capacity().filter(|_| counts && column.backfill.is_none() && table.column(&column.name).is_none())?;
    let message =
        format!("`{}` would be NULL in {{count}} of {{total}} rows, because its sequence has only {capacity} values", column.name);
    let advice = "widen the bounds of its sequence, let it cycle, or add a backfill to the column";
    let address = table.edits.after.address().child(Part::Column, &column.name);
    let hazard = Hazard::new(Code::BreaksNotNull, Level::Blocks, address, message, advice);
    Some(hazard.counted(Probe::Query(format!("SELECT greatest(count(*) - {capacity}, 0)::bigint, count(*) FROM {}", table.old))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(increment: Option<i64>, start: Option<i64>, min: Option<i64>, max: Option<i64>, cycle: bool) -> Numbers {
        let options = SequenceOptions { increment, start, min, max, cycle, ..SequenceOptions::default() };
        Numbers::with(&options, Type::SmallInt)
    }

    #[test]
    fn bounds_follow_from_the_type_and_the_direction() {
        assert_eq!(numbers(None, None, None, None, false).capacity(), Some(32767));
        assert_eq!(numbers(Some(-1), None, None, None, false).capacity(), Some(32768));
        assert_eq!(numbers(Some(3), Some(5), None, Some(10), false).capacity(), Some(2));
        assert_eq!(numbers(Some(-2), None, Some(-5), Some(4), false).capacity(), Some(5));
        assert_eq!(numbers(None, None, None, Some(3), true).capacity(), None);
    }

    #[test]
    fn a_cycle_goes_on_at_its_minimum() {
        let sql = numbers(None, Some(9), Some(8), Some(10), true).at("n");
        assert_eq!(sql, "CASE WHEN n < 2 THEN 9 + n * (1) ELSE 8 + (n - 2) % 3::bigint * (1) END");
    }
}
