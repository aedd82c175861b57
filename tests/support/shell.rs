//! The sqlite3 shell, which users run scripts with. If it is missing the tests say so, and fail in CI.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::postgres::{in_ci, say};

/// Returns whether the shell is installed.
pub fn is_there() -> bool {
    let there = Command::new("sqlite3").arg("-version").stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    if !there {
        assert!(!in_ci(), "CI needs the sqlite3 shell");
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        say(&format!("SKIPPED {test}: no sqlite3 shell"));
    }
    there
}

/// Runs a script as `sqlite3 FILE < SCRIPT` does.
pub fn run(file: &Path, script: &str) -> Result<(), String> {
    let mut command = Command::new("sqlite3");
    let mut shell = command.arg(file).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A shell that stops early does not read the rest.
    shell.stdin.take().unwrap().write_all(script.as_bytes()).ok();
    let output = shell.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() && said.is_empty() { Ok(()) } else { Err(format!("{}: {said}", output.status)) }
}
