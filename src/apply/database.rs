//! A database of either kind, and what is asked of it: the one place where the two are told apart.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{
    ApplyError, Entry, HistoryError, Observer, Options, Outcome, SqlitePath, drift, history, postgres as pg, sqlite as lite, stamp,
};
use crate::dialect::postgres::{self, Url, offline::Recorded};
use crate::dialect::sqlite::connection::{Connection, Mode};
use crate::dialect::sqlite::{self, Pulse};
use crate::diff::Changes;
use crate::kdl::{self, Sources};
use crate::plan::{Drift, Plan, State};
use crate::schema::{Address, Dialect, Normalized, Schema};

/// A database, and where it is.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file, which need not be there yet.
    Sqlite(PathBuf),
    /// On a server.
    Postgres(Box<Url>),
}

/// How a plan is made.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// How tables of a SQLite file are changed.
    pub path: SqlitePath,
    /// PostgreSQL: whether tables that hold rows are changed without stopping writers.
    pub online: bool,
    /// How long a plan waits for another program's lock on a SQLite file.
    pub wait: Duration,
}

impl Default for Way {
    fn default() -> Self {
        Way { path: SqlitePath::Cheapest, online: true, wait: Duration::from_secs(5) }
    }
}

/// A desired schema: as it was written, and in its database's spelling.
#[derive(Debug, Clone)]
pub struct Desired {
    written: Schema,
    normalized: Normalized,
}

impl Desired {
    /// A schema that has been found fit for its kind of database.
    ///
    /// # Errors
    /// [`ApplyError::Plan`] or [`ApplyError::PostgresPlan`] with every problem.
    pub fn new(schema: Schema, dialect: Dialect) -> Result<Desired, ApplyError> {
        let normalized = match dialect {
            Dialect::Sqlite => sqlite::desired(schema.clone())?,
            Dialect::Postgres => postgres::desired(schema.clone())?,
        };
        Ok(Desired { written: schema, normalized })
    }

    /// In the database's spelling, as an apply takes it.
    pub fn normalized(&self) -> &Normalized {
        &self.normalized
    }

    /// As it was written.
    pub fn written(&self) -> &Schema {
        &self.written
    }
}

/// A plan against a live database.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Planned {
    /// The plan, counted.
    pub plan: Plan,
    /// What there is to say besides.
    pub remarks: pg::Remarks,
}

/// A plan against a live database, with all that it takes to make it again without.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Noted {
    /// The plan, counted.
    pub plan: Plan,
    /// What there is to say besides.
    pub remarks: pg::Remarks,
    /// What it starts from.
    pub state: State,
    /// The schema that it leads to, as KDL that says the same with no server at hand.
    pub desired: String,
}

