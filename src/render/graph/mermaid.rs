//! The diagram as Mermaid's `erDiagram`.
//!
//! Its names and comments have no escapes: characters that they cannot contain are replaced, and names that
//! become equal are numbered. A replaced column name is kept in its comment.

use std::collections::BTreeSet;

use super::picture::{Picture, Relation, Row};
use super::sign;
use crate::schema::deceives;

/// The most characters that Mermaid draws by default
/// (<https://mermaid.js.org/config/schema-docs/config.html#maxtextsize>).
const LIMIT: usize = 50_000;

/// Writes the diagram. If it would be too long for Mermaid, columns are left out, and the diagram says so.
pub(super) fn write(picture: &Picture) -> String {
    let all = diagram(picture, |_| true, "");
    if all.chars().count() <= LIMIT {
        return all;
    }
    let keys = "%% only key columns and changed columns are shown: Mermaid draws at most 50,000 characters\n";
    let some = diagram(picture, |r| r.key || r.foreign || r.mark.is_some(), keys);
    if some.chars().count() <= LIMIT {
        return some;
    }
    diagram(picture, |_| false, "%% no columns are shown: Mermaid draws at most 50,000 characters\n")
}

fn diagram(picture: &Picture, shown: impl Fn(&Row) -> bool, note: &str) -> String {
    let mut taken = BTreeSet::new();
    let names: Vec<String> = picture.entities.iter().map(|e| unused(plain(&e.name), &mut taken)).collect();
    let mut out = format!("erDiagram\n{note}");
    for (entity, name) in picture.entities.iter().zip(&names) {
        let sign = sign(entity.mark);
        let label = if sign.is_empty() { String::new() } else { format!("[\"{sign}{name}\"]") };
        out.push_str(&format!("    \"{name}\"{label} {{\n"));
        let mut taken = BTreeSet::new();
        entity.rows.iter().filter(|r| shown(r)).for_each(|r| out.push_str(&format!("        {}\n", row(r, &mut taken))));
        out.push_str("    }\n");
    }
    picture.relations.iter().for_each(|r| out.push_str(&format!("    {}\n", relation(r, &names))));
    out
}

/// Returns text for quotes in this kind of diagram, in which text between two tildes is read as a type
/// parameter.
fn plain(text: &str) -> String {
    quotable(text).replace('~', "_")
}

/// Returns text that can be quoted: without quotes, percent signs, backslashes and line ends.
pub(super) fn quotable(text: &str) -> String {
    let shown = |c: char| match c {
        '"' => '\'',
        '%' | '\\' => '_',
        c if c.is_control() || deceives(c) => ' ',
        c => c,
    };
    let text: String = text.chars().map(shown).collect();
    // An empty name is invalid.
    if text.trim().is_empty() { "_".to_owned() } else { text }
}

/// Returns a word of letters, digits and a few other characters.
fn word(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-[]()".contains(c) || ('\u{c0}'..='\u{ffff}').contains(&c) && c.is_alphanumeric();
    let word: String = text.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    let starts = word.starts_with(|c: char| c.is_alphabetic() || c == '_');
    // These are read as key markers wherever they are separate words, in any case.
    let first = word.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    let mark = ["pk", "fk", "uk"].iter().any(|k| first.eq_ignore_ascii_case(k));
    if starts && !mark { word } else { format!("_{word}") }
}

fn unused(name: String, taken: &mut BTreeSet<String>) -> String {
    let mut found = name.clone();
    let mut n = 2;
    while !taken.insert(found.clone()) {
        found = format!("{name} {n}");
        n += 1;
    }
    found
}

fn row(row: &Row, taken: &mut BTreeSet<String>) -> String {
    let name = unused(word(&row.name), taken).replace(' ', "_");
    let keys: Vec<&str> =
        [(row.key, "PK"), (row.foreign, "FK"), (row.unique && !row.key, "UK")].iter().filter(|k| k.0).map(|k| k.1).collect();
    let mut said: Vec<String> = Vec::new();
    if let Some(mark) = row.mark {
        said.push(mark.word().to_owned());
    }
    if name != row.name {
        said.push(plain(&row.name));
    }
    if row.not_null && !row.key {
        said.push("not null".to_owned());
    }
    let ty = if row.ty.is_empty() { "any".to_owned() } else { word(&row.ty) };
    let mut text = format!("{ty} {name}");
    if !keys.is_empty() {
        text.push_str(&format!(" {}", keys.join(", ")));
    }
    if !said.is_empty() {
        text.push_str(&format!(" \"{}\"", said.join(", ")));
    }
    text
}

fn relation(relation: &Relation, names: &[String]) -> String {
    let parent = if relation.optional { "|o" } else { "||" };
    let child = if relation.single { "o|" } else { "o{" };
    let (to, from) = (&names[relation.to.0], &names[relation.from.0]);
    format!("\"{to}\" {parent}--{child} \"{from}\" : \"{}\"", plain(&relation.label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_no_marks_of_keys() {
        for (text, wanted) in
            [("pk", "_pk"), ("Fk", "_Fk"), ("UK", "_UK"), ("uk-x", "_uk-x"), ("pk_id", "pk_id"), ("a~b~", "a_b_"), ("1", "_1")]
        {
            assert_eq!(word(text), wanted);
        }
        assert_eq!(plain("a~b~\"c"), "a_b_'c");
    }
}
