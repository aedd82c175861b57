//! Splits KDL into tokens with exact bounds, including comments and line breaks.
//!
//! It only knows where a token ends and what kind it is: it neither validates nor decodes. It is meant for
//! text that the `kdl` crate has parsed without errors; on any other text it still terminates and does not
//! panic.

/// The kind of a token. Blanks are not tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::kdl) enum Kind {
    Newline,
    LineComment,
    BlockComment,
    /// The `\` before a line break; the line break itself is the next [`Kind::Newline`].
    Continuation,
    SlashDash,
    Open,
    Close,
    ParenOpen,
    ParenClose,
    Equals,
    Semicolon,
    /// A string without quotes.
    Bare,
    /// A number, or a keyword that starts with `#`.
    Literal,
    Quoted,
    /// A string in `"""`.
    Multi,
    Raw,
    /// A raw string in `"""`.
    RawMulti,
}

impl Kind {
    /// Returns whether the token is a comment of either kind.
    pub(in crate::kdl) fn is_comment(self) -> bool {
        matches!(self, Kind::LineComment | Kind::BlockComment)
    }

    /// Returns whether the token is a string in any spelling.
    pub(in crate::kdl) fn is_string(self) -> bool {
        use Kind::{Bare, Multi, Quoted, Raw, RawMulti};
        matches!(self, Bare | Quoted | Multi | Raw | RawMulti)
    }
}

/// A piece of the source text.
#[derive(Debug, Clone, Copy)]
pub(in crate::kdl) struct Token<'a> {
    pub(in crate::kdl) kind: Kind,
    pub(in crate::kdl) text: &'a str,
    /// Byte offset of the text in the source.
    pub(in crate::kdl) start: usize,
}

/// Returns all tokens of a text, in order.
pub(in crate::kdl) fn lex(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (kind, len) = next(rest, first);
        let text = rest.get(..len).unwrap_or(rest);
        if let Some(kind) = kind {
            let start = source.len() - rest.len();
            tokens.push(Token { kind, text, start });
        }
        rest = rest.get(text.len()..).unwrap_or("");
    }
    tokens
}

/// Returns whether the character ends a line in KDL 2.
pub(in crate::kdl) fn is_newline(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}')
}

/// Returns the kind and the length in bytes (never 0) of the token that `rest` begins with.
fn next(rest: &str, first: char) -> (Option<Kind>, usize) {
    if rest.starts_with("//") {
        let len = rest.find(is_newline).unwrap_or(rest.len());
        return (Some(Kind::LineComment), len);
    }
    if rest.starts_with("/*") {
        return (Some(Kind::BlockComment), block_comment(rest));
    }
    if rest.starts_with("/-") {
        return (Some(Kind::SlashDash), 2);
    }
    match first {
        '{' => (Some(Kind::Open), 1),
        '}' => (Some(Kind::Close), 1),
        '(' => (Some(Kind::ParenOpen), 1),
        ')' => (Some(Kind::ParenClose), 1),
        '=' => (Some(Kind::Equals), 1),
        ';' => (Some(Kind::Semicolon), 1),
        '\\' => (Some(Kind::Continuation), 1),
        '"' => quoted(rest),
        '#' => hash(rest),
        _ if rest.starts_with("\r\n") => (Some(Kind::Newline), 2),
        c if is_newline(c) => (Some(Kind::Newline), c.len_utf8()),
        c if is_blank(c) => (None, c.len_utf8()),
        c => word(rest, c),
    }
}

/// Returns whether the character is a blank within a line. The byte order mark counts as one, so that it is
/// dropped.
fn is_blank(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && !is_newline(c))
}

fn word(rest: &str, first: char) -> (Option<Kind>, usize) {
    let mut digits = rest.trim_start_matches(['+', '-']).chars();
    let signs = rest.len() - digits.as_str().len();
    let number = signs < 2 && digits.next().is_some_and(|c| c.is_ascii_digit());
    let kind = if number { Kind::Literal } else { Kind::Bare };
    // A character that is not valid anywhere in KDL must still be consumed.
    (Some(kind), word_len(rest).max(first.len_utf8()))
}

fn word_len(rest: &str) -> usize {
    let ends = |c: char| r##"\/(){}[];"#="##.contains(c) || is_newline(c) || is_blank(c);
    rest.find(ends).unwrap_or(rest.len())
}

/// Returns the length of a block comment. Block comments nest.
fn block_comment(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn opens_lines(text: &str) -> bool {
    text.strip_prefix("\"\"\"").is_some_and(|body| body.starts_with(is_newline))
}

fn quoted(rest: &str) -> (Option<Kind>, usize) {
    let (kind, mark) = if opens_lines(rest) { (Kind::Multi, "\"\"\"") } else { (Kind::Quoted, "\"") };
    let bytes = rest.as_bytes();
    let mut at = mark.len();
    while let Some(tail) = bytes.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with(mark.as_bytes()) {
            return (Some(kind), at + mark.len());
        }
        at += if tail.starts_with(b"\\") { 2 } else { 1 };
    }
    (Some(kind), rest.len())
}

fn hash(rest: &str) -> (Option<Kind>, usize) {
    let body = rest.trim_start_matches('#');
    let hashes = rest.len() - body.len();
    let (kind, mark) = if opens_lines(body) {
        (Kind::RawMulti, "\"\"\"")
    } else if body.starts_with('"') {
        (Kind::Raw, "\"")
    } else {
        return (Some(Kind::Literal), hashes + word_len(body));
    };
    let close = format!("{mark}{}", "#".repeat(hashes));
    let inner = body.get(mark.len()..).unwrap_or("");
    let len = inner.find(&close).map_or(rest.len(), |end| hashes + mark.len() + end + close.len());
    (Some(kind), len)
}
