//! SQL expressions: kept as they were written, compared by their canonical spelling.

use std::fmt;

use super::{Case, Ident, Origin};

/// A piece of SQL that rosey passes through: a check's condition, a default, a view's body.
///
/// Equality looks at [`Expr::canon`] alone. In that spelling, which a dialect's normalisation gives, every identifier
/// stands in double quotes and every string literal in single ones, so that a name can be replaced in it safely.
#[derive(Clone, Default)]
pub struct Expr {
    /// As written in the file or stored in the database.
    pub text: String,
    /// The spelling that is compared. The text itself until a dialect has normalised it.
    pub canon: String,
    /// Where it stands in the schema file.
    pub origin: Origin,
}

impl Expr {
    /// An expression that has not been normalised yet.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Expr { canon: text.clone(), text, origin: Origin::default() }
    }

    /// Whether the canonical spelling mentions the identifier.
    pub fn mentions(&self, name: &Ident) -> bool {
        idents(&self.canon).any(|(_, _, found)| name.matches(&found))
    }

    /// Replaces one identifier by another in the canonical spelling, as the database does when a column is renamed.
    pub fn rename(&mut self, from: &Ident, to: &Ident) {
        let mut out = String::with_capacity(self.canon.len());
        let mut done = 0;
        let spelled = match to.case() {
            Case::AsciiInsensitive => to.as_str().to_ascii_lowercase(),
            Case::Exact => to.as_str().to_owned(),
        };
        for (start, end, found) in idents(&self.canon) {
            if from.matches(&found) {
                out.push_str(&self.canon[done..start]);
                out.push_str(&format!("\"{}\"", spelled.replace('"', "\"\"")));
                done = end;
            }
        }
        out.push_str(&self.canon[done..]);
        self.canon = out;
    }
}

/// The quoted identifiers of a canonical spelling: start, end, name.
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

/// The position behind the closing quote of what opens at `start`; a doubled quote does not close.
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

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.canon == other.canon
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
