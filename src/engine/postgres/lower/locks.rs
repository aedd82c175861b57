//! What a step locks, and what can continue meanwhile
//! (<https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>). Of several locks on one
//! relation only the strongest is reported.

use super::super::words::words;
use super::LoweringContext;
use super::indexes::{IndexChange, index_changes, may_wait};
use super::rules::Op;
use super::tables::Altered;
use crate::diff::{Attribute, Delta};
use crate::plan::{Lock, Statement, Work};
use crate::schema::{Column, Expr, Ident, IndexPart, Literal, ObjectName, PartKey};

fn lock(context: &LoweringContext<'_>, live: &ObjectName, mode: &'static str, work: Work) -> Lock {
    Lock { relation: live.to_string(), mode, work, bytes: context.facts.bytes(live) }
}

/// Blocks readers and writers.
pub(super) fn exclusive(context: &LoweringContext<'_>, live: &ObjectName) -> Lock {
    lock(context, live, "ACCESS EXCLUSIVE", Work::None)
}

/// Readers and writers continue; other changes of the table wait.
pub(super) fn shared(context: &LoweringContext<'_>, table: &Altered<'_>, work: Work) -> Lock {
    lock(context, &table.edits.live.name, "SHARE UPDATE EXCLUSIVE", work)
}

/// Readers continue, writers wait: a foreign key is added.
pub(super) fn rows_exclusive(context: &LoweringContext<'_>, live: &ObjectName, work: Work) -> Lock {
    lock(context, live, "SHARE ROW EXCLUSIVE", work)
}

/// Readers continue, writers wait.
pub(super) fn writers(context: &LoweringContext<'_>, live: &ObjectName, work: Work) -> Lock {
    lock(context, live, "SHARE", work)
}

/// Returns the locks of the step that alters a table.
pub(super) fn of_alter(context: &LoweringContext<'_>, table: &Altered<'_>, statements: &[Statement]) -> Vec<Lock> {
    let is = |s: &Statement, words: &[&str]| words.iter().any(|w| s.sql.starts_with(w));
    let mode = if statements.iter().all(|s| is(s, &["CREATE INDEX", "CREATE UNIQUE INDEX", "COMMENT ON"])) {
        "SHARE"
    } else if statements.iter().all(|s| is(s, &["COMMENT ON", "ALTER INDEX"])) {
        "SHARE UPDATE EXCLUSIVE"
    } else {
        "ACCESS EXCLUSIVE"
    };
    vec![lock(context, &table.edits.live.name, mode, work(context, table))]
}

/// Returns the most expensive work of the change.
fn work(context: &LoweringContext<'_>, table: &Altered<'_>) -> Work {
    let created = table.edits.columns.iter().filter_map(|d| if let Delta::Create(c) = d { Some(c) } else { None });
    let again = table.recreated.iter().filter_map(|c| table.edits.after.columns.get(c));
    let written = table.retyped.iter().any(|r| r.rewrites)
        || created.chain(again).any(writes_rows)
        || table.edits.options.iter().any(|e| e.attribute == Attribute::Unlogged)
        || filled(table);
    let builds = table.rules.keys.iter().any(|op| op.come().is_some() && !super::later::is_late(table, op))
        || table.rules.uniques.iter().any(|op| op.come().is_some() && !super::later::is_late(table, op))
        || table.rules.exclusions.iter().any(|op| op.come().is_some())
        || index_changes(table).iter().any(|f| builds(context, table, f))
        || table.retyped.iter().any(|r| is_indexed(table, &r.column));
    let scans = !table.busy
        && (table.retyped.iter().any(|r| is_checked(table, &r.column))
            || table.rules.checks.iter().any(|op| op.come().is_some_and(|c| !c.not_valid) || validates(op))
            || table.edits.columns.iter().any(|d| matches!(d, Delta::Alter { before, after, .. } if after.not_null && !before.not_null)));
    match (written, builds, scans) {
        (true, _, _) => Work::Rewrite,
        (_, true, _) => Work::Build,
        (_, _, true) => Work::Scan,
        _ => Work::None,
    }
}

/// Returns whether an index uses the column: a change of type or collation rebuilds it.
fn is_indexed(table: &Altered<'_>, column: &Ident) -> bool {
    let after = &table.edits.after;
    let reads = |sql: &str| words(sql).contains(column.as_str());
    let part = |p: &IndexPart| match &p.key {
        PartKey::Column(c) => c == column,
        PartKey::Expr(e) => reads(&e.text),
    };
    let filter = |e: &Option<Expr>| e.as_ref().is_some_and(|e| reads(&e.text));
    after.in_key(column)
        || after.uniques.iter().any(|u| u.parts.iter().any(|p| p.column == *column))
        || after.indexes.values().any(|i| i.parts.iter().any(part) || filter(&i.predicate))
        || after.exclusions.iter().any(|x| x.parts.iter().any(|(p, _)| part(p)) || filter(&x.predicate))
}

/// Returns whether a check constraint reads the column: it is checked again.
fn is_checked(table: &Altered<'_>, column: &Ident) -> bool {
    table.edits.after.checks.iter().any(|c| words(&c.expr.text).contains(column.as_str()))
}

fn filled(table: &Altered<'_>) -> bool {
    let is_null = |c: &Column| table.column(&c.name).is_none_or(|b| !b.not_null && c.not_null);
    table.edits.after.columns.values().any(|c| c.backfill.is_some() && is_null(c))
}

fn validates(op: &Op<crate::schema::Check>) -> bool {
    matches!(op, Op::Edit { edits, .. } if edits.iter().any(|e| e.attribute == Attribute::NotValid))
}

fn builds(context: &LoweringContext<'_>, table: &Altered<'_>, change: &IndexChange<'_>) -> bool {
    match change {
        IndexChange::Create(index) => !super::later::is_late_index(table, index),
        IndexChange::Replace(old, _) => !may_wait(context, table, old),
        IndexChange::Recreate(..) => true,
        IndexChange::Drop(_) | IndexChange::Alter(..) => false,
    }
}

/// Returns whether a new column must be written into every row: a value that is the same for all rows need
/// not be (<https://www.postgresql.org/docs/current/ddl-alter.html#DDL-ALTER-ADDING-A-COLUMN>).
fn writes_rows(column: &Column) -> bool {
    const STABLE: [&str; 3] = ["now()", "transaction_timestamp()", "statement_timestamp()"];
    let volatile = |sql: &str| STABLE.iter().fold(sql.to_lowercase(), |s, call| s.replace(call, "")).contains('(');
    column.ty.is_serial()
        || column.identity.is_some()
        || column.generated.as_ref().is_some_and(|g| g.stored)
        || column.default.as_ref().is_some_and(|d| matches!(&d.value, Literal::Expr(e) if volatile(&e.text)))
}
