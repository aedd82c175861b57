//! Reads plain KDL, as schema files mostly are: names, strings without escapes, numbers, properties, braces, line comments.
//! The `kdl` crate takes ten times as long for it.
//!
//! It refuses all that is not plain (other comments, `/-`, line continuations, escapes, strings of several lines, odd
//! characters) and all that is wrong: then the crate reads the text, and its word counts. What it does read, it reads as the
//! crate would, places included.

use ::kdl::{KdlDocument, KdlEntry, KdlEntryFormat, KdlIdentifier, KdlNode, KdlValue};

use super::fmt::{Kind, Token, lex};

/// The document, where the text is plain.
pub(super) fn read(text: &str) -> Option<KdlDocument> {
    if !text.chars().all(is_plain) {
        return None;
    }
    let mut reader = Reader { tokens: lex(text), at: 0 };
    let document = reader.nodes()?;
    (reader.at == reader.tokens.len()).then_some(document)
}

/// Whether a character means nothing special that is not known here: no odd blanks, line ends, directions or controls.
fn is_plain(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | ' '..='~' => true,
        _ if c.is_ascii() || c.is_whitespace() || c.is_control() => false,
        _ => !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'),
    }
}

struct Reader<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    fn take(&mut self, kind: Kind) -> Option<Token<'t>> {
        let token = self.peek().filter(|t| t.kind == kind)?;
        self.at += 1;
        Some(token)
    }

    /// Whether the next token touches the one before it.
    fn touches(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|i| self.tokens.get(i));
        self.peek().zip(before).is_some_and(|(t, b)| b.start + b.text.len() == t.start)
    }

    /// Nodes up to the end of the text or of the braces.
    fn nodes(&mut self) -> Option<KdlDocument> {
        let mut document = KdlDocument::new();
        loop {
            match self.peek().map(|t| t.kind) {
                Some(Kind::Newline | Kind::LineComment) => self.at += 1,
                None | Some(Kind::Close) => return Some(document),
                Some(_) => document.nodes_mut().push(self.node()?),
            }
        }
    }

    fn node(&mut self) -> Option<KdlNode> {
        let mut node = KdlNode::new(self.name()?);
        loop {
            let Some(next) = self.peek() else { return Some(node) };
            match next.kind {
                Kind::Newline | Kind::Semicolon => {
                    self.at += 1;
                    return Some(node);
                }
                _ if self.touches() => return None,
                Kind::LineComment | Kind::Close => return Some(node),
                Kind::Open => {
                    node.set_children(self.children()?);
                    // Behind the braces there is nothing but the end of the line.
                    return self.peek().is_none_or(|t| t.kind == Kind::Newline).then_some(node);
                }
                _ => node.entries_mut().push(self.entry()?),
            }
        }
    }

    fn children(&mut self) -> Option<KdlDocument> {
        self.take(Kind::Open)?;
        let children = self.nodes()?;
        self.take(Kind::Close)?;
        Some(children)
    }

    /// The name of a node or a property, or a word that turns out to be a value.
    fn name(&mut self) -> Option<KdlIdentifier> {
        let token = self.peek()?;
        let mut name = KdlIdentifier::from(string(token)?);
        name.set_span((token.start, token.text.len()));
        self.at += 1;
        Some(name)
    }

    /// `value`, `(type)value` or `name=value`, without blanks in it.
    fn entry(&mut self) -> Option<KdlEntry> {
        let start = self.peek()?.start;
        let name = if self.tokens.get(self.at + 1).is_some_and(|t| t.kind == Kind::Equals) { Some(self.named()?) } else { None };
        let ty = if self.peek()?.kind == Kind::ParenOpen { Some(self.annotation()?) } else { None };
        let token = self.peek()?;
        self.at += 1;
        let mut entry = KdlEntry::new(value(token)?);
        entry.set_format(KdlEntryFormat { value_repr: token.text.to_owned(), ..KdlEntryFormat::default() });
        entry.set_name(name);
        if let Some(ty) = ty {
            entry.set_ty(ty);
        }
        entry.set_span((start, token.start + token.text.len() - start));
        Some(entry)
    }

    /// `name=`, right before its value.
    fn named(&mut self) -> Option<KdlIdentifier> {
        let name = self.name()?;
        let equals = self.touches();
        self.at += 1;
        (equals && self.touches()).then_some(name)
    }

    /// `(type)`, right before its value.
    fn annotation(&mut self) -> Option<KdlIdentifier> {
        self.take(Kind::ParenOpen).filter(|_| self.touches())?;
        let ty = self.name().filter(|_| self.touches())?;
        self.take(Kind::ParenClose).filter(|_| self.touches())?;
        Some(ty)
    }
}

