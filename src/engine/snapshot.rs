//! A snapshot of a live database, from which plans and states are made. Only reads.

use super::traits::{Answer, Local};
use super::{Error, PlanError, PlanOptions, Remarks};
use crate::plan::{Fact, Frame, Plan, Record};
use crate::schema::{Normalized, Schema};

/// A plan against a live database.
pub(crate) struct LivePlan {
    /// The plan, with row counts.
    pub(crate) plan: Plan,
    pub(crate) remarks: Remarks,
    /// The schema that it starts from, as `inspect` prints it.
    pub(crate) current: Schema,
}

/// What a plan without the database needs to know about it.
pub(crate) struct DatabaseState {
    /// The schema, with the guards and the name exchanges that the last apply recorded.
    pub(crate) current: Schema,
    /// Other facts that the plan depends on.
    pub(crate) facts: Vec<Fact>,
}

/// A plan against a live database, and what is needed to make it again without the database.
pub(crate) struct PlanForRecordedState {
    pub(crate) made: LivePlan,
    pub(crate) noted: DatabaseState,
    /// The desired schema in the database's spelling; `None` if it is unchanged.
    pub(crate) desired: Option<Schema>,
}

/// Returns the history record of a plan. The database adds what only it knows.
pub(crate) type RecordOf<'r> = &'r dyn Fn(&Plan) -> Record;

/// What a snapshot is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Take {
    /// A plan, in any case.
    ToPlan,
    /// Its digest first. What was read is decoded only if a plan is made.
    ToCompare,
}

/// A snapshot of a live database.
pub(crate) trait LiveSnapshot {
    /// Returns a digest of everything in the database that a plan without changes depends on, the last row of
    /// the history included; `None` if that is not known any more, or never was.
    fn digest(&self) -> Option<String>;

    /// Plans to the desired schema, and counts rows.
    fn plan<'a>(&'a mut self, desired: &'a Normalized, plan_options: PlanOptions) -> Local<'a, LivePlan, PlanError>;

    /// Plans like [`LiveSnapshot::plan`], and returns what is needed to make the plan again without the
    /// database.
    fn plan_with_state<'a>(&'a mut self, desired: &'a Normalized, plan_options: PlanOptions) -> Local<'a, PlanForRecordedState, PlanError>;

    /// Plans like [`LiveSnapshot::plan`], and returns the frame around the plan's steps in a script.
    fn plan_with_frame<'a>(
        &'a mut self,
        desired: &'a Normalized,
        plan_options: PlanOptions,
        record: RecordOf<'a>,
    ) -> Local<'a, (LivePlan, Frame), PlanError>;

    /// Returns what a plan without the database needs to know about it. If the database does not exist, that
    /// is an error.
    fn state(&mut self) -> Local<'_, DatabaseState, Error>;

    /// Returns whether there is a history that the role may not read.
    fn history_is_unread(&mut self) -> Answer<'_, bool, Error> {
        Box::pin(async { Ok(false) })
    }

    /// Returns the last row of the history as a JSON object; none if there is no history.
    fn last_row(&mut self) -> Answer<'_, Vec<String>, Error>;

    /// Returns a recorded schema and the live one in normalized form.
    fn beside(&mut self, recorded: Schema) -> Local<'_, (Normalized, Normalized), Error>;

    /// Ends the read.
    fn close(self: Box<Self>) -> Answer<'static, (), Error>;
}
