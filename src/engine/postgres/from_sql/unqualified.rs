//! Removes `public.` from the names in an expression of a dump: pg_dump qualifies every name, but the server
//! omits schemas in the search path.

use super::HOME;
use crate::engine::postgres::scan::{Kind, Piece, scan};

/// Returns the expression without the default schema's name. Text that cannot be tokenized is returned
/// unchanged.
pub(super) fn unqualified(text: &str) -> String {
    let Some(pieces) = scan(text) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    let mut leave_out = |from: usize, to: usize, instead: &str| {
        if from >= done {
            out.push_str(&text[done..from]);
            out.push_str(instead);
            done = to;
        }
    };
    for (i, piece) in pieces.iter().enumerate() {
        if let Some((from, to, operator)) = operator(text, &pieces[i..]) {
            leave_out(from, to, operator);
        } else if is_home(text, &pieces, i) {
            leave_out(piece.start, pieces[i + 1].end, "");
        } else if piece.kind == Kind::Text && is_regclass(text, &pieces[i + 1..]) && text[piece.start + 1..].starts_with("public.") {
            leave_out(piece.start + 1, piece.start + 1 + HOME.len() + 1, "");
        }
    }
    out.push_str(&text[done..]);
    out
}

/// Returns whether `public.` begins here, without a dot before it.
fn is_home(text: &str, pieces: &[Piece], i: usize) -> bool {
    let piece = pieces[i];
    let named = piece.is(text, HOME) || (piece.kind == Kind::Name && &text[piece.start + 1..piece.end - 1] == HOME);
    let first = i.checked_sub(1).is_none_or(|before| pieces[before].kind != Kind::Symbol('.'));
    named && first && pieces.get(i + 1).is_some_and(|p| p.kind == Kind::Symbol('.'))
}

/// Reads `OPERATOR(public.=)`: returns its position and the operator.
fn operator<'t>(text: &'t str, pieces: &[Piece]) -> Option<(usize, usize, &'t str)> {
    let [word, open, _, _, rest @ ..] = pieces else { return None };
    if !word.is(text, "operator") || open.kind != Kind::Symbol('(') || !is_home(text, pieces, 2) {
        return None;
    }
    let end = rest.iter().position(|p| p.kind == Kind::Symbol(')'))?;
    let (first, last) = (rest.first()?, rest.get(end.checked_sub(1)?)?);
    Some((word.start, rest.get(end)?.end, &text[first.start..last.end]))
}

/// Returns whether `::regclass` begins here.
fn is_regclass(text: &str, pieces: &[Piece]) -> bool {
    let [a, b, word, ..] = pieces else { return false };
    a.kind == Kind::Symbol(':') && b.kind == Kind::Symbol(':') && word.is(text, "regclass")
}
