//! The tree of a KDL text for the printer: nodes and blocks as in KDL, and every comment in its place.
//!
//! It is not a schema and decodes no values. It accepts more than KDL allows: the `kdl` crate has validated
//! the text before.

use super::lex::{Kind, Token, is_newline, lex};

/// A comment as written, with its delimiters.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) text: String,
    /// `//`, which ends its line.
    pub(super) line: bool,
    /// The number of characters before it on its line in the source; 0 for a comment of one line.
    pub(super) column: usize,
}

/// The role of a word in its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Name,
    Key,
    Type,
    Value,
    /// A value after a type annotation, such as `(sql)"now()"`.
    Annotated,
}

/// The pieces of a node's text, in order.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    Word(Token<'a>, Role),
    /// One of `(`, `)`, `=`, `/-`.
    Mark(Token<'a>),
    /// `/* */` between other pieces.
    Comment(Comment),
    /// `\ // …`: a comment within the node, which continues after it.
    Break(Comment),
    Block(Block<'a>),
}

/// A node, or one that is commented out with `/-`.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// `/* */` on the node's line, before it.
    pub(super) lead: Vec<Comment>,
    pub(super) off: bool,
    pub(super) pieces: Vec<Piece<'a>>,
    /// `//` at the end of the node's line.
    pub(super) trailing: Option<Comment>,
}

/// What has its own lines in a block.
#[derive(Debug)]
pub(super) enum Content<'a> {
    Comments(Vec<Comment>),
    Node(Node<'a>),
}

/// A part of a block.
#[derive(Debug)]
pub(super) struct Item<'a> {
    /// Whether there is an empty line before it in the source.
    pub(super) blank: bool,
    pub(super) content: Content<'a>,
}

/// The whole text, or what is between `{` and `}`.
#[derive(Debug, Default)]
pub(super) struct Block<'a> {
    /// Comments on the line of the `{`.
    pub(super) open: Vec<Comment>,
    pub(super) items: Vec<Item<'a>>,
    /// Whether `{` and `}` are on one line in the source.
    pub(super) one_line: bool,
}

impl<'a> Block<'a> {
    fn push(&mut self, blank: bool, content: Content<'a>) {
        self.items.push(Item { blank, content });
    }

    fn is_empty(&self) -> bool {
        self.open.is_empty() && self.items.is_empty()
    }
}

/// Reads a text that the `kdl` crate accepts.
pub(super) fn read(source: &str) -> Block<'_> {
    let tokens = lex(source);
    let mut reader = Reader { source, tokens, at: 0 };
    // The start of a text is the start of a line, as if there were a line break before it.
    reader.block(false)
}

