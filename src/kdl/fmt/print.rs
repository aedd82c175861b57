//! Writes the tree of a KDL text in the canonical layout.
//!
//! It decides on blanks, line breaks, and the spelling of strings. It does not change the order or the value
//! of anything, and drops only semicolons and empty blocks.

use ::kdl::KdlIdentifier;

use super::lex::{Kind, Token};
use super::tree::{Block, Comment, Content, Item, Node, Piece, Role};
use super::{quoted, string_repr, text};

const INDENT: &str = "    ";
/// The longest line, in characters, for a block on one line.
const WIDTH: usize = 120;

/// Writes a whole text, with a line break at its end unless it is empty.
pub(super) fn document(block: &Block<'_>) -> String {
    let mut out = String::new();
    items(&mut out, &block.items, 0);
    out
}

/// Returns the value of a string token; `None` if it cannot be decoded.
pub(super) fn value(token: Token<'_>) -> Option<String> {
    if token.kind == Kind::Bare {
        return Some(token.text.to_owned());
    }
    let string = KdlIdentifier::parse(token.text).ok()?;
    Some(string.value().to_owned())
}

fn items(out: &mut String, items: &[Item<'_>], level: usize) {
    let mut printed = Vec::with_capacity(items.len());
    for item in items {
        printed.push(match &item.content {
            Content::Comments(comments) => (comment_line(comments, level), false),
            Content::Node(node) => print_node(node, level),
        });
    }
    let tall: Vec<bool> = printed.iter().map(|(_, tall)| *tall).collect();
    let apart = if level == 0 { set_apart(items, &tall) } else { vec![false; items.len()] };
    for (at, ((text, _), (item, apart))) in printed.iter().zip(items.iter().zip(apart)).enumerate() {
        if at > 0 && (item.blank || apart) {
            out.push('\n');
        }
        out.push_str(text);
        out.push('\n');
    }
}

/// Returns which items need an empty line before them because they, the node that they comment on, or the
/// node before them has a block of several lines.
fn set_apart(items: &[Item<'_>], tall: &[bool]) -> Vec<bool> {
    let mut apart = vec![false; items.len()];
    // Whether the item below belongs to a tall node, to which this one would then belong as well.
    let mut below = false;
    for (at, item) in items.iter().enumerate().rev() {
        let is_comment = matches!(item.content, Content::Comments(_));
        let grouped = if is_comment { below } else { tall.get(at) == Some(&true) };
        let above = at.checked_sub(1).and_then(|above| items.get(above));
        let attached = !item.blank && above.is_some_and(|above| matches!(above.content, Content::Comments(_)));
        let after_tall = at.checked_sub(1).and_then(|above| tall.get(above)) == Some(&true);
        if let Some(apart) = apart.get_mut(at) {
            *apart = after_tall || (grouped && !attached);
        }
        below = grouped && !item.blank;
    }
    apart
}

/// Writes comments on a line of their own.
fn comment_line(comments: &[Comment], level: usize) -> String {
    let mut out = INDENT.repeat(level);
    for (at, comment) in comments.iter().enumerate() {
        match at {
            0 => out.push_str(&moved(comment, level)),
            _ => push_comment(&mut out, comment),
        }
    }
    out
}

/// Indents a comment at the start of a line; its further lines move as far as its first.
fn moved(comment: &Comment, level: usize) -> String {
    let text = tidy(&comment.text);
    let mut lines = text.split('\n');
    let mut out = lines.next().unwrap_or("").to_owned();
    for line in lines {
        out.push('\n');
        let body = line.trim_start();
        let blanks = line.chars().take_while(|c| c.is_whitespace());
        if !body.is_empty() {
            out.push_str(&INDENT.repeat(level));
            out.extend(blanks.skip(comment.column));
            out.push_str(body);
        }
    }
    out
}

/// Writes a comment after something else on its line.
fn push_comment(out: &mut String, comment: &Comment) {
    out.push_str(if comment.line { "  " } else { " " });
    out.push_str(&tidy(&comment.text));
}

/// Returns the text of a comment with plain line ends and without trailing blanks.
fn tidy(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').map(str::trim_end).collect();
    lines.join("\n")
}

/// Writes a node; returns it and whether it has a block of several lines.
fn print_node(node: &Node<'_>, level: usize) -> (String, bool) {
    let mut out = INDENT.repeat(level);
    for (at, comment) in node.lead.iter().enumerate() {
        out.push_str(&if at == 0 { moved(comment, level) } else { tidy(&comment.text) });
        out.push(' ');
    }
    if node.off {
        out.push_str("/- ");
    }
    let tail = node.trailing.as_ref().map_or(0, |comment| 2 + tidy(&comment.text).chars().count());
    let mut tall = false;
    let mut before = None;
    for piece in &node.pieces {
        out.push_str(separator(before, piece));
        match piece {
            Piece::Word(token, role) => out.push_str(&word(*token, *role, level)),
            Piece::Mark(token) => out.push_str(token.text),
            Piece::Comment(comment) => out.push_str(&tidy(&comment.text)),
            Piece::Break(comment) => {
                out.push('\\');
                push_comment(&mut out, comment);
                out.push('\n');
                out.push_str(&INDENT.repeat(level + 1));
            }
            Piece::Block(block) => tall |= print_block(&mut out, block, level, tail),
        }
        before = Some(piece).filter(|piece| !matches!(piece, Piece::Break(_)));
    }
    if let Some(comment) = &node.trailing {
        push_comment(&mut out, comment);
    }
    (out, tall)
}

/// Returns the separator between two pieces of a node; empty before the first piece and after a line break.
fn separator(before: Option<&Piece<'_>>, piece: &Piece<'_>) -> &'static str {
    let kind = |piece: &Piece<'_>| match piece {
        Piece::Mark(token) => Some(token.kind),
        _ => None,
    };
    let Some(before) = before else { return "" };
    let touching = match kind(before) {
        Some(Kind::ParenOpen | Kind::SlashDash) => true,
        // A comment here is easier to read with a blank.
        Some(Kind::Equals | Kind::ParenClose) => !matches!(piece, Piece::Comment(_) | Piece::Break(_)),
        _ => false,
    };
    let closing = matches!(kind(piece), Some(Kind::ParenClose | Kind::Equals));
    if touching || closing { "" } else { " " }
}

