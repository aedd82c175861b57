//! Writes the schema down as it is found, and changes nothing else: for a database that others have made, and for a way
//! back that somebody else has gone already.

use std::path::Path;

use super::{ApplyError, Desired, Options, history, postgres as pg, sqlite as lite};
use crate::dialect::sqlite::connection::{Connection, Error, Mode};
use crate::dialect::sqlite::inspect;
use crate::dialect::{postgres, sqlite};
use crate::diff::{Changes, diff};
use crate::kdl;
use crate::plan::{Kind, Record};

/// Where a database is not as desired, this is what differs.
fn refuse(changes: &Changes) -> Result<(), ApplyError> {
    if changes.is_empty() {
        return Ok(());
    }
    Err(ApplyError::Differs(changes.addresses().iter().map(ToString::to_string).collect()))
}

/// What a stamp leaves in the history. The row says what is there, also where that is not what was desired.
fn record(before: Option<String>, there: String, written: Option<String>, options: &Options) -> Record {
    Record {
        kind: if options.kind == Kind::Rollback { Kind::Rollback } else { Kind::Stamp },
        back_to: options.back_to,
        plan: options.plan_id.clone().unwrap_or_default(),
        message: options.message.clone(),
        schema_before: before.unwrap_or_else(|| there.clone()),
        schema_written: written.filter(|w| *w != there),
        schema_after: there,
        identity: options.identity.clone(),
        outcome: "applied",
        ..Record::default()
    }
}

pub(super) async fn on_sqlite(path: &Path, desired: &Desired, force: bool, options: &Options) -> Result<i64, ApplyError> {
    let mut connection = Connection::open(path, Mode::Write, options.lock_timeout).await?;
    match connection.execute("BEGIN IMMEDIATE").await {
        Err(Error::Locked) => return Err(ApplyError::LockTimeout(options.lock_timeout)),
        other => other?,
    };
    let live = inspect::inspect(&mut connection).await?;
    let changes = diff(&live.current, desired.normalized()).unwrap_or_default();
    if !force {
        refuse(&changes)?;
    }
    let before = history::read_sqlite(&mut connection, history::Which::Last).await?.pop().map(|e| e.schema_after);
    let guards = sqlite::planner::remembered(&mut connection, &live).await?;
    let there = lite::as_recorded(live.current.schema(), desired.normalized().schema(), guards.schema());
    let number = history::write_sqlite(&mut connection, &record(before, there, None, options)).await?;
    connection.execute("COMMIT").await?;
    connection.close().await?;
    Ok(number)
}

pub(super) async fn on_postgres(url: &postgres::Url, desired: &Desired, force: bool, options: &Options) -> Result<i64, ApplyError> {
    let mut connection = postgres::connection::Connection::open(url).await?;
    pg::lock(&mut connection, options.lock_timeout).await?;
    connection.execute("BEGIN").await?;
    let (settled, guards) = postgres::planner::settled(&mut connection, desired.normalized().schema()).await?;
    let changes = diff(&settled.current, &settled.desired).unwrap_or_default();
    if !force {
        refuse(&changes)?;
    }
    let before = history::read_postgres(&mut connection, history::Which::Last).await?.pop().map(|e| e.schema_after);
    let there = pg::as_recorded(settled.current.schema(), desired.normalized().schema(), guards.schema());
    // Only a schema that is there as it was written tells how the server spells it.
    let written = changes.is_empty().then(|| kdl::encode(desired.normalized().schema()));
    let number = history::write_postgres(&mut connection, &record(before, there, written, options)).await?;
    connection.execute("COMMIT").await?;
    connection.close().await.ok();
    Ok(number)
}
