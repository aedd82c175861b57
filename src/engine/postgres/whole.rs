//! Checks that text from a schema file that is inserted into SQL is exactly one expression, query or type. It
//! is judged by its tokens, not by its meaning, which the server checks later. Refuses anything that could
//! end its context and begin something else.

use super::scan::{Kind, Piece, scan};
use crate::schema::{Definition, Dialect, Expr, Problem};

/// Checks that the text is one expression with nothing after it.
pub(super) fn expression(what: &str, expr: &Expr, found: &mut Vec<Problem>) {
    let pieces = scan(&expr.text);
    let message = match pieces.as_deref() {
        None => format!("{what} is not one complete expression"),
        Some(p) if p.iter().all(|p| p.kind == Kind::OpenComment) => format!("{what} contains no SQL"),
        Some(p) if has(p, ';') => format!("{what} contains a `;`"),
        Some([.., last]) if last.kind == Kind::OpenComment => {
            let problem = Problem::new(format!("{what} ends with a comment"), expr.origin.0, "would comment out what follows");
            return found.push(problem.help("remove the comment; KDL comments start with //"));
        }
        Some(p) => match commas(p) {
            None => format!("{what} is not one complete expression"),
            Some(0) => return found.extend(crate::engine::operators::problem(what, expr)),
            Some(_) => format!("{what} is more than one expression"),
        },
    };
    let problem = Problem::new(message, expr.origin.0, "expected one expression");
    found.push(problem.help("close all brackets and quotes; nothing may follow the expression"));
}

/// Checks that the text is one query with nothing after it.
pub(super) fn query(expr: &Expr, found: &mut Vec<Problem>) {
    let pieces = scan(&expr.text).unwrap_or_default();
    let begins = pieces.iter().find(|p| p.kind != Kind::OpenComment && p.kind != Kind::Symbol('('));
    let selects = begins.is_some_and(|p| ["SELECT", "WITH", "VALUES", "TABLE"].iter().any(|k| p.is(&expr.text, k)));
    let comment = pieces.last().filter(|p| p.kind == Kind::OpenComment).map(|p| &expr.text[p.start..]);
    let left_open = comment.is_some_and(|c| c.starts_with("/*"));
    if !selects || left_open || has(&pieces, ';') || commas(&pieces).is_none() {
        found.push(Problem::new("a view must be one query", expr.origin.0, "not one SELECT").help("write as \"SELECT …\""));
    } else if comment.is_some() {
        let problem = Problem::new("the query of a view ends with a comment", expr.origin.0, "would comment out what follows");
        found.push(problem.help("remove the comment, or put it before the query"));
    }
}

/// Checks that the text is the rest of one statement.
pub(super) fn definition(definition: &Definition, found: &mut Vec<Problem>) {
    let (kind, body) = (definition.kind, &definition.body);
    let pieces = scan(&body.text);
    let why = match pieces.as_deref() {
        None => "is not one complete statement".to_owned(),
        Some(p) if p.iter().all(|p| p.kind == Kind::OpenComment) => "contains no SQL".to_owned(),
        Some(p) if p.iter().any(|p| p.kind == Kind::OpenComment && body.text[p.start..].starts_with("/*")) => {
            "has a comment that does not end".to_owned()
        }
        Some(p) if has(p, ';') && !is_atomic(&body.text, p) => "contains a `;`".to_owned(),
        Some(p) if commas(p).is_none() => "is not one complete statement".to_owned(),
        Some(_) => return,
    };
    let problem =
        Problem::new(format!("the definition of {kind} `{}` {why}", definition.name.name), body.origin.0, "expected one statement");
    let is_on_both = !crate::schema::Kind::from(kind).does_nothing_in(Dialect::Sqlite);
    found.push(problem.help(match is_on_both {
        true => "the databases write it differently: restrict this one to SQLite with only=sqlite, and declare another for PostgreSQL",
        false => "write what follows the name in one CREATE statement, and close all brackets and quotes",
    }));
}

/// Returns whether semicolons are within a body such as `BEGIN ATOMIC …; END`.
fn is_atomic(text: &str, pieces: &[Piece]) -> bool {
    let begins = pieces.windows(2).any(|p| p[0].is(text, "begin") && p[1].is(text, "atomic"));
    let last = pieces.iter().rfind(|p| p.kind != Kind::OpenComment);
    begins && last.is_some_and(|p| p.is(text, "end"))
}

/// Returns whether the text consists of words, sizes in brackets and array brackets: what may follow a
/// column's name as its type and nothing else.
pub(super) fn is_type(name: &str) -> bool {
    const CLAUSES: [&str; 16] = [
        "AS",
        "CHECK",
        "COLLATE",
        "COMPRESSION",
        "CONSTRAINT",
        "DEFAULT",
        "DEFERRABLE",
        "GENERATED",
        "INITIALLY",
        "NOT",
        "NULL",
        "PRIMARY",
        "REFERENCES",
        "STORAGE",
        "UNIQUE",
        "USING",
    ];
    let Some(pieces) = scan(name) else { return false };
    let known = pieces.iter().all(|p| match p.kind {
        Kind::Word => !CLAUSES.iter().any(|c| p.is(name, c)),
        Kind::Name | Kind::Number => true,
        Kind::Symbol(c) => "()[].,-".contains(c),
        Kind::Text | Kind::OpenComment => false,
    });
    let named = pieces.first().is_some_and(|p| matches!(p.kind, Kind::Word | Kind::Name));
    known && named && commas(&pieces) == Some(0)
}

