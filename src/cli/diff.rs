//! `rosey diff`: the changes that lead from one schema to another, wherever they are stored.

use std::path::{Path, PathBuf};

use clap::Args;

use super::again::Again;
use super::error::Failure;
use super::plan::Format;
use super::settings::Settings;
use super::target::{self, Database, Target};
use super::{EnvArguments, Exit, output, remarks, saved, schema};
use crate::apply::{self, Desired, PlanOptions};
use crate::kdl::Sources;
use crate::plan::{self, FileKind, State};
use crate::render::{self, Declared};
use crate::schema::Dialect;

/// Compares two schemas.
#[derive(Args)]
pub(super) struct Diff {
    /// The schema to start from: a database URL, a .db file, a schema (.kdl file or folder), a .sql file with DDL, a state file or a plan file.
    from: String,
    /// The schema to end with: any of the same.
    to: String,
    /// The kind of database, if neither side determines it.
    #[arg(long, value_enum)]
    dialect: Option<Dialect>,
    #[command(flatten)]
    env: EnvArguments,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// One side of the comparison.
enum Side {
    Database(Box<Database>),
    State(Box<State>),
    /// A plan file represents the schema that it leads to.
    Plan(Box<plan::PlanFile>),
    Schema(Sources),
    Sql {
        text: String,
        path: PathBuf,
    },
}

impl Side {
    fn find(text: &str) -> Result<Side, Failure> {
        let path = Path::new(text);
        if path.is_dir() || ends(path, "kdl") {
            return Side::of_kdl(path);
        }
        if ends(path, "sql") {
            return Ok(Side::Sql { text: saved::read_any(path)?, path: path.to_path_buf() });
        }
        if !super::foreign_commands::names_database(text) && !path.exists() {
            let failure = Failure::new(format!("{}: no such file, and not a URL", super::target::shown(text)));
            return Err(failure
                .help("compare two of: a database URL, a .db file, a .kdl file or a folder, a .sql file, a state file, a saved plan"));
        }
        let target = Target::named(text)?;
        target.announce();
        if apply::is_missing(&target.database) {
            return Err(Failure::new(format!("{text}: no such file")));
        }
        Ok(Side::Database(Box::new(target.database)))
    }

    fn of_kdl(path: &Path) -> Result<Side, Failure> {
        if path.is_file() {
            let text = saved::read_any(path)?;
            match FileKind::of(&text) {
                Some(FileKind::State) => {
                    return State::read(&text).map(|s| Side::State(Box::new(s))).map_err(|e| saved::bad_state(path, &e));
                }
                Some(FileKind::Plan) => {
                    return plan::read_plan(&text)
                        .map(|p| Side::Plan(Box::new(p)))
                        .map_err(|e| saved::refusal(path, e.into(), &Again::default()).into_error());
                }
                None => {}
            }
        }
        schema::sources(path).map(Side::Schema)
    }

    /// Returns its dialect, if it has one.
    fn dialect(&self) -> Option<Dialect> {
        match self {
            Side::Database(database) => Some(database.dialect()),
            Side::State(state) => Some(state.dialect),
            Side::Plan(plan) => Some(plan.dialect),
            Side::Schema(_) | Side::Sql { .. } => None,
        }
    }

    /// Returns it as a current state.
    async fn state(&self, dialect: Dialect) -> Result<State, Failure> {
        match self {
            Side::Database(database) => Ok(database.state().await?),
            Side::State(state) => Ok((**state).clone()),
            Side::Sql { text, path } if dialect.capabilities().plans_from_definitions => sql(path, text, dialect).await,
            other => Ok(apply::state_of(&other.desired(dialect).await?, dialect).await?),
        }
    }

    /// Returns it as a desired schema.
    async fn desired(&self, dialect: Dialect) -> Result<Desired, Failure> {
        let noted = |text: &str| -> Result<Desired, Failure> {
            let sources = Sources::from_text("noted.kdl", text);
            schema::desired(&sources, dialect)
        };
        match self {
            Side::Database(database) => noted(&database.state().await?.current),
            Side::State(state) => noted(&state.current),
            Side::Plan(plan) => noted(&plan.desired),
            Side::Schema(sources) => schema::desired(sources, dialect),
            Side::Sql { text, path } => noted(&sql(path, text, dialect).await?.current),
        }
    }
}

fn ends(path: &Path, with: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(with))
}

/// Returns the state of the database that an SQL file creates.
async fn sql(path: &Path, text: &str, dialect: Dialect) -> Result<State, Failure> {
    apply::state_of_sql(text, dialect).await.map_err(|why| Failure::new(format!("{}: {why}", path.display())))
}

impl Diff {
    pub(super) async fn run(self, colour: bool) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.env)?;
        let (from, to) = (Side::find(&self.from)?, Side::find(&self.to)?);
        let dialect = self.dialect(&from, &to)?;
        let desired = to.desired(dialect).await?;
        let failed = |e| match &to {
            Side::Schema(sources) => schema::failure(sources, e),
            _ => Failure::from(e),
        };
        // With a live database, the server answers what only it knows; nothing is written.
        let plan = match &from {
            Side::Database(database) => {
                let planned = database.plan(&desired, PlanOptions::default()).await.map_err(failed)?;
                remarks::tell(&planned.remarks);
                planned.plan
            }
            other => {
                let made = apply::plan_offline(&other.state(dialect).await?, &desired, PlanOptions::default()).await.map_err(failed)?;
                remarks::tell_unsettled(&made.unsettled);
                made.plan
            }
        };
        let shown = target::shown(&self.to);
        let nowhere = Sources::default();
        let sources = if let Side::Schema(sources) = &to { sources } else { &nowhere };
        let plan = settings.linted(&plan::Plan { drift: None, ..plan }, sources);
        let declared = Declared { schema: desired.written(), sources, found: &[], provenance: None };
        output::out(&self.format.write(&plan, &shown, render::Style { colour, verbose: false }, declared));
        Ok(if plan.is_empty() { Exit::Done } else { Exit::Changes })
    }

    /// Returns the dialect of both sides.
    fn dialect(&self, from: &Side, to: &Side) -> Result<Dialect, Failure> {
        match (from.dialect(), to.dialect(), self.dialect) {
            (Some(a), Some(b), _) if a != b => {
                let (a, b) = (saved::name(a), saved::name(b));
                Err(Failure::new(format!("one side is {a} and the other is {b}; only schemas of the same kind can be compared"))
                    .help("print one side as KDL with rosey inspect, then run rosey plan with that file against the other"))
            }
            (Some(own), _, Some(said)) | (_, Some(own), Some(said)) if own != said => {
                Err(Failure::new(format!("--dialect is {}, but one side is {}", said.word(), own.word())))
            }
            (Some(own), ..) | (_, Some(own), _) | (_, _, Some(own)) => Ok(own),
            (None, None, None) => {
                Err(Failure::new("neither side determines the dialect").help("add --dialect sqlite or --dialect postgres"))
            }
        }
    }
}
