//! Plans from a live SQLite file to a schema: inspect, normalize, diff, lower, order, prove, count.

use std::borrow::Cow;

use super::connection::{Connection, Error};
use super::gate::Gate;
use super::inspect::{self, Live};
use super::lexer::quote;
use super::lower::Limits;
use super::offline::FactError;
use super::prove::{Refusal, prove};
use super::{broken_objects, check, cursor, history, lower, measure, rewrite};
use super::{implied, indexed_by, shell};
use crate::diff::{self, Changes, Delta};
use crate::engine::guards::Guards;
use crate::plan::{self, Code, Counts, Hazard, Level, Plan, StatementKind, Step};
use crate::schema::{
    Address, AnyKind, Column, DefinedKind, Dialect, Expr, Index, Kind, Normalized, ObjectName, Origin, Problem, Schema, Table,
};

/// Why no plan is possible.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The database could not be read.
    #[error(transparent)]
    Database(#[from] Error),
    /// A recorded fact is invalid.
    #[error(transparent)]
    Facts(#[from] FactError),
    /// The schema file requires something that SQLite does not support; each problem has its position.
    #[error("the schema is not valid for SQLite")]
    Schema(Vec<Problem>),
    /// The steps depend on each other in a cycle.
    #[error("dependency cycle: {0} depend on each other")]
    Cycle(String),
    /// The steps would not lead to the schema, which is a bug in rosey.
    #[error("the plan for {0} would not produce the declared schema; nothing was changed. This is a bug in rosey: please report it")]
    Unproven(String),
}

/// A plan, and the inspected database.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) live: Live,
    pub(crate) guards: Guards,
}

/// How a plan is made.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct How<'p> {
    /// Rebuild every table that changes, even if a cheaper path exists.
    pub(crate) rebuild_only: bool,
    /// A plan that has been proven before; the same statements on the same live schema are not proven again.
    pub(crate) proven: Option<&'p Plan>,
    /// How rows are counted.
    pub(crate) counts: Counts,
}

/// Plans from the live schema to the desired one, in the transaction of an apply. Only reads.
pub(crate) async fn plan(connection: &mut Connection, desired: &Normalized, how: How<'_>) -> Result<Planned, PlanError> {
    let mut live = inspect::inspect(connection).await?;
    let guards = remembered(connection, &live).await?;
    live.current = live.current.with_renames_done(guards.schema().exchanged());
    let mut plan = plan_from(&live, desired, how).await?;
    guard(&mut plan, &guards, desired);
    let mut gate = Gate::for_apply(connection).await?;
    measure::measure(&mut gate, &plan.changes, &mut plan.steps, how.counts).await?;
    gate.close().await?;
    Ok(Planned { plan, live, guards })
}

/// Blocks what would drop a guarded object, and records changes of the guards.
pub(crate) fn guard(plan: &mut Plan, guards: &Guards, desired: &Normalized) {
    guards.stop(&plan.changes, &mut plan.steps);
    plan.guards = guards.changes(desired.schema());
}

/// Returns the guards and name exchanges that the last apply recorded. If there are none, this costs one
/// query and no parsing.
pub(crate) async fn remembered(connection: &mut Connection, live: &Live) -> Result<Guards, Error> {
    if !live.has_table("_rosey_history") {
        return Ok(Guards::default());
    }
    Ok(guards_in(guarding(connection).await?.as_deref()))
}

/// Returns the guards and name exchanges in the schema that [`guarding`] returned.
pub(crate) fn guards_in(recorded: Option<&str>) -> Guards {
    Guards::of(recorded.unwrap_or_default(), Dialect::Sqlite)
}

/// Returns the schema that the last apply recorded if it may contain guards or name exchanges.
pub(crate) async fn guarding(connection: &mut Connection) -> Result<Option<String>, Error> {
    if history::columns(connection).await?.is_empty() {
        return Ok(None);
    }
    let last = "SELECT schema_after FROM _rosey_history ORDER BY number DESC LIMIT 1";
    let guarded = connection
        .texts(&format!("SELECT schema_after FROM ({last}) WHERE schema_after LIKE '%prevent-destroy%' OR schema_after LIKE '% was%'"))
        .await?;
    Ok(guarded.into_iter().next())
}

/// Plans for a file that does not exist yet.
pub(crate) async fn plan_from_nothing(desired: &Normalized) -> Result<Plan, PlanError> {
    let plan = plan_from(&Live::default(), desired, How::default()).await?;
    Ok(Plan { creates_database: true, ..plan })
}