impl Database {
    /// Its kind.
    pub fn dialect(&self) -> Dialect {
        match self {
            Database::Sqlite(_) => Dialect::Sqlite,
            Database::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Plans from what is there to what is desired.
    ///
    /// # Errors
    /// Where the database does not answer, or where no plan is possible.
    pub async fn plan(&self, desired: &Desired, way: Way) -> Result<Planned, ApplyError> {
        let (plan, remarks) = match self {
            Database::Sqlite(path) => (lite::plan_within(path, &desired.normalized, way.path, way.wait).await?, pg::Remarks::default()),
            Database::Postgres(url) => pg::plan(url, &desired.normalized, way.online).await?,
        };
        Ok(Planned { plan, remarks })
    }

    /// Plans as [`Database::plan`] does, to a schema that is still being read: meanwhile a server tells what is there. An
    /// error of the schema comes first, whatever the server says.
    ///
    /// # Errors
    /// Those of the schema; a plan's own are in the second place of the pair.
    pub async fn plan_when<E>(
        &self,
        desired: impl Future<Output = Result<Desired, E>>,
        way: Way,
    ) -> Result<(Desired, Result<Planned, ApplyError>), E> {
        let Database::Postgres(url) = self else {
            let desired = desired.await?;
            let planned = self.plan(&desired, way).await;
            return Ok((desired, planned));
        };
        let opening = pg::Opened::open(url);
        tokio::pin!(desired, opening);
        let mut opened = None;
        let desired = loop {
            tokio::select! {
                desired = &mut desired => break desired?,
                outcome = &mut opening, if opened.is_none() => opened = Some(outcome),
            }
        };
        let planned = async {
            let opened = match opened {
                Some(opened) => opened?,
                None => opening.await?,
            };
            let (plan, remarks) = opened.plan(&desired.normalized, way.online).await?;
            Ok(Planned { plan, remarks })
        };
        let planned = planned.await;
        Ok((desired, planned))
    }

    /// Plans as [`Database::plan`] does, and notes what the plan is made from.
    ///
    /// # Errors
    /// As [`Database::plan`].
    pub async fn plan_noted(&self, desired: &Desired, way: Way) -> Result<Noted, ApplyError> {
        match self {
            Database::Sqlite(path) => {
                let (plan, state) = lite::plan_with_state(path, &desired.normalized, way.path, way.wait).await?;
                let desired = kdl::encode(&desired.written);
                Ok(Noted { plan, remarks: pg::Remarks::default(), state: sqlite_state(state), desired })
            }
            Database::Postgres(url) => {
                let noted = pg::plan_with_state(url, &desired.normalized, way.online).await?;
                let (plan, remarks) = (noted.plan, noted.remarks);
                Ok(Noted { plan, remarks, state: postgres_state(noted.state), desired: kdl::encode(&noted.desired) })
            }
        }
    }

    /// What the database is now, for whoever plans without it later.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn state(&self) -> Result<State, ApplyError> {
        Ok(match self {
            Database::Sqlite(path) => sqlite_state(lite::state(path).await?),
            Database::Postgres(url) => postgres_state(pg::state(url).await?),
        })
    }

    /// The live schema as KDL.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn inspect(&self) -> Result<String, ApplyError> {
        Ok(match self {
            Database::Sqlite(path) => lite::inspect(path).await?,
            Database::Postgres(url) => pg::inspect(url).await?,
        })
    }

    /// The rows of the history, the first one first; none where nothing was ever applied.
    ///
    /// # Errors
    /// Where the database does not answer, or where a later rosey has written a row.
    pub async fn history(&self) -> Result<Vec<Entry>, HistoryError> {
        match self {
            Database::Sqlite(path) => {
                let mut connection = Connection::open(path, Mode::Read, Way::default().wait).await?;
                let entries = history::read_sqlite(&mut connection, history::Which::All).await?;
                connection.close().await?;
                Ok(entries)
            }
            Database::Postgres(url) => {
                let mut connection = postgres::connection::Connection::open(url).await?;
                let entries = history::read_postgres(&mut connection, history::Which::All).await?;
                connection.close().await.ok();
                Ok(entries)
            }
        }
    }

    /// What differs from a recorded schema to what is there.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn changes_since(&self, recorded: &Schema) -> Result<Changes, ApplyError> {
        match self {
            Database::Sqlite(path) => {
                let mut connection = Connection::open(path, Mode::Read, Way::default().wait).await?;
                let live = sqlite::inspect::inspect(&mut connection).await?;
                connection.close().await?;
                Ok(drift::between(&sqlite::normalized(recorded.clone()), &live.current))
            }
            Database::Postgres(url) => {
                let mut connection = postgres::connection::Connection::open(url).await?;
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
                let settled = postgres::planner::settled(&mut connection, recorded).await?.0;
                connection.execute("ROLLBACK").await?;
                connection.close().await.ok();
                Ok(drift::between(&settled.desired, &settled.current))
            }
        }
    }

    /// What somebody else has changed since the last number of the history.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn drift(&self) -> Result<Option<Drift>, ApplyError> {
        let Some(last) = self.history().await?.pop().filter(|e| e.outcome != "running") else { return Ok(None) };
        let Some(recorded) = drift::read(&last.schema_after, self.dialect()) else { return Ok(None) };
        let changes = self.changes_since(&recorded).await?;
        Ok(drift::drift(last.number, changes))
    }

    /// Writes down in the history that the database is as desired, and changes nothing else.
    ///
    /// # Errors
    /// [`ApplyError::Blocked`] is none of them: where `force` is not given and the database differs, [`ApplyError::Stale`].
    pub async fn stamp(&self, desired: &Desired, force: bool, options: &Options) -> Result<i64, ApplyError> {
        match self {
            Database::Sqlite(path) => stamp::on_sqlite(path, desired, force, options).await,
            Database::Postgres(url) => stamp::on_postgres(url, desired, force, options).await,
        }
    }

    /// Marks applies as done whose last steps ran outside their transaction, and that were cut off before they could say so:
    /// for whoever has found that nothing is left to do.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn finish(&self) -> Result<(), ApplyError> {
        if let Database::Postgres(url) = self {
            pg::finish(url).await?;
        }
        Ok(())
    }

    /// Applies what was approved, or nothing: see [`super::apply()`] and [`pg::apply`].
    ///
    /// # Errors
    /// As these.
    pub async fn apply(
        &self,
        desired: &Normalized,
        approved: &Plan,
        options: &Options,
        pulse: Arc<Pulse>,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ApplyError> {
        match self {
            Database::Sqlite(path) => lite::apply(path, desired, approved, options, pulse, observer).await,
            Database::Postgres(url) => pg::apply(url, desired, approved, options, pulse, observer).await,
        }
    }
}

