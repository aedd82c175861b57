//! PostgreSQL without a server: what a plan needs of it, from the facts that were noted of a database.

use super::{check, frame, from_sql, keywords, offline};
use crate::diff::Changes;
use crate::engine::offline::{OfflinePlan, RecordedState};
use crate::engine::product::Product;
use crate::engine::snapshot::Noted;
use crate::engine::traits::Local;
use crate::engine::{PlanError, PlanOptions};
use crate::plan::{Frame, Plan, Record};
use crate::schema::{Normalized, Problem, Schema};

/// PostgreSQL.
pub(crate) struct Postgres;

impl Product for Postgres {
    fn problems(&self, schema: &Schema) -> Vec<Problem> {
        check::problems(schema)
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
        Box::pin(async move { Ok(offline::plan(from.current, from.facts, from.recorded, desired, plan_options.online)?) })
    }

    fn frame_offline<'a>(
        &'a self,
        from: RecordedState<'a>,
        desired: &'a Normalized,
        plan_options: PlanOptions,
        plan: &'a Plan,
        record: Record,
    ) -> Local<'a, Option<Frame>, PlanError> {
        Box::pin(async move {
            let (settled, guards, uncounted) = offline::for_script(from.current, from.facts, from.recorded, desired, plan_options.online)?;
            let start = frame::Start { settled: &settled, guards: &guards, uncounted: &uncounted, number: from.number, facts: from.facts };
            Ok(frame::frame(plan, &start, desired, record))
        })
    }

    fn left(&self, from: RecordedState<'_>, desired: &Normalized) -> Option<Changes> {
        let made = offline::plan(from.current, from.facts, from.recorded, desired, true);
        made.ok().map(|made| made.plan.changes)
    }

    fn read_sql<'a>(&'a self, sql: &'a str) -> Local<'a, Noted, String> {
        Box::pin(async move {
            let schema = from_sql(sql).map_err(|problems| {
                let lines: Vec<String> = problems.iter().map(|p| format!("line {}: {}", p.line, p.message)).collect();
                lines.join("\n  ")
            })?;
            Ok(Noted { current: schema, facts: Vec::new() })
        })
    }
}
