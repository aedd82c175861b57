//! What the commands do alike on a PostgreSQL server.

use super::error::Failure;
use super::{output, schema};
use crate::apply::Options;
use crate::apply::postgres::{self, Remarks};
use crate::dialect::postgres::{PlanError, Url};
use crate::kdl::Sources;
use crate::plan::{Frame, Plan};
use crate::schema::Normalized;

/// Reads the schema for PostgreSQL and plans; what there is to say besides the plan goes to standard error.
pub(super) async fn plan(sources: &Sources, url: &Url, desired: &Normalized, online: bool) -> Result<Plan, Failure> {
    let (plan, remarks) = postgres::plan(url, desired, online).await.map_err(|e| failure(sources, e))?;
    output::err(&told(&remarks));
    Ok(plan)
}

/// Plans as [`plan`] does, for a script.
pub(super) async fn plan_with_frame(sources: &Sources, url: &Url, desired: &Normalized, online: bool) -> Result<(Plan, Frame), Failure> {
    let options = Options::default();
    let planned = postgres::plan_with_frame(url, desired, online, &options).await;
    let (plan, remarks, frame) = planned.map_err(|e| failure(sources, e))?;
    output::err(&told(&remarks));
    Ok((plan, frame))
}

/// A failed plan, its problems shown with their source.
pub(super) fn failure(sources: &Sources, error: PlanError) -> Failure {
    match error {
        PlanError::Schema(problems) => schema::diagnosed(sources, problems),
        other => other.into(),
    }
}

fn told(remarks: &Remarks) -> String {
    let mut text = String::new();
    if !remarks.left_alone.is_empty() {
        let names: Vec<String> = remarks.left_alone.iter().map(|n| crate::render::escape(n)).collect();
        text.push_str(&format!("left alone, because the schema file does not name them: schema {}\n", names.join(", ")));
    }
    if remarks.unasked {
        text.push_str("the server takes no temporary objects from this role, so expressions are compared by their text alone\n");
    }
    text
}
