//! What the rows say to a change, before it is made: every new rule as a count of the rows that break it, everything
//! that goes as a count of the values that go with it.

use super::super::inspect::Live;
use super::super::lexer::quote;
use super::super::types::{self, Affinity};
use super::rows;
use crate::diff::{Changes, Delta, TableChange, TableEdits};
use crate::plan::{Code, Hazard, Level, Probe};
use crate::schema::{Address, Column, ForeignKey, Ident, Table, Type};

pub(super) fn hazards(edits: &TableEdits, rebuilds: bool, changes: &Changes, live: &Live) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    hazards.extend(edits.columns.iter().filter_map(|d| dropped(d, edits)));
    if rebuilds {
        for column in edits.after.columns.values().filter(|c| c.generated.is_none()) {
            hazards.extend(not_null(edits, column));
            hazards.extend(conversion(edits, column));
            hazards.extend(fractions(edits, column));
            hazards.extend(longer(edits, column));
            hazards.extend(strict_value(edits, column));
        }
        hazards.extend(checks(edits));
        hazards.extend(uniques(edits));
        hazards.extend(foreign_keys(edits, changes, live));
        hazards.extend(autoincrement(edits));
    }
    hazards.extend(unique_indexes(edits, rebuilds));
    hazards
}

fn at(edits: &TableEdits, column: &Ident) -> Address {
    edits.after.address().child("column", column)
}

fn old_table(edits: &TableEdits) -> String {
    quote(edits.live.name.name.as_str())
}

/// The rows over which the step's aggregates run: the old table, or the rows as they will be.
fn live_name(edits: &TableEdits, column: &Ident) -> String {
    let old = edits.renamed_columns.iter().find(|(_, new)| new == column).map_or(column, |(old, _)| old);
    quote(old.as_str())
}

fn dropped(delta: &Delta<Column>, edits: &TableEdits) -> Option<Hazard> {
    let (column, what) = match delta {
        Delta::Drop(column) => (column, "dropped"),
        Delta::Alter { before, after, .. } if after.generated.is_some() => (before, "computed from now on: it loses what it holds"),
        _ => return None,
    };
    if column.generated.is_some() {
        return None; // what is computed can be computed again
    }
    let name = live_name(edits, &column.name);
    let message = format!("column {} is {what}, with {{values}}", column.name);
    let advice = format!("to rename it instead, write was={} on its successor", column.name);
    let probe = Probe::Query(format!("SELECT count({name}), count(*) FROM {}", old_table(edits)));
    Some(Hazard::new(Code::DestroysColumn, Level::Destroys, at(edits, &column.name), message, advice).counted(probe))
}

fn not_null(edits: &TableEdits, column: &Column) -> Option<Hazard> {
    let is_new = !edits.before.columns.contains_key(&column.name);
    let converted = column.using.is_some() && rows::changes_type(edits, column);
    let key = types::rowid_key(&edits.after).is_some_and(|k| k.name == column.name);
    let was_key = types::rowid_key(&edits.before).is_some_and(|k| k.name == column.name);
    let newly_key = key && !was_key && !is_new;
    let binds = column.not_null && (is_new && !key || rows::becomes_not_null(edits, column) || converted || newly_key);
    if !binds {
        return None;
    }
    let advice = if is_new && column.backfill.is_none() {
        "give the column a default or a backfill"
    } else if column.backfill.is_some() {
        "the backfill leaves NULL there: let it give a value for every row"
    } else {
        "add a backfill to the column, or fill the rows first"
    };
    let name = quote(column.name.as_str());
    let message = format!("{{count}} of {{total}} rows have no {}", column.name);
    let old = edits.before.columns.contains_key(&column.name) && !converted && column.backfill.is_none();
    let find = if old {
        format!("SELECT * FROM {} WHERE {} IS NULL", old_table(edits), live_name(edits, &column.name))
    } else {
        format!("SELECT * FROM {} WHERE {name} IS NULL", rows::shown_rows(edits))
    };
    let hazard = Hazard::new(Code::BreaksNotNull, Level::Blocks, at(edits, &column.name), message, advice);
    Some(hazard.counted(Probe::Aggregate(format!("sum({name} IS NULL)"))).found_by(find))
}

