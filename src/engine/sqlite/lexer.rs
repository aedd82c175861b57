//! SQLite's tokens, with exact byte positions (<https://sqlite.org/lang_keywords.html>, `tokenize.c`).
//!
//! Does not use sqlparser's tokenizer, because definitions are edited and compared by their bytes: its
//! positions are lines and characters, it makes `x'10'` and `0x10` the same token, and it rejects names that
//! SQLite allows (`a$b`).

use std::borrow::Cow;

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An unquoted word: a keyword or a name.
    Word,
    /// A name in `"…"`, `[…]` or backticks.
    Quoted,
    /// A string in `'…'`.
    String,
    /// `x'…'`.
    Blob,
    /// A number.
    Number,
    /// An operator or punctuation.
    Op,
}

/// A token of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    /// Returns the token as written.
    pub(crate) fn text<'a>(&self, sql: &'a str) -> &'a str {
        sql.get(self.start..self.end).unwrap_or_default()
    }

    /// Returns the name or string value without its quotes.
    pub(crate) fn value<'a>(&self, sql: &'a str) -> Cow<'a, str> {
        let text = self.text(sql);
        if !matches!(self.kind, Kind::Quoted | Kind::String) || text.len() < 2 {
            return Cow::Borrowed(text);
        }
        let (quote, inner) = (&text[..1], &text[1..text.len() - 1]);
        match quote {
            "[" => Cow::Borrowed(inner),
            q if inner.contains(q) => Cow::Owned(inner.replace(&q.repeat(2), q)),
            _ => Cow::Borrowed(inner),
        }
    }

    /// Returns true if the token is this keyword.
    pub(crate) fn is(&self, sql: &str, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text(sql).eq_ignore_ascii_case(keyword)
    }

    /// Returns true if the token is this operator.
    pub(crate) fn is_op(&self, sql: &str, op: &str) -> bool {
        self.kind == Kind::Op && self.text(sql) == op
    }
}

/// Returns all tokens of a text, without white space and comments. Invalid text has tokens too: what is not
/// closed extends to the end.
pub(crate) fn lex(sql: &str) -> Vec<Token> {
    let bytes = sql.as_bytes();
    let mut tokens = Vec::with_capacity(sql.len() / 5);
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        let start = at;
        let kind = match b {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c => {
                at += 1;
                continue;
            }
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at = find(bytes, at, b"\n");
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = (find(bytes, at + 2, b"*/") + 2).min(bytes.len());
                continue;
            }
            b'\'' => {
                at = quoted(bytes, at, b'\'');
                Kind::String
            }
            b'"' | b'`' => {
                at = quoted(bytes, at, b);
                Kind::Quoted
            }
            b'[' => {
                at = (find(bytes, at, b"]") + 1).min(bytes.len());
                Kind::Quoted
            }
            b'x' | b'X' if bytes.get(at + 1) == Some(&b'\'') => {
                at = quoted(bytes, at + 1, b'\'');
                Kind::Blob
            }
            b'0'..=b'9' => {
                at = number(bytes, at);
                Kind::Number
            }
            b'.' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {
                at = number(bytes, at);
                Kind::Number
            }
            b if is_word(b) || matches!(b, b'@' | b'#' | b':' | b'?') => {
                at += 1;
                at += bytes[at..].iter().take_while(|b| is_word(**b)).count();
                Kind::Word
            }
            _ => {
                at += operator(&bytes[at..]);
                Kind::Op
            }
        };
        tokens.push(Token { kind, start, end: at });
    }
    tokens
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.windows(what.len()).position(|w| w == what).map_or(bytes.len(), |n| from + n)
}

/// Returns the position after the text quoted from `start`; a doubled quote does not close it.
fn quoted(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        if bytes[at] == quote {
            if bytes.get(at + 1) != Some(&quote) {
                return at + 1;
            }
            at += 1;
        }
        at += 1;
    }
    bytes.len()
}

fn number(bytes: &[u8], start: usize) -> usize {
    let digits = |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit() || **b == b'_').count();
    if bytes[start] == b'0' && matches!(bytes.get(start + 1), Some(b'x' | b'X')) {
        let hex = bytes[start + 2..].iter().take_while(|b| b.is_ascii_hexdigit() || **b == b'_').count();
        return start + 2 + hex;
    }
    let mut at = start + digits(start);
    if bytes.get(at) == Some(&b'.') {
        at += 1 + digits(at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    at
}

fn operator(rest: &[u8]) -> usize {
    const LONG: [&[u8]; 9] = [b"->>", b"->", b"||", b"<<", b"<=", b"<>", b">>", b">=", b"=="];
    if rest.starts_with(b"!=") {
        return 2;
    }
    LONG.iter().find(|op| rest.starts_with(op)).map_or(1, |op| op.len())
}

/// Returns the index in `tokens` after the parenthesis that closes the one at `open`.
pub(crate) fn close_of(sql: &str, tokens: &[Token], open: usize) -> usize {
    let mut depth = 0usize;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        if token.is_op(sql, "(") {
            depth += 1;
        } else if token.is_op(sql, ")") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return i + 1;
            }
        }
    }
    tokens.len()
}

/// Returns the text from the first to the last of the tokens, as written.
pub(crate) fn slice<'a>(sql: &'a str, tokens: &[Token]) -> &'a str {
    match (tokens.first(), tokens.last()) {
        (Some(a), Some(b)) => sql.get(a.start..b.end).unwrap_or_default(),
        _ => "",
    }
}

/// Replaces some names in the text with others, which are quoted.
pub(crate) fn replace_names(sql: &str, new: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut done = 0;
    for token in lex(sql).into_iter().filter(|t| matches!(t.kind, Kind::Word | Kind::Quoted)) {
        if let Some(name) = new(&token.value(sql)) {
            out.push_str(&sql[done..token.start]);
            out.push_str(&quote(&name));
            done = token.end;
        }
    }
    out.push_str(&sql[done..]);
    out
}

/// Returns a name as SQL, always quoted.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns a string as an SQL literal.
pub(crate) fn quote_string(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        lex(sql).iter().map(|t| t.text(sql)).collect()
    }

    #[test]
    fn tokens_are_sqlites() {
        assert_eq!(texts("a$b /* c */ \"d\"\"e\" -- f\n[g h] `i`"), ["a$b", "\"d\"\"e\"", "[g h]", "`i`"]);
        assert_eq!(texts("x'10'+0x10*1.5e-3/.5"), ["x'10'", "+", "0x10", "*", "1.5e-3", "/", ".5"]);
        assert_eq!(texts("a->>'$.b'||c<>d!=e==f"), ["a", "->>", "'$.b'", "||", "c", "<>", "d", "!=", "e", "==", "f"]);
        assert_eq!(texts("日本 'it''s"), ["日本", "'it''s"]);
        assert_eq!(texts("1e /*"), ["1", "e"]);
    }

    #[test]
    fn values_lose_their_quotes() {
        let sql = r#""a""b" [c"d] `e``f` 'g''h'"#;
        let values: Vec<_> = lex(sql).iter().map(|t| t.value(sql).into_owned()).collect();
        assert_eq!(values, ["a\"b", "c\"d", "e`f", "g'h"]);
    }
}
