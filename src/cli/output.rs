//! Printing. A closed pipe (`rosey plan | head`) is not an error.

use std::io::{IsTerminal, Write, stderr, stdout};

/// Writes results to standard output.
pub(super) fn out(text: &str) {
    if let Err(e) = write(&mut stdout().lock(), text) {
        err(&format!("error: cannot write to standard output: {e}\n"));
        std::process::exit(super::Exit::Error as i32);
    }
}

/// Writes errors and progress to standard error.
pub(super) fn err(text: &str) {
    write(&mut stderr().lock(), text).ok();
}

fn write(to: &mut impl Write, text: &str) -> std::io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e),
        _ => Ok(()),
    }
}

/// Returns whether standard output gets color: on a terminal, without NO_COLOR and --no-color.
pub(super) fn colour(no_color: bool) -> bool {
    let forbidden = no_color || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
    !forbidden && !dumb && stdout().is_terminal()
}

/// Asks a question on the terminal; `None` if there is no terminal.
pub(super) fn ask(question: &str) -> Option<String> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    err(question);
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).ok()?;
    Some(answer.trim().to_owned())
}
