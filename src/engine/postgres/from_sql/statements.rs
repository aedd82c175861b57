//! Splits a file into statements at the places where the server and psql split it. Refuses psql commands,
//! except for the two that newer versions of pg_dump write around a dump; skips the rows of a COPY.

use super::SqlProblem;
use crate::engine::postgres::scan::{Kind, Piece, Scanner};

/// Returns the tokens of each statement, without its semicolon and comments, and the parts that cannot be
/// read.
pub(super) fn statements(text: &str) -> (Vec<Vec<Piece>>, Vec<SqlProblem>) {
    let mut scanner = Scanner::new(text);
    let (mut statements, mut problems) = (Vec::new(), Vec::new());
    let mut statement: Vec<Piece> = Vec::new();
    loop {
        scanner.skip_spaces();
        if statement.is_empty() && text[scanner.at..].starts_with('\\') {
            problems.extend(command(text, &mut scanner));
            continue;
        }
        let at = scanner.at;
        match scanner.piece() {
            None => {
                problems.push(SqlProblem::at(text, at, unreadable(text, at)));
                return (statements, problems);
            }
            Some(None) => break,
            Some(Some(piece)) if piece.kind == Kind::OpenComment => {}
            Some(Some(piece)) if piece.kind == Kind::Symbol(';') => {
                skip_rows(text, &statement, &mut scanner);
                statements.push(std::mem::take(&mut statement));
            }
            Some(Some(piece)) => statement.push(piece),
        }
    }
    statements.push(statement);
    statements.retain(|s| !s.is_empty());
    (statements, problems)
}

fn unreadable(text: &str, at: usize) -> String {
    let what = match text[at..].chars().next() {
        Some('\\') => "a backslash is not valid here",
        Some('$') => "a parameter, or an unterminated dollar-quoted string",
        _ => "an unterminated quoted string, or a string in several parts",
    };
    what.to_owned()
}

/// Reads a line with a psql command. `\restrict` and `\unrestrict` forbid other commands between them.
fn command(text: &str, scanner: &mut Scanner) -> Option<SqlProblem> {
    let at = scanner.at;
    let line = text[at..].lines().next().unwrap_or_default();
    scanner.at += line.len();
    let word = line.split_whitespace().next().unwrap_or_default();
    let known = word == "\\restrict" || word == "\\unrestrict";
    (!known).then(|| SqlProblem::at(text, at, format!("{word} is a psql command, which rosey does not run")))
}

/// Skips the rows that follow `COPY … FROM stdin`: they end with a line of `\.`.
fn skip_rows(text: &str, statement: &[Piece], scanner: &mut Scanner) {
    let is = |p: Option<&Piece>, word: &str| p.is_some_and(|p| p.is(text, word));
    if is(statement.first(), "copy") && statement.iter().any(|p| p.is(text, "stdin")) {
        let rows = &text[scanner.at..];
        let mut end = 0;
        for line in rows.split_inclusive('\n') {
            end += line.len();
            if line.trim_end() == "\\." {
                break;
            }
        }
        scanner.at += end;
    }
}
