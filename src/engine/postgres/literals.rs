//! Another session's statement in a form that may be shown: without its literals and comments, which may
//! contain values.

use super::scan::{self, Kind};

/// The maximum length of a statement that is shown, in characters.
const LONGEST: usize = 80;

/// Returns the statement with `?` for each literal. If it cannot be read to its end (the server truncates
/// long ones), only the words before the first other character are shown.
pub(crate) fn without_literals(sql: &str) -> String {
    let shown = match scan::scan(sql) {
        Some(pieces) if !pieces.iter().any(|p| p.kind == Kind::OpenComment) => {
            let mut text = String::new();
            let mut last = 0;
            for piece in pieces {
                if piece.start > last && !text.is_empty() {
                    text.push(' ');
                }
                match piece.kind {
                    Kind::Text | Kind::Number => text.push('?'),
                    _ => text.push_str(sql.get(piece.start..piece.end).unwrap_or_default()),
                }
                last = piece.end;
            }
            text
        }
        _ => {
            let plain = |c: &char| c.is_ascii_alphabetic() || "_. \n\t".contains(*c);
            let words: Vec<String> = sql.chars().take_while(plain).collect::<String>().split_whitespace().map(str::to_owned).collect();
            format!("{} …", words.join(" "))
        }
    };
    if shown.chars().count() > LONGEST { shown.chars().take(LONGEST).chain(['…']).collect() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_literal_is_left() {
        for (sql, wanted) in [
            ("UPDATE users SET pin = '1234'  WHERE id=7", "UPDATE users SET pin = ? WHERE id=?"),
            ("SELECT $$secret$$, E'a\\'b', U&'x', 1.5 /* secret */", "SELECT ?, ?, U&?, ?"),
            ("SELECT 1 -- secret", "SELECT …"),
            ("UPDATE users SET pin = $1", "UPDATE users SET pin …"),
            ("INSERT INTO a.b VALUES ('sec", "INSERT INTO a.b VALUES …"),
        ] {
            assert_eq!(without_literals(sql), wanted, "{sql}");
        }
    }
}
