//! The picture as Mermaid's `erDiagram`.
//!
//! Its names and comments know no escapes: what they cannot hold is replaced, and told apart by a number where two names
//! become one. A replaced column keeps its own name in its comment.

use std::collections::BTreeSet;

use super::picture::{Picture, Relation, Row};
use super::sign;
use crate::render::markup::turns;

/// Writes the diagram.
pub(super) fn write(picture: &Picture) -> String {
    let mut taken = BTreeSet::new();
    let names: Vec<String> = picture.entities.iter().map(|e| unused(quotable(&e.name), &mut taken)).collect();
    let mut out = "erDiagram\n".to_owned();
    for (entity, name) in picture.entities.iter().zip(&names) {
        let sign = sign(entity.mark);
        let label = if sign.is_empty() { String::new() } else { format!("[\"{sign}{name}\"]") };
        out.push_str(&format!("    \"{name}\"{label} {{\n"));
        let mut taken = BTreeSet::new();
        entity.rows.iter().for_each(|r| out.push_str(&format!("        {}\n", row(r, &mut taken))));
        out.push_str("    }\n");
    }
    picture.relations.iter().for_each(|r| out.push_str(&format!("    {}\n", relation(r, &names))));
    out
}

/// Text as it can stand between quotes: no quote, percent sign, backslash or line end.
pub(super) fn quotable(text: &str) -> String {
    let shown = |c: char| match c {
        '"' => '\'',
        '%' | '\\' => '_',
        c if c.is_control() || turns(c) => ' ',
        c => c,
    };
    let text: String = text.chars().map(shown).collect();
    // Nothing at all is no name.
    if text.trim().is_empty() { "_".to_owned() } else { text }
}

/// A word: letters, digits and a few signs.
fn word(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-[]()".contains(c) || ('\u{c0}'..='\u{ffff}').contains(&c) && c.is_alphanumeric();
    let word: String = text.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    let starts = word.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if starts { word } else { format!("_{word}") }
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
        said.push(quotable(&row.name));
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
    format!("\"{to}\" {parent}--{child} \"{from}\" : \"{}\"", quotable(&relation.label))
}
