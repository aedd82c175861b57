//! Splits SQL where PostgreSQL's own scanner splits it: quotes, dollar quotes, comments, brackets. Refuses
//! quotes that are not closed, and two rare constructs that are easily misread: parameters, and an `E''`
//! string that continues in another pair of quotes.
//!
//! Does not use sqlparser's tokenizer: it accepts backticks as quotes and lets operators run into comments,
//! which
//! the server does not. A schema file from a stranger is judged by this scanner, so it must end strings
//! exactly where the server ends them (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html>,
//! with `standard_conforming_strings` on).

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword or an unquoted name.
    Word,
    /// A name in double quotes.
    Name,
    /// A string of any kind.
    Text,
    /// The digits of a number; what follows an `e` or `x` is a word.
    Number,
    /// Any other character.
    Symbol(char),
    /// A comment from `--` to the end of its line, or from an unclosed `/*` to the end of the text.
    OpenComment,
}

/// A token and the bytes that it covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// The kind.
    pub(crate) kind: Kind,
    /// The offset of its first byte.
    pub(crate) start: usize,
    /// The offset of the byte after it.
    pub(crate) end: usize,
}

impl Piece {
    /// Returns whether it is the word, in any case.
    pub(crate) fn is(&self, sql: &str, word: &str) -> bool {
        self.kind == Kind::Word && sql[self.start..self.end].eq_ignore_ascii_case(word)
    }
}

/// Returns the tokens of a text, without whitespace and `/* */` comments. `None` if a quote is not closed or
/// something is refused.
pub(crate) fn scan(sql: &str) -> Option<Vec<Piece>> {
    let mut scanner = Scanner::new(sql);
    let mut pieces = Vec::new();
    while let Some(piece) = scanner.piece()? {
        pieces.push(piece);
    }
    Some(pieces)
}

/// Splits a text token by token, for callers that look between the tokens.
pub(crate) struct Scanner<'a> {
    sql: &'a str,
    /// The offset of the byte after the last token.
    pub(crate) at: usize,
    escaped: bool,
}

impl<'a> Scanner<'a> {
    /// Starts at the beginning of a text.
    pub(crate) fn new(sql: &'a str) -> Self {
        Scanner { sql, at: 0, escaped: false }
    }

    /// Moves past whitespace and `/* */` comments.
    pub(crate) fn skip_spaces(&mut self) {
        loop {
            let rest = &self.sql[self.at..];
            let spaces = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b').len();
            let comment = block_comment(&rest[spaces..]).unwrap_or(0);
            self.at += spaces + comment;
            if comment == 0 {
                return;
            }
        }
    }

    /// Returns the next token: `Some(None)` at the end, `None` if a quote is not closed or something is
    /// refused.
    pub(crate) fn piece(&mut self) -> Option<Option<Piece>> {
        self.skip_spaces();
        let rest = &self.sql[self.at..];
        let Some(c) = rest.chars().next() else { return Some(None) };
        // The second part of an E'' string has escapes too, although it has no E.
        if c == '\'' && self.escaped {
            return None;
        }
        let (kind, len) = cut(rest, c)?;
        if kind != Kind::OpenComment {
            self.escaped = kind == Kind::Text && c.eq_ignore_ascii_case(&'e');
        }
        let start = self.at;
        self.at += len;
        Some(Some(Piece { kind, start, end: self.at }))
    }
}

/// Returns the kind and length of the token at the beginning of a text that begins with `c`.
fn cut(rest: &str, c: char) -> Option<(Kind, usize)> {
    let found = if rest.starts_with("/*") {
        (Kind::OpenComment, rest.len())
    } else if rest.starts_with("--") {
        (Kind::OpenComment, rest.find(['\n', '\r']).unwrap_or(rest.len()))
    } else if c == '\'' {
        (Kind::Text, quoted(rest, '\'', false)?)
    } else if c == '"' {
        (Kind::Name, quoted(rest, '"', false)?)
    } else if rest.starts_with("e'") || rest.starts_with("E'") {
        (Kind::Text, 1 + quoted(&rest[1..], '\'', true)?)
    } else if c == '$' {
        (Kind::Text, dollar_quoted(rest)?)
    } else if begins_word(c) {
        (Kind::Word, rest.find(|c| !(begins_word(c) || c.is_ascii_digit() || c == '$')).unwrap_or(rest.len()))
    } else if c.is_ascii_digit() {
        (Kind::Number, rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len()))
    } else if c == '\\' {
        // SQL has no backslash outside quotes, and psql would read what follows as one of its own commands.
        return None;
    } else {
        (Kind::Symbol(c), c.len_utf8())
    };
    Some(found)
}

fn begins_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

/// Returns the length of a closed comment, including nested ones.
fn block_comment(text: &str) -> Option<usize> {
    if !text.starts_with("/*") {
        return None;
    }
    let mut depth = 0;
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next()?.len_utf8();
        }
    }
}

/// Returns the length of a quoted token; a doubled or escaped quote does not close it.
fn quoted(text: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && escapes {
            chars.next()?;
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at + quote.len_utf8());
        }
    }
    None
}

/// Returns the length of `$tag$ … $tag$`. Anything else that begins with `$` is a parameter.
fn dollar_quoted(text: &str) -> Option<usize> {
    let tag_end = text[1..].find('$')? + 2;
    let (mark, inner) = text.split_at(tag_end);
    let tag = &mark[1..mark.len() - 1];
    let is_tag = tag.chars().all(|c| begins_word(c) || c.is_ascii_digit()) && !tag.starts_with(|c: char| c.is_ascii_digit());
    if !is_tag {
        return None;
    }
    Some(tag_end + inner.find(mark)? + mark.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(sql: &str) -> Option<Vec<&str>> {
        Some(scan(sql)?.iter().map(|p| &sql[p.start..p.end]).collect())
    }

    #[test]
    fn strings_end_where_the_server_ends_them() {
        for (sql, pieces) in [
            (r"'a\' || 'b'", vec![r"'a\'", "|", "|", "'b'"]),
            (r"E'a\' || ' || x", vec![r"E'a\' || '", "|", "|", "x"]),
            ("'it''s' x", vec!["'it''s'", "x"]),
            ("$$a;$b$c$$ d", vec!["$$a;$b$c$$", "d"]),
            ("$t$ $$ ; $t$", vec!["$t$ $$ ; $t$"]),
            ("/* a /* b */ ; */ c", vec!["c"]),
            ("/* a */ /* /* b */ c", vec!["/* /* b */ c"]),
            ("a --; b\rc", vec!["a", "--; b", "c"]),
            ("a @--; b\nc", vec!["a", "@", "--; b", "c"]),
            ("`;`", vec!["`", ";", "`"]),
            ("1e'\\''", vec!["1", "e'\\''"]),
            ("\"a\"\"b\" é", vec!["\"a\"\"b\"", "é"]),
        ] {
            assert_eq!(cut(sql), Some(pieces), "{sql}");
        }
    }

    #[test]
    fn what_never_ends_or_may_be_read_in_two_ways_is_refused() {
        for sql in ["'a", "a$$b;$$", "\"a", "$a$ b", "$1", "$€ $", "E'a\\'", "E'a'\n'b\\'' ; c --'", "e'a' -- x\n 'b'"] {
            assert_eq!(cut(sql), None, "{sql}");
        }
    }
}
