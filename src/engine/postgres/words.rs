//! The names in a piece of PostgreSQL SQL. Finds what a text depends on without parsing it; it may return too
//! many names, but never too few.

use std::collections::BTreeSet;

use super::scan::{self, Piece};

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An unquoted word: keyword or name.
    Word,
    /// A name in double quotes.
    Quoted,
    /// A string.
    Text,
    /// Any other single character.
    Other,
}

struct Token<'a> {
    kind: Kind,
    text: &'a str,
}

impl Token<'_> {
    /// Returns the name as the catalog stores it.
    fn name(&self) -> String {
        match self.kind {
            // Exactly one quote at each end, because the name may end in one of its own.
            Kind::Quoted => self.text.get(1..self.text.len().saturating_sub(1)).unwrap_or_default().replace("\"\"", "\""),
            _ => self.text.to_lowercase(),
        }
    }

    fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted)
    }

    fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    fn is_op(&self, op: &str) -> bool {
        self.kind == Kind::Other && self.text == op
    }

    /// Returns the contents of a string between its quotes.
    fn inner(&self) -> &str {
        let open = self.text.find('\'').map_or(0, |n| n + 1);
        self.text.get(open..self.text.len().saturating_sub(1)).unwrap_or_default()
    }
}

/// Returns the names in a text that arguments follow: those of the functions that it calls, and of types with
/// modifiers. Strings are not searched.
pub(crate) fn calls(sql: &str) -> BTreeSet<String> {
    let tokens = lex(sql);
    tokens.windows(2).filter(|pair| pair[0].is_name() && pair[1].is_op("(")).map(|pair| pair[0].name()).collect()
}

/// Returns all names in a text, as the catalog stores them. Names in strings are included, because
/// `nextval('s')` names a sequence.
pub(crate) fn words(sql: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for token in lex(sql) {
        match token.kind {
            Kind::Word | Kind::Quoted => {
                found.insert(token.name());
            }
            Kind::Text => found.extend(lex(token.inner()).iter().filter(|t| t.is_name()).map(Token::name)),
            Kind::Other => {}
        }
    }
    found
}

/// Returns the strings in a text.
pub(crate) fn strings(sql: &str) -> BTreeSet<String> {
    lex(sql).iter().filter(|t| t.kind == Kind::Text).map(|t| t.inner().replace("''", "'")).collect()
}

/// Returns the relations that a query may read: names after `FROM` and `JOIN`, and names in strings.
pub(crate) fn reads(sql: &str) -> BTreeSet<(Option<String>, String)> {
    const ENDS: [&str; 13] =
        ["select", "where", "group", "order", "having", "window", "limit", "offset", "fetch", "for", "union", "intersect", "except"];
    let tokens = lex(sql);
    let mut found = BTreeSet::new();
    let mut open: Vec<bool> = vec![false];
    let mut expected = false;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        if token.kind == Kind::Text {
            found.extend(name_at(&lex(token.inner()), 0).map(|(name, _)| name));
        } else if token.is("from") || token.is("join") || token.is("table") {
            set_last(&mut open, true);
            expected = true;
        } else if token.is_op("(") {
            open.push(expected);
        } else if token.is_op(")") {
            open.pop();
            expected = false;
        } else if token.is_op(",") {
            expected = open.last().copied().unwrap_or_default();
        } else if ENDS.iter().any(|k| token.is(k)) {
            set_last(&mut open, false);
            expected = false;
        } else if expected && token.is_name() && !token.is("only") && !token.is("lateral") {
            if let Some((name, next)) = name_at(&tokens, at - 1) {
                found.insert(name);
                at = next;
            }
            expected = false;
        }
    }
    found
}

fn set_last(open: &mut [bool], value: bool) {
    if let Some(last) = open.last_mut() {
        *last = value;
    }
}

/// Reads `[schema.]name` at a position; returns the position after it.
fn name_at(tokens: &[Token<'_>], at: usize) -> Option<((Option<String>, String), usize)> {
    let first = tokens.get(at).filter(|t| t.is_name())?.name();
    let dotted = tokens.get(at + 1).is_some_and(|t| t.is_op("."));
    match tokens.get(at + 2).filter(|t| dotted && t.is_name()) {
        Some(second) => Some(((Some(first), second.name()), at + 3)),
        None => Some(((None, first), at + 1)),
    }
}

/// Returns the name at the beginning of a text, such as a type or a sequence, and what follows it (`[]`,
/// `(10,2)`).
pub(crate) fn leading_name(sql: &str) -> Option<((Option<String>, String), String)> {
    let tokens = lex(sql);
    let (name, next) = name_at(&tokens, 0)?;
    Some((name, tokens.get(next..)?.iter().map(|t| t.text).collect()))
}

/// Returns the tokens of a text without comments; none if PostgreSQL could not read the text either.
fn lex(sql: &str) -> Vec<Token<'_>> {
    let kind = |piece: &Piece, text: &str| match piece.kind {
        scan::Kind::Word => Kind::Word,
        scan::Kind::Name => Kind::Quoted,
        scan::Kind::Text if !text.starts_with('$') => Kind::Text,
        _ => Kind::Other,
    };
    let pieces = scan::scan(sql).unwrap_or_default();
    let kept = pieces.iter().filter(|p| p.kind != scan::Kind::OpenComment);
    kept.filter_map(|p| sql.get(p.start..p.end).map(|text| Token { kind: kind(p, text), text })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sql: &str) -> Vec<String> {
        reads(sql).into_iter().map(|(s, n)| s.map_or(n.clone(), |s| format!("{s}.{n}"))).collect()
    }

    #[test]
    fn what_a_query_reads() {
        assert_eq!(read("SELECT a, b FROM t, app.\"U\" x JOIN v ON a = b, w WHERE c = 'no' ORDER BY d, e"), ["no", "t", "v", "w", "app.U"]);
        assert_eq!(read("SELECT t.a FROM ((t JOIN u ON ((t.a = u.b))) LEFT JOIN (SELECT x, y FROM z) q ON (true))"), ["t", "u", "z"]);
        assert_eq!(read("WITH q AS (SELECT a, b FROM t) SELECT a, b FROM q UNION SELECT c, d FROM ONLY r"), ["q", "r", "t"]);
        assert_eq!(read("SELECT nextval('app.s'::regclass) -- FROM no\n /* FROM /* no */ no */"), ["app.s"]);
    }

    #[test]
    fn what_a_text_calls() {
        let called = calls("total > f(a) AND app.\"G\" (b) = 'h(1)' OR numeric(3) = total");
        assert_eq!(called.into_iter().collect::<Vec<_>>(), ["G", "f", "numeric"]);
    }

    #[test]
    fn names_of_types() {
        assert_eq!(leading_name("app.mood[]"), Some(((Some("app".into()), "mood".into()), "[]".into())));
        assert_eq!(leading_name("\"Mood\""), Some(((None, "Mood".into()), String::new())));
        assert!(words("x = 'sad'::mood OR e'it\\'s' = $a$ b $a$").contains("mood"));
    }
}
