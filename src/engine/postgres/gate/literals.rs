//! Finds the literals of a statement that the server could convert to a value with parts (an array, a row, a
//! range), and replaces them by harmless ones. Refuses statements that could be read in two ways.

/// What replaces a literal that could have parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `'null'`: valid as a text or JSON, but not as an array, row or range.
    Plain,
    /// `'{}'` and `'empty'`: arrays and ranges without parts.
    Empty,
}

/// The texts of arrays, rows, ranges and multiranges begin with one of these, after whitespace. A backslash
/// may escape one.
const OPENS: [char; 4] = ['{', '[', '(', '\\'];

/// Returns whether a literal, however it is quoted, may begin like an array, a row or a range. Every quote is
/// treated as an opening one.
pub(super) fn may_have_parts(sql: &str) -> bool {
    sql.to_ascii_lowercase().contains("uescape")
        || sql.char_indices().any(|(at, c)| ['\'', '$'].contains(&c) && begins(sql.get(at + 1..).unwrap_or_default()))
}

/// Returns whether the text may be a value with parts, whatever counts as whitespace.
fn begins(text: &str) -> bool {
    let is_space = |c: char| c.is_whitespace() || c.is_control() || !c.is_ascii();
    text.trim_start_matches(is_space).starts_with(OPENS)
}

/// Returns the statement in which literals that may have parts are replaced, or `None` if it contains more
/// than plain literals and quoted names: a comment, an escape, a dollar-quoted string.
pub(super) fn replaced(sql: &str, place: Place) -> Option<String> {
    let mut out = String::with_capacity(sql.len());
    let mut has_escapes = false;
    let mut rest = sql;
    while let Some(at) = rest.find(['\'', '"', '$', '-', '/']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let end = match from.as_bytes().first()? {
            b'\'' => {
                has_escapes |= out.ends_with(['e', 'E']);
                if out.ends_with('&') {
                    return None;
                }
                let end = closing(from, '\'')?;
                out.push_str(&literal(from.get(..end)?, place));
                end
            }
            b'"' => {
                let end = closing(from, '"')?;
                out.push_str(from.get(..end)?);
                end
            }
            b'$' => return None,
            _ if from.starts_with("--") || from.starts_with("/*") => return None,
            _ => {
                out.push_str(from.get(..1)?);
                1
            }
        };
        rest = from.get(end..)?;
    }
    out.push_str(rest);
    (!(has_escapes && sql.contains('\\'))).then_some(out)
}

/// Returns the literal or its replacement.
fn literal(quoted: &str, place: Place) -> String {
    let text = quoted.get(1..).unwrap_or_default();
    let opens_array = text.trim_start().starts_with('{');
    match place {
        _ if !begins(text) => quoted.to_owned(),
        Place::Plain => "'null'".to_owned(),
        Place::Empty if opens_array => "'{}'".to_owned(),
        Place::Empty => "'empty'".to_owned(),
    }
}

/// Returns the end of what begins with a quote: after the first quote that is not doubled.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut at = 1;
    loop {
        at += text.get(at..)?.find(quote)? + 1;
        if !text.get(at..)?.starts_with(quote) {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_with_parts_are_found_in_any_quotes() {
        for sql in
            ["'{1}'", "' \n{1}'", "x = '(1)'", "'[1,2)'", "$$ {1}$$", "$a${1}$a$", "E'\\x7b1}'", "U&'!007b' UESCAPE '!'", "'\u{85}{1}'"]
        {
            assert!(may_have_parts(sql), "{sql}");
        }
        for sql in ["'a' || (b)", "x IN ('a', 'b')", "interval '1 day'", "a[1] = '1'", "now() - '1 day'::interval", "$1"] {
            assert!(!may_have_parts(sql), "{sql}");
        }
    }

    #[test]
    fn they_are_replaced_and_nothing_else_is() {
        let plain = |sql| replaced(sql, Place::Plain);
        let empty = |sql| replaced(sql, Place::Empty);
        assert_eq!(
            plain("a - '{1}'::d[] / \"x'y\" || 'it''s' || ' (1)'"),
            Some("a - 'null'::d[] / \"x'y\" || 'it''s' || 'null'".to_owned())
        );
        assert_eq!(empty("'{''}'::d[] || '[1,2)'"), Some("'{}'::d[] || 'empty'".to_owned()));
        for odd in ["'{1}' -- x", "'{1}' /* x */", "$${1}$$", "U&'\\007b'", "E'\\x7b'", "'a", "\"a", "E'' \n'\\x7b'"] {
            assert_eq!(plain(odd), None, "{odd}");
        }
        for sql in ["'{1}'", "'\\d'", "x ~ '[a-z]'", "'{''{'"] {
            assert!(!may_have_parts(&plain(sql).unwrap()), "{sql}");
        }
    }
}
