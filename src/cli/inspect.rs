//! `rosey inspect`.

use clap::Args;

use super::error::Failure;
use super::settings::Settings;
use super::{Exit, TargetArguments, output};

/// Prints the live schema.
#[derive(Args)]
pub(super) struct Inspect {
    #[command(flatten)]
    target: TargetArguments,
}

impl Inspect {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let target = Settings::load(&self.target.env)?.target(&self.target)?;
        target.announce();
        output::out(&target.database.inspect().await?);
        Ok(Exit::Done)
    }
}
