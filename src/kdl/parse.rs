//! Parses in pieces: the `kdl` crate takes a hundred times the memory of the text, and its stack grows with
//! every level.
//!
//! A file is split between its top-level nodes, and each piece is parsed, decoded and freed. Positions are
//! those in the file.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use ::kdl::{KdlDiagnostic, KdlDocument, KdlError};

use super::fmt::{Kind, Token, is_forbidden, lex};
use super::limits::{LimitChecker, Refusal};
use crate::schema::{Problem, Span};

/// The approximate length of a piece.
const PIECE: usize = 64 * 1024;

/// The maximum length of a file that is parsed as a whole to report its syntax errors.
const WHOLE: usize = 256 * 1024;

/// The maximum length of a text that any stack is large enough for.
const SHORT: usize = 256;

/// The stack for longer texts, in bytes. Memory is used only as needed: the `kdl` crate takes several
/// kilobytes more for each syntax error.
const STACK: usize = 512 << 20;

/// Parses a text with a stack that is large enough for its syntax errors.
///
/// # Errors
/// The errors of the `kdl` crate.
pub(super) fn document(text: &str) -> Result<KdlDocument, KdlError> {
    if text.len() <= SHORT {
        return KdlDocument::parse_v2(text);
    }
    std::thread::scope(|scope| {
        let parsing = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || KdlDocument::parse_v2(text));
        match parsing {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // If no such thread can be started, the caller's stack is used.
            Err(_) => KdlDocument::parse_v2(text),
        }
    })
}

/// Where the top-level nodes of a text begin and end, according to its tokens.
pub(super) struct Outline<'t> {
    text: &'t str,
    nodes: Vec<(Range<usize>, &'t str)>,
    watch: LimitChecker,
}

/// Reads the outline of a text. If the text is not valid KDL it is a guess, which parsing detects.
pub(super) fn outline(text: &str) -> Outline<'_> {
    let mut outline = Outline { text, nodes: Vec::new(), watch: LimitChecker::default() };
    let mut node: Option<(usize, &str)> = None;
    let mut before: Option<Kind> = None;
    for token in lex(text) {
        let depth = outline.watch.take(&token);
        let Token { kind, text: word, start } = token;
        let glued = matches!(before, Some(Kind::Continuation | Kind::SlashDash));
        if depth == 0 && matches!(kind, Kind::Newline | Kind::Semicolon) && !glued {
            outline.nodes.extend(node.take().map(|(from, name)| (from..start, name)));
        } else if !kind.is_comment() && kind != Kind::Newline {
            node.get_or_insert((start, word));
        }
        if !kind.is_comment() {
            before = Some(kind);
        }
    }
    outline.nodes.extend(node.map(|(from, name)| (from..text.len(), name)));
    outline
}

impl Refusal {
    fn problem(&self, file: u32) -> Problem {
        let at = Span { file, start: self.at.start as u32, len: self.at.len() as u32 };
        Problem::new(self.message.clone(), at, "here").help(self.help)
    }
}

impl<'t> Outline<'t> {
    /// Returns why the text must not be passed to the `kdl` crate at all.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        self.watch.refusal.as_ref()
    }

    /// Returns the text for the crate: with long comments blanked, and all positions unchanged.
    pub(super) fn readable(&self) -> Cow<'t, str> {
        let long = &self.watch.long_comments;
        if long.is_empty() { Cow::Borrowed(self.text) } else { Cow::Owned(blank(self.text, long)) }
    }

    /// Returns the positions of the top-level nodes of this name.
    pub(super) fn nodes_called(&self, name: &str) -> Vec<Range<usize>> {
        self.nodes.iter().filter(|(_, n)| *n == name).map(|(range, _)| range.clone()).collect()
    }

    /// Returns the positions and names of all top-level nodes.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (Range<usize>, &str)> {
        self.nodes.iter().map(|(range, name)| (range.clone(), *name))
    }

    /// Parses the whole text. If it is long and not valid, only the errors of its first invalid piece are returned.
    ///
    /// # Errors
    /// The errors of the `kdl` crate.
    pub(super) fn document(&self) -> Result<KdlDocument, KdlError> {
        let readable = self.readable();
        for piece in self.pieces().into_iter().filter(|_| readable.len() > WHOLE) {
            let start = piece.start;
            if let Err(error) = document(&readable[piece]) {
                return Err(KdlError { input: Arc::new(self.text.to_owned()), diagnostics: moved(error.diagnostics, start) });
            }
        }
        document(&readable)
    }

    /// Splits the text into ranges of whole nodes that together cover it.
    fn pieces(&self) -> Vec<Range<usize>> {
        let mut pieces = Vec::new();
        let mut from = 0;
        for (node, _) in &self.nodes {
            if node.end - from >= PIECE {
                pieces.push(from..node.end);
                from = node.end;
            }
        }
        pieces.push(from..self.text.len());
        pieces
    }
}

