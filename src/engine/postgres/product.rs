//! PostgreSQL without a server: what a plan needs, from the recorded facts about a database.

use std::convert::Infallible;
use std::sync::Arc;

use super::session::Server;
use super::{Url, UrlError, check, frame, from_sql, keywords, offline};
use crate::diff::Changes;
use crate::engine::offline::{OfflinePlan, RecordedState};
use crate::engine::product::Product;
use crate::engine::snapshot::DatabaseState;
use crate::engine::traits::{Engine, Local};
use crate::engine::{BadUrl, PlanError, PlanOptions};
use crate::plan::{Frame, Plan, Record};
use crate::schema::{Normalized, Problem, Schema};

/// The form of a URL, for display.
const FORM: &str = "postgresql://user:password@host:port/database";

/// PostgreSQL.
pub(crate) struct Postgres;

impl Product for Postgres {
    fn schemes(&self) -> &'static [&'static str] {
        &["postgresql", "postgres"]
    }

    fn url_forms(&self) -> &'static str {
        FORM
    }

    fn has_password(&self, text: &str) -> bool {
        Url::text_has_password(text)
    }

    fn engine(&self, url: &str, _rest: &str) -> Result<Arc<dyn Engine>, BadUrl> {
        let url = Url::parse(url).map_err(|why| match &why {
            UrlError::Unknown { .. } => BadUrl {
                why: why.to_string(),
                ..BadUrl::new("it has an unknown parameter", format!("known parameters: {}", super::parameters()))
            },
            _ => BadUrl::new(why.to_string(), format!("use {FORM}")),
        })?;
        Ok(Arc::new(Server(url)))
    }

    fn cancel_all(&self) -> Local<'static, (), Infallible> {
        Box::pin(async {
            super::cancel_all().await;
            Ok(())
        })
    }

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
        Box::pin(async move { Ok(offline::plan(from.current, from.facts, from.recorded, desired, plan_options.engine.postgres.online)?) })
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
            let (settled, guards, uncounted) =
                offline::for_script(from.current, from.facts, from.recorded, desired, plan_options.engine.postgres.online)?;
            let start = frame::Start { settled: &settled, guards: &guards, uncounted: &uncounted, number: from.number, facts: from.facts };
            Ok(frame::frame(plan, &start, desired, record))
        })
    }

    fn left(&self, from: RecordedState<'_>, desired: &Normalized) -> Option<Changes> {
        let made = offline::plan(from.current, from.facts, from.recorded, desired, true);
        made.ok().map(|made| made.plan.changes)
    }

    fn read_sql<'a>(&'a self, sql: &'a str) -> Local<'a, DatabaseState, String> {
        Box::pin(async move {
            let schema = from_sql(sql).map_err(|problems| {
                let lines: Vec<String> = problems.iter().map(|p| format!("line {}: {}", p.line, p.message)).collect();
                lines.join("\n  ")
            })?;
            Ok(DatabaseState { current: schema, facts: Vec::new() })
        })
    }
}
