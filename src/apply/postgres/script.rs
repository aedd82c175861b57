//! A plan for a PostgreSQL database as a script for `psql` that does what an apply does: the same lock, the same steps,
//! the same row in the history.

use super::{LOCK, Remarks, as_recorded};
use crate::apply::Options;
use crate::dialect::postgres::connection::Connection;
use crate::dialect::postgres::planner::{self, Planned, Settled};
use crate::dialect::postgres::{Error, PlanError, Url};
use crate::kdl;
use crate::plan::{Frame, Piece, Plan, Record, Transaction, create_history, insert_history, upgrade_history};
use crate::schema::{Dialect, Normalized};

/// Plans as [`super::plan()`] does, and gives what stands around the plan's steps in a script.
///
/// # Errors
/// As [`super::plan()`].
pub async fn plan_with_frame(
    url: &Url,
    desired: &Normalized,
    online: bool,
    options: &Options,
) -> Result<(Plan, Remarks, Frame), PlanError> {
    let mut connection = Connection::open(url).await?;
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    let Planned { plan, settled, .. } = planner::plan(&mut connection, desired, online).await?;
    let frame = frame(&mut connection, &plan, &settled, desired, options).await?;
    connection.execute("ROLLBACK").await?;
    connection.close().await.ok();
    Ok((plan, Remarks { left_alone: settled.left_alone, unasked: settled.unasked }, frame))
}

async fn frame(
    connection: &mut Connection,
    plan: &Plan,
    settled: &Settled,
    desired: &Normalized,
    options: &Options,
) -> Result<Frame, Error> {
    let (mut last, mut columns) = (0, Vec::new());
    if settled.live.history {
        last = connection.number("SELECT coalesce(max(number), 0) FROM _rosey_history").await?;
        let sql = "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass('_rosey_history') AND attnum > 0";
        columns = connection.texts(sql).await?;
    }
    let catalog = catalog(&settled.left_alone);
    let digest = connection.texts(&catalog).await?.concat();
    let lock = ["SET lock_timeout = '10s'".to_owned(), format!("DO $rosey$ BEGIN PERFORM pg_advisory_lock({LOCK}); END $rosey$")];
    let staged = plan.steps.iter().any(|s| s.transaction == Transaction::After);
    let mut finish = Vec::new();
    if staged {
        finish.push("UPDATE _rosey_history SET outcome = 'applied' WHERE outcome = 'running'".to_owned());
    }
    finish.push(format!("DO $rosey$ BEGIN PERFORM pg_advisory_unlock({LOCK}); END $rosey$"));
    finish.push("RESET lock_timeout".to_owned());
    Ok(Frame {
        head: vec![
            Piece::new("One apply at a time.", lock),
            Piece::new("Stops where the database is not the one that this plan was made for.", [as_planned(last, &catalog, &digest)]),
        ],
        begin: Vec::new(),
        end: vec![Piece::new("The history.", history(plan, settled, desired, options, staged, &columns))],
        finish: vec![Piece::new("Done.", finish)],
    })
}

fn history(plan: &Plan, settled: &Settled, desired: &Normalized, options: &Options, staged: bool, columns: &[String]) -> Vec<String> {
    let (schema_after, written) = (as_recorded(&settled.desired.schema().at_rest(), desired.schema()), kdl::encode(desired.schema()));
    let record = Record {
        schema_before: kdl::encode(settled.current.schema()),
        schema_written: (written != schema_after).then_some(written),
        schema_after,
        outcome: if staged { "running" } else { "applied" },
        ..options.record(plan)
    };
    let mut statements =
        if columns.is_empty() { vec![create_history(Dialect::Postgres)] } else { upgrade_history(Dialect::Postgres, columns) };
    statements.push(insert_history(Dialect::Postgres, &record));
    statements
}

/// A digest of the relations, columns, constraints, indexes and enums: by what is stored, never by what the server makes
/// of it in words, which depends on who asks.
fn catalog(left_alone: &[String]) -> String {
    let left: Vec<String> = left_alone.iter().map(|n| format!(" AND n.nspname <> '{}'", n.replace('\'', "''"))).collect();
    let managed = format!("n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'{}", left.concat());
    let own = "c.relname !~ '^_rosey'";
    format!(
        "SELECT md5(coalesce(string_agg(line, ',' ORDER BY line COLLATE \"C\"), '')) FROM (\n\
         SELECT concat_ws(' ', n.nspname, c.relname, c.relkind, a.attnum, a.attname, t.typname, a.atttypmod, a.attnotnull, \
         a.attidentity, a.attgenerated, a.attcollation, md5(d.adbin::text)) AS line \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum LEFT JOIN pg_type t ON t.oid = a.atttypid WHERE {managed} AND {own}\n\
         UNION ALL SELECT concat_ws(' ', n.nspname, c.relname, k.conname, k.contype, k.convalidated, k.conkey, k.confrelid, k.confkey, \
         k.condeferrable, k.condeferred, k.confupdtype, k.confdeltype, k.confmatchtype, md5(k.conbin::text)) \
         FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {managed} AND {own}\n\
         UNION ALL SELECT concat_ws(' ', n.nspname, c.relname, i.indexrelid, i.indkey, i.indisunique, i.indisvalid, \
         i.indclass, i.indcollation, i.indoption, md5(i.indexprs::text), md5(i.indpred::text)) \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {managed} AND {own}\n\
         UNION ALL SELECT concat_ws(' ', n.nspname, c.relname, md5(r.ev_action::text)) \
         FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {managed} AND {own}\n\
         UNION ALL SELECT concat_ws(' ', n.nspname, t.typname, t.typnotnull, t.typbasetype, t.typtypmod, md5(t.typdefaultbin::text)) \
         FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND {managed}\n\
         UNION ALL SELECT concat_ws(' ', n.nspname, t.typname, k.conname, k.convalidated, md5(k.conbin::text)) \
         FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {managed}\n\
         UNION ALL SELECT concat_ws(' ', n.nspname, t.typname, e.enumsortorder, e.enumlabel) \
         FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {managed}\n) AS lines"
    )
}

fn as_planned(last: i64, catalog: &str, digest: &str) -> String {
    format!(
        "DO $rosey$ DECLARE last bigint := 0; BEGIN\n\
         IF to_regclass('_rosey_history') IS NOT NULL THEN SELECT coalesce(max(number), 0) INTO last FROM _rosey_history; END IF;\n\
         IF last <> {last} THEN RAISE 'the plan was made for number {last} of the history, and this is number %', last; END IF;\n\
         IF ({catalog}) <> '{digest}' THEN RAISE 'the schema is not the one that this plan was made for'; END IF;\n\
         END $rosey$"
    )
}