/// Parses a file piece by piece and passes each on with its start.
///
/// # Errors
/// If the file is not valid KDL: the syntax errors of the whole file. None or only its first pieces have been
/// passed on.
pub(super) fn parse(file: u32, text: &str, mut take: impl FnMut(usize, &KdlDocument)) -> Result<(), Vec<Problem>> {
    let outline = outline(text);
    if let Some(refusal) = outline.refusal() {
        return Err(vec![refusal.problem(file)]);
    }
    let readable = outline.readable();
    for piece in outline.pieces() {
        match document(&readable[piece.clone()]) {
            Ok(parsed) => take(piece.start, &parsed),
            Err(error) if readable.len() > WHOLE => return Err(syntax_problems(file, &readable, &moved(error.diagnostics, piece.start))),
            Err(_) => return parse_rest(file, &readable, piece.start, take),
        }
    }
    Ok(())
}

/// Parses the whole rest at once: the outline may have been wrong, and the crate reports more about a whole
/// file.
fn parse_rest(file: u32, text: &str, start: usize, mut take: impl FnMut(usize, &KdlDocument)) -> Result<(), Vec<Problem>> {
    if let Ok(parsed) = document(&text[start..]) {
        take(start, &parsed);
        return Ok(());
    }
    match document(text) {
        Err(error) => Err(syntax_problems(file, text, &error.diagnostics)),
        Ok(_) => Err(vec![Problem::new(
            "this part of the file is not valid KDL by itself",
            Span { file, start: start as u32, len: 1 },
            "from here on",
        )]),
    }
}

/// Returns the errors of a piece with their positions in the file.
fn moved(diagnostics: Vec<KdlDiagnostic>, start: usize) -> Vec<KdlDiagnostic> {
    let moved = |d: KdlDiagnostic| KdlDiagnostic { span: (d.span.offset() + start, d.span.len()).into(), ..d };
    diagnostics.into_iter().map(moved).collect()
}

/// Blanks some ranges of the text, except for line breaks, so that positions do not change.
fn blank(text: &str, ranges: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for range in ranges {
        out.push_str(&text[done..range.start]);
        out.extend(text[range.clone()].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
        done = range.end;
    }
    out.push_str(&text[done..]);
    out
}

/// Turns KDL's own errors into problems. They point to the right position but say little, and most only
/// follow from the first.
fn syntax_problems(file: u32, text: &str, diagnostics: &[KdlDiagnostic]) -> Vec<Problem> {
    let unseen = forbidden(file, text, diagnostics);
    if !unseen.is_empty() {
        return unseen;
    }
    const FOLLOW: [&str; 3] = ["No closing '}'", "Closing '}' was not found", "Expected end of document"];
    let follows = |d: &&KdlDiagnostic| !FOLLOW.iter().any(|f| d.message.as_deref().unwrap_or_default().starts_with(f));
    let own: Vec<&KdlDiagnostic> = diagnostics.iter().filter(follows).collect();
    let shown = if own.is_empty() { diagnostics.iter().take(1).collect() } else { own };
    shown.into_iter().map(|d| syntax_problem(file, text, d)).collect()
}

/// Finds invisible characters that KDL does not allow, in the lines with a syntax error. KDL's own error is
/// that a string does not end.
fn forbidden(file: u32, text: &str, diagnostics: &[KdlDiagnostic]) -> Vec<Problem> {
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(n, _)| n + 1)).collect();
    let line = |at: usize| starts.partition_point(|start| *start <= at);
    let wrong: HashSet<usize> = diagnostics.iter().map(|d| line(d.span.offset())).collect();
    // A byte order mark is allowed at the start.
    let found = text.char_indices().filter(|(at, c)| is_forbidden(*c) && (*at > 0 || *c != '\u{feff}'));
    let found = found.filter(|(at, _)| wrong.contains(&line(*at)));
    let problem = |(at, c): (usize, char)| {
        let (name, span) = (format!("U+{:04X}", u32::from(c)), Span { file, start: at as u32, len: c.len_utf8() as u32 });
        let help = format!("remove it, or write `{}` in double quotes", c.escape_unicode());
        Problem::new(format!("invisible character {name} is not allowed in KDL"), span, "here").help(help)
    };
    found.map(problem).collect()
}

