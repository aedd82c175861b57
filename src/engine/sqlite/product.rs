//! SQLite without a file: what a plan needs, from the recorded facts about a database. Opens only databases
//! in memory.

use std::sync::Arc;

use super::session::File;
use super::{check, frame, from_sql, inspect, keywords, normalize, offline, types, url};
use crate::diff::{Changes, remaining};
use crate::engine::affinity::Affinity;
use crate::engine::offline::{OfflinePlan, RecordedState};
use crate::engine::product::Product;
use crate::engine::snapshot::DatabaseState;
use crate::engine::traits::{Engine, Local};
use crate::engine::{ApplyError, BadUrl, PlanError, PlanOptions};
use crate::plan::{Frame, Plan, Record};
use crate::schema::{Column, Normalized, Problem, Schema, Table};

/// SQLite.
pub(crate) struct Sqlite;

impl Product for Sqlite {
    fn schemes(&self) -> &'static [&'static str] {
        &["sqlite"]
    }

    fn url_forms(&self) -> &'static str {
        url::FORMS
    }

    fn engine(&self, _url: &str, rest: &str) -> Result<Arc<dyn Engine>, BadUrl> {
        let path = url::path(rest).map_err(|why| BadUrl::new(why, format!("use {}", url::FORMS)))?;
        Ok(Arc::new(File(path)))
    }

    fn declared(&self, column: &Column, table: &Table) -> String {
        types::declared(&column.ty, table.strict)
    }

    fn affinity(&self, column: &Column, table: &Table) -> Option<Affinity> {
        Some(types::column_affinity(column, table))
    }

    fn affinity_of(&self, declared: &str) -> Option<Affinity> {
        Some(types::affinity(declared))
    }

    fn rowid_key<'t>(&self, table: &'t Table) -> Option<&'t Column> {
        types::rowid_key(table)
    }

    fn problems(&self, schema: &Schema) -> Vec<Problem> {
        check::problems(schema)
    }

    fn normalized(&self, schema: Schema) -> Normalized {
        normalize::normalize(schema)
    }

    fn is_reserved(&self, word: &str) -> bool {
        keywords::is_reserved(word)
    }

    fn plan_offline<'a>(
        &'a self,
        from: RecordedState<'a>,
        desired: &'a Normalized,
        plan_options: PlanOptions,
    ) -> Local<'a, OfflinePlan, PlanError> {
        Box::pin(async move {
            let plan = offline::plan(from.facts, from.current, desired, plan_options.engine.sqlite.rebuild_only()).await?;
            Ok(OfflinePlan { plan, unsettled: Vec::new(), desired: None })
        })
    }

    fn frame_offline<'a>(
        &'a self,
        from: RecordedState<'a>,
        desired: &'a Normalized,
        _plan_options: PlanOptions,
        plan: &'a Plan,
        record: Record,
    ) -> Local<'a, Option<Frame>, PlanError> {
        Box::pin(async move {
            let live = offline::start(from.facts, from.current)?;
            let start = frame::Start { live: &live, guarded: from.current, history_columns: &[] };
            Ok(Some(frame::frame(plan, &start, desired, record).await?))
        })
    }

    fn left(&self, from: RecordedState<'_>, desired: &Normalized) -> Option<Changes> {
        Some(remaining(&normalize::normalize(from.current.clone()), desired))
    }

    /// A plan depends on the definitions as SQLite stores them, so they are created in memory.
    fn state_of<'a>(&'a self, desired: &'a Normalized, _at_rest: Schema) -> Local<'a, DatabaseState> {
        Box::pin(async move {
            let plan = offline::plan(&[], &Schema::default(), desired, false).await?;
            let sql: String = plan.statements().map(|s| format!("{};\n", s.sql)).collect();
            let made = from_sql(&sql).await.map_err(|e| ApplyError::Unreadable(e.to_string()))?;
            Ok(DatabaseState { current: inspect::for_display(made.schema.schema()), facts: made.facts })
        })
    }

    fn read_sql<'a>(&'a self, sql: &'a str) -> Local<'a, DatabaseState, String> {
        Box::pin(async move {
            let made = from_sql(sql).await.map_err(|e| e.to_string())?;
            Ok(DatabaseState { current: inspect::for_display(made.schema.schema()), facts: made.facts })
        })
    }
}
