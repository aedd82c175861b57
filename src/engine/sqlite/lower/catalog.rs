//! The definition edit: changes a table's stored text in place, under `PRAGMA writable_schema`, without
//! changing rows (<https://sqlite.org/pragma.html#pragma_writable_schema>,
//! <https://sqlite.org/lang_altertable.html#otheralter>).
//!
//! Allowed for NOT NULL, CHECK, foreign keys, defaults, and a declared type within one affinity. Refused for
//! everything that is stored in rows or indexes: keys, UNIQUE, collations, affinities, generated columns. The
//! edited text is parsed again here and is not used unless it is the desired table with the same columns and
//! keys in the same positions.

use std::ops::Range;

use super::super::inspect::Live;
use super::super::layout::{Layout, Place};
use super::super::lexer::{lex, quote, quote_string};
use super::super::read_table::read_with_layout;
use super::super::{ddl, normalize, types, value};
use super::{fill, indexes, native, rows};
use crate::diff::{Attribute, Delta, TableEdits};
use crate::plan::{Statement, StatementKind};
use crate::schema::{Column, Conflict, Schema, Table};

/// Returns the statements, if a definition edit can make all edits of the table.
pub(super) fn statements(edits: &TableEdits, live: &Live) -> Option<Vec<Statement>> {
    if !fits(edits, live) {
        return None;
    }
    let stored = live.table_sql(&edits.live.name.name)?;
    let text = edited(stored, edits, &Defaults::Wanted)?;
    if !is_what_is_wanted(stored, &text, edits) {
        return None;
    }
    let fill = fill::statements(edits)?;
    let mut statements = fill.compute;
    statements.extend(native::statements(edits));
    let bump = live.free_name("_rosey_edit");
    statements.extend(write_out_short_rows(stored, edits, &bump)?);
    statements.extend(store(&edits.after, &text, &bump));
    statements.extend(fill.write);
    Some(statements)
}

/// Returns true if rows are written, so that triggers have to be dropped temporarily.
pub(super) fn writes_rows(edits: &TableEdits) -> bool {
    fill::is_needed(edits) || !short_candidates(edits).is_empty()
}

fn fits(edits: &TableEdits, live: &Live) -> bool {
    edits.changes_table()
        && !edits.renames()
        && edits.options.is_empty()
        && edits.primary_key.is_none()
        && edits.uniques.is_empty()
        && edits.columns.iter().all(|d| match d {
            Delta::Create(column) => native::can_add(column),
            Delta::Drop(_) => false,
            Delta::Alter { before, after, edits: changed } => changed.iter().all(|e| match e.attribute {
                Attribute::NotNull | Attribute::OnConflict => true,
                Attribute::Type => respells(before, after, edits),
                Attribute::Default => !is_read_elsewhere(after, edits, live),
                _ => false,
            }),
        })
}

/// Returns true if only the spelling of the declared type changes: same affinity, not a key, not a STRICT
/// table.
fn respells(before: &Column, after: &Column, edits: &TableEdits) -> bool {
    let same = types::column_affinity(before, &edits.before) == types::column_affinity(after, &edits.after);
    same && after.using.is_none() && !edits.after.strict && !edits.after.in_key(&after.name)
}

/// Returns true if an index or another column is computed from this one, in which case the old default is
/// stored there for short rows. Unmanaged indexes count as well.
fn is_read_elsewhere(column: &Column, edits: &TableEdits, live: &Live) -> bool {
    let name = &column.name;
    let table = &edits.before;
    live.indexes_of(&edits.live.name.name).any(|i| indexes::reads(i, name, table))
        || table.in_key(name)
        || table.uniques.iter().any(|u| u.parts.iter().any(|p| p.column == *name))
        || table.columns.values().any(|c| c.generated.as_ref().is_some_and(|g| g.expr.mentions(name)))
}

/// A default value that identifies short rows. A row that really contains it is mistaken for one, without
/// consequences.
const SENTINEL: &str = "x'726f736579207761732068657265'";

/// Returns the columns whose default changes, whatever the old default is: SQLite's ADD COLUMN accepts more
/// as a constant than is apparent, and without a default short rows read NULL.
fn short_candidates(edits: &TableEdits) -> Vec<&Column> {
    let changed = edits.columns.iter().filter_map(|d| match d {
        Delta::Alter { after, edits, .. } if edits.iter().any(|e| e.attribute == Attribute::Default) => Some(after),
        _ => None,
    });
    changed.collect()
}