/// The text of a bare word or of a string in quotes.
fn string(token: Token<'_>) -> Option<&str> {
    match token.kind {
        Kind::Bare => is_word(token.text).then_some(token.text),
        Kind::Quoted => {
            let inner = token.text.strip_prefix('"')?.strip_suffix('"')?;
            (!inner.contains(['\\', '"', '\n', '\r'])).then_some(inner)
        }
        _ => None,
    }
}

/// Whether a bare word can be nothing but a string: what looks like a number, or like a keyword that lacks its `#`, is not
/// for here.
fn is_word(text: &str) -> bool {
    let first = text.chars().next().is_some_and(|c| !c.is_numeric() && !"+-.".contains(c));
    first && !text.contains(['/', '\\', '[', ']']) && !["true", "false", "null", "inf", "nan"].contains(&text)
}

fn value(token: Token<'_>) -> Option<KdlValue> {
    if token.kind != Kind::Literal {
        return string(token).map(|s| KdlValue::String(s.to_owned()));
    }
    match token.text {
        "#true" => Some(KdlValue::Bool(true)),
        "#false" => Some(KdlValue::Bool(false)),
        "#null" => Some(KdlValue::Null),
        number => integer(number).map(KdlValue::Integer),
    }
}

/// A whole number in its usual spelling.
fn integer(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let usual = digits.len() <= 18 && digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    usual.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All that can be seen of an entry: annotation, name and its place, value, spelling, place.
    fn entry(e: &KdlEntry) -> String {
        let repr = e.format().map(|f| &f.value_repr);
        let name = e.name().map(|n| (n.value(), n.span()));
        format!("{:?} {name:?} {:?} {repr:?} {:?}", e.ty().map(KdlIdentifier::value), e.value(), e.span())
    }

    fn shown(document: &KdlDocument) -> String {
        let node = |n: &KdlNode| {
            let entries: Vec<String> = n.entries().iter().map(entry).collect();
            let ty = n.ty().map(KdlIdentifier::value);
            format!("{ty:?} {} {:?} {entries:#?} {:?}\n", n.name().value(), n.name().span(), n.children().map(shown))
        };
        document.nodes().iter().map(node).collect()
    }

    fn agrees(text: &str) {
        let Some(own) = read(text) else { return };
        let theirs = KdlDocument::parse_v2(text).unwrap_or_else(|e| panic!("{text:?} is read, and is no KDL: {e:?}"));
        assert_eq!(shown(&own), shown(&theirs), "{text:?}");
    }

    #[test]
    fn a_schema_file_is_plain() {
        let text = "// Grüße — all of it\ntable users {\n    column id serial primary-key\n    column name \"varchar(100)\" default=\"it's\" // so\n\n    \
                    column at timestamp default=(sql)\"now()\"; column n integer default=-1\n    check \"n > 0\"\n}\n\nenum mood happy sad";
        assert!(read(text).is_some());
        agrees(text);
        agrees(&text.replace('\n', "\r\n"));
    }

    #[test]
    fn what_is_odd_is_not_read() {
        for text in [
            "a /* b */ c",
            "/- a",
            "a \\\n b",
            "a \"x\\n\"",
            "a \"\"\"\nx\n\"\"\"",
            "a #\"x\"#",
            "a true",
            "a .5",
            "a 0x1",
            "a 007",
            "a b=",
            "a =b",
            "a b = c",
            "a (sql) b",
            "(t)a",
            "a {",
            "a }",
            "a\u{feff}",
            "a [b]",
            "a \"b",
            "a \"b\"c",
            "a{}",
            "a {} b",
            ";",
            "a \u{7f}",
            "a\u{a0}b",
            "#",
        ] {
            assert!(read(text).is_none(), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

        #[test]
        fn the_crate_reads_the_same(pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..14)) {
            agrees(&pieces.concat());
        }
    }

    const PIECES: [&str; 40] = [
        "a",
        "b c",
        "key=",
        "\"x y\"",
        "\"\"",
        "\"it's\"",
        "'q'",
        "=",
        "(sql)",
        "(",
        ")",
        " {\n",
        " { ",
        "\n}",
        " }",
        "{",
        "}",
        "\n",
        "\r\n",
        "\r",
        ";",
        " ",
        "  ",
        "\t",
        "// c\n",
        " // d",
        "/*e*/",
        "/-",
        "\\\n",
        "1",
        "-12",
        "+3",
        "1.5",
        "#true",
        "#null",
        "true",
        "name:",
        "é",
        "\u{2028}",
        "\"é\\t\"",
    ];
}
