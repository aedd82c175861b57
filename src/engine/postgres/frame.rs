//! Renders a plan for a PostgreSQL database as a `psql` script that does what an apply does: the same
//! settings, the same lock, the same checks of rows, the same steps, the same row in the history.

use super::lock::LOCK;
use super::planner::NormalizedPair;
use super::{digest, script};
use crate::engine::guards::Guards;
use crate::engine::history::{TABLE, create_history, first_columns, insert_history, upgrade_history};
use crate::engine::recorded::{as_recorded, as_written};
use crate::kdl;
use crate::plan::{Fact, Frame, HISTORY_FORMAT, Piece, Plan, Record, Step, Transaction};
use crate::schema::{Dialect, Normalized};

/// The state that a plan starts from, as far as a script checks it.
pub(super) struct Start<'s> {
    /// Both schemas, normalized.
    pub(super) settled: &'s NormalizedPair,
    /// The guards that the last version recorded.
    pub(super) guards: &'s Guards,
    /// The steps before rows were counted.
    pub(super) uncounted: &'s [Step],
    /// The last version in the history; 0 if there is none.
    pub(super) number: i64,
    /// The digests of its schemas, and other facts.
    pub(super) facts: &'s [Fact],
}

/// Returns the frame around the steps of a plan; `None` if the facts contain no digest to compare with.
pub(super) fn frame(plan: &Plan, start: &Start<'_>, desired: &Normalized, record: Record) -> Option<Frame> {
    let left = &start.settled.left_alone;
    let digest = digest::expected(start.facts, left)?;
    let home = &start.settled.live.server.default_schema;
    let lock = ["SET lock_timeout = '10s'".to_owned(), script::block("", &format!("PERFORM pg_catalog.pg_advisory_lock({LOCK});"))];
    let staged = plan.steps.iter().any(|s| s.transaction == Transaction::After);
    let (mut tail, mut finish) = (Vec::new(), Vec::new());
    if staged {
        let number = start.number + 1;
        tail.push(script::session());
        let lock = script::block("", &format!("IF NOT {} THEN PERFORM pg_catalog.pg_advisory_lock({LOCK}); END IF;", holds_lock()));
        tail.push(Piece::new(
            "One apply at a time. This session may already hold the lock.",
            ["SET lock_timeout = '10s'".to_owned(), lock],
        ));
        let last = format!("(SELECT max(number) FROM _rosey_history) IS DISTINCT FROM {number}");
        let why = format!("RAISE 'this is the rest of version {number}, which is not the latest version in the history';");
        tail.push(Piece::new(
            "Stops if anything else has been applied since.",
            [script::block("", &format!("IF {last} THEN {why} END IF;"))],
        ));
        finish.push(format!("UPDATE _rosey_history SET outcome = 'applied' WHERE number = {number} AND outcome = 'running'"));
    }
    let unlock = format!("IF {} THEN PERFORM pg_catalog.pg_advisory_unlock({LOCK}); END IF;", holds_lock());
    finish.push(script::block("", &unlock));
    finish.push("RESET lock_timeout".to_owned());
    finish.extend(script::session_after());
    let mut head = vec![
        script::session(),
        Piece::new("One apply at a time.", lock),
        script::is_the_start(home, start.number, HISTORY_FORMAT, left, &digest),
    ];
    head.extend(script::rows_fit(start.uncounted, plan));
    Some(Frame {
        head,
        begin: Vec::new(),
        end: vec![Piece::new("Records the apply in the history.", history(start, desired, record, staged))],
        tail,
        finish: vec![Piece::new("Done.", finish)],
    })
}

/// Returns the condition that this session holds the apply lock.
fn holds_lock() -> String {
    let (high, low) = (LOCK >> 32, LOCK & 0xffff_ffff);
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid() \
         AND classid = {high}::pg_catalog.oid AND objid = {low}::pg_catalog.oid)"
    )
}

fn history(start: &Start<'_>, desired: &Normalized, record: Record, staged: bool) -> Vec<String> {
    let settled = start.settled;
    let schema_after = as_recorded(&settled.desired.schema().at_rest(), desired.schema(), start.guards.schema());
    let written = as_written(desired.schema());
    let record = Record {
        schema_before: kdl::encode(settled.current.schema()),
        schema_written: (written != schema_after).then_some(written),
        schema_after,
        outcome: if staged { "running" } else { "applied" },
        ..record
    };
    vec![table(), insert_history(Dialect::Postgres, TABLE, &record)]
}

/// Creates the history table, or upgrades that of an older rosey. If nothing needs to be done, nothing is
/// attempted, because that would require privileges that the applying role may lack.
fn table() -> String {
    let missing = upgrade_history(Dialect::Postgres, TABLE, &first_columns());
    let columns = missing.iter().filter_map(|sql| Some((sql, sql.split(" ADD COLUMN ").nth(1)?.split(' ').next()?)));
    let upgrades = columns.map(|(sql, column)| {
        format!(
            "IF NOT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass('_rosey_history')::pg_catalog.oid \
             AND attname = '{column}') THEN {sql}; END IF;"
        )
    });
    let upgrades: Vec<String> = upgrades.collect();
    let create = create_history(Dialect::Postgres);
    script::block(
        "",
        &format!("IF pg_catalog.to_regclass('_rosey_history') IS NULL THEN\n{create};\nELSE\n{}\nEND IF;", upgrades.join("\n")),
    )
}
