//! Runs one case: creates the `before` schema, inserts the rows, plans, compares, applies, compares, and
//! checks that a new plan is empty.

use std::path::Path;

use super::scratch::Scratch;
use super::{TestError, desired, expected, placed};
use crate::apply::{Database, Desired, PlanOptions};
use crate::engine::values::as_text;
use crate::kdl::Sources;
use crate::kdl::case::{self, Case, Side};
use crate::kdl::file::{LARGE, read_text};
use crate::lint::{self, Levels};
use crate::plan::{Code, Hazard, Plan};
use crate::render::{self, Style};
use crate::schema::Dialect;

/// The result of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Everything is as expected.
    Passed,
    /// What is not as expected, in words.
    Failed(Vec<String>),
    /// It is for another dialect.
    Skipped,
    /// It was canceled.
    Interrupted,
}

/// Runs the case in a file, in a scratch database beside the given one, which is not touched: a file in a new
/// folder, or a database on the same server, for which the role must be able to CREATE DATABASE. The scratch
/// database is always removed. `interrupted` ends the run early.
pub async fn run(path: &Path, beside: &Database, interrupted: impl Future<Output = ()>) -> Verdict {
    let dialect = beside.dialect();
    let name = path.display().to_string();
    let text = match read_text(path, LARGE) {
        Ok(text) => text,
        Err(e) => return failed(format!("{name} cannot be read: {e}")),
    };
    let case = match case::read(&name, &text, dialect, &Code::ALL.map(Code::name)) {
        Ok(case) if case.only.is_some_and(|only| only != dialect) => return Verdict::Skipped,
        Ok(case) => case,
        Err(diagnostics) => return failed(diagnostics.to_string()),
    };
    let scratch = match Scratch::make(beside).await {
        Ok(scratch) => scratch,
        Err(e) => return failed(e.to_string()),
    };
    let work = Work { case: &case, folder: path.parent().unwrap_or(Path::new("")), dialect, scratch: &scratch };
    let verdict = tokio::select! {
        outcome = work.there() => match outcome {
            Ok(failures) if failures.is_empty() => Verdict::Passed,
            Ok(failures) => Verdict::Failed(failures),
            Err(e) => failed(e.to_string()),
        },
        () = interrupted => Verdict::Interrupted,
    };
    match scratch.remove().await {
        Err(e) if verdict == Verdict::Passed => failed(format!("the scratch database was not removed: {e}")),
        _ => verdict,
    }
}

fn failed(why: String) -> Verdict {
    Verdict::Failed(vec![why])
}

/// A case running in its database.
struct Work<'w> {
    case: &'w Case,
    folder: &'w Path,
    dialect: Dialect,
    scratch: &'w Scratch,
}

impl Work<'_> {
    /// Returns what is not as expected.
    async fn there(&self) -> Result<Vec<String>, TestError> {
        self.begin().await?;
        let sources = self.sources(&self.case.after)?;
        let after = desired(&sources, self.dialect)?;
        let plan = self.plan(&sources, &after).await?;
        let mut failures = self.of_the_plan(&plan);
        let stops = plan.blocking(self.case.allow_destructive, &[]);
        if !self.case.blocked.is_empty() {
            return Ok(failures);
        }
        if !stops.is_empty() {
            failures.push(refusal(&stops));
            return Ok(failures);
        }
        if !plan.is_empty() {
            self.scratch.apply(&after, &plan, self.case.allow_destructive).await.map_err(|e| placed(&sources, e))?;
        }
        failures.extend(self.of_the_outcome().await?);
        let again = self.plan(&sources, &after).await?;
        if !again.is_empty() {
            failures.push(format!("changes remain after the apply\n{}", shown(&again)));
        }
        Ok(failures)
    }

    /// Creates the `before` schema and its rows.
    async fn begin(&self) -> Result<(), TestError> {
        if let Some(before) = &self.case.before {
            let sources = self.sources(before)?;
            let before = desired(&sources, self.dialect)?;
            let plan = self.plan(&sources, &before).await?;
            if !plan.is_empty() {
                self.scratch.apply(&before, &plan, false).await.map_err(|e| placed(&sources, e))?;
            }
        }
        let mut session = self.scratch.open().await?;
        for row in &self.case.rows {
            expected::insert(&mut session, row, self.dialect).await?;
        }
        session.close().await;
        Ok(())
    }

    fn sources(&self, side: &Side) -> Result<Sources, TestError> {
        let sources = match side {
            Side::Inline(sources) => sources.clone(),
            Side::File(path) => {
                let path = self.folder.join(path);
                Sources::read(&path).map_err(|e| TestError::Scratch { name: path.display().to_string(), reason: e.to_string() })?
            }
        };
        sources.checked().map_err(TestError::Schema)
    }

    async fn plan(&self, sources: &Sources, desired: &Desired) -> Result<Plan, TestError> {
        let planned = self.scratch.database.plan(desired, PlanOptions::default()).await;
        Ok(planned.map_err(|e| placed(sources, e))?.plan)
    }

    fn of_the_plan(&self, plan: &Plan) -> Vec<String> {
        let (text, mut failures) = (shown(plan), Vec::new());
        let hazards: Vec<&Hazard> = plan.blocking(self.case.allow_destructive, &[]);
        if self.case.no_changes && !plan.is_empty() {
            failures.push(format!("expect \"no changes\": the plan has changes\n{text}"));
        }
        for wanted in self.case.plan.iter().filter(|w| !text.contains(w.as_str())) {
            failures.push(format!("expect-plan: the plan does not contain `{wanted}`\n{text}"));
        }
        for code in self.case.blocked.iter().filter(|c| !hazards.iter().any(|h| h.code.name() == c.as_str())) {
            failures.push(format!("expect-blocked: {code} does not block the plan\n{text}"));
        }
        let expected = |h: &&Hazard| self.case.blocked.iter().any(|c| c.as_str() == h.code.name());
        let others: Vec<&Hazard> = hazards.into_iter().filter(|h| !expected(h)).collect();
        if !self.case.blocked.is_empty() && !others.is_empty() {
            let help = "add expect-blocked for these as well, or allow-destructive if data may be lost";
            failures.push(format!("expect-blocked: other reasons also block the apply; {help}\n{}", listed(&others)));
        }
        failures
    }

    async fn of_the_outcome(&self) -> Result<Vec<String>, TestError> {
        let mut session = self.scratch.open().await?;
        let mut failures = expected::differences(&mut session, &self.case.expected, self.dialect).await?;
        for (query, wanted) in &self.case.values {
            let given = session.texts(&as_text(query, self.dialect)).await?;
            let given = given.first().map_or("NULL", String::as_str);
            if given != wanted {
                failures.push(format!("expect-value: {query}\n- {wanted}\n+ {given}\n"));
            }
        }
        session.close().await;
        Ok(failures)
    }
}

/// Returns the plan as `rosey plan` shows it without a rosey.kdl.
fn shown(plan: &Plan) -> String {
    let mut plan = plan.clone();
    lint::annotate(&mut plan, &Levels::default(), &Sources::default(), &[]);
    render::text(&plan, "after", Style::default())
}

fn refusal(stops: &[&Hazard]) -> String {
    format!("apply refused; add expect-blocked with the code, or allow-destructive if data may be lost\n{}", listed(stops))
}

fn listed(hazards: &[&Hazard]) -> String {
    hazards.iter().map(|h| format!("{} ({}): {}\n", h.address, h.code.name(), h.text())).collect()
}
