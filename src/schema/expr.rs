//! SQL expressions: kept as written, compared by their canonical spelling.

use std::fmt;

use super::{Case, Ident, Origin};

/// Precedes a double-quoted name in a canonical spelling if SQLite may read it as a string because no name
/// matches (<https://sqlite.org/quirks.html#double_quoted_string_literals_are_accepted>). Compared exactly
/// with another such name, and without case with a plain name.
pub const UNSURE: char = '\u{1}';

/// A piece of SQL that rosey passes through: the condition of a check, a default, the body of a view.
///
/// Equality compares only [`Expr::canon`]. In that spelling, which a dialect's normalization produces, every
/// identifier is in double quotes and every string literal in single quotes, so that names can be replaced
/// safely.
#[derive(Clone, Default)]
pub struct Expr {
    /// As written in the file or stored in the database.
    pub text: String,
    /// The spelling that is compared; equal to the text until a dialect has normalized it.
    pub canon: String,
    /// The position in the schema file.
    pub origin: Origin,
}

impl Expr {
    /// Creates an expression that has not been normalized yet.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Expr { canon: text.clone(), text, origin: Origin::default() }
    }

    /// Returns whether the canonical spelling mentions the identifier.
    pub fn mentions(&self, name: &Ident) -> bool {
        idents(&self.canon).any(|(_, _, found)| name.matches(&found))
    }

    /// Replaces an identifier in the canonical spelling, as the database does when a column is renamed.
    pub fn rename(&mut self, from: &Ident, to: &Ident) {
        let mut out = String::with_capacity(self.canon.len());
        let mut done = 0;
        for (start, end, found) in idents(&self.canon) {
            if from.matches(&found) {
                out.push_str(&self.canon[done..start]);
                let kept = out.ends_with(UNSURE) || to.case() == Case::Exact;
                let folded = if kept { to.as_str().to_owned() } else { to.as_str().to_ascii_lowercase() };
                out.push_str(&format!("\"{}\"", folded.replace('"', "\"\"")));
                done = end;
            }
        }
        out.push_str(&self.canon[done..]);
        self.canon = out;
    }
}

/// Returns the quoted identifiers of a canonical spelling: start, end, name.
fn idents(canon: &str) -> impl Iterator<Item = (usize, usize, String)> + '_ {
    let bytes = canon.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let quote = bytes[at];
            if quote != b'"' && quote != b'\'' {
                at += 1;
                continue;
            }
            let start = at;
            at = end_of_quoted(bytes, start);
            if quote == b'"' {
                let inner = canon.get(start + 1..at - 1).unwrap_or_default();
                return Some((start, at, inner.replace("\"\"", "\"")));
            }
        }
        None
    })
}

/// Returns the position after the closing quote of what opens at `start`; a doubled quote does not close it.
fn end_of_quoted(bytes: &[u8], start: usize) -> usize {
    let quote = bytes[start];
    let mut at = start + 1;
    while at < bytes.len() {
        if bytes[at] == quote {
            if bytes.get(at + 1) == Some(&quote) {
                at += 1;
            } else {
                return at + 1;
            }
        }
        at += 1;
    }
    bytes.len()
}

/// Returns whether two canonical spellings differ only in the case of names, if at least one of the two is
/// certainly a name.
fn same(mut a: &str, mut b: &str) -> bool {
    loop {
        match (a.strip_prefix(UNSURE), b.strip_prefix(UNSURE)) {
            (Some(x), Some(y)) => (a, b) = (x, y),
            (None, None) => {
                let (x, y) = (a.chars().next(), b.chars().next());
                let Some(c) = x.filter(|_| x == y) else { return x == y };
                (a, b) = (&a[c.len_utf8()..], &b[c.len_utf8()..]);
            }
            (x, y) => {
                (a, b) = (x.unwrap_or(a), y.unwrap_or(b));
                let name = |s: &str| s.starts_with('"').then(|| end_of_quoted(s.as_bytes(), 0));
                let (Some(m), Some(n)) = (name(a), name(b)) else { return false };
                if !a[..m].eq_ignore_ascii_case(&b[..n]) {
                    return false;
                }
                (a, b) = (&a[m..], &b[n..]);
            }
        }
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        let unsure = self.canon.contains(UNSURE) || other.canon.contains(UNSURE);
        self.canon == other.canon || (unsure && same(&self.canon, &other.canon))
    }
}
impl Eq for Expr {}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Case;

    #[test]
    fn a_rename_leaves_strings_alone() {
        let mut e = Expr::new(r#""old" <> 'old "old" it''s' and "t"."OLD" > 0"#);
        let (old, new) = (Ident::new("old", Case::AsciiInsensitive), Ident::new("ne\"w", Case::AsciiInsensitive));
        e.rename(&old, &new);
        assert_eq!(e.canon, r#""ne""w" <> 'old "old" it''s' and "t"."ne""w" > 0"#);
        assert!(e.mentions(&new) && !e.mentions(&old));
    }
}
