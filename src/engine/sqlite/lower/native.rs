//! Changes that `ALTER TABLE` can make by itself (<https://sqlite.org/lang_altertable.html>).

use super::super::lexer::quote;
use super::super::types::{self, Affinity};
use super::super::{ddl, value};
use crate::diff::{Delta, TableEdits};
use crate::plan::{Statement, StatementKind};
use crate::schema::{Column, Literal, PartKey};

/// Returns true if `ALTER TABLE` can make all edits of the table.
pub(super) fn fits(edits: &TableEdits) -> bool {
    edits.primary_key.is_none()
        && edits.uniques.is_empty()
        && edits.checks.is_empty()
        && edits.foreign_keys.is_empty()
        && edits.options.is_empty()
        && keeps_a_column(edits)
        && edits.columns.iter().all(|c| match c {
            Delta::Create(c) => can_add(c),
            Delta::Drop(c) => can_drop(c, edits),
            Delta::Alter { .. } => false,
        })
}

/// Returns true if a column remains: `DROP COLUMN` cannot drop the last one.
fn keeps_a_column(edits: &TableEdits) -> bool {
    let gone = edits.columns.iter().filter(|c| c.after().is_none()).count();
    gone < edits.before.columns.values().filter(|c| c.generated.is_none()).count()
}

/// Returns true if columns are dropped.
pub(super) fn drops_columns(edits: &TableEdits) -> bool {
    edits.columns.iter().any(|c| matches!(c, Delta::Drop(_)))
}

/// Returns true if the column can be added to every row at once without rewriting it. Key and unique columns
/// also add a constraint, so they are not considered here.
pub(super) fn can_add(column: &Column) -> bool {
    let constant = column.default.as_ref().is_none_or(|d| value::is_constant(&d.value));
    let filled = column.default.as_ref().is_some_and(|d| d.value != Literal::Null);
    let text = types::affinity(&types::declared(&column.ty, false)) == Affinity::Text;
    // Existing rows would read the number as written, '1.50', and new ones as stored, '1.5'.
    let one_value = column.default.as_ref().is_none_or(|d| !text || !value::is_float(d));
    let generated = column.generated.as_ref().is_none_or(|g| !g.stored && !column.not_null);
    constant && one_value && generated && column.backfill.is_none() && (!column.not_null || filled)
}

/// Returns true if nothing else in the table names the column. Views and triggers that name the table have
/// been dropped by then.
fn can_drop(column: &Column, edits: &TableEdits) -> bool {
    let (before, after) = (&edits.before, &edits.after);
    let name = &column.name;
    let kept_index = |i: &crate::schema::Index| {
        after.indexes.contains_key(&i.name)
            && (i.predicate.as_ref().is_some_and(|p| p.mentions(name))
                || i.parts.iter().any(|p| match &p.key {
                    PartKey::Column(c) => c == name,
                    PartKey::Expr(e) => e.mentions(name),
                }))
    };
    !before.in_key(name)
        && column.generated.is_none()
        && !before.uniques.iter().any(|u| u.parts.iter().any(|p| p.column == *name))
        && !before.foreign_keys.iter().any(|f| f.columns.contains(name))
        && !before.checks.iter().any(|c| c.expr.mentions(name))
        && !before.columns.values().any(|c| c.generated.as_ref().is_some_and(|g| g.expr.mentions(name)))
        && !before.indexes.values().any(kept_index)
}

/// Returns the statements, which run after renames and after dropped indexes are removed.
pub(super) fn statements(edits: &TableEdits) -> Vec<Statement> {
    let table = quote(edits.after.name.name.as_str());
    let mut statements = Vec::new();
    for delta in &edits.columns {
        if let Delta::Drop(c) = delta {
            statements.push(
                Statement::new(format!("ALTER TABLE {table} DROP COLUMN {}", quote(c.name.as_str()))).kind(StatementKind::AltersTable),
            );
        }
    }
    for delta in &edits.columns {
        if let Delta::Create(c) = delta {
            statements.push(
                Statement::new(format!("ALTER TABLE {table} ADD COLUMN {}", ddl::column(c, &edits.after))).kind(StatementKind::AltersTable),
            );
        }
    }
    statements
}
