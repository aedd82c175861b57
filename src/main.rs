//! The `rosey` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rosey::cli::main()
}