struct Reader<'a> {
    source: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn peek_kind(&self) -> Option<Kind> {
        self.peek().map(|token| token.kind)
    }

    fn eat(&mut self, kind: Kind) -> bool {
        let found = self.peek_kind() == Some(kind);
        self.at += usize::from(found);
        found
    }

    fn block(&mut self, nested: bool) -> Block<'a> {
        let mut block = Block::default();
        let mut newlines = usize::from(!nested);
        while let Some(kind) = self.peek_kind() {
            match kind {
                Kind::Newline => {
                    newlines += 1;
                    self.at += 1;
                }
                Kind::Close if nested => break,
                Kind::Close | Kind::Semicolon | Kind::Continuation => self.at += 1,
                _ => newlines = self.item(&mut block, newlines),
            }
        }
        block
    }

    /// Reads `{ … }`.
    fn braces(&mut self) -> Block<'a> {
        let start = self.peek().map_or(0, |token| token.start);
        self.at += 1;
        let mut block = self.block(true);
        let end = self.peek().map_or(self.source.len(), |token| token.start);
        self.at += 1;
        let text = self.source.get(start..end).unwrap_or("");
        block.one_line = !text.contains(is_newline);
        block
    }

    /// Reads a node or the comments of a line; returns how many of the following line breaks have been read.
    fn item(&mut self, block: &mut Block<'a>, newlines: usize) -> usize {
        let mut comments = Vec::new();
        while let Some(comment) = self.comment() {
            comments.push(comment);
        }
        let blank = newlines > 1;
        let starts_node = !matches!(self.peek_kind(), None | Some(Kind::Newline | Kind::Close | Kind::Semicolon | Kind::Continuation));
        if starts_node {
            self.node(block, comments, blank)
        } else {
            self.place(block, comments, newlines);
            0
        }
    }

    fn comment(&mut self) -> Option<Comment> {
        let token = self.peek().filter(|token| token.kind.is_comment())?;
        self.at += 1;
        let before = self.source.get(..token.start).unwrap_or("");
        // Not needed for a comment of one line, and expensive on a very long line.
        let column = if token.text.contains(is_newline) { before.chars().rev().take_while(|c| !is_newline(*c)).count() } else { 0 };
        Some(Comment { text: token.text.to_owned(), line: token.kind == Kind::LineComment, column })
    }

    /// Places comments that no node follows on their line: after the `{` or the node on that line, or else on
    /// their own.
    fn place(&mut self, block: &mut Block<'a>, comments: Vec<Comment>, newlines: usize) {
        let ends_line = self.peek_kind() == Some(Kind::Newline);
        match block.items.last_mut() {
            None if newlines == 0 && ends_line => block.open.extend(comments),
            Some(Item { content: Content::Node(node), .. }) if newlines == 0 && node.trailing.is_none() => {
                for comment in comments {
                    if comment.line {
                        node.trailing = Some(comment);
                    } else {
                        node.pieces.push(Piece::Comment(comment));
                    }
                }
            }
            _ => block.push(newlines > 1, Content::Comments(comments)),
        }
    }

    /// Reads a node; `lead` are the comments before it on its line.
    fn node(&mut self, block: &mut Block<'a>, mut lead: Vec<Comment>, mut blank: bool) -> usize {
        let off = self.eat(Kind::SlashDash);
        if off {
            lead.extend(self.gap());
        }
        // A `//` between `/-` and the node cannot stay on the line of the node.
        while let Some(end) = lead.iter().position(|comment| comment.line) {
            let comments = lead.drain(..=end).collect();
            block.push(blank, Content::Comments(comments));
            blank = false;
        }
        let mut pieces = self.pieces();
        let mut tail = pop_breaks(&mut pieces);
        let mut newlines = tail.len().min(1);
        if self.peek_kind() == Some(Kind::LineComment) {
            tail.extend(self.comment());
            newlines = 0;
        }
        let mut tail = tail.into_iter();
        let trailing = tail.next();
        let node = Node { lead, off, pieces, trailing };
        block.push(blank, Content::Node(node));
        for comment in tail {
            block.push(false, Content::Comments(vec![comment]));
        }
        newlines
    }

    /// Skips what may be between `/-` and what it comments out; returns the comments in it.
    fn gap(&mut self) -> Vec<Comment> {
        let mut comments = Vec::new();
        while let Some(kind) = self.peek_kind() {
            if kind.is_comment() {
                comments.extend(self.comment());
            } else if matches!(kind, Kind::Newline | Kind::Continuation) {
                self.at += 1;
            } else {
                break;
            }
        }
        comments
    }

    fn pieces(&mut self) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        let (mut named, mut closed) = (false, false);
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Newline | Kind::Close | Kind::LineComment => break,
                Kind::BlockComment => pieces.extend(self.comment().map(Piece::Comment)),
                Kind::Continuation => self.continuation(&mut pieces),
                Kind::SlashDash if !closed || self.slashes_block() => self.slashdash(&mut pieces),
                Kind::Semicolon => {
                    self.at += 1;
                    break;
                }
                // The crate allows a node after the block of a `/-` node on the same line.
                _ if closed => break,
                Kind::Open => {
                    closed = true;
                    pieces.extend(Some(self.braces()).filter(|b| !b.is_empty()).map(Piece::Block));
                }
                _ => {
                    self.at += 1;
                    named |= push_token(&mut pieces, token, named);
                }
            }
        }
        pieces
    }

    /// Reads `\` and the rest of its line.
    fn continuation(&mut self, pieces: &mut Vec<Piece<'a>>) {
        self.at += 1;
        while let Some(comment) = self.comment() {
            let line = comment.line;
            pieces.push(if line { Piece::Break(comment) } else { Piece::Comment(comment) });
        }
        self.eat(Kind::Newline);
    }

    /// Reads `/-` and, if it comments out a block, the block. Comments in between move before the `/-`.
    fn slashdash(&mut self, pieces: &mut Vec<Piece<'a>>) {
        let mark = self.peek();
        self.at += 1;
        for comment in self.gap() {
            let line = comment.line;
            pieces.push(if line { Piece::Break(comment) } else { Piece::Comment(comment) });
        }
        pieces.extend(mark.map(Piece::Mark));
        if self.peek_kind() == Some(Kind::Open) {
            pieces.push(Piece::Block(self.braces()));
        }
    }

    /// Returns whether the next `/-` comments out a block.
    fn slashes_block(&self) -> bool {
        let mut ahead = self.tokens.iter().skip(self.at + 1).map(|token| token.kind);
        let skipped = |kind: &Kind| kind.is_comment() || matches!(kind, Kind::Newline | Kind::Continuation);
        ahead.find(|kind| !skipped(kind)) == Some(Kind::Open)
    }
}

/// Removes the comments of continued lines from a node that nothing continues.
fn pop_breaks(pieces: &mut Vec<Piece<'_>>) -> Vec<Comment> {
    let mut comments = Vec::new();
    while let Some(piece) = pieces.pop() {
        if let Piece::Break(comment) = piece {
            comments.push(comment);
        } else {
            pieces.push(piece);
            break;
        }
    }
    comments.reverse();
    comments
}

/// Adds a word or a mark; returns whether it was the name of the node.
fn push_token<'a>(pieces: &mut Vec<Piece<'a>>, token: Token<'a>, named: bool) -> bool {
    if matches!(token.kind, Kind::ParenOpen | Kind::ParenClose | Kind::Equals) {
        if token.kind == Kind::Equals {
            let word = pieces.iter_mut().rev().find_map(|piece| match piece {
                Piece::Word(_, role) => Some(role),
                _ => None,
            });
            if let Some(role) = word {
                *role = Role::Key;
            }
        }
        pieces.push(Piece::Mark(token));
        return false;
    }
    let before = pieces.iter().rev().find_map(|piece| match piece {
        Piece::Comment(_) | Piece::Break(_) => None,
        Piece::Mark(mark) => Some(mark.kind),
        Piece::Word(word, _) => Some(word.kind),
        Piece::Block(_) => Some(Kind::Close),
    });
    let role = match before {
        Some(Kind::ParenOpen) => Role::Type,
        _ if !named => Role::Name,
        Some(Kind::ParenClose) => Role::Annotated,
        _ => Role::Value,
    };
    pieces.push(Piece::Word(token, role));
    role == Role::Name
}
