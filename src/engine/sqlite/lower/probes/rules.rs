//! Rows that violate a constraint: checks, keys, unique constraints and indexes, foreign keys. Only
//! constraints that are new or that apply to values which the change computes.

use super::super::super::inspect::Live;
use super::super::super::types;
use super::super::rows;
use super::{old_table, quote};
use crate::diff::{Attribute, Changes, Delta, TableChange, TableEdits};
use crate::plan::{Code, Hazard, Level, Probe};
use crate::schema::{Address, ForeignKey, Ident, Table};

/// Returns the constraints that are new or that restrict more than before; a different name does not.
fn comes<T>(deltas: &[Delta<T>], demand: Attribute) -> impl Iterator<Item = &T> {
    let is_new = move |d: &&Delta<T>| !matches!(d, Delta::Alter { edits, .. } if edits.iter().all(|e| e.attribute != demand));
    deltas.iter().filter(is_new).filter_map(Delta::after)
}

/// Returns hazards for checks that are new or that apply to values which the change computes.
pub(super) fn checks(edits: &TableEdits) -> Vec<Hazard> {
    let new = |i: &crate::schema::Check| comes(&edits.checks, Attribute::Condition).any(|c| c.expr == i.expr);
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
            let name = check.label();
            let condition = format!("NOT ({})", check.expr.text);
            let relation = format!("{} AS {}", rows::new_rows(edits), quote(edits.after.name.name.as_str()));
            let message = format!("{{count}} of {{total}} rows violate check {name}");
            let advice = "fix these rows first, or change the condition";
            Hazard::new(Code::BreaksCheck, Level::Blocks, edits.after.check_at(check), message, advice)
                .counted(Probe::Query(format!("SELECT sum(coalesce({condition}, 0)), count(*) FROM {relation}")))
                .found_by(format!(
                    "SELECT * FROM {} AS {} WHERE {condition}",
                    rows::shown_rows(edits),
                    quote(edits.after.name.name.as_str())
                ))
        })
        .collect()
}

/// Returns hazards for unique constraints and keys that are new or that apply to values which the change
/// computes.
pub(super) fn uniques(edits: &TableEdits) -> Vec<Hazard> {
    let made = rows::remade(edits);
    let mut rules: Vec<(Address, String, Vec<&crate::schema::KeyPart>)> = Vec::new();
    for unique in &edits.after.uniques {
        let new = comes(&edits.uniques, Attribute::Columns).any(|u| u.parts == unique.parts);
        if new || unique.parts.iter().any(|p| made.contains(&p.column)) {
            let columns = unique.parts.iter().map(|p| p.column.to_string()).collect::<Vec<_>>().join(", ");
            rules.push((edits.after.unique_at(unique), format!("unique constraint ({columns})"), unique.parts.iter().collect()));
        }
    }
    let new_key = matches!(&edits.primary_key, Some(Delta::Create(_)))
        || matches!(&edits.primary_key, Some(Delta::Alter { edits: e, .. }) if e.iter().any(|e| e.attribute == Attribute::Columns));
    if let Some(key) = &edits.after.primary_key {
        let numbered = types::rowid_key(&edits.after).is_some_and(|k| !edits.before.columns.contains_key(&k.name) && k.backfill.is_none());
        if !numbered && (new_key || key.parts.iter().any(|p| made.contains(&p.column))) {
            rules.push((edits.after.key_at(), "the primary key".to_owned(), key.parts.iter().collect()));
        }
    }
    rules.into_iter().map(|(address, name, parts)| unique_hazard(edits, address, &name, &parts)).collect()
}

fn unique_hazard(edits: &TableEdits, address: Address, name: &str, parts: &[&crate::schema::KeyPart]) -> Hazard {
    let collate = |p: &crate::schema::KeyPart| {
        let own = p.collate.as_ref().or_else(|| edits.after.columns.get(&p.column)?.collate.as_ref());
        format!("{} COLLATE {}", quote(p.column.as_str()), own.map_or("BINARY".to_owned(), |c| quote(c.as_str())))
    };
    let keys = parts.iter().map(|p| collate(p)).collect::<Vec<_>>().join(", ");
    let filled = parts.iter().map(|p| format!("{} IS NOT NULL", quote(p.column.as_str()))).collect::<Vec<_>>().join(" AND ");
    duplicates(edits, address, name, &rows::new_rows(edits), &keys, &filled)
}