/// Values that the new type's affinity alters so that the old one does not bring them back: `'007'` becomes 7.
fn conversion(edits: &TableEdits, column: &Column) -> Option<Hazard> {
    let before = edits.before.columns.get(&column.name)?;
    let (from, to) = (types::column_affinity(before, &edits.before), types::column_affinity(column, &edits.after));
    if from == to || (column.using.is_some() && rows::changes_type(edits, column)) {
        return None;
    }
    let old = live_name(edits, &column.name);
    let condition = lossy(&old, from, to)?;
    let table = old_table(edits);
    let message = format!(
        "{{count}} of {{total}} values of {} would not be the same after the change to {}",
        column.name,
        shown_type(column, &edits.after)
    );
    let advice = "say how they are converted: using \"EXPRESSION\"";
    let hazard = Hazard::new(Code::LosesValues, Level::Destroys, at(edits, &column.name), message, advice);
    let probe = Probe::Query(format!("SELECT sum({condition}), count(*) FROM {table}"));
    Some(hazard.counted(probe).found_by(format!("SELECT * FROM {table} WHERE {condition}")))
}

/// SQLite keeps a fraction in an INTEGER column; nothing else does, so somebody has to say what is meant.
fn fractions(edits: &TableEdits, column: &Column) -> Option<Hazard> {
    let before = edits.before.columns.get(&column.name)?;
    let (from, to) = (types::column_affinity(before, &edits.before), types::column_affinity(column, &edits.after));
    let converted = column.using.is_some() && rows::changes_type(edits, column);
    if to != Affinity::Integer || from == to || converted || edits.after.strict {
        return None;
    }
    let (old, table) = (live_name(edits, &column.name), old_table(edits));
    let condition = format!("typeof({old}) = 'real' AND CAST({old} AS INTEGER) <> {old}");
    let message = format!(
        "{{count}} of {{total}} values of {} have a fraction, which {} is not made for",
        column.name,
        shown_type(column, &edits.after)
    );
    let advice = "say how they are converted: using \"EXPRESSION\"; without it SQLite keeps them as they are";
    let hazard = Hazard::new(Code::MisfitValues, Level::Destroys, at(edits, &column.name), message, advice);
    let probe = Probe::Query(format!("SELECT sum(coalesce({condition}, 0)), count(*) FROM {table}"));
    Some(hazard.counted(probe).found_by(format!("SELECT * FROM {table} WHERE {condition}")))
}

/// SQLite does not enforce a length; PostgreSQL does, so it is worth a word.
fn longer(edits: &TableEdits, column: &Column) -> Option<Hazard> {
    let length = |t: &Type| match t {
        Type::VarChar(n) | Type::Char(n) => Some(*n),
        _ => None,
    };
    let before = edits.before.columns.get(&column.name)?;
    let most = length(&column.ty).filter(|n| length(&before.ty).is_none_or(|old| old > *n))?;
    let (name, table) = (live_name(edits, &column.name), old_table(edits));
    let condition = format!("typeof({name}) = 'text' AND length({name}) > {most}");
    let message = format!("{{count}} of {{total}} values of {} are longer than {most}", column.name);
    let hazard = Hazard::new(Code::LongerValues, Level::Warns, at(edits, &column.name), message, "SQLite keeps them as they are");
    let probe = Probe::Query(format!("SELECT sum({condition}), count(*) FROM {table}"));
    Some(hazard.counted(probe).found_by(format!("SELECT * FROM {table} WHERE {condition}")))
}

fn shown_type(column: &Column, table: &Table) -> String {
    types::declared(&column.ty, table.strict)
}

