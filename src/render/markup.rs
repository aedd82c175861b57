//! Text in HTML, SVG and other markup: nothing in it can end the text, and nothing is invisible.

use unicode_width::UnicodeWidthStr as _;

use super::escape;

/// Escapes text between tags or in a quoted attribute. Control characters are made visible, line ends are
/// kept.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escape(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML 1.0 cannot represent these two.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Escapes text as a single line.
pub(super) fn line(text: &str) -> String {
    xml(&text.replace('\n', " "))
}

/// Escapes lines of code, keeping their tabs.
pub(super) fn lines(text: &str) -> String {
    text.split('\t').map(xml).collect::<Vec<_>>().join("\t")
}

/// A part of rosey's own text.
pub(super) struct Span<'t> {
    pub(super) text: &'t str,
    /// Whether it was between backticks.
    pub(super) code: bool,
}

/// Splits a sentence at its backticks, which mark code. A backtick that belongs to a name is ignored as far
/// as possible: code neither begins nor ends with a space.
pub(super) fn spans(text: &str) -> Vec<Span<'_>> {
    let mut found = Vec::new();
    let (mut rest, mut from) = (text, 0);
    while let Some(open) = rest[from..].find('`').map(|n| n + from) {
        let inner = rest[open + 1..].find('`').map(|n| &rest[open + 1..open + 1 + n]);
        match inner.filter(|c| !c.is_empty() && c.trim() == *c) {
            Some(code) => {
                found.push(Span { text: &rest[..open], code: false });
                found.push(Span { text: code, code: true });
                (rest, from) = (&rest[open + code.len() + 2..], 0);
            }
            None => from = open + 1,
        }
    }
    found.push(Span { text: rest, code: false });
    found
}

/// Truncates the text to `limit` characters in one line.
pub(super) fn clipped(text: &str, limit: usize) -> String {
    let text = escape(&text.replace('\n', " "));
    if text.chars().count() <= limit {
        return text;
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

/// Returns the number of cells that the text takes in a monospaced font.
pub(super) fn cells(text: &str) -> usize {
    text.width()
}