fn duplicates(edits: &TableEdits, address: Address, name: &str, relation: &str, keys: &str, filled: &str) -> Hazard {
    let groups = format!("SELECT count(*) AS n FROM {relation} WHERE {filled} GROUP BY {keys} HAVING count(*) > 1");
    let message = format!("{{count}} of {{total}} rows are duplicates under {name}");
    let advice = "change or delete the duplicates first";
    Hazard::new(Code::BreaksUnique, Level::Blocks, address, message, advice)
        .counted(Probe::Query(format!("SELECT (SELECT sum(n) FROM ({groups})), (SELECT count(*) FROM {})", old_table(edits))))
        .found_by(format!("SELECT {keys}, count(*) FROM {} WHERE {filled} GROUP BY {keys} HAVING count(*) > 1", rows::shown_rows(edits)))
}

/// Returns hazards for unique indexes that are added, or that are rebuilt over values which the change
/// computes.
pub(super) fn unique_indexes(edits: &TableEdits, rebuilds: bool, live: &Live) -> Vec<Hazard> {
    let made = rows::remade(edits);
    let is_new = |name: &Ident| edits.indexes.iter().filter_map(Delta::after).any(|i| i.name == *name);
    // Ignored indexes are enforced as well.
    let stored = live.current.schema().tables.get(&edits.live.name).filter(|_| !edits.renames());
    let ignored = stored.into_iter().flat_map(|t| t.indexes.values()).filter(|i| !edits.live.indexes.contains_key(&i.name));
    let bound = edits.after.indexes.values().chain(ignored).filter(|i| i.unique);
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
            let address = edits.after.index_at(&index.name);
            duplicates(edits, address, &format!("index {}", index.name), &relation, &parts.join(", "), &filled)
        })
        .collect()
}

/// Returns true if the index uses the column, an expression on it, or a column generated from it.
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

pub(super) fn foreign_keys(edits: &TableEdits, changes: &Changes, live: &Live) -> Vec<Hazard> {
    let made = rows::remade(edits);
    let new = |fk: &ForeignKey| {
        edits.foreign_keys.iter().filter_map(Delta::after).any(|f| f.columns == fk.columns && f.table == fk.table && f.to == fk.to)
    };
    let empty = |c: &Ident| {
        let column = &edits.after.columns[c];
        !edits.before.columns.contains_key(c) && column.default.is_none() && column.generated.is_none() && !made.contains(c)
    };
    let unfilled = |fk: &ForeignKey| fk.columns.iter().all(empty);
    let bound = edits.after.foreign_keys.iter().filter(|fk| (new(fk) || fk.columns.iter().any(|c| made.contains(c))) && !unfilled(fk));
    bound.filter(|fk| !fk.to.is_empty()).filter_map(|fk| Some(foreign_key(edits, fk, &parent_rows(fk, changes, live)?))).collect()
}

/// Returns the rows that a foreign key may reference, as they will be; `None` if the referenced table does
/// not exist.
fn parent_rows(fk: &ForeignKey, changes: &Changes, live: &Live) -> Option<String> {
    let change = changes.tables().find(|c| c.table().name == fk.table);
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
    // SQLite looks up the parent with the affinity and collation of the parent column. The unary plus removes
    // those of the child.
    let matches: Vec<String> = pairs.map(|(c, to)| format!("p.{} = +c.{}", quote(to.as_str()), quote(c.as_str()))).collect();
    let filled: Vec<String> = fk.columns.iter().map(|c| format!("c.{} IS NOT NULL", quote(c.as_str()))).collect();
    let orphans = format!(
        "{} AS c WHERE {} AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {})",
        rows::new_rows(edits),
        filled.join(" AND "),
        matches.join(" AND ")
    );
    let columns = fk.columns.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
    let address = edits.after.foreign_key_at(fk);
    let message = format!("{{count}} of {{total}} rows have a value of {columns} that does not exist in `{}`", fk.table);
    Hazard::new(Code::BreaksForeignKey, Level::Blocks, address, message, "fix or delete these rows first")
        .counted(Probe::Query(format!("SELECT (SELECT count(*) FROM {orphans}), (SELECT count(*) FROM {})", old_table(edits))))
        .found_by(format!("SELECT * FROM {}", orphans.replace(&rows::new_rows(edits), &rows::shown_rows(edits))))
}
