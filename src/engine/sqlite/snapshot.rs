//! A snapshot of a SQLite file: everything that must be consistent is read in one transaction, which ends
//! before anything slow begins, because in the rollback-journal modes a reader keeps writers from committing.
//! Only reads.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::connection::{Connection, Error, Mode};
use super::gate::{self, Gate};
use super::inspect::{self, Definitions, Live};
use super::planner::{self, How};
use super::{frame, history, measure, normalized, offline, session};
use crate::engine::guards::{self, Guards};
use crate::engine::snapshot::{DatabaseState, LivePlan, LiveSnapshot, PlanForRecordedState, RecordOf};
use crate::engine::traits::{Answer, Local};
use crate::engine::{self, PlanError, PlanOptions, Remarks};
use crate::plan::{self, Action, Code, Counts, Frame, Hazard, Level, Plan, add_part};
use crate::schema::{Normalized, Schema};

/// The time limit for checking a file that a plan would rewrite for damage.
const DAMAGE: Duration = Duration::from_secs(2);

/// The advice for a damaged database.
const RECOVER: &str = "recover the data with `sqlite3 FILE .recover`, or restore an intact backup";

/// A snapshot of a file. A missing file counts as empty, and is not created.
#[derive(Default)]
pub(super) struct FileSnapshot {
    path: PathBuf,
    is_missing: bool,
    /// What was read, until it is parsed.
    unparsed: Option<Unparsed>,
    live: Live,
    guards: Guards,
    /// The columns of the history table; empty if it does not exist.
    history_columns: Vec<String>,
    last_row: Vec<String>,
}

/// What a file says of its schema.
struct Unparsed {
    definitions: Definitions,
    /// The last recorded schema, if it may contain guards.
    guarding: Option<String>,
}

impl FileSnapshot {
    /// Reads a file.
    pub(super) async fn take(path: &Path, wait: Duration) -> Result<FileSnapshot, Error> {
        let mut connection = match Connection::open(path, Mode::Read, wait).await {
            Ok(connection) => connection,
            Err(Error::NoFile { .. }) if !folder_exists(path) => {
                let reason = "its folder does not exist".to_owned();
                return Err(Error::CannotOpen { path: path.display().to_string(), reason });
            }
            Err(Error::NoFile { .. }) => {
                return Ok(FileSnapshot { path: path.to_path_buf(), is_missing: true, ..FileSnapshot::default() });
            }
            Err(other) => return Err(other),
        };
        connection.execute("BEGIN").await?;
        let definitions = inspect::definitions(&mut connection).await?;
        let has_history = definitions.has_history();
        let guarding = if has_history { planner::guarding(&mut connection).await? } else { None };
        let history_columns = if has_history { history::columns(&mut connection).await? } else { Vec::new() };
        let last_row = match history_columns.is_empty() {
            true => Vec::new(),
            false => connection.texts(&session::history_sql(&history_columns, true)).await?,
        };
        connection.execute("COMMIT").await?;
        connection.close().await?;
        let unparsed = Some(Unparsed { definitions, guarding });
        Ok(FileSnapshot { path: path.to_path_buf(), unparsed, history_columns, last_row, ..FileSnapshot::default() })
    }

    /// Parses what was read, once.
    fn parse(&mut self) {
        let Some(Unparsed { definitions, guarding }) = self.unparsed.take() else { return };
        self.guards = planner::guards_in(guarding.as_deref());
        self.live = definitions.parse();
        let current = std::mem::take(&mut self.live.current);
        self.live.current = current.with_renames_done(self.guards.schema().exchanged());
    }

    async fn planned(&mut self, desired: &Normalized, plan_options: PlanOptions) -> Result<LivePlan, PlanError> {
        if self.is_missing {
            let plan = planner::plan_from_nothing(desired).await?;
            return Ok(LivePlan { plan, remarks: Remarks::default(), current: Schema::default() });
        }
        self.parse();
        let how = How { rebuild_only: plan_options.engine.sqlite.rebuild_only(), proven: None, counts: plan_options.counts };
        let mut plan = planner::plan_from(&self.live, desired, how).await?;
        planner::guard(&mut plan, &self.guards, desired);
        counted(&self.path, &mut plan, plan_options).await?;
        let current = inspect::for_display(self.live.current.schema());
        Ok(LivePlan { plan, remarks: Remarks::default(), current })
    }

