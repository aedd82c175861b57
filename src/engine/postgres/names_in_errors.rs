//! Finds the names in a failed statement that an error is about: those that the server's message quotes, or
//! the word at the position that it reports. Only words of the statement itself are returned, never anything
//! else from the message, which may contain values of rows.

use super::error::{Error, names};

/// The most names that are returned: a message about a statement names one or two.
const MOST: usize = 3;

/// Returns the names as `: a, b` in the order of the message, the word as ` at a`, or nothing.
pub(super) fn found(error: &Error, statement: &str) -> String {
    let Error::Sql { message, position, code, .. } = error else { return String::new() };
    // A message of these classes quotes values; a position is reported only for errors found before any row
    // is read.
    let quotes_values = code.starts_with("22") || code.starts_with("23");
    let mut told: Vec<&str> = Vec::new();
    for name in quoted(message).filter(|n| !quotes_values && names(statement, n)) {
        if !told.contains(&name) && told.len() < MOST {
            told.push(name);
        }
    }
    match position.and_then(|n| word_at(statement, n)) {
        _ if !told.is_empty() => format!(": {}", told.join(", ")),
        Some(word) => format!(" at {word}"),
        None => String::new(),
    }
}

/// Returns what a message quotes, whatever quotation marks the server's language uses.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    let is_mark = |c: char| "\"“”„«»‘’".contains(c);
    message.split(is_mark).skip(1).step_by(2).filter(|n| !n.is_empty())
}

/// Returns the word at a position, in characters from 1.
fn word_at(statement: &str, position: usize) -> Option<&str> {
    let (start, first) = statement.char_indices().nth(position.checked_sub(1)?)?;
    let rest = &statement[start..];
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let end = match first {
        '"' => rest[1..].find('"').map(|n| n + 2),
        '\'' => return None,
        c if is_part(c) => rest.find(|c| !is_part(c)),
        c => Some(c.len_utf8()),
    };
    Some(rest[..end.unwrap_or(rest.len())].trim_matches('"')).filter(|w| !w.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: &str, position: Option<usize>, statement: &str) -> String {
        let (code, message) = ("42P01".to_owned(), message.to_owned());
        found(&Error::Sql { code, message, detail: None, hint: None, position, constraint: None, from_rows: true }, statement)
    }

    #[test]
    fn only_words_of_the_statement_are_told() {
        let view = "CREATE VIEW \"v\" AS select id from nope where a = 'secret'";
        assert_eq!(told("relation \"nope\" does not exist", Some(35), view), ": nope");
        assert_eq!(told("die Relation »nope« existiert nicht", None, view), ": nope");
        assert_eq!(told("anything else, \"from a row\"", Some(35), view), " at nope");
        assert_eq!(told("anything else", Some(1), view), " at CREATE");
        assert_eq!(told("a value", Some(50), view), "", "a literal is not a name");
        assert_eq!(told("anything \"from a row\"", None, view), "");
        assert_eq!(told("anything", Some(4000), view), "");
        assert_eq!(told("anything", Some(8), "SELECT \"é\" x"), " at é");
    }
}