/// Writes a block; returns whether it takes several lines. `tail` is the width of what follows it.
fn print_block(out: &mut String, block: &Block<'_>, level: usize, tail: usize) -> bool {
    if block.open.is_empty() && block.items.is_empty() {
        out.push_str("{}");
        return false;
    }
    let column = out.chars().rev().take(WIDTH).take_while(|c| *c != '\n').count();
    if let Some(flat) = flat_block(block, WIDTH.saturating_sub(column + tail)) {
        out.push_str(&flat);
        return false;
    }
    out.push('{');
    for comment in &block.open {
        push_comment(out, comment);
    }
    out.push('\n');
    items(out, &block.items, level + 1);
    out.push_str(&INDENT.repeat(level));
    out.push('}');
    true
}

/// Returns a block on one line, if it was written that way, contains one node and no comment, and fits `room`
/// characters.
fn flat_block(block: &Block<'_>, room: usize) -> Option<String> {
    let [Item { content: Content::Node(node), .. }] = block.items.as_slice() else {
        return None;
    };
    if !block.one_line || !block.open.is_empty() {
        return None;
    }
    // The room shrinks with each level, which bounds the work at any depth.
    let node = flat_node(node, room.checked_sub("{  }".len())?)?;
    Some(format!("{{ {node} }}"))
}

fn flat_node(node: &Node<'_>, room: usize) -> Option<String> {
    if !node.lead.is_empty() || node.trailing.is_some() {
        return None;
    }
    let mut out = String::from(if node.off { "/- " } else { "" });
    let mut before = None;
    for piece in &node.pieces {
        out.push_str(separator(before, piece));
        let left = room.checked_sub(out.chars().count())?;
        match piece {
            Piece::Word(token, role) => out.push_str(&word(*token, *role, 0)),
            Piece::Mark(token) => out.push_str(token.text),
            Piece::Block(block) => out.push_str(&flat_block(block, left)?),
            Piece::Comment(_) | Piece::Break(_) => return None,
        }
        before = Some(piece);
    }
    let fits = out.chars().count() <= room && !out.contains('\n');
    fits.then_some(out)
}

/// Returns a word in its canonical spelling; one that cannot be decoded is unchanged.
fn word(token: Token<'_>, role: Role, level: usize) -> String {
    let verbatim = !token.kind.is_string() || (token.kind == Kind::Bare && text::looks_like_slip(token.text));
    let decoded = if verbatim { None } else { value(token) };
    let Some(string) = decoded else {
        return token.text.to_owned();
    };
    let raw = string.contains(['"', '\\']);
    let indent = INDENT.repeat(level + 1);
    // A name of several lines would split its node.
    let is_value = matches!(role, Role::Value | Role::Annotated);
    match token.kind {
        Kind::Raw if raw => token.text.to_owned(),
        Kind::RawMulti if raw && is_value => {
            let hashes = token.text.len() - token.text.trim_start_matches('#').len();
            text::raw_multi(&string, &"#".repeat(hashes), &indent)
        }
        Kind::Multi | Kind::RawMulti if is_value => text::multi(&string, &indent),
        // An expression is not a name, even if it is a single word.
        _ if role == Role::Annotated => quoted(&string),
        _ => string_repr(&string),
    }
}
