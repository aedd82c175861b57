//! Spells strings in KDL 2.
//!
//! Every spelling reads back as exactly the string it was made from. It does not guess what a string is for: the caller
//! chooses between the spellings.

use super::lex::is_newline;
use crate::schema::deceives;

/// The canonical spelling of a string on one line: bare where KDL 2 allows it and it reads as a name, else quoted.
pub(crate) fn string_repr(s: &str) -> String {
    if reads_as_name(s) { s.to_owned() } else { quoted(s) }
}

/// A string in double quotes, on one line.
pub(crate) fn quoted(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 2);
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\n' | '\t' => push_escape(&mut out, c),
            _ => push_char(&mut out, c),
        }
    }
    out.push('"');
    out
}

/// A string in `"""`, its lines and the closing quotes behind `indent`, which KDL takes off every line again.
pub(in crate::kdl) fn multi(s: &str, indent: &str) -> String {
    let mut out = String::from("\"\"\"\n");
    // No line at all and one empty line are the same string; the shorter one is canonical.
    let lines = (!s.is_empty()).then(|| s.split('\n'));
    for line in lines.into_iter().flatten() {
        push_line(&mut out, line, indent);
        out.push('\n');
    }
    out + indent + "\"\"\""
}

/// A raw string in `"""`, laid out like [`multi`]. `hashes` must be what the source had: the text is free of its end mark.
pub(super) fn raw_multi(s: &str, hashes: &str, indent: &str) -> String {
    let mut out = format!("{hashes}\"\"\"\n");
    for line in s.split('\n') {
        if !line.is_empty() {
            out.push_str(indent);
            out.push_str(line);
        }
        out.push('\n');
    }
    out + indent + "\"\"\"" + hashes
}

/// Whether a bare word looks like a slip of someone who writes SQL or YAML: `a, b`, `'x'`, `table:`. KDL reads it as a
/// plain string; quotes around it would make it look meant.
pub(super) fn looks_like_slip(word: &str) -> bool {
    word.contains([',', '\'', ':', '`'])
}

/// Narrower than what KDL allows: `*`, `<`, `-x`, `.x` could be bare, but read as operators or as numbers gone wrong.
fn reads_as_name(s: &str) -> bool {
    let keyword = matches!(s, "true" | "false" | "null" | "inf" | "nan");
    let mut chars = s.chars();
    !keyword
        && chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || "_-.$".contains(c))
        && !s.ends_with('.')
}

/// One line of a `"""` string. Tabs stay as they are, since SQL is indented with them.
fn push_line(out: &mut String, line: &str, indent: &str) {
    if line.is_empty() {
        return;
    }
    out.push_str(indent);
    let last = line.char_indices().next_back().map(|(at, _)| at);
    let mut quotes = 0;
    for (at, c) in line.char_indices() {
        quotes = if c == '"' { quotes + 1 } else { 0 };
        match c {
            '"' if quotes == 3 => {
                out.push_str("\\\"");
                quotes = 0;
            }
            '"' => out.push('"'),
            // A blank at the end of a line is invisible, editors strip it, and KDL drops a line of nothing but blanks.
            ' ' | '\t' if Some(at) == last => push_escape(out, c),
            '\t' => out.push(c),
            _ => push_char(out, c),
        }
    }
}

/// A character inside quotes, escaped where it could not stand or could not be seen.
fn push_char(out: &mut String, c: char) {
    let hidden = c.is_control() || (c.is_whitespace() && c != ' ') || is_newline(c) || deceives(c);
    if c == '\\' || hidden || is_forbidden(c) {
        push_escape(out, c);
    } else {
        out.push(c);
    }
}

/// Direction marks and the byte order mark, which KDL 2 does not allow to stand in a file
/// (<https://kdl.dev/spec/#name-disallowed-literal-code-poi>).
pub(in crate::kdl) fn is_forbidden(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn push_escape(out: &mut String, c: char) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        ' ' => out.push_str("\\s"),
        _ => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
    }
}
