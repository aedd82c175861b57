//! rosey on the database of a test: planning, applying, inspecting, through the library as an application
//! would use it.

use std::sync::Arc;

use rosey::apply::{self, ApplyError, BackupMode, EngineOptions, Observer, Options, Outcome, PlanOptions, Silent};
use rosey::engine::postgres::Url;
use rosey::engine::{self, CancelToken, PlanError};
use rosey::kdl::{self, Sources};
use rosey::plan::Plan;
use rosey::render::{self, Style};
use rosey::schema::{Dialect, Normalized};

use super::postgres::Database;
use super::{planned, wait};

/// Parses a schema as PostgreSQL's desired schema, or returns its errors as text.
pub fn desired(text: &str) -> Result<Normalized, String> {
    let sources = Sources::from_text("schema.kdl", text).checked().map_err(|d| d.to_string())?;
    let (schema, mut problems) = kdl::decode_all(&sources, Dialect::Postgres);
    problems.extend(engine::problems(&schema, Dialect::Postgres));
    if !problems.is_empty() {
        return Err(kdl::Diagnostics::new(&sources, problems).to_string());
    }
    engine::desired(schema, Dialect::Postgres).map_err(|e| format!("{e:?}"))
}

impl Database<'_> {
    /// Returns the database as the library has it.
    pub fn live(&self) -> apply::Database {
        apply::Database::server(Url::parse(&self.url()).unwrap())
    }

    pub fn plan(&self, desired: &Normalized, online: bool) -> Result<Plan, PlanError> {
        planned(&self.live(), desired, PlanOptions { engine: EngineOptions::default().online(online), ..PlanOptions::default() })
    }

    pub fn apply(&self, desired: &Normalized, online: bool) -> Result<Outcome, ApplyError> {
        self.apply_with(desired, online, &Options::default(), &mut Silent)
    }

    /// Applies without a backup, even if destructive.
    pub fn apply_with(
        &self,
        desired: &Normalized,
        online: bool,
        options: &Options,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ApplyError> {
        self.apply_as(desired, online, &Options { allow_destructive: true, ..options.clone() }, observer)
    }

    /// Applies without a backup, with these options.
    pub fn apply_as(
        &self,
        desired: &Normalized,
        online: bool,
        options: &Options,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ApplyError> {
        let plan = self.plan(desired, online)?;
        let options = Options { backup: BackupMode::Never, ..options.clone() };
        wait(self.live().apply(desired, &plan, &options, Arc::new(CancelToken::default()), observer))
    }

    pub fn inspect(&self) -> String {
        wait(self.live().inspect()).unwrap()
    }

    /// Returns what a plan would still change, as text; empty if nothing is left.
    pub fn left(&self, desired: &Normalized, online: bool) -> String {
        let plan = self.plan(desired, online).unwrap_or_else(|e| panic!("{e:?}"));
        if plan.is_empty() { String::new() } else { render::text(&plan, "the schema", Style::default()) }
    }
}
