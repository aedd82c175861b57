//! `rosey drift`: what has changed in the database since the last apply other than through rosey. It changes
//! nothing.

use clap::Args;

use super::error::{Failure, reading};
use super::listing::Format;
use super::settings::Settings;
use super::target::Database;
use super::{Exit, TargetArguments, output};
use crate::apply::Entry;
use crate::kdl::{self, Sources};
use crate::plan;
use crate::render;

/// Shows what others changed.
#[derive(Args)]
pub(super) struct Drift {
    #[command(flatten)]
    target: TargetArguments,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Drift {
    pub(super) async fn run(self, colour: bool) -> Result<Exit, Failure> {
        let target = Settings::load(&self.target.env)?.target(&self.target)?;
        target.announce();
        let database = &target.database;
        let entries = database.history().await?;
        let drift = match entries.last() {
            Some(last) => Some(compared(database, last).await?).filter(|d| !d.changes.is_empty() || !d.unmanaged.is_empty()),
            None => None,
        };
        let style = render::Style { colour, verbose: false };
        output::out(&match (self.format, &drift, entries.last()) {
            (Format::Json, drift, _) => render::drift_json(drift.as_ref(), database.dialect()),
            (Format::Text, Some(drift), _) => render::drift(drift, database.dialect(), style) + next_steps(drift),
            (Format::Text, None, Some(last)) => format!("No drift. The database matches version {}.\n", last.number),
            (Format::Text, None, None) => "The history is empty, so there is nothing to compare the database with.\n".to_owned(),
        });
        Ok(if drift.is_some_and(|d| !d.changes.is_empty()) { Exit::Changes } else { Exit::Done })
    }
}

/// Returns how to resolve drift: it remains until the history records the current schema, whatever the schema
/// file says.
fn next_steps(drift: &plan::Drift) -> &'static str {
    if drift.changes.is_empty() {
        return "";
    }
    "To keep these changes: rosey inspect --write, then rosey stamp. To revert them: rosey apply.\n"
}

/// Returns what has drifted, by name.
pub(super) fn names(drift: &plan::Drift) -> String {
    drift.changes.addresses().iter().map(|a| render::escape(&a.to_string())).collect::<Vec<_>>().join(", ")
}

/// Returns what others changed since the last version. An error if that is unknown, rather than no drift.
pub(super) async fn since(database: &Database, last: &Entry) -> Result<Option<plan::Drift>, Failure> {
    Ok(Some(compared(database, last).await?).filter(|d| !d.changes.is_empty()))
}

/// Returns the same with unmanaged objects; may be empty.
async fn compared(database: &Database, last: &Entry) -> Result<plan::Drift, Failure> {
    let number = last.number;
    if last.outcome == "running" {
        return Err(Failure::new(format!("version {number} is not finished, so the database cannot be compared with it"))
            .help("run rosey apply to finish it"));
    }
    let sources = Sources::from_text("history", &last.schema_after);
    let recorded = kdl::decode(&sources, database.dialect())
        .map_err(|_| Failure::new(format!("this rosey cannot read the schema recorded as version {number}")))?;
    database.drift_since(number, &recorded).await.map_err(reading)
}
