//! Writes the schema down as it is found, and changes nothing else: for a database that others have made, and for a way
//! back that somebody else has gone already.

use std::sync::Arc;

use super::recorded::as_recorded;
use super::{ApplyError, Database, Desired, Entry, Options, history};
use crate::dialect::engine::{Committed, Purpose, Wait};
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

/// Records what is there, in the transaction of an apply.
pub(super) async fn stamp(database: &Database, desired: &Desired, force: bool, options: &Options) -> Result<Stamped, ApplyError> {
    let wait = options.lock_timeout;
    let mut session = database.engine().open(Purpose::Record, wait, Arc::default()).await?;
    session.begin(Wait::from_now(wait)).await?;
    let compared = session.compare(desired.normalized()).await?;
    let changes = remaining(&compared.live, &compared.desired);
    let differs = Found::differs(&changes, force)?;
    history::is_inert(&mut *session).await?;
    let last = history::read(&mut *session, history::Which::Last).await?.pop();
    let wanted = desired.normalized().schema();
    let there = as_recorded(&session.shown(&compared.live), wanted, compared.guards.schema());
    // Only a schema that is there as it was written tells how the database spells it.
    let respells = session.capabilities().respells_expressions;
    let written = (respells && changes.is_empty()).then(|| kdl::encode(wanted));
    let found = Found { last, there, written, differs };
    if let Some(number) = found.already(options) {
        session.close(false).await?;
        return Ok(found.stamped(number, true));
    }
    let number = history::write(&mut *session, &found.record(options)).await?;
    let committed = session.commit().await?;
    session.close(false).await?;
    match committed {
        Committed::Told | Committed::Confirmed(_) => Ok(found.stamped(number, false)),
        Committed::Unknown(source) => Err(ApplyError::CommitUnknown { number, source }),
    }
}
