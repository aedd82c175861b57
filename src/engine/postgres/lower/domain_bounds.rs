//! What the new constraints of a domain mean for existing values, if the domain is changed in place: PostgreSQL
//! validates every column that has the domain. NULLs for which a column has a backfill are filled first. Does
//! not handle domains that are re-created: their columns are converted.

use std::collections::BTreeSet;

use super::super::facts::Facts;
use super::super::names::quote;
use super::super::types;
use super::LoweringContext;
use super::alter::deferred_are_checked;
use super::domains::constraint_ops;
use super::edited;
use super::holders::{Holder, holders};
use super::rules::Op;
use super::types::without_new_values;
use crate::diff::{Attribute, Changes, Delta};
use crate::plan::{Code, Hazard, Level, Lock, Probe, Statement, Work};
use crate::schema::{Address, Check, Domain, Expr, Ident, ObjectName, Schema};

/// A domain to which constraints are added in place.
pub(crate) struct BoundDomain {
    /// The live name.
    pub(crate) live: ObjectName,
    /// The address in the plan.
    pub(crate) by: Address,
    /// The type that VALUE has in its checks.
    base: String,
    /// Whether it becomes NOT NULL.
    pub(crate) not_null: bool,
    checks: Vec<Expr>,
}

/// A column whose values are counted.
pub(crate) struct Values<'v> {
    /// The relation, as shown.
    pub(crate) relation: &'v ObjectName,
    /// The relation in SQL.
    pub(crate) sql: String,
    /// Whether the rows of tables that inherit from it are counted with those tables.
    pub(crate) only: bool,
    pub(crate) column: &'v Ident,
    /// What its NULLs are filled with first.
    pub(crate) backfill: Option<&'v Expr>,
}

/// Returns the domains to which constraints are added in place.
pub(crate) fn bound_domains(changes: &Changes, current: &Schema, desired: &Schema, facts: &Facts) -> Vec<BoundDomain> {
    let context = LoweringContext::new(changes, current, desired, facts, true);
    let altered = changes.domains().filter_map(|d| if let Delta::Alter { before, after, .. } = d { Some((before, after)) } else { None });
    let in_place = altered.filter(|(_, after)| !context.moved.contains_key(&context.names.key(&after.name)));
    in_place.map(|(before, after)| bound(before, after)).filter(BoundDomain::is_bound).collect()
}

/// Returns the constraints of a changed domain that it did not have before.
pub(super) fn bound(before: &Domain, after: &Domain) -> BoundDomain {
    BoundDomain {
        live: before.name.clone(),
        by: after.address(),
        base: types::value_type(&before.ty),
        not_null: after.not_null && !before.not_null,
        checks: constraint_ops(before, after).iter().filter_map(binding).map(|c| c.expr.clone()).collect(),
    }
}

/// Returns a check that existing values must satisfy after the change, but not before.
fn binding(op: &Op<Check>) -> Option<&Check> {
    match op {
        Op::Edit { after, edits, .. } => Some(after).filter(|_| edited(edits, Attribute::NotValid)),
        other => other.come().filter(|c| !c.not_valid),
    }
}

impl BoundDomain {
    fn is_bound(&self) -> bool {
        self.not_null || !self.checks.is_empty()
    }

    /// Returns hazards for values that violate the new constraints, and how to count them.
    pub(crate) fn hazards(&self, values: &Values<'_>) -> Vec<Hazard> {
        let Values { relation, sql, only, column, backfill } = values;
        let only = if *only { "ONLY " } else { "" };
        let name = quote(column.as_str());
        let value = backfill.map_or_else(|| name.clone(), |e| format!("coalesce({name}, ({}))", e.text));
        let hazard = |code: Code, condition: String, from: String, message: String, advice: &str| {
            let hazard = Hazard::new(code, Level::Blocks, self.by.clone(), message, advice).reading([sql]);
            let probe = Probe::Query(format!("SELECT count(*) FILTER (WHERE {condition}), count(*) FROM {from}"));
            hazard.counted(probe).found_by(format!("SELECT * FROM {from} WHERE {condition}"))
        };
        let mut found = Vec::new();
        if self.not_null {
            let message = format!("`{column}` is NULL in {{count}} of {{total}} rows of {relation}");
            let advice = "set a value in these rows first";
            found.push(hazard(Code::BreaksNotNull, format!("{value} IS NULL"), format!("{only}{sql}"), message, advice));
        }
        for check in &self.checks {
            // In a check, VALUE has the base type, which may have operators that the domain lacks.
            let from = format!("(SELECT ({value})::{} AS value FROM {only}{sql}) AS v", self.base);
            let message = format!("{{count}} of {{total}} values of {relation}.{column} violate check ({})", check.text);
            let advice = "fix these values first, or change the condition";
            found.push(hazard(Code::BreaksCheck, format!("NOT ({})", check.text), from, message, advice));
        }
        found
    }
}

/// Returns hazards for values in managed tables that violate the domain's new constraints. The elements of arrays
/// have none: a domain in an array is re-created.
pub(super) fn hazards(context: &LoweringContext<'_>, bound: &BoundDomain) -> Vec<Hazard> {
    let holders = holders(context, &bound.live).into_iter();
    let counted = holders.filter(|h| !h.is_array && context.facts.holds_rows(h.table));
    let values = |h: Holder<'_>| {
        let (sql, backfill) = (context.names.sql(h.table), backfill(bound, &h));
        bound.hazards(&Values { relation: h.table, sql, only: false, column: h.column, backfill })
    };
    let mut found: Vec<Hazard> = counted.flat_map(values).collect();
    without_new_values(context, &mut found, &[], "");
    found
}

/// Returns what fills the NULLs of a column that gets NOT NULL from its domain.
fn backfill<'h>(bound: &BoundDomain, holder: &Holder<'h>) -> Option<&'h Expr> {
    holder.after.and_then(|c| c.backfill.as_ref()).filter(|_| bound.not_null)
}

/// Returns the statements that fill NULLs before the domain refuses them.
pub(super) fn filled(context: &LoweringContext<'_>, bound: &BoundDomain) -> Vec<Statement> {
    let mut found = Vec::new();
    for holder in holders(context, &bound.live).iter().filter(|h| !h.is_array && context.facts.holds_rows(h.table)) {
        let Some(expr) = backfill(bound, holder) else { continue };
        let (table, column) = (context.now(holder.table), quote(holder.column.as_str()));
        found.push(Statement::copy(format!("UPDATE {table} SET {column} = ({}) WHERE {column} IS NULL", expr.text)));
        found.extend(context.current.tables.get(holder.table).and_then(deferred_are_checked));
    }
    found
}

/// Returns the locks: the rows of every table with such values are read under a lock
/// (<https://www.postgresql.org/docs/current/sql-alterdomain.html>).
pub(super) fn locks(context: &LoweringContext<'_>, bound: &BoundDomain) -> Vec<Lock> {
    if !bound.is_bound() {
        return Vec::new();
    }
    let tables: BTreeSet<&ObjectName> = holders(context, &bound.live).into_iter().map(|h| h.table).collect();
    let held = tables.into_iter().filter(|t| context.facts.holds_rows(t));
    held.map(|t| super::locks::writers(context, t, Work::Scan)).collect()
}
