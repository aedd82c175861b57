//! The rebuild: create, copy, swap (<https://sqlite.org/lang_altertable.html#otheralter>).
//!
//! Foreign keys are turned off before the transaction begins, views and triggers that name the table have
//! been dropped, and the old table is never renamed first, so nothing else is rewritten or fired.

use super::super::inspect::Live;
use super::super::lexer::{quote, quote_string};
use super::super::{ddl, types};
use super::ahead::{beside, look_ahead, look_beside};
use super::path::Limits;
use super::rows;
use crate::diff::TableEdits;
use crate::plan::{Statement, StatementKind};
use crate::schema::{Explicit, Ident, Table};

/// Returns the statements, which run after renames.
pub(super) fn statements(edits: &TableEdits, live: &Live, limits: &Limits) -> Vec<Statement> {
    let (name, new) = (edits.after.name.name.as_str(), beside(&edits.after.name, live));
    let mut statements =
        vec![Statement::new(ddl::create_table(&as_created(edits, live, limits), &new)), Statement::copy(copy(edits, &new))];
    if edits.before.primary_key.as_ref().is_some_and(|k| k.autoincrement)
        && edits.after.primary_key.as_ref().is_some_and(|k| k.autoincrement)
    {
        statements.extend(keep_sequence(name, &new).map(Statement::new));
    }
    let statistics: Vec<&str> = ["sqlite_stat1", "sqlite_stat4"].into_iter().filter(|t| live.has_table(t)).collect();
    let kept = kept_indexes(edits);
    for table in &statistics {
        let keep = format!(
            "UPDATE {table} SET tbl = {} WHERE tbl = {} COLLATE NOCASE AND (idx IS NULL OR idx IN ({kept}))",
            quote_string(&new),
            quote_string(name)
        );
        statements.push(Statement::new(keep).kind(StatementKind::KeepsStatistics));
    }
    // Only now, so that the copy sees the old names. References to the columns are rewritten, and the old
    // table is dropped already.
    for (from, to) in &edits.column_renames() {
        let sql = format!("ALTER TABLE {} RENAME COLUMN {} TO {}", quote(name), quote(from.as_str()), quote(to.as_str()));
        statements.push(Statement::new(sql).kind(StatementKind::AltersTable));
    }
    statements.push(Statement::new(format!("DROP TABLE {}", quote(name))));
    let rename = format!("ALTER TABLE {} RENAME TO {}", quote(&new), quote(name));
    statements.push(Statement::new(rename).kind(StatementKind::AltersTable));
    for table in &statistics {
        let keep = format!("UPDATE {table} SET tbl = {} WHERE tbl = {}", quote_string(name), quote_string(&new));
        statements.push(Statement::new(keep).kind(StatementKind::KeepsStatistics));
    }
    statements
}

/// Returns the new table as it is created. A rowid key that stays keeps an explicit NOT NULL, whether or not
/// the file states it. If columns are renamed, a foreign key to the table itself references the new table: in
/// one to the old table, SQLite would rename the columns once more.
fn as_created(edits: &TableEdits, live: &Live, limits: &Limits) -> Table {
    let mut table = edits.after.clone();
    look_ahead(&mut table, live, limits);
    if !edits.renamed_columns.is_empty() {
        table.foreign_keys.iter_mut().filter(|k| k.table == edits.after.name).for_each(|k| look_beside(k, live));
    }
    if let (Some(old), Some(new)) = (types::rowid_key(&edits.before), types::rowid_key(&edits.after))
        && old.name == new.name
        && old.explicit_not_null.0
        && let Some(key) = table.columns.get_mut(&old.name)
    {
        key.explicit_not_null = Explicit(true);
    }
    table
}

/// Returns the copy statement. `OR ABORT` overrides ON CONFLICT clauses of the new table, which would drop
/// rows silently (<https://sqlite.org/lang_conflict.html>).
fn copy(edits: &TableEdits, new: &str) -> String {
    let (columns, exprs) = rows::copied(edits);
    format!("INSERT OR ABORT INTO {} ({}) SELECT {} FROM {}", quote(new), columns.join(", "), exprs.join(", "), rows::source(edits))
}

/// Preserves the entry in `sqlite_sequence`, which remembers ids beyond the last row
/// (<https://sqlite.org/autoinc.html>) and which DROP TABLE deletes.
fn keep_sequence(name: &str, new: &str) -> [String; 2] {
    let (old, new) = (quote_string(name), quote_string(new));
    [
        format!(
            "INSERT INTO sqlite_sequence (name, seq) SELECT {new}, seq FROM sqlite_sequence WHERE name = {old} COLLATE NOCASE \
             AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = {new})"
        ),
        format!(
            "UPDATE sqlite_sequence SET seq = (SELECT o.seq FROM sqlite_sequence AS o WHERE o.name = {old} COLLATE NOCASE) \
             WHERE name = {new} AND EXISTS (SELECT 1 FROM sqlite_sequence AS o WHERE o.name = {old} COLLATE NOCASE)"
        ),
    ]
}

/// Returns the indexes whose statistics remain valid, as a list of SQL strings, including those of unchanged
/// keys and unique constraints.
fn kept_indexes(edits: &TableEdits) -> String {
    let changed: Vec<&Ident> = edits.indexes.iter().filter_map(|d| Some(&d.after()?.name)).collect();
    let same = edits.after.indexes.keys().filter(|i| edits.live.indexes.contains_key(*i) && !changed.contains(i));
    let mut names: Vec<String> = same.map(|i| quote_string(i.as_str())).collect();
    if edits.primary_key.is_none() && edits.uniques.is_empty() && edits.renamed_from.is_none() {
        let count = usize::from(edits.after.primary_key.is_some()) + edits.after.uniques.len();
        names.extend((1..=count).map(|n| quote_string(&format!("sqlite_autoindex_{}_{n}", edits.after.name.name))));
    }
    names.join(", ")
}
