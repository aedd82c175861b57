//! The server's text form of a parse tree (`pg_node_tree`), as plain data. Refuses what it cannot read, and
//! knows nothing about the meaning of the nodes
//! (<https://github.com/postgres/postgres/blob/master/src/backend/nodes/read.c>).

/// The maximum nesting depth of nodes and lists. Deeper trees are refused before they exhaust the stack.
const DEEPEST: usize = 2_000;

/// A part of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    /// A word or number, unescaped.
    Atom(String),
    /// The bytes of a constant.
    Bytes(Vec<u8>),
    /// `( … )`, which may be a list of numbers that begins with its kind: `(o 96 97)`.
    List(Vec<Tree>),
    /// `{LABEL :field value …}`.
    Node(Node),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// The label, such as `FUNCEXPR`.
    pub(super) label: String,
    /// Each field with everything before the next one.
    pub(super) fields: Vec<(String, Vec<Tree>)>,
}

impl Node {
    /// Returns the values of a field, or nothing if the node has no such field.
    pub(super) fn field(&self, name: &str) -> &[Tree] {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_slice()).unwrap_or_default()
    }

    /// Returns a field's number (an OID, a position, a flag), or `None` if its value is not one number.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        match self.field(name) {
            [Tree::Atom(text)] => text.parse().ok(),
            _ => None,
        }
    }

    /// Returns the node that is the field's only value.
    pub(super) fn node(&self, name: &str) -> Option<&Node> {
        match self.field(name) {
            [Tree::Node(node)] => Some(node),
            _ => None,
        }
    }

    /// Returns the nodes of a field that is a list of nodes.
    pub(super) fn nodes(&self, name: &str) -> impl Iterator<Item = &Node> {
        let all: &[Tree] = match self.field(name) {
            [Tree::List(all)] => all,
            _ => &[],
        };
        all.iter().filter_map(|t| if let Tree::Node(n) = t { Some(n) } else { None })
    }
}

impl Tree {
    /// Collects all numbers in the tree.
    pub(super) fn numbers(&self, found: &mut Vec<u32>) {
        match self {
            Tree::Atom(text) => found.extend(text.parse::<u32>().ok()),
            Tree::List(parts) => parts.iter().for_each(|p| p.numbers(found)),
            Tree::Bytes(_) | Tree::Node(_) => {}
        }
    }
}

/// Reads a tree; returns `None` if the text is not one or is nested too deeply.
pub(super) fn read(text: &str) -> Option<Tree> {
    let tokens = tokens(text);
    let mut at = 0;
    let tree = value(&tokens, &mut at, 0)?;
    (at == tokens.len()).then_some(tree)
}

/// A token: a bracket, the name of a field, or anything else.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Bracket(char),
    Field(String),
    Atom(String),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&first) = chars.peek() {
        match first {
            ' ' | '\n' | '\t' => drop(chars.next()),
            '(' | ')' | '{' | '}' => {
                found.push(Token::Bracket(first));
                chars.next();
            }
            _ => found.push(word(&mut chars, first == ':')),
        }
    }
    found
}

fn word(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, is_field: bool) -> Token {
    let mut text = String::new();
    while let Some(&c) = chars.peek() {
        match c {
            ' ' | '\n' | '\t' | '(' | ')' | '{' | '}' => break,
            '\\' => {
                chars.next();
                text.extend(chars.next());
            }
            c => {
                text.push(c);
                chars.next();
            }
        }
    }
    if is_field { Token::Field(text.split_off(1)) } else { Token::Atom(text) }
}

fn value(tokens: &[Token], at: &mut usize, depth: usize) -> Option<Tree> {
    if depth > DEEPEST {
        return None;
    }
    let token = tokens.get(*at)?;
    *at += 1;
    match token {
        Token::Bracket('{') => node(tokens, at, depth + 1).map(Tree::Node),
        Token::Bracket('(') => {
            let mut parts = Vec::new();
            while tokens.get(*at)? != &Token::Bracket(')') {
                parts.push(value(tokens, at, depth + 1)?);
            }
            *at += 1;
            Some(Tree::List(parts))
        }
        Token::Bracket(_) => None,
        // An atom that begins with a colon, where a value is expected.
        Token::Field(text) => Some(Tree::Atom(format!(":{text}"))),
        Token::Atom(text) => Some(Tree::Atom(text.clone())),
    }
}

fn node(tokens: &[Token], at: &mut usize, depth: usize) -> Option<Node> {
    let Some(Token::Atom(label)) = tokens.get(*at) else { return None };
    *at += 1;
    let mut fields: Vec<(String, Vec<Tree>)> = Vec::new();
    loop {
        match tokens.get(*at)? {
            Token::Bracket('}') => {
                *at += 1;
                return Some(Node { label: label.clone(), fields });
            }
            Token::Field(name) => {
                *at += 1;
                let bytes = if label == "CONST" && name == "constvalue" { bytes(tokens, at) } else { None };
                fields.push((name.clone(), bytes.into_iter().collect()));
            }
            _ => {
                let found = value(tokens, at, depth)?;
                fields.last_mut()?.1.push(found);
            }
        }
    }
}

/// Reads the value of a constant, `5 [ 20 0 0 0 97 ]`. A node for each byte would take a hundred times the
/// memory.
fn bytes(tokens: &[Token], at: &mut usize) -> Option<Tree> {
    let atom = |n: usize| if let Some(Token::Atom(text)) = tokens.get(n) { Some(text.as_str()) } else { None };
    atom(*at)?.parse::<u64>().ok().filter(|_| atom(*at + 1) == Some("["))?;
    let (mut found, mut next) = (Vec::new(), *at + 2);
    while atom(next)? != "]" {
        found.push(atom(next)?.parse::<i16>().ok()?.to_le_bytes()[0]);
        next += 1;
    }
    *at = next + 1;
    Some(Tree::Bytes(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_lists_and_escapes() {
        let text = r#"({FUNCEXPR :funcid 870 :args ({CONST :constisnull false :constvalue 5 [ 20 0 ]}) :alias a\ \(b} <> (o 96 97))"#;
        let Some(Tree::List(parts)) = read(text) else { panic!("not read") };
        let Tree::Node(call) = &parts[0] else { panic!("not a node") };
        assert_eq!((call.label.as_str(), call.number("funcid")), ("FUNCEXPR", Some(870)));
        assert_eq!(call.field("alias"), [Tree::Atom("a (b".to_owned())]);
        let constant = call.nodes("args").next().unwrap();
        assert_eq!((constant.label.as_str(), constant.field("constvalue")), ("CONST", &[Tree::Bytes(vec![20, 0])][..]));
        let mut oids = Vec::new();
        parts[2].numbers(&mut oids);
        assert_eq!(oids, [96, 97]);
    }

    #[test]
    fn a_name_like_a_field_hides_none() {
        let Some(Tree::Node(node)) = read("{ALIAS :aliasname :funcid :colnames (\"a\") :funcid 1}") else { panic!("not read") };
        let named = |n: &str| node.fields.iter().filter(|(f, _)| f == n).count();
        assert_eq!((named("funcid"), named("colnames")), (2, 1));
    }

    #[test]
    fn what_is_not_a_tree_is_refused() {
        for text in ["", "{", "(", "{A :b (}", ")", "{A 1}", "{A} {B}"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"(".repeat(100_000)), None);
        assert_eq!(read(&format!("{}{}", "(".repeat(5_000), ")".repeat(5_000))), None);
    }
}
