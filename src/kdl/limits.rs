//! Limits for a text before the `kdl` crate reads it: its length, its nesting, the length of a word. The
//! crate's stack grows with every level, and its time grows faster than linearly on some texts, so a text
//! beyond these limits is refused, with the position, based only on its tokens. Nothing else is validated
//! here.

use std::ops::Range;

use super::fmt::{Kind, Token};

/// The number of files in a schema.
pub(super) const FILES: usize = 10_000;

/// Levels of nested comments, and of parentheses in SQL.
pub(super) const DEPTH: usize = 256;

/// Levels of braces. A schema needs four.
pub(super) const BRACES: usize = 64;

/// Characters in an expression.
pub(super) const EXPRESSION: usize = 100_000;

/// Bytes in a word, number or string, including the SQL of a view or a trigger.
pub(super) const WORD: usize = 1 << 20;

/// Arguments and properties of one node, including those that are commented out.
const ENTRIES: usize = 2_000;

/// Consecutive semicolons, of which only the first ends a node.
const SEMICOLONS: usize = 64;

/// Longer comments are blanked before parsing: the crate visits each of their characters several times.
const LONG_COMMENT: usize = 4096;

/// Why a text is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The bytes to point to.
    pub(super) at: Range<usize>,
    pub(super) message: String,
    pub(super) help: &'static str,
}

/// Checks a text token by token.
#[derive(Debug, Default)]
pub(super) struct LimitChecker {
    depth: usize,
    /// The number of entries of the current node at each level of braces.
    entries: Vec<usize>,
    slashed: bool,
    typed: bool,
    continued: bool,
    semicolons: usize,
    /// The first violation of a limit.
    pub(super) refusal: Option<Refusal>,
    /// Comments that are blanked before parsing.
    pub(super) long_comments: Vec<Range<usize>>,
}

impl LimitChecker {
    /// Takes the next token, and returns how many braces are open after it.
    pub(super) fn take(&mut self, token: &Token<'_>) -> usize {
        match token.kind {
            Kind::Open => self.depth += 1,
            Kind::Close => self.depth = self.depth.saturating_sub(1),
            Kind::BlockComment => self.block_comment(token),
            Kind::LineComment if token.text.len() > LONG_COMMENT => self.blank(token),
            _ => {}
        }
        if self.depth > BRACES {
            self.refuse(token, 1, format!("more than {BRACES} levels of braces"), "a schema needs only four");
        }
        self.marks(token);
        self.count(token);
        self.depth
    }

    fn refuse(&mut self, token: &Token<'_>, len: usize, message: String, help: &'static str) {
        let at = token.start..token.start + len;
        self.refusal.get_or_insert(Refusal { at, message, help });
    }

    fn blank(&mut self, token: &Token<'_>) {
        self.long_comments.push(token.start..token.start + token.text.len());
    }

    fn block_comment(&mut self, token: &Token<'_>) {
        let (deepest, open) = levels(token.text);
        if deepest > DEPTH {
            self.refuse(
                token,
                2,
                format!("more than {DEPTH} levels of nested `/* */` comments"),
                "close each comment before the next one starts",
            );
        } else if open {
            self.refuse(token, 2, "unterminated `/*` comment".to_owned(), "add the closing `*/`");
        }
        if token.text.len() > LONG_COMMENT {
            self.blank(token);
        }
    }

    /// Refuses marks that never follow each other in KDL, as the crate tries them in every combination.
    fn marks(&mut self, token: &Token<'_>) {
        match token.kind {
            Kind::SlashDash if self.slashed => {
                self.refuse(
                    token,
                    2,
                    "`/-` directly after another `/-`".to_owned(),
                    "a single `/-` comments out the element that follows it",
                );
            }
            Kind::ParenOpen if self.typed => {
                self.refuse(token, 1, "`(` directly after another `(`".to_owned(), "put SQL that contains parentheses in quotes");
            }
            _ => {}
        }
        let gap = token.kind.is_comment() || matches!(token.kind, Kind::Newline | Kind::Continuation);
        self.slashed = token.kind == Kind::SlashDash || (gap && self.slashed);
        self.typed = token.kind == Kind::ParenOpen || (token.kind.is_comment() && self.typed);
    }

    fn count(&mut self, token: &Token<'_>) {
        if token.text.len() > WORD && !token.kind.is_comment() {
            self.refuse(token, 1, format!("a string or number is longer than {WORD} bytes"), "keep values of this size out of the schema");
        }
        self.entries.resize(self.depth + 1, 0);
        let Some(entries) = self.entries.last_mut() else { return };
        match token.kind {
            Kind::Newline if self.continued => {}
            Kind::Newline | Kind::Semicolon => *entries = 0,
            kind if kind.is_comment() || kind == Kind::Continuation => {}
            _ => *entries += 1,
        }
        // A property is three tokens.
        let too_many = *entries > 3 * ENTRIES;
        self.continued = token.kind == Kind::Continuation || (token.kind.is_comment() && self.continued);
        self.semicolons = if token.kind == Kind::Semicolon { self.semicolons + 1 } else { 0 };
        if too_many {
            self.refuse(token, 1, format!("a node has more than {ENTRIES} arguments and properties"), "write each part as a child node");
        }
        if self.semicolons > SEMICOLONS {
            self.refuse(token, 1, format!("more than {SEMICOLONS} `;` in a row"), "one `;` ends a node");
        }
    }
}

/// Returns how deeply comments are nested, and whether the last one is not closed.
fn levels(comment: &str) -> (usize, bool) {
    let bytes = comment.as_bytes();
    let (mut depth, mut deepest, mut at) = (0usize, 0, 0);
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth = depth.saturating_sub(1),
            _ => {
                at += 1;
                continue;
            }
        }
        deepest = deepest.max(depth);
        at += 2;
    }
    (deepest, depth > 0)
}

/// Returns why an expression is refused: for its length, or for how deeply its parentheses are nested. Quotes
/// are ignored: parentheses in them count too, which is far from the limit in any real expression.
pub(super) fn of_sql(text: &str, longest: usize) -> Option<String> {
    let length = text.chars().count();
    if length > longest {
        return Some(format!("has {length} characters; the maximum is {longest}"));
    }
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    (deepest > DEPTH).then(|| format!("has more than {DEPTH} levels of nested parentheses"))
}