fn syntax_problem(file: u32, text: &str, diagnostic: &KdlDiagnostic) -> Problem {
    let start = diagnostic.span.offset().min(text.len());
    let end = (start + diagnostic.span.len()).min(text.len());
    let line_end = text[start..end].find('\n').map_or(end, |n| start + n);
    let line = text[start..].find('\n').map_or(text.len(), |n| start + n);
    let at = |start: usize, len: usize| Span { file, start: start as u32, len: len.max(1) as u32 };
    let problem = |message: String, span: Span, help: String| Problem::new(message, span, "here").help(help);
    let told = diagnostic.message.as_deref().unwrap_or("invalid syntax");
    if told == "Expected property value" {
        // The span is all that has been read, including the lines before. The value is at its end.
        let from = text[start..end].rfind(char::is_whitespace).map_or(start, |n| start + n + 1);
        let rest = text[from..].lines().next().unwrap_or_default();
        let len = rest.find([' ', '\t', ';', '}']).unwrap_or(rest.len());
        let word = &text[from..from + len];
        let help = diagnostic
            .help
            .as_deref()
            .filter(|h| h.contains("keywords"))
            .unwrap_or("a value is a number, a string, #true, #false or #null");
        return problem(format!("`{word}` does not have a valid KDL value"), at(from, len), help.to_owned());
    }
    if told == "Found child block instead of node name" {
        let help = "put it on the same line as its node: table users {".to_owned();
        return problem("a children block without a node".to_owned(), at(start, 1), help);
    }
    let opened = text[start..].find("/*").map(|n| start + n).filter(|n| *n < line && !text[*n..].contains("*/"));
    if let Some(comment) = opened {
        return problem("unterminated `/*` comment".to_owned(), at(comment, 2), "add the closing `*/`".to_owned());
    }
    if start == line_end && text[..start].ends_with('(') {
        let help = "write a children block in braces".to_owned();
        return problem("found `(` where `{` is expected".to_owned(), at(start - 1, 1), help);
    }
    match own_words(&text[..start], &text[start..line_end], &text[start..line]) {
        Some((len, message, help)) => problem(message, at(start, len), help),
        None => {
            let found = Problem::new(format!("KDL syntax error: {told}"), at(start, line_end - start), "here");
            match &diagnostic.help {
                Some(help) => found.help(help.clone()),
                None => found,
            }
        }
    }
}

/// Flags of the schema language that are often given a value.
const FLAGS: [&str; 10] = [
    "not-null",
    "primary-key",
    "nullable",
    "unique",
    "autoincrement",
    "identity",
    "prevent-destroy",
    "strict",
    "without-rowid",
    "unlogged",
];

