//! `rosey inspect`.

use clap::Args;

use super::error::Failure;
use super::target::Target;
use super::{Exit, TargetArguments, output};

/// Prints the live schema.
#[derive(Args)]
pub(super) struct Inspect {
    #[command(flatten)]
    target: TargetArguments,
}

impl Inspect {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let target = Target::find(&self.target)?;
        output::out(&crate::apply::inspect(&target.path).await?);
        Ok(Exit::Done)
    }
}
