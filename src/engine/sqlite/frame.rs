//! Renders a plan for a SQLite file as a script for the sqlite3 shell that does what an apply does: the same
//! checks, the same steps, the same row in the history.

use std::collections::BTreeSet;

use super::inspect::Live;
use super::lexer::quote_string;
use super::lower::rowid_name;
use super::planner::PlanError;
use super::references::orphans_sql;
use super::{inspect, script, shell, verify};
use crate::engine::history::{TABLE, insert_history, upgrade_history};
use crate::engine::recorded::as_recorded;
use crate::kdl;
use crate::plan::{Frame, Piece, Plan, Record};
use crate::schema::{Dialect, Normalized, Schema};

/// What the plan of a script starts from.
pub(super) struct Start<'s> {
    pub(super) live: &'s Live,
    /// The schema that the last apply recorded.
    pub(super) guarded: &'s Schema,
    /// The columns of the history table; empty if it does not exist or is not known.
    pub(super) history_columns: &'s [String],
}

/// Returns the frame around the plan's steps in a script. The database itself is not needed.
///
/// # Errors
/// If SQLite cannot create the schemas in memory.
pub(super) async fn frame(plan: &Plan, start: &Start<'_>, desired: &Normalized, record: Record) -> Result<Frame, PlanError> {
    let live = start.live;
    let after = script::schema_after(live, plan).await?;
    let mut begin = vec![script::is_the_start(live), script::is_known()];
    begin.extend(script::rows_fit(live, desired, plan).await?);
    let mut end: Vec<Piece> = script::is_filled(plan).into_iter().collect();
    if let Some((before, now)) = references(plan, live.current.schema(), &after) {
        begin.push(before);
        end.push(now);
    }
    let record = Record {
        schema_before: kdl::encode(&inspect::for_display(live.current.schema())),
        schema_after: as_recorded(&inspect::for_display(&after), desired.schema(), start.guarded),
        rows_copied: plan.rows_copied().unwrap_or_default(),
        outcome: "applied",
        ..record
    };
    end.push(Piece::new("Records the apply in the history.", history(&record, start.history_columns)));
    end.push(Piece { comment: String::new(), statements: vec!["DROP TABLE temp.\"_rosey_check\"".to_owned()] });
    for statement in begin.iter_mut().chain(&mut end).flat_map(|p| &mut p.statements) {
        *statement = shell::safe(statement);
    }
    Ok(Frame { begin, end, ..Frame::default() })
}

fn history(record: &Record, columns: &[String]) -> Vec<String> {
    let mut statements = Vec::new();
    if !columns.is_empty() {
        statements.extend(upgrade_history(Dialect::Sqlite, TABLE, columns));
    }
    statements.push(insert_history(Dialect::Sqlite, TABLE, record));
    statements
}

/// Records the rows that already violate a foreign key, and stops if there are others afterwards.
fn references(plan: &Plan, before: &Schema, after: &Schema) -> Option<(Piece, Piece)> {
    let names = verify::Names::of(plan);
    let (old, known) = orphans("_rosey_orphans", plan, before, &names, |_| true);
    let (new, _) = orphans("_rosey_orphans_now", plan, after, &names.done(), |key| known.contains(key));
    if new.is_empty() {
        return None;
    }
    let table = |name: &str| format!("CREATE TEMP TABLE \"{name}\" (key, orphan)");
    let numbered = |name: &str| format!("SELECT key, orphan, row_number() OVER (PARTITION BY key, orphan) FROM temp.\"{name}\"");
    let check = format!(
        "INSERT INTO temp.\"_rosey_check\" (\"kept\") SELECT NOT EXISTS ({} EXCEPT {})",
        numbered("_rosey_orphans_now"),
        numbered("_rosey_orphans")
    );
    let drops = ["_rosey_orphans", "_rosey_orphans_now"].map(|name| format!("DROP TABLE temp.\"{name}\""));
    let first = [table("_rosey_orphans")].into_iter().chain(old);
    let last = [table("_rosey_orphans_now")].into_iter().chain(new).chain([check]).chain(drops);
    Some((Piece::new("Rows that already violate a foreign key.", first), Piece::new("Stops if more rows violate one.", last)))
}

/// Returns the statements that record the violating rows, and the keys that they check. Rows do not violate a
/// new key whose parent table does not exist.
fn orphans(
    into: &str,
    plan: &Plan,
    schema: &Schema,
    names: &verify::Names,
    known: impl Fn(&verify::Key) -> bool,
) -> (Vec<String>, BTreeSet<verify::Key>) {
    let touched: BTreeSet<String> = plan.changes.tables().flat_map(verify::touched).collect();
    let (mut statements, mut keys) = (Vec::new(), BTreeSet::new());
    for (table, listed, nowhere) in script::checked_keys(schema) {
        let name = table.name.name.as_str();
        let key = names.after(name, &listed);
        let concerned = [name, &listed.parent].iter().any(|n| touched.contains(&n.to_ascii_lowercase()));
        if !concerned || (nowhere && !known(&key)) {
            continue;
        }
        let rowid = rowid_name(table).filter(|_| names.keeps_rowids(name));
        let sql = orphans_sql(name, &listed, rowid, nowhere);
        let sql = sql.replacen("SELECT ", &format!("SELECT {}, ", quote_string(&format!("{} {}", key.0, key.1))), 1);
        statements.push(format!("INSERT INTO temp.\"{into}\" {sql}"));
        keys.insert(key);
    }
    (statements, keys)
}
