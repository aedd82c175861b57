//! `rosey completions` and `rosey man`: what a package installs beside the program. Made from the arguments alone, so they
//! name nothing that the program does not take.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::error::Failure;
use super::{Exit, command, output};

/// Prints the completions for a shell.
#[derive(Args)]
pub(super) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command(), "rosey", &mut script);
        output::out(&String::from_utf8_lossy(&script));
        Ok(Exit::Done)
    }
}

/// Writes the manual's pages.
#[derive(Args)]
pub(super) struct Man {
    /// Where they go: `rosey.1` and one page for each command. The folder is made if it is not there.
    folder: PathBuf,
}

impl Man {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let failed = |e: std::io::Error| Failure::new(format!("the manual cannot be written to {}: {e}", self.folder.display()));
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        clap_mangen::generate_to(command(), &self.folder).map_err(failed)?;
        Ok(Exit::Done)
    }
}
