//! Plans for a database that is not at hand, whatever its engine: from what was noted down of it. Opens none.

use super::postgres::offline::Recorded;
use super::{PlanError, postgres, sqlite};
use crate::diff::{Changes, remaining};
use crate::plan::{Fact, Plan};
use crate::schema::{Address, Dialect, Normalized, Schema};

/// What was noted down of a database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Snapshot<'n> {
    pub(crate) dialect: Dialect,
    pub(crate) current: &'n Schema,
    pub(crate) facts: &'n [Fact],
    /// What the last apply recorded: the schema after it, and as its file had it.
    pub(crate) recorded: Option<(&'n Schema, &'n Schema)>,
}

/// How a plan is made without the database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    /// Tables that change are rebuilt, whatever would be cheaper.
    pub(crate) rebuild_only: bool,
    /// Tables that hold rows are changed without stopping writers.
    pub(crate) online: bool,
}

/// A plan without the database.
pub(crate) struct Made {
    pub(crate) plan: Plan,
    /// What may be no difference.
    pub(crate) unsettled: Vec<Address>,
    /// The schema that it leads to, if that is another one than was given.
    pub(crate) desired: Option<Schema>,
}

impl<'n> Snapshot<'n> {
    /// Plans to the desired schema, with nothing counted.
    ///
    /// # Errors
    /// If a fact is of another engine, or if no plan is possible.
    pub(crate) async fn plan(self, desired: &Normalized, how: How) -> Result<Made, PlanError> {
        match self.dialect {
            Dialect::Sqlite => {
                let plan = sqlite::offline::plan(self.facts, self.current, desired, how.rebuild_only).await?;
                Ok(Made { plan, unsettled: Vec::new(), desired: None })
            }
            Dialect::Postgres => {
                let made = postgres::offline::plan(self.current, self.facts, self.recorded(), desired, how.online)?;
                Ok(Made { plan: made.plan, unsettled: made.unsettled, desired: Some(made.desired) })
            }
        }
    }

    /// The same as the engine takes it.
    pub(crate) fn recorded(self) -> Option<Recorded<'n>> {
        self.recorded.map(|(after, written)| Recorded { after, written })
    }

    /// What differs from the desired schema; nothing if that cannot be told.
    pub(crate) fn left(self, desired: &Normalized) -> Option<Changes> {
        match self.dialect {
            Dialect::Sqlite => Some(remaining(&sqlite::normalized(self.current.clone()), desired)),
            Dialect::Postgres => {
                let made = postgres::offline::plan(self.current, self.facts, self.recorded(), desired, true);
                made.ok().map(|made| made.plan.changes)
            }
        }
    }
}
