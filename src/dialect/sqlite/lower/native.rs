//! What `ALTER TABLE` can do by itself (<https://sqlite.org/lang_altertable.html>).

use super::super::lexer::quote;
use super::super::types::{self, Affinity};
use super::super::{ddl, value};
use crate::diff::{Delta, TableEdits};
use crate::plan::Statement;
use crate::schema::{Column, Literal, PartKey};

/// Whether `ALTER TABLE` takes all edits of the table.
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

/// `DROP COLUMN` never drops the last one.
fn keeps_a_column(edits: &TableEdits) -> bool {
    let gone = edits.columns.iter().filter(|c| c.after().is_none()).count();
    gone < edits.before.columns.values().filter(|c| c.generated.is_none()).count()
}

/// Whether columns go.
pub(super) fn drops_columns(edits: &TableEdits) -> bool {
    edits.columns.iter().any(|c| matches!(c, Delta::Drop(_)))
}

/// A column that every row can have at once, without being written. Keys and unique columns differ in more than the
/// column, so they do not come here.
pub(super) fn can_add(column: &Column) -> bool {
    let constant = column.default.as_ref().is_none_or(|d| value::is_constant(&d.value));
    let filled = column.default.as_ref().is_some_and(|d| d.value != Literal::Null);
    let text = types::affinity(&types::declared(&column.ty, false)) == Affinity::Text;
    // Rows that are there would read the number as it is written, '1.50', and new ones as it is stored, '1.5'.
    let one_value = column.default.as_ref().is_none_or(|d| !text || !value::is_float(d));
    let generated = column.generated.as_ref().is_none_or(|g| !g.stored && !column.not_null);
    constant && one_value && generated && column.backfill.is_none() && (!column.not_null || filled)
}

/// A column that nothing else of the table names. Views and triggers that name the table are out of the way by then.
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

/// The statements, once renames are done and the indexes that go are gone.
pub(super) fn statements(edits: &TableEdits) -> Vec<Statement> {
    let table = quote(edits.after.name.name.as_str());
    let mut statements = Vec::new();
    for delta in &edits.columns {
        if let Delta::Drop(c) = delta {
            statements.push(Statement::new(format!("ALTER TABLE {table} DROP COLUMN {}", quote(c.name.as_str()))));
        }
    }
    for delta in &edits.columns {
        if let Delta::Create(c) = delta {
            statements.push(Statement::new(format!("ALTER TABLE {table} ADD COLUMN {}", ddl::column(c, &edits.after))));
        }
    }
    statements
}
