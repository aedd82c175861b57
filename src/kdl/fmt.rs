//! The canonical layout of KDL 2: the engine of `rosey fmt`.
//!
//! It reads the tokens of the text rather than the trivia of the `kdl` crate, which lack what follows the `}`
//! of a block and what is inside `/-`. It knows nothing of schemas: it rejects only invalid KDL, moves no
//! entry and no node, and changes no name, value or comment. If the result would not mean the same, it
//! returns the source unchanged.

mod lex;
mod print;
mod text;
mod tree;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use ::kdl::{KdlDiagnostic, KdlDocument, KdlEntry, KdlError, KdlIdentifier, KdlNode};

use super::parse::outline;

pub(in crate::kdl) use lex::is_newline;
pub(super) use lex::{Kind, Token, lex};
pub(in crate::kdl) use text::{is_forbidden, multi};
pub(crate) use text::{quoted, string_repr};

/// Writes KDL 2 in the canonical layout. A text in which all lines end in CRLF keeps these line endings.
///
/// The result parses to the same nodes, entries and values, has the same comments, and formats to itself.
///
/// # Errors
/// If the source is not KDL 2: the parser's error, with all its diagnostics.
pub fn format(source: &str) -> Result<String, KdlError> {
    let document = parsed(source)?;
    let crlf = source.matches("\r\n").count();
    let windows = crlf > 0 && crlf == source.matches(['\r', '\n']).count() / 2 && crlf == source.matches('\n').count();
    let laid_out = lay_out(source);
    let printed = if windows { laid_out.replace('\n', "\r\n") } else { laid_out };
    if printed == source || means_the_same(&document, source, &printed) { Ok(printed) } else { Ok(source.to_owned()) }
}

/// Parses the text with the crate, unless it is too long or too deeply nested for that.
fn parsed(source: &str) -> Result<KdlDocument, KdlError> {
    let outline = outline(source);
    match outline.refusal() {
        None => outline.document(),
        Some(refusal) => {
            let input = Arc::new(source.to_owned());
            let diagnostic = KdlDiagnostic {
                input: input.clone(),
                span: (refusal.at.start, refusal.at.len()).into(),
                message: Some(refusal.message.clone()),
                label: None,
                help: Some(refusal.help.to_owned()),
                severity: miette::Severity::Error,
            };
            Err(KdlError { input, diagnostics: vec![diagnostic] })
        }
    }
}

/// Returns a valid text in the canonical layout.
fn lay_out(source: &str) -> String {
    print::document(&tree::read(source))
}

/// Guards against a bug in the printer, or in how the parser reads one of the two spellings: a formatter that
/// changes a schema is worse than one that leaves a file alone.
fn means_the_same(document: &KdlDocument, source: &str, printed: &str) -> bool {
    parsed(printed).is_ok_and(|again| same_documents(document, &again) && contents(source) == contents(printed))
}

fn same_documents(one: &KdlDocument, two: &KdlDocument) -> bool {
    let (one, two) = (one.nodes(), two.nodes());
    one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same_nodes(one, two))
}

fn same_nodes(one: &KdlNode, two: &KdlNode) -> bool {
    let (entries, others) = (one.entries(), two.entries());
    let (children, other) = (one.children(), two.children());
    same_names(Some(one.name()), Some(two.name()))
        && same_names(one.ty(), two.ty())
        && entries.len() == others.len()
        && entries.iter().zip(others).all(|(one, two)| same_entries(one, two))
        && match (children, other) {
            (Some(one), Some(two)) => same_documents(one, two),
            (Some(only), None) | (None, Some(only)) => only.nodes().is_empty(),
            (None, None) => true,
        }
}

fn same_entries(one: &KdlEntry, two: &KdlEntry) -> bool {
    same_names(one.name(), two.name()) && same_names(one.ty(), two.ty()) && one.value() == two.value()
}

fn same_names(one: Option<&KdlIdentifier>, two: Option<&KdlIdentifier>) -> bool {
    one.map(KdlIdentifier::value) == two.map(KdlIdentifier::value)
}

/// Returns all that a text says, for comparison regardless of layout: tokens, including those after `/-`, and
/// comments, which may swap places with a `/-`.
fn contents(source: &str) -> (Vec<String>, Vec<String>) {
    let (mut code, mut comments) = (Vec::new(), Vec::new());
    for token in lex(source) {
        match token.kind {
            Kind::Newline | Kind::Continuation | Kind::Semicolon => {}
            kind if kind.is_comment() => {
                let words: Vec<&str> = token.text.split_whitespace().collect();
                comments.push(words.join(" "));
            }
            // Empty blocks may be dropped.
            Kind::Close if code.last().is_some_and(|last| last == "{") => {
                code.pop();
            }
            kind if kind.is_string() => code.push(match print::value(token) {
                Some(value) => format!("\"{value}"),
                None => token.text.to_owned(),
            }),
            _ => code.push(token.text.to_owned()),
        }
    }
    (code, comments)
}