/// Plans from an inspected database, without counting.
pub(crate) async fn plan_from(live: &Live, desired: &Normalized, how: How<'_>) -> Result<Plan, PlanError> {
    let (desired, unreadable) = readable(desired, live);
    let renames = diff::renames(&live.current, &desired).map_err(PlanError::Schema)?;
    let rewritten = if renames.is_empty() { Schema::default() } else { rewrite::bodies(live, &renames).await? };
    let mut changes = diff::diff_over(&live.current, &desired, &rewritten).map_err(PlanError::Schema)?;
    changes.lacking.extend(unreadable);
    implied::follow(&mut changes, live, desired.schema());
    let unfit = check::unfit_defaults(&changes);
    if !unfit.is_empty() {
        return Err(PlanError::Schema(unfit));
    }
    let fingerprint = live.fingerprint();
    // What only the trial finds must be found again.
    let supported = |p: &&Plan| p.hazards().all(|h| h.level != Level::Blocks || h.probe.is_some());
    let how = How { proven: how.proven.filter(|p| p.fingerprint == fingerprint).filter(supported), ..how };
    let mut steps = if changes.is_empty() { Vec::new() } else { proven_steps(&changes, live, &desired, how).await? };
    indexed_by::stop(&changes, live, &mut steps);
    implied::stop(&changes, live, desired.schema(), &mut steps);
    Ok(Plan {
        dialect: Dialect::Sqlite,
        unmanaged: diff::beside(&changes, live.current.schema(), desired.schema()),
        changes,
        steps,
        fingerprint,
        creates_database: false,
        is_rollback: false,
        drift: None,

        holding: None,
        online: false,
        counts: how.counts,
        guards: Vec::new(),
        rebuild_only: how.rebuild_only,
    })
}

/// Returns the schema without objects that exist but cannot be read, because they can be neither created nor
/// compared; and the kind and name of each.
fn readable<'d>(desired: &'d Normalized, live: &Live) -> (Cow<'d, Normalized>, Vec<(AnyKind, String)>) {
    let mut schema = Cow::Borrowed(desired.schema());
    let mut found = Vec::new();
    for unread in &live.current.schema().unmanaged {
        let name = ObjectName::bare(cursor::ident(&unread.name));
        if desired.schema().ignores.iter().any(|i| i.covers(&unread.kind, &name)) {
            continue;
        }
        let declared = desired.schema();
        let index = |t: &Table| t.indexes.contains_key(&name.name);
        let is_trigger = unread.kind == DefinedKind::Trigger;
        let clashes = match is_trigger {
            true => declared.triggers().contains_key(&name),
            false => declared.has(Kind::is_relation, &name) || declared.tables.values().any(index),
        };
        if !clashes {
            continue;
        }
        found.push((unread.kind.clone(), unread.name.clone()));
        let schema = schema.to_mut();
        schema.retain(|kind, head| head.name != name || (kind == DefinedKind::Trigger) != is_trigger);
        if !is_trigger {
            schema.tables.values_mut().for_each(|t| drop(t.indexes.shift_remove(&name.name)));
        }
    }
    match schema {
        Cow::Borrowed(_) => (Cow::Borrowed(desired), found),
        Cow::Owned(schema) => (Cow::Owned(Normalized::by_dialect(schema)), found),
    }
}

/// Returns steps that led to the desired schema in memory.
async fn proven_steps(changes: &Changes, live: &Live, desired: &Normalized, how: How<'_>) -> Result<Vec<Step>, PlanError> {
    let mut limits = Limits { rebuild_only: how.rebuild_only, ..Limits::default() };
    loop {
        let mut steps = match plan::order(lower::lower(changes, live, desired.schema(), &limits)) {
            Ok(steps) => steps,
            Err(_) if !limits.indexes_first => {
                limits.indexes_first = true;
                continue;
            }
            Err(stuck) => return Err(PlanError::Cycle(stuck.join(" and "))),
        };
        if lower::written_ahead(changes, &steps, &mut limits) {
            continue;
        }
        steps.iter_mut().flat_map(|s| &mut s.statements).for_each(|s| s.sql = shell::safe(&s.sql));
        if how.proven.is_some_and(|p| plan::same_work(&p.steps, &steps)) {
            return Ok(steps);
        }
        let mut proof = prove(live, desired, changes, &steps).await?;
        match proof.refusal.take() {
            None => {
                broken_objects::tell(&mut steps, &proof, changes, live, desired.schema());
                return Ok(steps);
            }
            Some(Refusal::Statement { address, statement, message }) => {
                let in_the_way = live.named_in_error(&message).filter(|row| limits.broken.insert(row.name.to_ascii_lowercase()));
                let cheaper = matches!(statement.kind, StatementKind::EditsDefinition | StatementKind::AltersTable);
                let edit = cheaper && in_the_way.is_none() && limits.rebuilt.insert(address.last().to_ascii_lowercase());
                if in_the_way.is_none() && !edit {
                    return Err(PlanError::Schema(vec![refused(desired.schema(), &address, &statement.sql, &message)]));
                }
            }
            Some(Refusal::Foreign { step, address, message }) => {
                let step = steps.iter_mut().filter(|s| s.address == step).take(1);
                step.for_each(|s| s.hazards.push(foreign(&address, &message)));
                return Ok(steps);
            }
            Some(Refusal::Expression(problem)) => return Err(PlanError::Schema(vec![problem])),
            Some(Refusal::Leftover(changes)) => {
                let stray = triggers_on_nothing(&changes, desired.schema());
                if !stray.is_empty() {
                    return Err(PlanError::Schema(stray));
                }
                let names: Vec<String> = changes.tables().map(|t| t.table().address().to_string()).collect();
                return Err(PlanError::Unproven(if names.is_empty() { "a view or trigger".to_owned() } else { names.join(", ") }));
            }
        }
    }
}

