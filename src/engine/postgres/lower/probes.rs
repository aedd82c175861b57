//! Whether the rows permit a change: each new constraint as a count of the rows that violate it, each dropped
//! column as a count of its values. Nothing is counted in tables without rows.

use super::super::names::quote;
use super::super::{normalize, types};
use super::LoweringContext;
use super::retype::live_column;
use super::rows::new_rows;
use super::rules::Op;
use super::tables::Altered;
use crate::diff::{Attribute, Delta};
use crate::engine::advice::rename_instead;
use crate::engine::filled::is_filled;
use crate::plan::{Code, Hazard, Level, NotCounted, Probe};
use crate::schema::{Address, Column, Ident, Index, ObjectName, Part, PartKey, Type};

pub(super) fn hazards(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Hazard> {
    let mut found: Vec<Hazard> = table.edits.columns.iter().filter_map(|d| dropped(table, d)).collect();
    // A missing cast is a problem even if there are no rows.
    found.extend(table.retyped.iter().filter_map(|r| loses(context, table, r)));
    if !table.rows {
        return found;
    }
    found.extend(table.edits.after.columns.values().filter_map(|c| not_null(context, table, c)));
    found.extend(table.edits.after.columns.values().filter_map(|c| super::numbers::too_few(table, c)));
    found.extend(table.retyped.iter().filter_map(|r| longer(context, table, r)));
    found.extend(longer_fills(context, table));
    found.extend(table.retyped.iter().filter_map(|r| of_utc(context, table, r)));
    found.extend(checks(context, table));
    found.extend(uniques(context, table));
    found.extend(super::domain_values::hazards(context, table));
    let becomes = |c: &&Ident| table.edits.after.columns.get(*c).is_some_and(|c| super::ground::is_over_new_values(context, &c.ty));
    let converted: Vec<&Ident> = table.retyped.iter().map(|r| &r.column).filter(becomes).collect();
    super::types::without_new_values(context, &mut found, &converted, &new_rows(context, table));
    found
}

fn at(table: &Altered<'_>, column: &Ident) -> Address {
    table.edits.after.address().child(Part::Column, column)
}

fn dropped(table: &Altered<'_>, delta: &Delta<Column>) -> Option<Hazard> {
    let (column, what) = match delta {
        Delta::Drop(column) => (column, "drops"),
        Delta::Alter { before, after, .. } if after.generated.is_some() => (before, "discards the stored values of newly generated"),
        _ => return None,
    };
    if column.generated.is_some() {
        return None; // a generated column can be computed again
    }
    let name = quote(live_column(&table.edits, &column.name).as_str());
    let column = if delta.after().is_none() { table.edits.dropped(column) } else { column };
    let message = format!("{what} column {} ({{values}})", column.name);
    let advice = rename_instead(&column.name);
    let mut hazard = Hazard::new(Code::DestroysColumn, Level::Destroys, at(table, &column.name), message, advice);
    if table.rows {
        hazard =
            hazard.counted(Probe::Query(format!("SELECT pg_catalog.count({name}), count(*) FROM {}", table.old))).reading([&table.old]);
    } else {
        (hazard.count, hazard.total) = (Some(0), Some(0));
    }
    Some(hazard)
}

fn not_null(context: &LoweringContext<'_>, table: &Altered<'_>, column: &Column) -> Option<Hazard> {
    let before = table.column(&column.name);
    let counts = column.ty.is_serial() || column.identity.is_some();
    let new = before.is_none();
    let converted = table.retyped.iter().any(|r| r.column == column.name && r.said);
    let binds = column.not_null && (new && !counts || before.is_some_and(|b| !b.not_null) || converted);
    let default = column.default.as_ref().or_else(|| super::ground::default_of(context, &column.ty));
    let has_default = column.backfill.is_none() && default.is_some_and(|d| d.canon != normalize::NULL);
    let certain = new && (has_default || is_filled(column));
    if !binds || certain {
        return None;
    }
    let advice = if new && column.backfill.is_none() {
        "add a default or a backfill to the column"
    } else if column.backfill.is_some() {
        "make the backfill return a value for every row"
    } else {
        "add a backfill to the column, or set a value in these rows first"
    };
    let name = quote(column.name.as_str());
    let message = format!("`{}` is NULL in {{count}} of {{total}} rows", column.name);
    let find = format!("SELECT * FROM {} AS t WHERE {name} IS NULL", new_rows(context, table));
    let hazard = Hazard::new(Code::BreaksNotNull, Level::Blocks, at(table, &column.name), message, advice);
    Some(hazard.counted(Probe::Aggregate(format!("count(*) FILTER (WHERE {name} IS NULL)"))).reading([&table.old]).found_by(find))
}

/// Returns a column before and after its values are converted, with the types under new or changed domains.
fn converted(context: &LoweringContext<'_>, table: &Altered<'_>, column: &Ident) -> Option<(Column, Column)> {
    let (before, after) = (table.column(column)?, table.edits.after.columns.get(column)?);
    Some(super::ground::converted(context, before, after))
}

/// Reports texts that are longer than the new type allows: PostgreSQL refuses them.
fn longer(context: &LoweringContext<'_>, table: &Altered<'_>, retyped: &super::retype::Retyped) -> Option<Hazard> {
    let (before, after) = &converted(context, table, &retyped.column)?;
    let live = quote(retyped.live.as_str());
    if let Some(using) = after.using.as_ref().filter(|_| retyped.said) {
        let ty = super::ground::ground(context, context.desired, &after.ty);
        return too_long(table, &Column { ty, ..after.clone() }, &format!("({})", using.text), "");
    }
    let shortens = types::length(&after.ty).is_some_and(|n| types::length(&before.ty).is_some_and(|old| old > n));
    if shortens { too_long(table, after, &live, "") } else { None }
}

/// Reports values of backfills that are longer than the columns allow.
fn longer_fills(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Hazard> {
    let fill = |column: &Column| {
        let value = format!("({})", column.backfill.as_ref()?.text);
        let ty = super::ground::ground(context, context.desired, &column.ty);
        let limited = Column { ty, ..column.clone() };
        match table.column(&column.name) {
            None if super::columns::is_filled(table, column) => Some(too_long(table, &limited, &value, "")),
            Some(before) if super::ground::becomes_not_null(context, before, column) => {
                let live = quote(live_column(&table.edits, &column.name).as_str());
                Some(too_long(table, &limited, &value, &format!("{live} IS NULL AND ")))
            }
            _ => None,
        }
    };
    table.edits.after.columns.values().filter_map(|c| fill(c).flatten()).collect()
}

/// Returns the hazard for values that are longer than a text column allows, in the rows that satisfy a condition.
fn too_long(table: &Altered<'_>, column: &Column, value: &str, among: &str) -> Option<Hazard> {
    let most = types::length(&column.ty).filter(|n| *n != u32::MAX)?;
    // Trailing spaces do not count as too long (the SQL standard's rule for both types).
    let condition = format!("{among}length(rtrim({value}::text, ' ')) > {most}");
    let message = format!("{{count}} of {{total}} values of {} are longer than {most} characters", column.name);
    let advice = match (&column.using, &column.backfill) {
        (None, None) => "shorten them first, or specify a conversion: using \"EXPRESSION\"",
        _ => "shorten them in the expression, or give the column a longer type",
    };
    let hazard = Hazard::new(Code::LongerValues, Level::Blocks, at(table, &column.name), message, advice);
    let probe = Probe::Query(format!("SELECT count(*) FILTER (WHERE {condition}), count(*) FROM {}", table.old));
    Some(hazard.counted(probe).reading([&table.old]).found_by(format!("SELECT * FROM {} WHERE {condition}", table.old)))
}

/// Reports conversions between types with and without a time zone: they use the session's time zone, which is
/// UTC in an apply (<https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-TIMEZONES>).
fn of_utc(context: &LoweringContext<'_>, table: &Altered<'_>, retyped: &super::retype::Retyped) -> Option<Hazard> {
    let (before, after) = &converted(context, table, &retyped.column)?;
    let (old, new) = (types::has_zone(&before.ty)?, types::has_zone(&after.ty)?);
    if retyped.said || old == new {
        return None;
    }
    let name = quote(retyped.live.as_str());
    let message = format!("{{count}} of {{total}} values of {} are interpreted as UTC", after.name);
    let advice = format!("if they are in another time zone, specify it: using \"{} AT TIME ZONE 'ZONE'\"", after.name);
    let hazard = Hazard::new(Code::TakenAsUtc, Level::Warns, at(table, &after.name), message, advice);
    Some(hazard.counted(Probe::Query(format!("SELECT pg_catalog.count({name}), count(*) FROM {}", table.old))).reading([&table.old]))
}

/// Reports values that would differ after converting them to the new type and back.
fn loses(context: &LoweringContext<'_>, table: &Altered<'_>, retyped: &super::retype::Retyped) -> Option<Hazard> {
    let (before, after) = &converted(context, table, &retyped.column)?;
    let same = super::types::same_type(context, &before.ty, &after.ty);
    let measured = types::length(&after.ty).is_some() && types::length(&before.ty).is_some();
    let is_other_of_name = super::types::gives_up_name(context, &before.ty);
    if same || measured || retyped.said || (!is_other_of_name && types::keeps_values(&before.ty, &after.ty)) {
        return None;
    }
    let over = super::ground::ground(context, context.desired, &after.ty);
    if let Some((key, rest)) = types::named(&over, &context.names)
        && let Some(ty) = context.desired.enums.values().find(|e| context.names.key(&e.name) == key)
    {
        let text = super::retype::by_text(&super::ground::ground(context, context.current, &before.ty), &over);
        return not_in_enum(table, retyped, &ty.values, (rest.contains('['), text));
    }
    let name = quote(retyped.live.as_str());
    let shown = types::value_type(&after.ty);
    let old = types::value_type(&before.ty);
    let text = if super::retype::is_by_text(context, before, after) { super::retype::by_text(&before.ty, &after.ty) } else { "" };
    let back = if text.is_empty() { format!("({name}::{shown})::{old}") } else { format!("{name}{text}::{shown}") };
    let plain = text.is_empty() && !matches!(before.ty, Type::Json | Type::Other(_));
    let condition = if plain { format!("{back} IS DISTINCT FROM {name}") } else { format!("{back}::text IS DISTINCT FROM {name}::text") };
    let message = format!("{{count}} of {{total}} values of {} would be altered by the conversion to {shown}", after.name);
    let advice = "specify a conversion: using \"EXPRESSION\"";
    let mut hazard = Hazard::new(Code::LosesValues, Level::Destroys, at(table, &after.name), message, advice);
    if let Some(row_type) = coming_row_type(context, &after.ty) {
        // A cast to it cannot be tried before it has its final form.
        hazard.not_counted(NotCounted::Unknown(format!("the plan itself creates or changes the row type of {row_type}")));
        return table.rows.then_some(hazard);
    }
    let probe = Probe::Query(format!("SELECT count(*) FILTER (WHERE {condition}), count(*) FROM {}", table.old));
    // If there is no reverse cast, every value that can be converted may change.
    let forward = format!("SELECT pg_catalog.count({name}{text}::{shown}), count(*) FROM {}", table.old);
    Some(Hazard {
        forward: Some(forward),
        ..hazard.counted(probe).reading([&table.old]).found_by(format!("SELECT * FROM {} WHERE {condition}", table.old))
    })
}

/// Returns the relation whose row type this is, or whose row type the elements of an array have, if the change creates,
/// renames or alters it.
fn coming_row_type<'c>(context: &'c LoweringContext<'_>, ty: &Type) -> Option<&'c ObjectName> {
    let (key, _) = types::named(ty, &context.names)?;
    let relations = context.changes.objects.iter().filter(|c| c.kind().has_rows());
    let names = relations.filter_map(|c| c.after()).map(|head| &head.name);
    names.into_iter().find(|name| context.names.key(name) == key)
}

/// Reports texts, or values of another enum, that the new enum type does not have.
fn not_in_enum(table: &Altered<'_>, retyped: &super::retype::Retyped, values: &[String], (array, text): (bool, &str)) -> Option<Hazard> {
    if !table.rows {
        return None;
    }
    let name = quote(retyped.live.as_str());
    let list = values.iter().map(|v| super::super::names::literal(v)).collect::<Vec<_>>().join(", ");
    let after = table.edits.after.columns.get(&retyped.column)?;
    let condition = match array {
        true => format!("NOT ({name}{text} <@ ARRAY[{list}]::text[])"),
        false => format!("{name}{text} <> ALL (ARRAY[{list}]::text[])"),
    };
    let message = format!("{{count}} of {{total}} values of {} are not values of {}", after.name, types::value_type(&after.ty));
    let advice = "change these values first, or specify a conversion: using \"EXPRESSION\"";
    let hazard = Hazard::new(Code::BreaksType, Level::Blocks, at(table, &after.name), message, advice);
    let probe = Probe::Query(format!("SELECT count(*) FILTER (WHERE {condition}), count(*) FROM {}", table.old));
    Some(hazard.counted(probe).reading([&table.old]).found_by(format!("SELECT * FROM {} WHERE {condition}", table.old)))
}

/// Returns the future rows under the table's new name, which conditions may use.
fn relation(context: &LoweringContext<'_>, table: &Altered<'_>) -> String {
    format!("{} AS {}", new_rows(context, table), quote(table.edits.after.name.name.as_str()))
}

/// Reports rows that violate check constraints that are added, validated or re-created.
fn checks(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Hazard> {
    // Values in a different order compare differently: the server itself checks the rows.
    let comparable = |c: &&crate::schema::Check| !super::types::reads_reordered(context, table, &c.expr.text);
    let added = table.rules.checks.iter().filter_map(Op::come).filter(|c| !c.not_valid).filter(comparable);
    let mut bound: Vec<&crate::schema::Check> = added.collect();
    for op in &table.rules.checks {
        if let Op::Edit { after, edits, .. } = op
            && edits.iter().any(|e| e.attribute == Attribute::NotValid)
        {
            bound.push(after);
        }
    }
    let hazard = |check: &crate::schema::Check| {
        // A name that PostgreSQL generates is not in the file.
        let written = table.edits.after.checks.iter().find(|c| c.expr == check.expr).cloned();
        let written = written.unwrap_or_else(|| crate::schema::Check { name: None, ..check.clone() });
        let name = written.label();
        let condition = format!("NOT ({})", check.expr.text);
        let relation = relation(context, table);
        let message = format!("{{count}} of {{total}} rows violate check {name}");
        let advice = "fix these values first, or change the condition";
        Hazard::new(Code::BreaksCheck, Level::Blocks, table.edits.after.check_at(&written), message, advice)
            .counted(Probe::Query(format!("SELECT count(*) FILTER (WHERE {condition}), count(*) FROM {relation}")))
            .reading([&table.old])
            .found_by(format!("SELECT * FROM {relation} WHERE {condition}"))
    };
    bound.into_iter().map(hazard).collect()
}

/// Reports duplicates under primary keys, unique constraints and unique indexes that are added, or whose
/// values change.
fn uniques(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Hazard> {
    let edits = &table.edits;
    let plain = |c: &Ident| quote(c.as_str());
    let made = |c: &Ident| table.stirs(c);
    let mut found = Vec::new();
    if let Some(key) = &edits.after.primary_key {
        let comes = table.rules.keys.iter().any(|op| op.come().is_some()) || key.parts.iter().any(|p| made(&p.column));
        let counted = key.parts.iter().any(|p| counts_anew(table, &p.column));
        if comes && !counted {
            let keys = key.parts.iter().map(|p| plain(&p.column)).collect::<Vec<_>>();
            found.push(doubles(context, table, (edits.after.key_at(), "the primary key"), &keys, (None, true)));
        }
    }
    for unique in &edits.after.uniques {
        let comes = table.rules.uniques.iter().filter_map(Op::come).any(|u| u.parts == unique.parts);
        if comes || unique.parts.iter().any(|p| made(&p.column)) {
            let columns = unique.parts.iter().map(|p| p.column.to_string()).collect::<Vec<_>>().join(", ");
            let keys = unique.parts.iter().map(|p| plain(&p.column)).collect::<Vec<_>>();
            found.push(doubles(
                context,
                table,
                (edits.after.unique_at(unique), &format!("unique constraint ({columns})")),
                &keys,
                (None, unique.nulls_not_distinct),
            ));
        }
    }
    let changed = |i: &&Index| edits.indexes.iter().filter_map(Delta::after).any(|c| c.name == i.name) || reads_any(i, &made);
    for index in edits.after.indexes.values().filter(|i| i.unique).filter(changed) {
        let keys = index.parts.iter().map(|p| match &p.key {
            PartKey::Column(c) => plain(c),
            PartKey::Expr(e) => format!("({})", e.text),
        });
        let predicate = index.predicate.as_ref().map(|p| p.text.as_str());
        let keys: Vec<String> = keys.collect();
        found.push(doubles(
            context,
            table,
            (edits.after.index_at(&index.name), &format!("index {}", index.name)),
            &keys,
            (predicate, index.nulls_not_distinct),
        ));
    }
    found
}

/// Returns whether the column is a new serial or identity column, which is unique by itself.
fn counts_anew(table: &Altered<'_>, column: &Ident) -> bool {
    let counts = |c: &Column| (c.ty.is_serial() || c.identity.is_some()) && !c.sequence.cycle;
    table.column(column).is_none() && table.edits.after.columns.get(column).is_some_and(counts)
}

fn reads_any(index: &Index, made: &dyn Fn(&Ident) -> bool) -> bool {
    index.parts.iter().filter_map(|p| p.column()).any(made)
}

/// Reports duplicates: the constraint's address and name; its keys; the predicate for its rows, and whether
/// NULLs are equal.
fn doubles(
    context: &LoweringContext<'_>,
    table: &Altered<'_>,
    (address, name): (Address, &str),
    keys: &[String],
    (predicate, nulls_count): (Option<&str>, bool),
) -> Hazard {
    let mut filled: Vec<String> = if nulls_count { Vec::new() } else { keys.iter().map(|k| format!("{k} IS NOT NULL")).collect() };
    filled.extend(predicate.map(|p| format!("({p})")));
    let filled = if filled.is_empty() { String::new() } else { format!(" WHERE {}", filled.join(" AND ")) };
    let (keys, relation) = (keys.join(", "), relation(context, table));
    let groups = format!("SELECT count(*) AS n FROM {relation}{filled} GROUP BY {keys} HAVING count(*) > 1");
    let message = format!("{{count}} of {{total}} rows are duplicates under {name}");
    let advice = "change or delete the duplicates first";
    Hazard::new(Code::BreaksUnique, Level::Blocks, address, message, advice)
        .counted(Probe::Query(format!(
            "SELECT coalesce(sum(n), 0)::bigint, (SELECT count(*) FROM {}) FROM ({groups}) AS doubles",
            table.old
        )))
        .reading([&table.old])
        .found_by(format!("SELECT {keys}, count(*) FROM {relation}{filled} GROUP BY {keys} HAVING count(*) > 1"))
}
