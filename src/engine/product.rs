//! What an engine does without a database: checks, normalizes and spells schemas, and plans from recorded
//! facts. Opens no database.

use std::convert::Infallible;
use std::sync::Arc;

use super::affinity::Affinity;
use super::offline::{OfflinePlan, RecordedState};
use super::snapshot::DatabaseState;
use super::traits::{Engine, Local};
use super::{BadUrl, PlanError, PlanOptions};
use crate::diff::Changes;
use crate::plan::{Frame, Plan, Record};
use crate::schema::{Column, Normalized, Problem, Schema, Table};

/// A database product. Engines that use the same language, such as a file and a service with the same
/// database, share it.
pub(crate) trait Product: Sync {
    /// Returns the schemes of its URLs, in lower case.
    fn schemes(&self) -> &'static [&'static str];

    /// Returns the forms of its URLs, for display.
    fn url_forms(&self) -> &'static str;

    /// Returns whether the text is one of its URLs and contains a password.
    fn has_password(&self, text: &str) -> bool {
        let _ = text;
        false
    }

    /// Returns the engine for a URL with one of its schemes; `rest` is what follows the scheme.
    fn engine(&self, url: &str, rest: &str) -> Result<Arc<dyn Engine>, BadUrl>;

    /// Cancels all statements that run for this program on its servers.
    fn cancel_all(&self) -> Local<'static, (), Infallible> {
        Box::pin(async { Ok(()) })
    }

    /// Returns how a column declares its type.
    fn declared(&self, column: &Column, table: &Table) -> String {
        let _ = table;
        column.ty.to_string()
    }

    /// Returns the affinity of a column; `None` if columns only hold values of their type.
    fn affinity(&self, column: &Column, table: &Table) -> Option<Affinity> {
        let _ = (column, table);
        None
    }

    /// Returns the affinity of a declared type; `None` if columns only hold values of their type.
    fn affinity_of(&self, declared: &str) -> Option<Affinity> {
        let _ = declared;
        None
    }

    /// Returns the column that is an alias of the rowid, if there is one.
    fn rowid_key<'t>(&self, table: &'t Table) -> Option<&'t Column> {
        let _ = table;
        None
    }

    /// Returns all problems of a schema that can be detected without a database.
    fn problems(&self, schema: &Schema) -> Vec<Problem>;

    /// Converts a schema to its canonical spelling.
    fn normalized(&self, schema: Schema) -> Normalized {
        Normalized::by_dialect(schema)
    }

    /// Returns whether a word in lower case must be quoted to be a name.
    fn is_reserved(&self, word: &str) -> bool;

    /// Plans from recorded facts about a database, without counting rows.
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

    /// Returns the differences from the desired schema; `None` if they cannot be determined.
    fn left(&self, from: RecordedState<'_>, desired: &Normalized) -> Option<Changes>;

    /// Returns the state of a database with this schema and no rows.
    fn state_of<'a>(&'a self, desired: &'a Normalized, at_rest: Schema) -> Local<'a, DatabaseState> {
        let _ = desired;
        Box::pin(async { Ok(DatabaseState { current: at_rest, facts: Vec::new() }) })
    }

    /// Reads a file of SQL statements as the database that they would create.
    fn read_sql<'a>(&'a self, sql: &'a str) -> Local<'a, DatabaseState, String>;
}