/// Writes out short rows. Rows older than their column's ADD COLUMN are stored short and read the default
/// from the schema table, so an edit would change them. A sentinel as the default identifies them; then, with
/// their old default restored, they are written out with the values they have. `None` if there is no rowid to
/// identify them by.
fn write_out_short_rows(stored: &str, edits: &TableEdits, bump: &str) -> Option<Vec<Statement>> {
    const SHORT: &str = "temp.\"_rosey_short\"";
    let candidates: Vec<String> = short_candidates(edits).iter().map(|c| quote(c.name.as_str())).collect();
    if candidates.is_empty() {
        return Some(Vec::new());
    }
    let (table, rowid) = (quote(edits.after.name.name.as_str()), rows::rowid_name(&edits.after)?);
    let short: Vec<String> = candidates.iter().map(|c| format!("{c} IS {SENTINEL}")).collect();
    let same: Vec<String> = candidates.iter().map(|c| format!("{c} = {c}")).collect();
    let mut statements = store(&edits.after, &edited(stored, edits, &Defaults::Sentinel)?, bump);
    statements.push(Statement::new("DROP TABLE IF EXISTS temp.\"_rosey_short\""));
    statements.push(Statement::new(format!(
        "CREATE TEMP TABLE \"_rosey_short\" AS SELECT {rowid} AS r FROM {table} NOT INDEXED WHERE {}",
        short.join(" OR ")
    )));
    statements.extend(store(&edits.after, &edited(stored, edits, &Defaults::AsTheyAre)?, bump));
    // The rows exist already, whether or not they satisfy the CHECK constraints.
    statements.push(Statement::new("PRAGMA ignore_check_constraints = ON"));
    let touch = format!("UPDATE OR ABORT {table} SET {} WHERE {rowid} IN (SELECT r FROM {SHORT})", same.join(", "));
    statements.push(Statement::new(touch).kind(StatementKind::WritesValues));
    statements.push(Statement::new("PRAGMA ignore_check_constraints = OFF"));
    statements.push(Statement::new(format!("DROP TABLE {SHORT}")));
    Some(statements)
}

/// Stores a definition. Creating and dropping a view, `bump`, increments the schema version, so that other
/// connections reload the schema; RESET makes this one reload it.
fn store(table: &Table, sql: &str, bump: &str) -> Vec<Statement> {
    let bump = quote(bump);
    let name = quote_string(table.name.name.as_str());
    [
        "PRAGMA writable_schema = ON".to_owned(),
        format!("UPDATE sqlite_schema SET sql = {} WHERE type = 'table' AND name = {name} COLLATE NOCASE", quote_string(sql)),
        format!("CREATE VIEW {bump} AS SELECT 1"),
        format!("DROP VIEW {bump}"),
        "PRAGMA writable_schema = RESET".to_owned(),
    ]
    .map(|sql| Statement::new(sql).kind(StatementKind::EditsDefinition))
    .to_vec()
}

/// Which defaults the edited text contains.
enum Defaults {
    Wanted,
    /// The sentinel for columns that may have short rows; everything else as stored, except for new columns.
    Sentinel,
    /// Everything as stored, except for new columns.
    AsTheyAre,
}

/// Returns the stored text with the edits made and everything else unchanged.
fn edited(stored: &str, edits: &TableEdits, defaults: &Defaults) -> Option<String> {
    let (table, layout) = read_with_layout(stored).ok()?;
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    let added = edits.columns.iter().filter_map(|d| match d {
        Delta::Create(c) => Some(format!(", {}", ddl::column(c, &edits.after))),
        _ => None,
    });
    let added: String = added.collect();
    changes.push((layout.columns_end..layout.columns_end, added));
    for delta in &edits.columns {
        if let Delta::Alter { before, after, .. } = delta {
            edit_column(before, after, edits, &layout, defaults, &mut changes)?;
        }
    }
    if matches!(defaults, Defaults::Wanted) {
        edit_rules(edits, &table, &layout, &mut changes)?;
    }
    apply(stored, changes)
}

fn edit_column(
    before: &Column,
    after: &Column,
    edits: &TableEdits,
    layout: &Layout,
    defaults: &Defaults,
    changes: &mut Vec<(Range<usize>, String)>,
) -> Option<()> {
    let places = layout.columns.get(&after.name)?;
    let end_of_type = places.ty.end..places.ty.end;
    let replace = |place: &Option<Range<usize>>| place.clone().unwrap_or(end_of_type.clone());
    let short = short_candidates(edits).iter().any(|c| c.name == after.name);
    match defaults {
        Defaults::Sentinel if short => changes.push((replace(&places.default), format!(" DEFAULT {SENTINEL}"))),
        Defaults::Sentinel | Defaults::AsTheyAre => {}
        Defaults::Wanted => {
            if before.ty != after.ty {
                changes.push((places.ty.clone(), format!(" {}", types::declared(&after.ty, false)).trim_end().to_owned()));
            }
            if (before.not_null, before.not_null_conflict) != (after.not_null, after.not_null_conflict) {
                changes.push((replace(&places.not_null), not_null(after)));
            }
            if before.default != after.default {
                let words = after.default.as_ref().map(|d| format!(" DEFAULT {}", value::default_sql(&d.value)));
                changes.push((replace(&places.default), words.unwrap_or_default()));
            }
        }
    }
    Some(())
}

