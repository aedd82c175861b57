//! Records the live schema in the history and changes nothing else: for a database that rosey did not create,
//! and for a rollback that was done outside rosey.

use std::sync::Arc;

use super::{ApplyError, Database, Desired, Entry, Options, history};
use crate::diff::{Changes, remaining};
use crate::engine::recorded::as_recorded;
use crate::engine::traits::{Committed, Purpose, Wait};
use crate::kdl;
use crate::plan::{Kind, Record};

/// The result of a stamp.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Stamped {
    /// The version that records the live schema.
    pub number: i64,
    /// Whether that version existed already, so that nothing was written.
    pub already: bool,
    /// The objects that were recorded although they do not match the desired schema.
    pub differs: Vec<String>,
}

/// The number of objects that the history message of a forced stamp names.
const NAMED: usize = 5;

/// What to record, and the last row of the history.
struct StampTarget {
    last: Option<Entry>,
    there: String,
    written: Option<String>,
    differs: Vec<String>,
}

impl StampTarget {
    /// Returns the differences from the desired schema. It is an error if there are any and `force` is not
    /// set.
    fn differs(changes: &Changes, force: bool) -> Result<Vec<String>, ApplyError> {
        let differs: Vec<String> = changes.addresses().iter().map(ToString::to_string).collect();
        if differs.is_empty() || force { Ok(differs) } else { Err(ApplyError::Differs(differs)) }
    }

    /// Returns the version that already records this. A rollback is always recorded, and so is a new message.
    fn already(&self, options: &Options) -> Option<i64> {
        let last = self.last.as_ref().filter(|e| e.outcome != "running" && e.schema_after == self.there)?;
        let same_plan = options.plan_id.as_ref().is_none_or(|p| *p == last.plan);
        let message = self.message(options);
        let same_words = (options.message.is_none() && self.differs.is_empty()) || message == last.message;
        (options.kind != Kind::Rollback && same_plan && same_words).then_some(last.number)
    }

    /// Returns the message for the history, which also says that the stamp was forced.
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

    /// Returns the row, which describes the live schema even if it is not the desired one.
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

/// Records the live schema, in the transaction of an apply.
pub(super) async fn stamp(database: &Database, desired: &Desired, force: bool, options: &Options) -> Result<Stamped, ApplyError> {
    let wait = options.lock_timeout;
    let mut session = database.engine().open(Purpose::Record, wait, Arc::default()).await?;
    session.begin(Wait::from_now(wait)).await?;
    let compared = session.compare(desired.normalized()).await?;
    let changes = remaining(&compared.live, &compared.desired);
    let differs = StampTarget::differs(&changes, force)?;
    history::is_inert(&mut *session).await?;
    let last = history::read(&mut *session, history::Which::Last).await?.pop();
    let wanted = desired.normalized().schema();
    let there = as_recorded(&session.shown(&compared.live), wanted, compared.guards.schema());
    // Only if the live schema matches what was written does it show how the database spells it.
    let respells = session.capabilities().respells_expressions;
    let written = (respells && changes.is_empty()).then(|| kdl::encode(wanted));
    let found = StampTarget { last, there, written, differs };
    if let Some(number) = found.already(options) {
        session.close(false).await?;
        return Ok(found.stamped(number, true));
    }
    let number = history::write(&mut *session, &found.record(options)).await?;
    let committed = session.commit().await?;
    session.close(false).await?;
    match committed {
        Committed::Acknowledged | Committed::Confirmed(_) => Ok(found.stamped(number, false)),
        Committed::Unknown(source) => Err(ApplyError::CommitUnknown { number, source }),
    }
}