/// Returns the triggers that remain because the schema does not declare the object that they are on: a view
/// is renamed, but not in the trigger.
fn triggers_on_nothing(left: &Changes, desired: &Schema) -> Vec<Problem> {
    let mut found = Vec::new();
    for trigger in left.triggers().filter_map(Delta::after) {
        let Some(on) = trigger.table.as_ref().filter(|on| !desired.has(Kind::is_relation, on)) else {
            continue;
        };
        let message = format!("trigger `{}` is on `{on}`, which the schema does not declare", trigger.name);
        let help = format!("name the table or view that the trigger is on now, or declare `{on}`");
        found.push(Problem::new(message, trigger.origin.0, "declared here").help(help));
    }
    found
}

/// Returns a hazard for a live schema that uses a function or collation which only the application provides;
/// SQLite's message names it.
fn foreign(address: &Address, message: &str) -> Hazard {
    let message = format!("not supported: {address} uses something that only its own application provides ({message})");
    let advice = "change the table with that application, or drop what uses it first";
    Hazard::new(Code::NotSupported, Level::Blocks, address.clone(), message, advice)
}

/// Returns SQLite's own error at the line of the object that it is about.
fn refused(desired: &Schema, address: &Address, sql: &str, message: &str) -> Problem {
    let origin = origin_of(desired, address, sql, message);
    let problem = Problem::new(format!("SQLite rejects {address}: {message}"), origin.0, "declared here");
    // A long statement would obscure the message, and the schema file shows the same.
    let shown = sql.lines().count() <= 20 && sql.len() <= 2_000;
    if shown { problem.help(format!("the statement was: {}", sql.replace("\"_rosey_new_", "\""))) } else { problem }
}

/// Returns the innermost declaration that the statement or the message is about, because the address by
/// itself refers to a whole table.
fn origin_of(desired: &Schema, address: &Address, sql: &str, message: &str) -> Origin {
    let table = desired.tables.values().find(|t| *address.kind() == Kind::Table && t.name.name.matches(address.last()));
    if let Some(table) = table {
        return within(table, sql, message).unwrap_or(table.origin);
    }
    let object = desired.heads().find(|(kind, head)| Address::of(*kind, &head.name) == *address);
    object.map_or_else(Origin::default, |(_, head)| head.origin)
}

/// Returns the part of a table that SQLite rejects: the index that the statement creates, the expression
/// that contains the name in the message, or the column that the message names.
fn within(table: &Table, sql: &str, message: &str) -> Option<Origin> {
    let creates = |i: &&Index| {
        let name = quote(i.name.as_str());
        ["CREATE INDEX ", "CREATE UNIQUE INDEX "].iter().any(|create| sql.starts_with(&format!("{create}{name} ")))
    };
    if let Some(index) = table.indexes.values().find(creates) {
        return Some(index.origin);
    }
    let exact = |e: &Expr, whole: Origin| if e.origin.0.is_some() { e.origin } else { whole };
    let checks = table.checks.iter().map(|c| (&c.expr, exact(&c.expr, c.origin)));
    let generated = || table.columns.values().filter_map(|c| c.generated.as_ref().map(|g| (&g.expr, exact(&g.expr, c.origin))));
    let moved = table.columns.values().flat_map(|c| c.backfill.iter().chain(&c.using).map(move |e| (e, exact(e, c.origin))));
    // SQLite names the rule for the others, not what breaks it.
    let word = if message.starts_with("subqueries prohibited") { Some("select".to_owned()) } else { missing_word(message) };
    let about = |e: &Expr| word.as_ref().is_some_and(|w| lower::words(&e.text).contains(w));
    let named = checks.chain(generated()).chain(moved).find(|(e, _)| about(e)).map(|(_, origin)| origin);
    let column = || table.columns.values().find(|c| message.contains(&format!("[{}]", c.name))).map(|c| c.origin);
    let collated = || {
        let has = |c: &&Column| c.collate.as_ref().is_some_and(|n| missing_word(message).is_some_and(|w| n.matches(&w)));
        table.columns.values().find(has).map(|c| c.origin)
    };
    let only_generated = || {
        let mut all = generated().filter(|_| message.contains("generated column"));
        all.next().filter(|_| all.next().is_none()).map(|(_, origin)| origin)
    };
    named.or_else(column).or_else(collated).or_else(only_generated)
}

/// Returns the last word of `no such column: x`, `no such function: f`.
fn missing_word(message: &str) -> Option<String> {
    let (_, name) = message.rsplit_once(": ")?;
    Some(name.rsplit('.').next().unwrap_or(name).trim_matches('"').to_ascii_lowercase())
}
