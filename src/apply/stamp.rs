//! Writes the schema down as it is found, and changes nothing else: for a database that others have made, and for a way
//! back that somebody else has gone already.

use std::path::Path;
use std::time::Instant;

use super::{ApplyError, Desired, Entry, Options, history, postgres as pg, sqlite as lite};
use crate::dialect::sqlite::connection::{Connection, Error, Mode};
use crate::dialect::sqlite::inspect;
use crate::dialect::{postgres, sqlite};
use crate::diff::{Changes, remaining};
use crate::kdl;
use crate::plan::{Kind, Record};

/// What came of a stamp.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Stamped {
    /// The number that records what is there.
    pub number: i64,
    /// It was there already, so nothing was written.
    pub already: bool,
    /// What was recorded although it is not as desired.
    pub differs: Vec<String>,
}

/// How many objects a forced stamp names in the history.
const NAMED: usize = 5;

/// What is to be written down, and beside what.
struct Found {
    last: Option<Entry>,
    there: String,
    written: Option<String>,
    differs: Vec<String>,
}

impl Found {
    /// What differs from what was desired; a refusal where that is not to be recorded.
    fn differs(changes: &Changes, force: bool) -> Result<Vec<String>, ApplyError> {
        let differs: Vec<String> = changes.addresses().iter().map(ToString::to_string).collect();
        if differs.is_empty() || force { Ok(differs) } else { Err(ApplyError::Differs(differs)) }
    }

    /// The row that would be written once more. A way back is always told, and so is what somebody has to say.
    fn already(&self, options: &Options) -> Option<i64> {
        let last = self.last.as_ref().filter(|e| e.outcome != "running" && e.schema_after == self.there)?;
        let same_plan = options.plan_id.as_ref().is_none_or(|p| *p == last.plan);
        let message = self.message(options);
        let same_words = (options.message.is_none() && self.differs.is_empty()) || message == last.message;
        (options.kind != Kind::Rollback && same_plan && same_words).then_some(last.number)
    }

    /// What the history says of it: also that it was forced.
    fn message(&self, options: &Options) -> Option<String> {
        if self.differs.is_empty() {
            return options.message.clone();
        }
        let named = self.differs.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = self.differs.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let forced = format!("forced: not as desired in {named}{more}");
        Some(options.message.as_ref().map_or(forced.clone(), |m| format!("{m} ({forced})")))
    }

    /// The row. It says what is there, also where that is not what was desired.
    fn record(&self, options: &Options) -> Record {
        Record {
            kind: if options.kind == Kind::Rollback { Kind::Rollback } else { Kind::Stamp },
            back_to: options.back_to,
            plan: options.plan_id.clone().unwrap_or_default(),
            message: self.message(options),
            schema_before: self.last.as_ref().map_or_else(|| self.there.clone(), |e| e.schema_after.clone()),
            schema_written: self.written.clone().filter(|w| *w != self.there),
            schema_after: self.there.clone(),
            identity: options.identity.clone(),
            outcome: "applied",
            ..Record::default()
        }
    }

    fn stamped(self, number: i64, already: bool) -> Stamped {
        Stamped { number, already, differs: self.differs }
    }
}

pub(super) async fn on_sqlite(path: &Path, desired: &Desired, force: bool, options: &Options) -> Result<Stamped, ApplyError> {
    let mut connection = Connection::open(path, Mode::Write, options.lock_timeout).await?;
    match connection.execute("BEGIN IMMEDIATE").await {
        Err(Error::Locked) => return Err(ApplyError::Locked { holder: None, waited: options.lock_timeout }),
        other => other?,
    };
    let live = inspect::inspect(&mut connection).await?;
    let differs = Found::differs(&remaining(&live.current, desired.normalized()), force)?;
    history::is_inert_sqlite(&mut connection).await?;
    let last = history::read_sqlite(&mut connection, history::Which::Last).await?.pop();
    let guards = sqlite::planner::remembered(&mut connection, &live).await?;
    let there = lite::as_recorded(live.current.schema(), desired.normalized().schema(), guards.schema());
    let found = Found { last, there, written: None, differs };
    if let Some(number) = found.already(options) {
        connection.close().await?;
        return Ok(found.stamped(number, true));
    }
    let number = history::write_sqlite(&mut connection, &found.record(options)).await?;
    connection.execute("COMMIT").await?;
    connection.close().await?;
    Ok(found.stamped(number, false))
}

pub(super) async fn on_postgres(url: &postgres::Url, desired: &Desired, force: bool, options: &Options) -> Result<Stamped, ApplyError> {
    let mut connection = postgres::connection::Connection::open_within(url, options.lock_timeout).await?;
    let until = Instant::now() + options.lock_timeout;
    pg::begin_locked(&mut connection, until, options.lock_timeout, &sqlite::Pulse::default()).await?;
    let (settled, guards) = postgres::planner::settled(&mut connection, desired.normalized().schema()).await?;
    let changes = remaining(&settled.current, &settled.desired);
    let differs = Found::differs(&changes, force)?;
    history::is_inert_postgres(&mut connection).await?;
    let last = history::read_postgres(&mut connection, history::Which::Last).await?.pop();
    let there = pg::as_recorded(settled.current.schema(), desired.normalized().schema(), guards.schema());
    // Only a schema that is there as it was written tells how the server spells it.
    let written = changes.is_empty().then(|| kdl::encode(desired.normalized().schema()));
    let found = Found { last, there, written, differs };
    if let Some(number) = found.already(options) {
        connection.close().await.ok();
        return Ok(found.stamped(number, true));
    }
    let number = history::write_postgres(&mut connection, &found.record(options)).await?;
    connection.commit().await?;
    connection.close().await.ok();
    Ok(found.stamped(number, false))
}
