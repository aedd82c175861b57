//! Spells strings in KDL 2.
//!
//! Every spelling parses back to exactly the original string. It does not guess what a string is for: the
//! caller chooses between the spellings.

use super::lex::is_newline;
use crate::schema::{deceives, reads_as_name};

/// Returns the canonical spelling of a string on one line: bare if KDL 2 allows it and it reads as a name,
/// quoted otherwise.
pub(crate) fn string_repr(s: &str) -> String {
    if reads_as_name(s) { s.to_owned() } else { quoted(s) }
}

/// Returns a string in double quotes, on one line.
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

/// Returns a string in `"""`, with its lines and the closing quotes indented by `indent`, which KDL removes
/// from every line again.
pub(in crate::kdl) fn multi(s: &str, indent: &str) -> String {
    let mut out = String::from("\"\"\"\n");
    // No line and one empty line are the same string; the shorter form is canonical.
    let lines = (!s.is_empty()).then(|| s.split('\n'));
    for line in lines.into_iter().flatten() {
        push_line(&mut out, line, indent);
        out.push('\n');
    }
    out + indent + "\"\"\""
}

/// Returns a raw string in `"""`, laid out like [`multi`]. `hashes` must be those of the source, so that the
/// text cannot contain the closing delimiter.
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

/// Returns whether a bare word looks like a mistake of somebody used to SQL or YAML: `a, b`, `'x'`, `table:`.
/// KDL reads it as a plain string; quoting it would make it look intended.
pub(super) fn looks_like_slip(word: &str) -> bool {
    word.contains([',', '\'', ':', '`'])
}

/// Writes one line of a `"""` string. Tabs are kept, since SQL is indented with them.
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
            // A blank at the end of a line is invisible, editors strip it, and KDL drops lines of only
            // blanks.
            ' ' | '\t' if Some(at) == last => push_escape(out, c),
            '\t' => out.push(c),
            _ => push_char(out, c),
        }
    }
}

/// Writes a character inside quotes, escaped if it is not allowed or not visible there.
fn push_char(out: &mut String, c: char) {
    let hidden = c.is_control() || (c.is_whitespace() && c != ' ') || is_newline(c) || deceives(c);
    if c == '\\' || hidden || is_forbidden(c) {
        push_escape(out, c);
    } else {
        out.push(c);
    }
}

/// Returns whether KDL 2 does not allow the character in a file: direction marks and the byte order mark
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
