//! `rosey show`.

use std::path::PathBuf;

use clap::Args;

use super::again::Again;
use super::error::Failure;
use super::plan::Format;
use super::settings::Settings;
use super::{EnvArguments, Exit, output, saved};
use crate::apply::frame_of_saved;
use crate::kdl::Sources;
use crate::render::{self, Declared};

/// Renders a saved plan.
#[derive(Args)]
pub(super) struct Show {
    /// The plan file.
    plan: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    env: EnvArguments,
    /// Show the queries that find the rows a warning is about.
    #[arg(short, long)]
    verbose: bool,
}

impl Show {
    pub(super) async fn run(self, colour: bool) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.env)?;
        let again = Again::default();
        let plan = saved::open(&self.plan, &again).await.map_err(Failure::into_error)?;
        saved::follows(&self.plan, &plan, &again).map_err(Failure::into_error)?;
        if let (Some(message), Format::Text) = (&plan.file.message, self.format) {
            output::out(&render::escape(&format!("Version {}: {message}\n\n", plan.file.number)));
        }
        let counted = settings.under_policy(&plan.plan, &Sources::default());
        let style = render::Style { colour, verbose: self.verbose };
        let declared = Declared { schema: plan.desired.written(), sources: &Sources::default(), found: &[], provenance: None };
        output::out(&match self.format {
            Format::Sql => render::script(&counted, &frame_of_saved(&plan).await?),
            Format::Json => render::json_of_saved(&counted, saved::NAME, (&plan.file).into()),
            format => format.write(&counted, saved::NAME, style, declared),
        });
        Ok(Exit::Done)
    }
}