/// The condition under which a value stored with the new affinity is another one, beyond what the old affinity brings
/// back. A comparison with a NUMERIC cast applies numeric affinity to the other side
/// (<https://sqlite.org/datatype3.html#comparison_expressions>), so that it is true just for text that looks like a number.
fn lossy(v: &str, from: Affinity, to: Affinity) -> Option<String> {
    let from_text = |cast: &str| {
        format!("typeof({v}) = 'text' AND CAST({v} AS NUMERIC) = {v} AND CAST(CAST({v} AS {cast}) AS TEXT) <> {v} COLLATE BINARY")
    };
    let number = format!("typeof({v}) = 'text' AND CAST({v} AS NUMERIC) = {v}");
    if from == Affinity::Blob {
        // Without an affinity every value was what it was, and nothing brings it back.
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

/// A STRICT table refuses what its type cannot hold (<https://sqlite.org/stricttables.html>), and a rowid key in any
/// table refuses what is no integer.
fn strict_value(edits: &TableEdits, column: &Column) -> Option<Hazard> {
    let is_key = |t: &Table| types::rowid_key(t).is_some_and(|k| k.name == column.name);
    let newly_key = is_key(&edits.after) && !is_key(&edits.before);
    let newly = newly_key || (edits.after.strict && (!edits.before.strict || rows::changes_type(edits, column)));
    if !newly || !edits.before.columns.contains_key(&column.name) {
        return None;
    }
    let v = quote(column.name.as_str());
    let declared = types::declared(&column.ty, true).to_ascii_uppercase();
    // What stands there has its affinity already.
    let fits = match declared.as_str() {
        "INT" | "INTEGER" => format!("typeof({v}) = 'integer'"),
        "REAL" => format!("typeof({v}) IN ('integer', 'real')"),
        "TEXT" => format!("typeof({v}) = 'text'"),
        "BLOB" => format!("typeof({v}) = 'blob'"),
        _ => return None,
    };
    let condition = format!("{v} IS NOT NULL AND NOT coalesce({fits}, 0)");
    let message = format!("{{count}} of {{total}} values of {} are no {declared}", column.name);
    let hazard = Hazard::new(Code::BreaksType, Level::Blocks, at(edits, &column.name), message, "convert them: using \"EXPRESSION\"");
    let find = format!("SELECT * FROM {} WHERE {condition}", rows::shown_rows(edits));
    Some(hazard.counted(Probe::Aggregate(format!("sum({condition})"))).found_by(find))
}

/// Conditions that are new, or that meet values which the change makes.
fn checks(edits: &TableEdits) -> Vec<Hazard> {
    let new = |i: &crate::schema::Check| edits.checks.iter().filter_map(Delta::after).any(|c| c.expr == i.expr);
    let made = rows::remade(edits);
    let fresh: Vec<Ident> = edits.after.columns.keys().filter(|c| !edits.before.columns.contains_key(*c)).cloned().collect();
    let touched = |c: &crate::schema::Check| made.iter().chain(&fresh).any(|name| c.expr.mentions(name));
    let derived = |c: &crate::schema::Check| {
        edits
            .after
            .columns
            .values()
            .any(|col| col.generated.as_ref().is_some_and(|g| c.expr.mentions(&col.name) && made.iter().any(|m| g.expr.mentions(m))))
    };
    let bound = edits.after.checks.iter().filter(|c| new(c) || touched(c) || derived(c));
    bound
        .map(|check| {
            let name = check.name.as_ref().map_or_else(|| format!("({})", check.expr.text), ToString::to_string);
            let condition = format!("NOT ({})", check.expr.text);
            let relation = format!("{} AS {}", rows::new_rows(edits), quote(edits.after.name.name.as_str()));
            let message = format!("{{count}} of {{total}} rows do not meet check {name}");
            let advice = "change these rows first, or the condition";
            Hazard::new(Code::BreaksCheck, Level::Blocks, edits.after.address().child("check", &name), message, advice)
                .counted(Probe::Query(format!("SELECT sum(coalesce({condition}, 0)), count(*) FROM {relation}")))
                .found_by(format!(
                    "SELECT * FROM {} AS {} WHERE {condition}",
                    rows::shown_rows(edits),
                    quote(edits.after.name.name.as_str())
                ))
        })
        .collect()
}

/// Unique rules and keys that are new, or that meet values which the change makes.
fn uniques(edits: &TableEdits) -> Vec<Hazard> {
    let made = rows::remade(edits);
    let mut rules: Vec<(String, Vec<&crate::schema::KeyPart>)> = Vec::new();
    for unique in &edits.after.uniques {
        let new = edits.uniques.iter().filter_map(Delta::after).any(|u| u.parts == unique.parts);
        if new || unique.parts.iter().any(|p| made.contains(&p.column)) {
            let columns = unique.parts.iter().map(|p| p.column.to_string()).collect::<Vec<_>>().join(", ");
            rules.push((format!("unique ({columns})"), unique.parts.iter().collect()));
        }
    }
    let new_key = matches!(&edits.primary_key, Some(Delta::Create(_)))
        || matches!(&edits.primary_key, Some(Delta::Alter { edits: e, .. }) if e.iter().any(|e| e.attribute == "columns"));
    if let Some(key) = &edits.after.primary_key {
        let numbered = types::rowid_key(&edits.after).is_some_and(|k| !edits.before.columns.contains_key(&k.name) && k.backfill.is_none());
        if !numbered && (new_key || key.parts.iter().any(|p| made.contains(&p.column))) {
            rules.push(("the primary key".to_owned(), key.parts.iter().collect()));
        }
    }
    rules.into_iter().map(|(name, parts)| unique_hazard(edits, &name, &rows::new_rows(edits), &parts)).collect()
}

fn unique_hazard(edits: &TableEdits, name: &str, relation: &str, parts: &[&crate::schema::KeyPart]) -> Hazard {
    let collate = |p: &crate::schema::KeyPart| {
        let own = p.collate.as_ref().or_else(|| edits.after.columns.get(&p.column)?.collate.as_ref());
        format!("{} COLLATE {}", quote(p.column.as_str()), own.map_or("BINARY".to_owned(), |c| quote(c.as_str())))
    };
    let keys = parts.iter().map(|p| collate(p)).collect::<Vec<_>>().join(", ");
    let filled = parts.iter().map(|p| format!("{} IS NOT NULL", quote(p.column.as_str()))).collect::<Vec<_>>().join(" AND ");
    duplicates(edits, name, relation, &keys, &filled)
}

fn duplicates(edits: &TableEdits, name: &str, relation: &str, keys: &str, filled: &str) -> Hazard {
    let groups = format!("SELECT count(*) AS n FROM {relation} WHERE {filled} GROUP BY {keys} HAVING count(*) > 1");
    let message = format!("{{count}} of {{total}} rows are not alone under {name}");
    let advice = "make them differ, or take out the doubles first";
    Hazard::new(Code::BreaksUnique, Level::Blocks, edits.after.address().child("rule", name), message, advice)
        .counted(Probe::Query(format!("SELECT (SELECT sum(n) FROM ({groups})), (SELECT count(*) FROM {})", old_table(edits))))
        .found_by(format!("SELECT {keys}, count(*) FROM {} WHERE {filled} GROUP BY {keys} HAVING count(*) > 1", rows::shown_rows(edits)))
}

/// Unique indexes that come, or that are built again over values which the change makes.
fn unique_indexes(edits: &TableEdits, rebuilds: bool) -> Vec<Hazard> {
    let made = rows::remade(edits);
    let is_new = |name: &Ident| edits.indexes.iter().filter_map(Delta::after).any(|i| i.name == *name);
    let bound = edits.after.indexes.values().filter(|i| i.unique);
    let bound = bound.filter(|i| is_new(&i.name) || (rebuilds && made.iter().any(|m| reads(i, m, &edits.after))));
    bound
        .map(|index| {
            let parts: Vec<String> = index.parts.iter().map(|p| part_sql(p, &edits.after)).collect();
            let bare: Vec<String> = index.parts.iter().map(|p| format!("({}) IS NOT NULL", key_sql(p))).collect();
            let mut filled = bare.join(" AND ");
            if let Some(predicate) = &index.predicate {
                filled = format!("{filled} AND ({})", predicate.text);
            }
            let relation = format!("{} AS {}", rows::new_rows(edits), quote(edits.after.name.name.as_str()));
            duplicates(edits, &format!("index {}", index.name), &relation, &parts.join(", "), &filled)
        })
        .collect()
}

/// Whether the index sorts by the column, by an expression of it, or by a column that is made from it.
fn reads(index: &crate::schema::Index, column: &Ident, table: &Table) -> bool {
    let made_from = |c: &Ident| table.columns.get(c).and_then(|c| c.generated.as_ref()).is_some_and(|g| g.expr.mentions(column));
    index.predicate.as_ref().is_some_and(|p| p.mentions(column))
        || index.parts.iter().any(|p| match &p.key {
            crate::schema::PartKey::Column(c) => c == column || made_from(c),
            crate::schema::PartKey::Expr(e) => e.mentions(column),
        })
}

fn key_sql(part: &crate::schema::IndexPart) -> String {
    match &part.key {
        crate::schema::PartKey::Column(c) => quote(c.as_str()),
        crate::schema::PartKey::Expr(e) => format!("({})", e.text),
    }
}

fn part_sql(part: &crate::schema::IndexPart, table: &Table) -> String {
    let column = part.column().and_then(|c| table.columns.get(c)?.collate.as_ref());
    let collate = part.collate.as_ref().or(column).map(|c| format!(" COLLATE {}", quote(c.as_str()))).unwrap_or_default();
    format!("{}{collate}", key_sql(part))
}

fn foreign_keys(edits: &TableEdits, changes: &Changes, live: &Live) -> Vec<Hazard> {
    let made = rows::remade(edits);
    let new = |fk: &ForeignKey| {
        edits.foreign_keys.iter().filter_map(Delta::after).any(|f| f.columns == fk.columns && f.table == fk.table && f.to == fk.to)
    };
    let unfilled = |fk: &ForeignKey| {
        fk.columns.iter().all(|c| !edits.before.columns.contains_key(c) && edits.after.columns[c].default.is_none() && !made.contains(c))
    };
    let bound = edits.after.foreign_keys.iter().filter(|fk| (new(fk) || fk.columns.iter().any(|c| made.contains(c))) && !unfilled(fk));
    bound.filter(|fk| !fk.to.is_empty()).filter_map(|fk| Some(foreign_key(edits, fk, &parent_rows(fk, changes, live)?))).collect()
}

/// The rows that a foreign key may point to, as they will be. `None` where it leads to no table.
fn parent_rows(fk: &ForeignKey, changes: &Changes, live: &Live) -> Option<String> {
    let change = changes.tables.iter().find(|c| c.table().name == fk.table);
    match change {
        Some(TableChange::Alter(parent)) => Some(rows::new_rows(parent)),
        Some(TableChange::Create(_)) => {
            let columns: Vec<String> = fk.to.iter().map(|c| format!("NULL AS {}", quote(c.as_str()))).collect();
            Some(format!("(SELECT {} WHERE 0)", columns.join(", ")))
        }
        Some(TableChange::Drop(_)) => None,
        None => live.has_table(fk.table.name.as_str()).then(|| quote(fk.table.name.as_str())),
    }
}

fn foreign_key(edits: &TableEdits, fk: &ForeignKey, parent: &str) -> Hazard {
    let pairs = fk.columns.iter().zip(&fk.to);
    let matches: Vec<String> = pairs.map(|(c, to)| format!("p.{} = c.{}", quote(to.as_str()), quote(c.as_str()))).collect();
    let filled: Vec<String> = fk.columns.iter().map(|c| format!("c.{} IS NOT NULL", quote(c.as_str()))).collect();
    let orphans = format!(
        "{} AS c WHERE {} AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {})",
        rows::new_rows(edits),
        filled.join(" AND "),
        matches.join(" AND ")
    );
    let columns = fk.columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let address = edits.after.address().child("foreign-key", &columns);
    let message = format!("{{count}} of {{total}} rows have a {columns} that {} does not have", fk.table);
    Hazard::new(Code::BreaksForeignKey, Level::Blocks, address, message, "mend or delete these rows first")
        .counted(Probe::Query(format!("SELECT (SELECT count(*) FROM {orphans}), (SELECT count(*) FROM {})", old_table(edits))))
        .found_by(format!("SELECT * FROM {}", orphans.replace(&rows::new_rows(edits), &rows::shown_rows(edits))))
}

fn autoincrement(edits: &TableEdits) -> Option<Hazard> {
    let set = |t: &Table| t.primary_key.as_ref().is_some_and(|k| k.autoincrement);
    if !set(&edits.before) || set(&edits.after) {
        return None;
    }
    let message = format!("{} loses AUTOINCREMENT: ids after the last row may be used again", edits.after.name);
    let advice = "to keep it, write `autoincrement` behind `primary-key`";
    Some(Hazard::new(Code::LosesAutoincrement, Level::Warns, edits.after.address(), message, advice))
}
