//! The names in a piece of PostgreSQL's SQL. Finds what a text depends on; it does not parse, and takes a name too many
//! over one too few.

use std::collections::BTreeSet;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A bare word: keyword or name.
    Word,
    /// A name in double quotes.
    Quoted,
    /// A string.
    Text,
    /// Anything else, one character.
    Other,
}

struct Token<'a> {
    kind: Kind,
    text: &'a str,
}

impl Token<'_> {
    /// The name as the catalog has it.
    fn name(&self) -> String {
        match self.kind {
            // One quote at each end: the name may end in one of its own.
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

    /// What stands between the quotes of a string.
    fn inner(&self) -> &str {
        let open = self.text.find('\'').map_or(0, |n| n + 1);
        self.text.get(open..self.text.len().saturating_sub(1)).unwrap_or_default()
    }
}

/// All names in a text, as the catalog would have them; those in strings too, for `nextval('s')` names a sequence.
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

/// The strings in a text.
pub(crate) fn strings(sql: &str) -> BTreeSet<String> {
    lex(sql).iter().filter(|t| t.kind == Kind::Text).map(|t| t.inner().replace("''", "'")).collect()
}

/// The relations that a query may read: what stands where `FROM` and `JOIN` take one, and what strings name.
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

/// `[schema.]name` at a position, and the position behind it.
fn name_at(tokens: &[Token<'_>], at: usize) -> Option<((Option<String>, String), usize)> {
    let first = tokens.get(at).filter(|t| t.is_name())?.name();
    let dotted = tokens.get(at + 1).is_some_and(|t| t.is_op("."));
    match tokens.get(at + 2).filter(|t| dotted && t.is_name()) {
        Some(second) => Some(((Some(first), second.name()), at + 3)),
        None => Some(((None, first), at + 1)),
    }
}

/// The one name that a text is: a type, a sequence. What follows it (`[]`, `(10,2)`) comes back with it.
pub(crate) fn leading_name(sql: &str) -> Option<((Option<String>, String), String)> {
    let tokens = lex(sql);
    let (name, next) = name_at(&tokens, 0)?;
    Some((name, tokens.get(next..)?.iter().map(|t| t.text).collect()))
}

fn lex(sql: &str) -> Vec<Token<'_>> {
    let bytes = sql.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        let start = at;
        let kind = match b {
            _ if b.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at = find(sql, at, "\n");
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = comment(bytes, at);
                continue;
            }
            b'\'' => {
                at = quoted(bytes, at, false);
                Kind::Text
            }
            b'e' | b'E' if bytes.get(at + 1) == Some(&b'\'') => {
                at = quoted(bytes, at + 1, true);
                Kind::Text
            }
            b'"' => {
                at = quoted(bytes, at, false);
                Kind::Quoted
            }
            b'$' if dollar(sql, at).is_some() => {
                at = dollar(sql, at).unwrap_or(bytes.len());
                Kind::Other
            }
            _ if is_word(b) => {
                at += bytes[at..].iter().take_while(|b| is_word(**b)).count();
                Kind::Word
            }
            _ => {
                at += 1;
                Kind::Other
            }
        };
        tokens.push(Token { kind, text: sql.get(start..at).unwrap_or_default() });
    }
    tokens
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

fn find(sql: &str, from: usize, what: &str) -> usize {
    sql.get(from..).and_then(|rest| rest.find(what)).map_or(sql.len(), |n| from + n)
}

/// The position behind a comment; comments nest.
fn comment(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0usize);
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'/', Some(b'*')) => (at, depth) = (at + 2, depth + 1),
            (b'*', Some(b'/')) => (at, depth) = (at + 2, depth.saturating_sub(1)),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

/// The position behind the closing quote; a doubled quote does not close, nor one behind a backslash in `E'…'`.
fn quoted(bytes: &[u8], start: usize, escapes: bool) -> usize {
    let quote = bytes[start];
    let mut at = start + 1;
    while at < bytes.len() {
        if escapes && bytes[at] == b'\\' {
            at += 1;
        } else if bytes[at] == quote {
            if bytes.get(at + 1) != Some(&quote) {
                return at + 1;
            }
            at += 1;
        }
        at += 1;
    }
    bytes.len()
}

/// The position behind `$tag$…$tag$`.
fn dollar(sql: &str, start: usize) -> Option<usize> {
    let rest = sql.get(start + 1..)?;
    let tag = rest.get(..rest.find('$')?).filter(|t| t.bytes().all(is_word))?;
    let close = format!("${tag}$");
    let from = start + close.len();
    sql.get(from..)?.find(&close).map(|n| from + n + close.len())
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
    fn names_of_types() {
        assert_eq!(leading_name("app.mood[]"), Some(((Some("app".into()), "mood".into()), "[]".into())));
        assert_eq!(leading_name("\"Mood\""), Some(((None, "Mood".into()), String::new())));
        assert!(words("x = 'sad'::mood OR e'it\\'s' = $a$ b $a$").contains("mood"));
    }
}
