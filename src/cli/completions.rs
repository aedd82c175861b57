//! `rosey completions`: the completion scripts that a package installs. Generated from the arguments, so that
//! they contain only what the program accepts.

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