fn sqlite_state(state: lite::State) -> State {
    let mut current = state.current;
    crate::dialect::guards::mark(&mut current, &state.guarded);
    with_history(State::new(Dialect::Sqlite, kdl::encode(&current), state.facts), state.last)
}

fn postgres_state(state: pg::State) -> State {
    with_history(State::new(Dialect::Postgres, kdl::encode(&state.current), state.facts), state.last)
}

fn with_history(state: State, last: Option<Entry>) -> State {
    let Some(last) = last else { return state };
    State { number: Some(last.number), recorded: Some(last.schema_after), written: last.schema_written, ..state }
}

/// A schema that rosey has written down.
pub(super) fn read_noted(text: &str, dialect: Dialect) -> Result<Schema, ApplyError> {
    kdl::decode(&Sources::from_text("noted.kdl", text), dialect).map_err(|e| ApplyError::Unreadable(e.to_string()))
}

/// Whether the database is a file that is still to be made.
pub fn is_missing(database: &Database) -> bool {
    matches!(database, Database::Sqlite(path) if !path.exists())
}

/// A plan without the database, and what differs in words that only its server could show to be equal.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Offline {
    /// The plan, with nothing counted.
    pub plan: Plan,
    /// What may be no difference.
    pub unsettled: Vec<Address>,
    /// The schema that it leads to, as KDL that says the same without a history.
    pub desired: String,
}

/// Plans from a noted state: the same changes and statements as against the database that it is of.
///
/// # Errors
/// Where the state cannot be read, or where no plan is possible.
pub async fn plan_offline(state: &State, desired: &Desired, way: Way) -> Result<Offline, ApplyError> {
    let read =
        |text: &str| kdl::decode(&Sources::from_text("state", text), state.dialect).map_err(|e| ApplyError::Unreadable(e.to_string()));
    let current = read(&state.current)?;
    match state.dialect {
        Dialect::Sqlite => {
            let rebuild = way.path == SqlitePath::Rebuild;
            let plan = sqlite::offline::plan(&state.facts, &current, &desired.normalized, rebuild).await?;
            Ok(Offline { plan, unsettled: Vec::new(), desired: kdl::encode(&desired.written) })
        }
        Dialect::Postgres => {
            let after = state.recorded.as_deref().map(read).transpose()?;
            let written = state.written.as_deref().map(read).transpose()?;
            let recorded = after.as_ref().zip(written.as_ref()).map(|(after, written)| Recorded { after, written });
            let made = postgres::offline::plan(&current, &state.facts, recorded, &desired.normalized, way.online)?;
            Ok(Offline { plan: made.plan, unsettled: made.unsettled, desired: kdl::encode(&made.desired) })
        }
    }
}

/// The state of a database that has this schema and nothing else: no row, no history.
///
/// # Errors
/// Where the schema cannot be made.
pub async fn state_of(schema: &Desired, dialect: Dialect) -> Result<State, ApplyError> {
    let current = kdl::encode(&schema.written.at_rest());
    if dialect == Dialect::Postgres {
        return Ok(State::new(dialect, current, Vec::new()));
    }
    let empty = State::new(dialect, String::new(), Vec::new());
    let plan = plan_offline(&empty, schema, Way::default()).await?.plan;
    let sql: String = plan.statements().map(|s| format!("{};\n", s.sql)).collect();
    let made = sqlite::from_sql(&sql).await.map_err(|e| ApplyError::Unreadable(e.to_string()))?;
    Ok(State::new(dialect, kdl::encode(&sqlite::for_display(&made.schema)), made.facts))
}