    fn noted(&mut self) -> DatabaseState {
        self.parse();
        let mut current = inspect::for_display(self.live.current.schema());
        guards::mark(&mut current, self.guards.schema());
        current.say_exchanged(&self.guards.schema().exchanged());
        DatabaseState { current, facts: offline::facts(&self.live) }
    }
}

impl LiveSnapshot for FileSnapshot {
    fn digest(&self) -> Option<String> {
        let unparsed = self.unparsed.as_ref()?;
        let mut hash = Sha256::new();
        unparsed.definitions.add_to(&mut hash);
        self.history_columns.iter().chain(&self.last_row).for_each(|text| add_part(&mut hash, text.as_bytes()));
        Some(format!("{:x}", hash.finalize()))
    }

    fn plan<'a>(&'a mut self, desired: &'a Normalized, plan_options: PlanOptions) -> Local<'a, LivePlan, PlanError> {
        Box::pin(self.planned(desired, plan_options))
    }

    fn plan_with_state<'a>(&'a mut self, desired: &'a Normalized, plan_options: PlanOptions) -> Local<'a, PlanForRecordedState, PlanError> {
        Box::pin(async move {
            let made = self.planned(desired, plan_options).await?;
            Ok(PlanForRecordedState { made, noted: self.noted(), desired: None })
        })
    }

    fn plan_with_frame<'a>(
        &'a mut self,
        desired: &'a Normalized,
        plan_options: PlanOptions,
        record: RecordOf<'a>,
    ) -> Local<'a, (LivePlan, Frame), PlanError> {
        Box::pin(async move {
            let made = self.planned(desired, plan_options).await?;
            let start = frame::Start { live: &self.live, guarded: self.guards.schema(), history_columns: &self.history_columns };
            let frame = frame::frame(&made.plan, &start, desired, record(&made.plan)).await?;
            Ok((made, frame))
        })
    }

    fn state(&mut self) -> Local<'_, DatabaseState, engine::Error> {
        Box::pin(async move {
            if self.is_missing {
                return Err(Error::NoFile { path: self.path.display().to_string() }.into());
            }
            Ok(self.noted())
        })
    }

    fn last_row(&mut self) -> Answer<'_, Vec<String>, engine::Error> {
        Box::pin(async move { Ok(self.last_row.clone()) })
    }

    fn beside(&mut self, recorded: Schema) -> Local<'_, (Normalized, Normalized), engine::Error> {
        Box::pin(async move {
            self.parse();
            Ok((normalized(recorded), self.live.current.clone()))
        })
    }

    fn close(self: Box<Self>) -> Answer<'static, (), engine::Error> {
        Box::pin(async { Ok(()) })
    }
}

fn folder_exists(path: &Path) -> bool {
    path.parent().is_none_or(|f| f.as_os_str().is_empty() || f.is_dir())
}

/// Counts the affected rows on a connection of its own, in one transaction for each count. A damaged file
/// must not be rewritten.
async fn counted(path: &Path, plan: &mut Plan, plan_options: PlanOptions) -> Result<(), PlanError> {
    if plan_options.counts == Counts::None {
        plan::leave_uncounted(&mut plan.steps);
        return Ok(());
    }
    if plan.steps.iter().all(|s| s.action != Action::Rebuild && s.hazards.is_empty()) {
        return Ok(());
    }
    let mut connection = Connection::open(path, Mode::Read, plan_options.wait).await?;
    if let Some(step) = plan.steps.iter_mut().find(|s| session::rewrites(s))
        && let Some(found) = gate::damage(&mut connection, DAMAGE).await?
    {
        let (message, address) = (format!("the database is damaged: {found}"), step.address.clone());
        step.hazards.push(Hazard::new(Code::NotSupported, Level::Blocks, address, message, RECOVER));
    }
    let mut gate = Gate::for_plan(&mut connection, plan_options.count_limit).await?;
    measure::measure(&mut gate, &plan.changes, &mut plan.steps, plan_options.counts).await?;
    let is_lost = gate.is_lost();
    gate.close().await?;
    if !is_lost {
        connection.close().await?;
    }
    Ok(())
}
