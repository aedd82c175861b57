//! A cursor over the tokens of one statement: keywords, names, strings, brackets, and expressions as they are
//! written.

use super::HOME;
use crate::engine::postgres::inspect::ident;
use crate::engine::postgres::read_type;
use crate::engine::postgres::scan::{Kind, Piece};
use crate::schema::{Ident, ObjectName, Type};

/// Where and why a statement cannot be read.
#[derive(Debug)]
pub(super) struct Refused {
    /// The byte offset in the file.
    pub(super) at: usize,
    /// What is wrong, in a sentence.
    pub(super) message: String,
}

pub(super) type Read<T> = Result<T, Refused>;

/// A position in a statement, or in the contents of a pair of its brackets.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    pieces: &'a [Piece],
    at: usize,
}

/// Words that begin a new clause after a column's type or default.
const AFTER_A_VALUE: [&str; 14] = [
    "constraint",
    "not",
    "null",
    "check",
    "default",
    "primary",
    "unique",
    "references",
    "generated",
    "collate",
    "deferrable",
    "initially",
    "storage",
    "compression",
];

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, pieces: &'a [Piece]) -> Self {
        Cursor { text, pieces, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<Piece> {
        self.pieces.get(self.at).copied()
    }

    pub(super) fn done(&self) -> bool {
        self.peek().is_none()
    }

    fn slice(&self, piece: Piece) -> &'a str {
        &self.text[piece.start..piece.end]
    }

    /// Refuses the statement at this position.
    pub(super) fn refuse<T>(&self, message: impl Into<String>) -> Read<T> {
        let last = self.pieces.len().saturating_sub(1);
        let at = self.pieces.get(self.at.min(last)).map_or(0, |p| p.start);
        Err(Refused { at, message: message.into() })
    }

    /// Refuses the token at this position.
    pub(super) fn unknown<T>(&self) -> Read<T> {
        match self.peek() {
            Some(piece) => self.refuse(format!("unexpected `{}`", self.slice(piece))),
            None => self.refuse("unexpected end of statement"),
        }
    }

    /// Refuses the remaining tokens, if there are any.
    pub(super) fn end(&self) -> Read<()> {
        if self.done() { Ok(()) } else { self.unknown() }
    }

    /// Returns whether these words come next.
    pub(super) fn is(&self, words: &str) -> bool {
        let at = |i: usize| self.pieces.get(self.at + i);
        words.split(' ').enumerate().all(|(i, word)| at(i).is_some_and(|p| p.is(self.text, word)))
    }

    /// Returns whether one of these comes next.
    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|w| self.is(w))
    }

    /// Moves past these words if they come next.
    pub(super) fn take(&mut self, words: &str) -> bool {
        let found = self.is(words);
        self.at += if found { words.split(' ').count() } else { 0 };
        found
    }

    pub(super) fn expect(&mut self, words: &str) -> Read<()> {
        if self.take(words) { Ok(()) } else { self.unknown() }
    }

    /// Moves past the one of these that comes next, and returns its value.
    pub(super) fn take_one<W: AsRef<str>, T: Clone>(&mut self, words: &[(W, T)]) -> Option<T> {
        words.iter().find(|(w, _)| self.take(w.as_ref())).map(|(_, value)| value.clone())
    }

    pub(super) fn is_symbol(&self, symbol: char) -> bool {
        self.peek().is_some_and(|p| p.kind == Kind::Symbol(symbol))
    }

    pub(super) fn symbol(&mut self, symbol: char) -> bool {
        let found = self.is_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    /// Reads a name, as the catalog stores it.
    pub(super) fn ident(&mut self) -> Read<Ident> {
        let Some(piece) = self.peek() else { return self.unknown() };
        let text = self.slice(piece);
        let name = match piece.kind {
            Kind::Word => text.to_lowercase(),
            Kind::Name => text[1..text.len() - 1].replace("\"\"", "\""),
            _ => return self.unknown(),
        };
        self.at += 1;
        Ok(ident(&name))
    }

    /// Reads the parts of a dotted name.
    pub(super) fn path(&mut self) -> Read<Vec<Ident>> {
        let mut parts = vec![self.ident()?];
        while self.symbol('.') {
            parts.push(self.ident()?);
        }
        Ok(parts)
    }

    /// Reads the name of an object, without its schema if that is the default one.
    pub(super) fn name(&mut self) -> Read<ObjectName> {
        let from = *self;
        let parts = self.path()?;
        from.object(&parts)
    }

    /// Returns the object that these parts name.
    pub(super) fn object(&self, parts: &[Ident]) -> Read<ObjectName> {
        match parts {
            [name] => Ok(ObjectName::bare(name.clone())),
            [schema, name] if schema.as_str() == HOME => Ok(ObjectName::bare(name.clone())),
            [schema, name] => Ok(ObjectName::new(Some(schema.clone()), name.clone())),
            _ => self.refuse("too many parts in the name: expected a schema and an object"),
        }
    }

    /// Reads the name of something that needs no schema: a collation, an access method.
    pub(super) fn last_name(&mut self) -> Read<Ident> {
        let from = *self;
        self.path()?.pop().map_or_else(|| from.unknown(), Ok)
    }

    /// Reads comma-separated names in brackets.
    pub(super) fn names(&mut self) -> Read<Vec<Ident>> {
        let mut inner = self.group()?;
        let mut names = vec![inner.ident()?];
        while inner.symbol(',') {
            names.push(inner.ident()?);
        }
        inner.end()?;
        Ok(names)
    }

    /// Reads a string and returns its value.
    pub(super) fn string(&mut self) -> Read<String> {
        let Some(piece) = self.peek().filter(|p| p.kind == Kind::Text) else { return self.unknown() };
        let text = self.slice(piece);
        let value = match text.chars().next() {
            Some('\'') => text[1..text.len() - 1].replace("''", "'"),
            Some('$') => {
                let mark = text[1..].find('$').map_or(1, |n| n + 2);
                text[mark..text.len() - mark].to_owned()
            }
            _ => match escapes(&text[2..text.len() - 1]) {
                Some(value) => value,
                None => return self.refuse("unsupported escape sequence: write the character itself"),
            },
        };
        self.at += 1;
        Ok(value)
    }

    /// Reads an integer.
    pub(super) fn number(&mut self) -> Read<i64> {
        let from = *self;
        let sign = if self.symbol('-') { "-" } else { "" };
        let Some(piece) = self.peek() else { return self.unknown() };
        self.at += 1;
        format!("{sign}{}", self.slice(piece)).parse().or_else(|_| from.unknown())
    }

    /// Returns a cursor over the contents of the brackets that open here.
    pub(super) fn group(&mut self) -> Read<Cursor<'a>> {
        if !self.is_symbol('(') {
            return self.unknown();
        }
        let from = self.at;
        self.skip()?;
        Ok(Cursor { text: self.text, pieces: &self.pieces[from + 1..self.at - 1], at: 0 })
    }

    /// Moves past one token, or past a pair of brackets with its contents.
    pub(super) fn skip(&mut self) -> Read<()> {
        let from = *self;
        let mut depth = 0usize;
        while let Some(piece) = self.peek() {
            self.at += 1;
            match piece.kind {
                Kind::Symbol('(' | '[') => depth += 1,
                Kind::Symbol(')' | ']') if depth == 0 => return from.unknown(),
                Kind::Symbol(')' | ']') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
        from.refuse("unclosed bracket")
    }

    /// Returns the text from another position in the same statement to here.
    pub(super) fn since(&self, from: &Cursor) -> &'a str {
        match (self.pieces.get(from.at), self.at.checked_sub(1).and_then(|i| self.pieces.get(i))) {
            (Some(first), Some(last)) if first.start < last.end => &self.text[first.start..last.end],
            _ => "",
        }
    }

    /// Returns all remaining text, as it is written.
    pub(super) fn rest(&mut self) -> Read<&'a str> {
        if self.done() {
            return self.unknown();
        }
        let from = *self;
        self.at = self.pieces.len();
        Ok(self.since(&from))
    }

    /// Removes words from the end if they are there.
    pub(super) fn take_from_end(&mut self, words: &str) -> bool {
        let count = words.split(' ').count();
        let Some(begin) = self.pieces.len().checked_sub(count).filter(|b| *b >= self.at) else { return false };
        let found = Cursor { at: begin, ..*self }.is(words);
        if found {
            self.pieces = &self.pieces[..begin];
        }
        found
    }

    /// Returns a value as it is written, up to a comma or a word that cannot be part of it.
    pub(super) fn value(&mut self) -> Read<&'a str> {
        self.until(&AFTER_A_VALUE)
    }

    /// Returns the text up to a comma, one of these words, or the end.
    pub(super) fn until(&mut self, ends: &[&str]) -> Read<&'a str> {
        let from = *self;
        let mut cases = 0usize;
        while !self.done() && !self.is_symbol(',') {
            let bare = cases == 0 && self.at > from.at && !self.after_operator();
            if bare && self.is_any(ends) {
                break;
            }
            if self.is("case") {
                cases += 1;
            } else if self.is("end") {
                cases = cases.saturating_sub(1);
            }
            self.skip()?;
        }
        if self.at == from.at { self.unknown() } else { Ok(self.since(&from)) }
    }

    fn after_operator(&self) -> bool {
        let Some(last) = self.at.checked_sub(1).and_then(|i| self.pieces.get(i)) else { return false };
        last.is(self.text, "is") || matches!(last.kind, Kind::Symbol(c) if c != ')' && c != ']')
    }

    /// Reads a type, in rosey's spelling.
    pub(super) fn data_type(&mut self) -> Read<Type> {
        let from = *self;
        let written = self.until(&[AFTER_A_VALUE.as_slice(), &["as", "using", "with options"]].concat())?;
        if from.peek().is_some_and(|p| !matches!(p.kind, Kind::Word | Kind::Name)) {
            return from.unknown();
        }
        Ok(read_type::read(written, HOME))
    }

    /// Reads `WITH (a = 1, b)`, without the WITH.
    pub(super) fn parameters(&mut self) -> Read<Vec<(String, String)>> {
        let mut inner = self.group()?;
        let mut all = Vec::new();
        loop {
            let name = inner.path()?.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
            let value = if inner.symbol('=') { inner.parameter()? } else { "true".to_owned() };
            all.push((name, value));
            if !inner.symbol(',') {
                break;
            }
        }
        inner.end()?;
        Ok(all)
    }

    /// Reads `(name = value, name)` of an object that is only reported.
    pub(super) fn parts(&mut self) -> Read<Vec<(String, String)>> {
        let mut inner = self.group()?;
        let mut all = Vec::new();
        while !inner.done() {
            let name = inner.ident()?.to_string();
            let value = if inner.symbol('=') { inner.until(&[])?.to_owned() } else { String::new() };
            all.push((name, value));
            inner.symbol(',');
        }
        Ok(all)
    }

    fn parameter(&mut self) -> Read<String> {
        if self.peek().is_some_and(|p| p.kind == Kind::Text) {
            return self.string();
        }
        Ok(self.until(&[])?.to_owned())
    }
}

/// Returns the value of an `E''` string that has only the usual escapes.
fn escapes(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                chars.next();
                out.push('\'');
            }
            '\\' => out.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('\\' | '\'') => c,
                _ => return None,
            }),
            c => out.push(c),
        }
    }
    Some(out)
}