fn not_null(column: &Column) -> String {
    let conflict = column.not_null_conflict.map(|c: Conflict| format!(" ON CONFLICT {}", c.word().to_uppercase()));
    if column.not_null { format!(" NOT NULL{}", conflict.unwrap_or_default()) } else { String::new() }
}

/// Edits checks and foreign keys: cuts out what is dropped, replaces in place what changes, and appends what
/// is added.
fn edit_rules(edits: &TableEdits, table: &Table, layout: &Layout, changes: &mut Vec<(Range<usize>, String)>) -> Option<()> {
    let mut last = String::new();
    let mut put = |place: Option<Place>, sql: Option<String>| match (place, sql) {
        (Some(place), Some(sql)) if place.at_column => changes.push((place.range, format!(" {sql}"))),
        (Some(place), Some(sql)) => changes.push((place.range, format!(", {sql}"))),
        (Some(place), None) => changes.push((place.range, String::new())),
        (None, Some(sql)) => last.push_str(&format!(", {sql}")),
        (None, None) => {}
    };
    let mut read = Schema::default();
    read.tables.insert(table.name.clone(), table.clone());
    let stored = normalize::normalize(read);
    let stored = stored.schema().tables.get(&table.name)?;
    for delta in &edits.checks {
        let place = match delta.before() {
            Some(check) => {
                Some(layout.checks.get(stored.checks.iter().position(|c| c.expr == check.expr && c.name == check.name)?)?.clone())
            }
            None => None,
        };
        put(place, delta.after().map(|c| ddl::check(c, &edits.after)));
    }
    for delta in &edits.foreign_keys {
        let place = match delta.before() {
            Some(fk) => Some(place_of(fk, stored, layout)?),
            None => None,
        };
        let sql = delta.after().map(ddl::foreign_key);
        if place.as_ref().is_some_and(|p| p.at_column) {
            // A foreign key at a column has another syntax: remove it there and append it to the table
            // constraints.
            put(place, None);
            put(None, sql);
        } else {
            put(place, sql);
        }
    }
    changes.push((layout.items_end..layout.items_end, last));
    Some(())
}

fn place_of(fk: &crate::schema::ForeignKey, stored: &Table, layout: &Layout) -> Option<Place> {
    let same = |f: &crate::schema::ForeignKey| {
        f.columns == fk.columns && f.table == fk.table && f.name == fk.name && f.on_delete == fk.on_delete && f.on_update == fk.on_update
    };
    layout.foreign_keys.get(stored.foreign_keys.iter().position(same)?).cloned()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// Returns the comments of a part of a definition with the surrounding white space: they stay when the part
/// is removed.
fn comments(piece: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    let mut keep = |gap: &str| {
        if gap.contains("--") || gap.contains("/*") {
            out.push_str(gap);
        }
    };
    for token in lex(piece) {
        keep(&piece[at..token.start]);
        at = token.end;
    }
    keep(&piece[at..]);
    out
}

/// Makes the changes, starting from the end. Returns `None` if they overlap.
fn apply(text: &str, mut changes: Vec<(Range<usize>, String)>) -> Option<String> {
    changes.sort_by_key(|(range, _)| (range.start, range.end));
    let overlap = changes.windows(2).any(|w| w[0].0.end > w[1].0.start);
    if overlap {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut done = 0;
    for (range, new) in changes {
        out.push_str(text.get(done..range.start)?);
        let kept = comments(text.get(range.clone())?);
        let spaced = kept.ends_with(char::is_whitespace);
        out.push_str(&kept);
        out.push_str(if spaced { new.trim_start() } else { &new });
        done = range.end;
        // The adjacent text must not merge with the new text.
        let glued = out.ends_with(is_word) && text.get(done..)?.starts_with(is_word);
        if glued {
            out.push(' ');
        }
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

/// Returns true if the edited text is the desired table and fits the rows and indexes of the stored one.
fn is_what_is_wanted(stored: &str, text: &str, edits: &TableEdits) -> bool {
    let (Ok((old, _)), Ok((new, _))) = (read_with_layout(stored), read_with_layout(text)) else { return false };
    let layout = |t: &Table| {
        let columns: Vec<_> = t.columns.values().map(|c| (c.name.clone(), c.collate.clone(), c.generated.clone())).collect();
        (columns, t.primary_key.clone(), t.uniques.clone(), t.strict, t.without_rowid)
    };
    let (before, mut after) = (layout(&old), layout(&new));
    after.0.truncate(before.0.len());
    let mut schema = Schema::default();
    schema.tables.insert(new.name.clone(), new);
    let read = normalize::normalize(schema);
    let read = read.schema().tables.values().next();
    before == after && read.is_some_and(|t| crate::diff::is_same_table(t, &edits.after))
}
