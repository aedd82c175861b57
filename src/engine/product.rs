//! What an engine does without a database: checks, normalizes and spells schemas, and plans from what was noted of a
//! database. Opens none.

use super::offline::{OfflinePlan, RecordedState};
use super::snapshot::Noted;
use super::traits::Local;
use super::{PlanError, PlanOptions};
use crate::diff::Changes;
use crate::plan::{Frame, Plan, Record};
use crate::schema::{Normalized, Problem, Schema};

/// A database product. Engines that speak one language, such as a file and a service over the same database, share it.
pub(crate) trait Product: Sync {
    /// Returns everything that is wrong with a schema, as far as no database is needed to tell.
    fn problems(&self, schema: &Schema) -> Vec<Problem>;

    /// Brings a schema into its spelling.
    fn normalized(&self, schema: Schema) -> Normalized {
        Normalized::by_dialect(schema)
    }

    /// Returns whether a word in lower case must be quoted to be a name.
    fn is_reserved(&self, word: &str) -> bool;

    /// Plans from what was noted of a database, with nothing counted.
    fn plan_offline<'a>(
        &'a self,
        from: RecordedState<'a>,
        desired: &'a Normalized,
        plan_options: PlanOptions,
    ) -> Local<'a, OfflinePlan, PlanError>;

    /// Returns the frame around the steps of such a plan in a script; `None` if the facts do not identify the database.
    fn frame_offline<'a>(
        &'a self,
        from: RecordedState<'a>,
        desired: &'a Normalized,
        plan_options: PlanOptions,
        plan: &'a Plan,
        record: Record,
    ) -> Local<'a, Option<Frame>, PlanError>;

    /// Returns what differs from the desired schema; `None` if that cannot be told.
    fn left(&self, from: RecordedState<'_>, desired: &Normalized) -> Option<Changes>;

    /// Returns what there would be to note of a database with this schema and no rows.
    fn state_of<'a>(&'a self, desired: &'a Normalized, at_rest: Schema) -> Local<'a, Noted> {
        let _ = desired;
        Box::pin(async { Ok(Noted { current: at_rest, facts: Vec::new() }) })
    }

    /// Reads a file of SQL statements as the database that they would make.
    fn read_sql<'a>(&'a self, sql: &'a str) -> Local<'a, Noted, String>;
}