/// Returns whether the text is an operator class: a name, optionally with schema and parameters.
pub(super) fn is_operator_class(name: &str) -> bool {
    let Some(pieces) = scan(name) else { return false };
    let inner = pieces.iter().all(|p| match p.kind {
        Kind::Symbol(c) => "().,=-".contains(c),
        Kind::OpenComment => false,
        _ => true,
    });
    // Only parameters may follow the name: `ops DESC` would be read as an order.
    let words = pieces.iter().take_while(|p| p.kind != Kind::Symbol('('));
    let one_name =
        words.enumerate().all(|(i, p)| if i % 2 == 0 { matches!(p.kind, Kind::Word | Kind::Name) } else { p.kind == Kind::Symbol('.') });
    let ends = pieces.iter().position(|p| p.kind == Kind::Symbol('(')).is_none_or(|_| name.trim_end().ends_with(')'));
    inner && one_name && ends && !pieces.is_empty() && commas(&pieces) == Some(0)
}

/// Returns whether the text is an operator: `&&`, or `OPERATOR(schema.&&)`.
pub(super) fn is_operator(name: &str) -> bool {
    let bare = |t: &str| !t.is_empty() && t.chars().all(|c| "+-*/<>=~!@#%^&|`?".contains(c)) && !t.contains("--") && !t.contains("/*");
    let inner = name.strip_prefix("OPERATOR(").or_else(|| name.strip_prefix("operator(")).and_then(|t| t.strip_suffix(')'));
    let named = |t: &str| t.chars().all(|c| c.is_alphanumeric() || c == '_');
    bare(name) || inner.is_some_and(|t| t.rsplit_once('.').map_or(bare(t), |(schema, op)| named(schema) && bare(op)))
}

/// Returns whether the text is a name of a storage parameter or an access method: plain words, joined by
/// dots.
pub(super) fn is_plain_name(name: &str) -> bool {
    name.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

fn has(pieces: &[Piece], symbol: char) -> bool {
    pieces.iter().any(|p| p.kind == Kind::Symbol(symbol))
}

/// Returns how many commas are outside of brackets. `None` if the brackets do not match.
fn commas(pieces: &[Piece]) -> Option<usize> {
    let mut open = Vec::new();
    let mut commas = 0;
    for piece in pieces {
        match piece.kind {
            Kind::Symbol('(') => open.push(')'),
            Kind::Symbol('[') => open.push(']'),
            Kind::Symbol(c @ (')' | ']')) if open.pop() != Some(c) => return None,
            Kind::Symbol(',') if open.is_empty() => commas += 1,
            _ => {}
        }
    }
    open.is_empty().then_some(commas)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_types_and_nothing_else() {
        for name in
            ["citext", "text[]", "int4[3][]", "timestamp(3) with time zone", "app.\"My Type\"", "geometry(Point,4326)", "numeric(5,-2)"]
        {
            assert!(is_type(name), "{name}");
        }
        for name in ["", "text DEFAULT 1", "text, b text", "text)", "text; x", "text -- x", "text NOT NULL", "text 'x'", "(1)"] {
            assert!(!is_type(name), "{name}");
        }
    }

    #[test]
    fn one_expression() {
        let said = |text: &str| {
            let mut found = Vec::new();
            expression("it", &Expr::new(text), &mut found);
            found.first().map(|p| p.message.clone()).unwrap_or_default()
        };
        for text in ["a > 0", "f(a, b)", "ARRAY[1, 2]", "';'", "$$;$$", "(a, b) = (c, d)", "a -- x\n > 0", "E'\\';' || x"] {
            assert_eq!(said(text), "", "{text}");
        }
        for (text, message) in [
            ("1; DROP TABLE a", "it contains a `;`"),
            ("1), (2", "it is not one complete expression"),
            ("1, 2", "it is more than one expression"),
            ("(1]", "it is not one complete expression"),
            ("'a", "it is not one complete expression"),
            ("1 --", "it ends with a comment"),
            ("1 /* /* */", "it ends with a comment"),
            ("/* */", "it contains no SQL"),
        ] {
            assert_eq!(said(text), message, "{text}");
        }
    }

    #[test]
    fn operators_and_their_classes() {
        assert!(is_operator("&&") && is_operator("=") && is_operator("OPERATOR(pg_catalog.=)"));
        assert!(!is_operator("= x") && !is_operator("--") && !is_operator("") && !is_operator("OPERATOR(a b.=)"));
        assert!(is_operator_class("text_ops") && is_operator_class("public.gist_trgm_ops(siglen=32)"));
        assert!(
            !is_operator_class("text_ops DESC") && !is_operator_class("a, b") && !is_operator_class("") && !is_operator_class("a(b) c")
        );
    }
}
