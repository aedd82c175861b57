//! A cursor over the tokens of a stored definition.

use super::lexer::{Kind, Token, close_of, lex, slice};
use crate::schema::{Case, Ident};

/// A definition that SQLite would not have stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found `{found}`")]
pub(crate) struct ReadError {
    pub(crate) expected: String,
    pub(crate) found: String,
}

pub(crate) type Read<T> = Result<T, ReadError>;

/// Returns an identifier that compares as in SQLite.
pub(crate) fn ident(text: &str) -> Ident {
    Ident::new(text, Case::AsciiInsensitive)
}

pub(crate) struct Cursor<'a> {
    pub(crate) sql: &'a str,
    pub(crate) tokens: Vec<Token>,
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(sql: &'a str) -> Self {
        Cursor { sql, tokens: lex(sql), at: 0 }
    }

    pub(crate) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Returns where the last consumed token ends.
    pub(crate) fn end_of_last(&self) -> usize {
        self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(0, |t| t.end)
    }

    pub(crate) fn is(&self, keyword: &str) -> bool {
        self.peek().is_some_and(|t| t.is(self.sql, keyword))
    }

    pub(crate) fn is_op(&self, op: &str) -> bool {
        self.peek().is_some_and(|t| t.is_op(self.sql, op))
    }

    pub(crate) fn nth_is(&self, n: usize, keyword: &str) -> bool {
        self.tokens.get(self.at + n).is_some_and(|t| t.is(self.sql, keyword))
    }

    /// Consumes the keyword if it is next.
    pub(crate) fn eat(&mut self, keyword: &str) -> bool {
        let found = self.is(keyword);
        self.at += usize::from(found);
        found
    }

    /// Consumes all the keywords if they are next.
    pub(crate) fn eat_all(&mut self, keywords: &[&str]) -> bool {
        let found = keywords.iter().enumerate().all(|(n, k)| self.nth_is(n, k));
        self.at += if found { keywords.len() } else { 0 };
        found
    }

    pub(crate) fn eat_op(&mut self, op: &str) -> bool {
        let found = self.is_op(op);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect(&mut self, keyword: &str) -> Read<()> {
        if self.eat(keyword) { Ok(()) } else { self.fail(keyword) }
    }

    pub(crate) fn fail<T>(&self, expected: &str) -> Read<T> {
        let found = self.peek().map_or("end of SQL", |t| t.text(self.sql));
        Err(ReadError { expected: expected.to_owned(), found: found.to_owned() })
    }

    /// Consumes a name in any of SQLite's quoting styles, including string literals.
    pub(crate) fn name(&mut self) -> Read<Ident> {
        match self.peek() {
            Some(t) if matches!(t.kind, Kind::Word | Kind::Quoted | Kind::String) => {
                let name = ident(&t.value(self.sql));
                self.at += 1;
                Ok(name)
            }
            _ => self.fail("a name"),
        }
    }

    /// Consumes `[schema.]name`. The schema is discarded, because there is only one.
    pub(crate) fn object_name(&mut self) -> Read<Ident> {
        let first = self.name()?;
        if self.eat_op(".") { self.name() } else { Ok(first) }
    }

    /// Consumes a parenthesized list and returns the tokens inside.
    pub(crate) fn bracketed(&mut self) -> Read<Vec<Token>> {
        if !self.is_op("(") {
            return self.fail("(");
        }
        let end = close_of(self.sql, &self.tokens, self.at);
        let inner = self.tokens.get(self.at + 1..end - 1).unwrap_or_default().to_vec();
        self.at = end;
        Ok(inner)
    }

    /// Returns the text from the next token to the end, without a closing semicolon.
    pub(crate) fn rest(&self) -> &'a str {
        let tokens = self.tokens.get(self.at..).unwrap_or_default();
        let whole = slice(self.sql, tokens);
        whole.strip_suffix(';').map_or(whole, str::trim_end)
    }
}

/// Splits tokens at the commas outside parentheses.
pub(crate) fn split_commas<'t>(sql: &str, tokens: &'t [Token]) -> Vec<&'t [Token]> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0i32, 0);
    for (i, token) in tokens.iter().enumerate() {
        if token.is_op(sql, "(") {
            depth += 1;
        } else if token.is_op(sql, ")") {
            depth -= 1;
        } else if depth == 0 && token.is_op(sql, ",") {
            parts.push(&tokens[start..i]);
            start = i + 1;
        }
    }
    parts.push(&tokens[start..]);
    parts
}
