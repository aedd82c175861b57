//! `rosey state`.

use clap::{Args, Subcommand};

use super::error::Failure;
use super::settings::Settings;
use super::{Exit, TargetArguments, output};

/// Saves the state of a database to a file.
#[derive(Args)]
pub(super) struct State {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the state of the database to standard output, for `plan --state`. Only reads.
    Pull(Pull),
}

#[derive(Args)]
struct Pull {
    #[command(flatten)]
    target: TargetArguments,
}

impl State {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let Command::Pull(pull) = self.command;
        let settings = Settings::load(&pull.target.env)?;
        let target = settings.target(&pull.target)?;
        target.announce();
        output::out(&target.database.state().await?.write());
        Ok(Exit::Done)
    }
}
