//! Recognizes SQL in place of the words of the schema language: `NOT NULL` for `not-null`, `foreign key` for
//! `foreign-key`, an index outside its table. Only provides the help of an error; accepts nothing.

use super::node::{Arg, Node};
use crate::schema::{Kind, Problem, Span};

/// Nodes of a table that are also statements in SQL.
const IN_A_TABLE: [&str; 7] = ["column", "primary-key", "unique", "foreign-key", "check", "exclude", "index"];

/// Unmanaged objects of PostgreSQL, as a schema file could name them.
const NOT_MANAGED: [&str; 6] = ["aggregate", "policy", "rule", "grant", "role", "publication"];

/// Reads all remaining arguments as flags. `properties` are those that SQL writes as a word and a value.
pub(super) fn flags<T: Copy>(node: &mut Node, what: &str, known: &[(&'static str, T)], properties: &[&str]) -> Vec<T> {
    let args = node.rest();
    let (mut found, mut rest) = (Vec::new(), args.as_slice());
    while let Some((arg, more)) = rest.split_first() {
        rest = more;
        let word = arg.value().as_string().unwrap_or_default().to_lowercase();
        let Some((next, later)) = more.split_first() else {
            found.extend(arg.flag(what, known));
            break;
        };
        let joined = format!("{word}-{}", next.value().as_string().unwrap_or_default().to_lowercase());
        if known.iter().any(|(flag, _)| *flag == joined) {
            let written = format!("{} {}", arg.source(), next.source());
            wrong(arg, next, format!("`{written}` is written as one word here"), format!("write `{joined}`"));
            rest = later;
        } else if properties.contains(&word.as_str()) {
            wrong(arg, next, format!("`{word}` is a property"), format!("write `{word}={}`", next.source()));
            rest = later;
        } else {
            found.extend(arg.flag(what, known));
        }
    }
    found
}

/// Reports two arguments that belong together.
fn wrong(first: &Arg, last: &Arg, message: String, help: String) {
    let (from, to) = (first.span(), last.span());
    let both = Span { len: to.start + to.len - from.start, ..from };
    first.ctx.problem(Problem::new(message, both, "here").help(help));
}

/// Returns what to write instead of an unknown node, if it resembles SQL.
pub(super) fn node(node: &Node, known: &[&'static str]) -> Option<String> {
    let name = node.name().to_lowercase();
    let first = node.arguments().first().and_then(|a| a.value().as_string());
    let joined = first.map(|f| format!("{name}-{}", f.to_lowercase()));
    if let Some(meant) = known.iter().find(|k| Some(**k) == joined.as_deref()) {
        return Some(format!("write `{meant}`"));
    }
    if name.starts_with("--") || name.starts_with('#') {
        return Some("a comment begins with `//`".to_owned());
    }
    let in_a_table = known.contains(&"column");
    if !in_a_table && known.contains(&"table") {
        if IN_A_TABLE.contains(&name.as_str()) {
            return Some(format!("`{name}` belongs to a table: write it in the braces of its `table`"));
        }
        if name == "create" {
            return Some(format!("this is SQL; in the schema language, write `{} NAME {{ … }}`", first.unwrap_or("table").to_lowercase()));
        }
        if NOT_MANAGED.contains(&name.as_str()) {
            return Some("rosey does not manage objects of this kind, and leaves those in the database alone".to_owned());
        }
    }
    if in_a_table && Kind::of_word(&name).is_some() {
        return Some(format!("`{name}` is not part of a table: write it outside of the braces"));
    }
    let is_type = |word: &str| matches!(crate::schema::Type::parse(word), t if !matches!(t, crate::schema::Type::Other(_)));
    if in_a_table && first.is_some_and(is_type) {
        return Some(format!("to declare a column, write `column {} {}`", node.name(), first.unwrap_or_default()));
    }
    None
}
