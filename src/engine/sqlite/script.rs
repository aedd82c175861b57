//! The checks of a script for the sqlite3 shell, as an apply makes them: that the schema is the one that the
//! plan was made for, and that its rows satisfy the new constraints. Only a failing statement stops the
//! shell, so the findings are inserted into a temporary table with constraints.

use super::connection::Error;
use super::inspect::{self, Live};
use super::lexer::{quote, quote_string};
use super::planner::{self, How, PlanError};
use crate::diff::TableChange;
use crate::engine::history::create_history;
use crate::plan::{HISTORY_FORMAT, Hazard, Piece, Plan, Probe, Step, counted_again};
use crate::schema::{Dialect, Normalized, Schema, Table};

const CHECKS: &str = "CREATE TEMP TABLE \"_rosey_check\" (
    \"start\" CONSTRAINT \"the schema is not the one that the plan was made for\" CHECK (\"start\"),
    \"known\" CONSTRAINT \"the history was written by a newer version of rosey\" CHECK (\"known\"),
    \"found\" CONSTRAINT \"rows violate the new schema\" CHECK (\"found\" = 0),
    \"of\",
    \"filled\" CONSTRAINT \"a backfilled column would still contain NULL\" CHECK (\"filled\"),
    \"kept\" CONSTRAINT \"rows would violate a foreign key\" CHECK (\"kept\")
)";

/// The relevant definitions, without rosey's own.
const LIVE: &str =
    "SELECT type, name, tbl_name, sql FROM main.sqlite_master WHERE sql IS NOT NULL AND lower(substr(tbl_name, 1, 6)) <> '_rosey'";

/// Stops if the schema is a different one.
pub(crate) fn is_the_start(live: &Live) -> Piece {
    let rows = live.stored.iter().filter(|r| r.sql.is_some() && !inspect::is_own(&r.table)).map(|r| {
        let sql = match &r.garbled {
            Some(bytes) => format!("CAST(x'{}' AS TEXT)", super::offline::hex(bytes)),
            None => quote_string(r.sql.as_deref().unwrap_or_default()),
        };
        format!("({}, {}, {}, {sql})", quote_string(r.kind.word()), quote_string(&r.name), quote_string(&r.table))
    });
    let rows: Vec<String> = rows.collect();
    let start = "temp.\"_rosey_start\"";
    let mut statements = vec![CHECKS.to_owned(), "CREATE TEMP TABLE \"_rosey_start\" (type, name, tbl_name, sql)".to_owned()];
    if !rows.is_empty() {
        statements.push(format!("INSERT INTO {start} VALUES\n{}", rows.join(",\n")));
    }
    statements.push(format!(
        "INSERT INTO temp.\"_rosey_check\" (\"start\") SELECT NOT EXISTS ({LIVE} EXCEPT SELECT * FROM {start}) \
         AND NOT EXISTS (SELECT * FROM {start} EXCEPT {LIVE})"
    ));
    statements.push(format!("DROP TABLE {start}"));
    Piece::new("Stops if the schema is not the one that the plan was made for.", statements)
}

/// Stops if a later version of rosey wrote to the history. Must follow [`is_the_start`], whose table it uses.
pub(crate) fn is_known() -> Piece {
    let known =
        format!("INSERT INTO temp.\"_rosey_check\" (\"known\") SELECT coalesce(max(format), 0) <= {HISTORY_FORMAT} FROM _rosey_history");
    Piece::new("Stops if a newer version of rosey has written to the history.", [create_history(Dialect::Sqlite), known])
}

/// Stops if rows added since the plan was made violate a constraint that no row violated then.
///
/// # Errors
/// The errors of planning.
pub(crate) async fn rows_fit(live: &Live, desired: &Normalized, plan: &Plan) -> Result<Option<Piece>, PlanError> {
    let how = How { rebuild_only: plan.rebuild_only, proven: Some(plan), counts: plan.counts };
    let uncounted = planner::plan_from(live, desired, how).await?;
    let checks: Vec<String> = counted_again(&uncounted.steps, plan).filter_map(|(step, hazard)| found_none(step, hazard)).collect();
    // The checks of one step may read the future rows of another step.
    let trials =
        uncounted.steps.iter().filter_map(|s| s.trial.as_ref()).filter(|(name, _)| checks.iter().any(|c| c.contains(&quote(name))));
    let (mut made, mut dropped) = (Vec::new(), Vec::new());
    for (name, statements) in trials {
        made.extend(statements.clone());
        dropped.push(format!("DROP TABLE temp.{}", quote(name)));
    }
    let piece = || Piece::new("Stops if rows violate the new schema.", made.into_iter().chain(checks.clone()).chain(dropped));
    Ok((!checks.is_empty()).then(piece))
}

fn found_none(step: &Step, hazard: &Hazard) -> Option<String> {
    match hazard.probe.as_ref()? {
        Probe::Query(sql) => Some(format!("INSERT INTO temp.\"_rosey_check\" (\"found\", \"of\") {sql}")),
        Probe::Aggregate(sql) => {
            let relation = step.rows_of.as_ref()?;
            Some(format!("INSERT INTO temp.\"_rosey_check\" (\"found\") SELECT {sql} FROM {relation}"))
        }
    }
}

/// Stops if a column that should have been filled still contains NULL. Does not use `IS NULL`, which SQLite
/// assumes to be false for a NOT NULL column.
pub(crate) fn is_filled(plan: &Plan) -> Option<Piece> {
    let mut checks = Vec::new();
    for change in plan.changes.tables() {
        let TableChange::Alter(edits) = change else { continue };
        let before = |c: &crate::schema::Column| edits.before.columns.get(&c.name).is_some_and(|b| b.not_null);
        for column in edits.after.columns.values().filter(|c| c.backfill.is_some() && c.not_null && !before(c)) {
            let (table, column) = (quote(edits.after.name.name.as_str()), quote(column.name.as_str()));
            checks.push(format!(
                "INSERT INTO temp.\"_rosey_check\" (\"filled\") SELECT NOT EXISTS (SELECT 1 FROM {table} WHERE typeof({column}) = 'null')"
            ));
        }
    }
    (!checks.is_empty()).then(|| Piece::new("Stops if a backfilled column still contains NULL.", checks))
}

/// Returns the foreign keys of a schema that SQLite can check, and those to missing tables.
pub(crate) fn checked_keys(schema: &Schema) -> Vec<(&Table, super::references::Listed, bool)> {
    let names = |c: &[crate::schema::Ident]| c.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut found = Vec::new();
    for table in schema.tables.values() {
        for key in &table.foreign_keys {
            let nowhere = !schema.tables.contains_key(&key.table);
            if nowhere || !schema.leads_nowhere(key) {
                let (from, to) = (names(&key.columns), names(&key.to));
                found.push((table, super::references::Listed { parent: key.table.name.to_string(), from, to }, nowhere));
            }
        }
    }
    found
}

/// Returns the schema after the plan, as the history stores it except for its guards.
///
/// # Errors
/// If SQLite cannot read its in-memory database.
pub(crate) async fn schema_after(live: &Live, plan: &Plan) -> Result<Schema, Error> {
    super::outcome::outcome(live, &plan.steps).await
}