/// Recognizes common mistakes from the text before the position where KDL stopped, the text there, and the
/// rest of its line. Returns the length of the wrong word, what is wrong with it, and what to write.
fn own_words(before: &str, wrong: &str, line: &str) -> Option<(usize, String, String)> {
    let word = line.split(|c: char| c.is_whitespace() || ";{}\"=".contains(c)).next().unwrap_or_default();
    let node = node_before(before);
    let told = |len: usize, message: &str, help: &str| Some((len, message.to_owned(), help.to_owned()));
    if word == "null" && before.ends_with("not ") {
        return told(word.len(), "`not null` is written as one word here", "write `not-null`");
    }
    if word == "null" && line[word.len()..].trim_start().starts_with('=') {
        return told(word.len(), "unknown property `null`", "write `not-null` to disallow NULL; by default, a column accepts NULL");
    }
    let flag = FLAGS.iter().find(|flag| before.strip_suffix('=').is_some_and(|b| b.ends_with(&format!(" {flag}"))));
    if let Some(flag) = flag {
        let help = if word == "false" { format!("remove `{flag}`") } else { format!("write `{flag}`") };
        return Some((word.len().max(1), format!("`{flag}` is a flag and takes no value"), help));
    }
    if word == "null" && node == "column" && !before.ends_with('=') {
        return told(word.len(), "unknown column flag `null`", "remove it: a column accepts NULL unless it has `not-null`");
    }
    if word.starts_with("r#") && line[word.len()..].starts_with('"') {
        return told(word.len(), "`r#` does not begin a string in KDL 2", "write a raw string without the r: #\"…\"#");
    }
    if wrong.starts_with("# ") || wrong == "#" || wrong.starts_with("##") {
        return told(1, "`#` does not begin a comment in KDL", "a comment begins with `//`");
    }
    if ["true", "false", "null", "inf", "nan"].contains(&word) {
        return Some((word.len(), format!("`{word}` is not a valid KDL value"), format!("write `#{word}`, or \"{word}\" for the string")));
    }
    if wrong.starts_with('{') || wrong.is_empty() {
        return told(1, "unclosed `{`", "add the matching `}`");
    }
    if wrong.starts_with('}') {
        return told(1, "unmatched `}`", "remove it, or add the matching `{`");
    }
    if wrong.starts_with([')', ';', ',']) {
        return Some((
            1,
            format!("`{}` is not a node", &wrong[..1]),
            "a node is a name such as `table`, followed by its arguments, properties and children block".to_owned(),
        ));
    }
    if wrong.starts_with("\"\"\"") {
        return told(3, "unterminated string", "close it with `\"\"\"` on a line of its own");
    }
    if wrong.starts_with('"') && !wrong[1..].contains('"') {
        return told(wrong.len(), "unterminated string", "close it with `\"`, or use `\"\"\"` for a multi-line string");
    }
    if wrong.starts_with('"') && wrong.contains('\\') {
        return told(wrong.len(), "`\\` does not start a valid escape sequence", "write `\\\\`, or use a raw string: #\"…\"#");
    }
    if wrong.starts_with('"') {
        return told(wrong.len(), "the string ends too early", "write a `\"` inside a string as `\\\"`");
    }
    let brackets = line.find(['(', '[']).filter(|open| line[..*open].chars().all(|c| c.is_alphanumeric() || c == '_') && *open > 0);
    let typed = brackets.map(|open| line[open..].find([')', ']']).map_or(word, |close| &line[..open + close + 1]));
    typed.map(|word| {
        let help = match word.split_once('(') {
            Some(_) if before.ends_with("default=") => format!("write (sql)\"{word}\" for the expression, or \"{word}\" for the string"),
            Some((name, columns)) if ["index", "unique", "primary-key", "foreign-key"].contains(&node) => {
                let columns = columns.trim_end_matches(')').split(',').map(str::trim).collect::<Vec<_>>().join(" ");
                format!("write the columns without brackets: {}", format!("{name} {columns}").trim_end())
            }
            _ => format!("write \"{word}\": an unquoted string cannot contain brackets"),
        };
        (word.len(), format!("`{word}` must be quoted"), help)
    })
}

/// Returns the name of the node that is being read at the end of a text.
fn node_before(before: &str) -> &str {
    let start = before.rfind(['\n', ';', '{']).map_or(0, |n| n + 1);
    before[start..].split_whitespace().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the names and positions of all top-level nodes, parsed in pieces.
    fn nodes(text: &str) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        parse(0, text, |start, document| {
            found.extend(document.nodes().iter().map(|n| (n.name().value().to_owned(), start + n.name().span().offset())));
        })
        .unwrap();
        found
    }

    #[test]
    fn pieces_are_the_whole_file_and_places_stay() {
        let node = "table \"a }{ b\" { // x }\n  column c \"\"\"\n  }\n  \"\"\" /* } \n { */ d=#\"}\"#\n}\n/- table off {\n a\n}\n";
        let text = node.repeat(2 * PIECE / node.len());
        assert!(outline(&text).pieces().len() > 1);
        let whole: Vec<(String, usize)> =
            KdlDocument::parse_v2(&text).unwrap().nodes().iter().map(|n| (n.name().value().to_owned(), n.name().span().offset())).collect();
        assert_eq!(nodes(&text), whole);
    }

    #[test]
    fn what_nobody_sees_is_named() {
        for text in ["table \"a\u{202e}b\" {\n}", "table a {\n  column \u{200f}b\n}"] {
            let problem = &parse(0, text, |_, _| {}).unwrap_err()[0];
            assert!(problem.message.contains("U+20"), "{}", problem.message);
            assert!(problem.help.as_deref().unwrap().contains("write `\\u{20"), "{problem:?}");
        }
        assert_eq!(nodes("\u{feff}table a").len(), 1);
    }

    #[test]
    fn what_would_overflow_the_parsers_stack_is_refused_or_blanked() {
        let deep = "a {\n".repeat(100_000);
        assert!(parse(0, &deep, |_, _| {}).unwrap_err()[0].message.contains("levels of braces"));
        let stars = format!("/*{}*/ a\nb", "*".repeat(1_000_000));
        assert_eq!(nodes(&stars).len(), 2);
    }
}
