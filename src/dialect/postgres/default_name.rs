//! The names that PostgreSQL gives to constraints and sequences that get none (`makeObjectName` and its callers in
//! `src/backend/commands/indexcmds.c` and `tablecmds.c`). Does not look whether a name is taken: PostgreSQL then puts 1,
//! 2, … behind it.

use super::words::words;
use crate::schema::{Check, Domain, Exclusion, ForeignKey, Ident, IndexPart, KeyPart, ObjectName, PartKey, PrimaryKey, Table, Unique};

/// The longest name in bytes: `NAMEDATALEN` less its closing zero.
const MOST: usize = 63;

/// `name1_name2_label`, the longer of the two names shortened until all of it fits.
pub(crate) fn make(name1: &str, name2: Option<&str>, label: &str) -> String {
    let overhead = label.len() + 1 + name2.map_or(0, |_| 1);
    let most = MOST.saturating_sub(overhead);
    let (mut one, mut two) = (name1.len(), name2.map_or(0, str::len));
    while one + two > most {
        if one > two { one -= 1 } else { two -= 1 }
    }
    let second = name2.map(|n| format!("_{}", clip(n, two))).unwrap_or_default();
    format!("{}{second}_{label}", clip(name1, one))
}

/// At most so many bytes, and no half character.
pub(crate) fn clip(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|n| text.is_char_boundary(*n));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// Column names with `_` between them; what no name can hold is left out.
fn joined<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut out = String::new();
    for name in names {
        if !out.is_empty() {
            out.push('_');
        }
        out.push_str(name);
        if out.len() > MOST {
            break;
        }
    }
    out
}

fn idents(names: &[Ident]) -> impl Iterator<Item = &str> {
    names.iter().map(Ident::as_str)
}

/// The name of a primary key without one.
pub(crate) fn primary_key(table: &ObjectName, _: &PrimaryKey) -> String {
    make(table.name.as_str(), None, "pkey")
}

fn key_name(table: &ObjectName, parts: &[KeyPart], include: &[Ident]) -> String {
    let columns = index_columns(parts.iter().map(|p| p.column.to_string()), include);
    make(table.name.as_str(), Some(&joined(columns.iter().map(String::as_str))), "key")
}

/// The names of an index's columns: one that is there already gets a number.
fn index_columns(parts: impl Iterator<Item = String>, include: &[Ident]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in parts.chain(include.iter().map(ToString::to_string)) {
        let free = free(&name, |n| names.iter().any(|m| m == n));
        names.push(free);
    }
    names
}

/// The name of a UNIQUE constraint without one.
pub(crate) fn unique(table: &ObjectName, unique: &Unique) -> String {
    key_name(table, &unique.parts, &unique.include)
}

/// The name of a CHECK constraint without one: the column's name is part of it where the condition names just one.
pub(crate) fn check(table: &Table, check: &Check) -> String {
    let named = words(&check.expr.text);
    let columns: Vec<&Ident> = table.columns.keys().filter(|c| named.contains(c.as_str())).collect();
    let one = if let [one] = columns.as_slice() { Some(one.as_str()) } else { None };
    make(table.name.name.as_str(), one, "check")
}

/// The name of a domain's CHECK constraint without one.
pub(crate) fn domain_check(domain: &Domain) -> String {
    make(domain.name.name.as_str(), None, "check")
}

/// The name of a foreign key without one.
pub(crate) fn foreign_key(table: &ObjectName, fk: &ForeignKey) -> String {
    make(table.name.as_str(), Some(&joined(idents(&fk.columns))), "fkey")
}

/// The name of an exclusion constraint without one. An expression is called by its outermost function, or `expr`.
pub(crate) fn exclusion(table: &ObjectName, exclusion: &Exclusion) -> String {
    let names = index_columns(exclusion.parts.iter().map(|(part, _)| part_name(part)), &exclusion.include);
    make(table.name.as_str(), Some(&joined(names.iter().map(String::as_str))), "excl")
}

fn part_name(part: &IndexPart) -> String {
    match &part.key {
        PartKey::Column(c) => c.to_string(),
        PartKey::Expr(e) => function_of(&e.text).unwrap_or_else(|| "expr".to_owned()),
    }
}

/// The function that an expression is a call of: nothing may stand behind the bracket that closes it.
fn function_of(sql: &str) -> Option<String> {
    let (name, rest) = sql.trim().split_once('(')?;
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
    let mut depth = 1usize;
    let close = rest.bytes().position(|b| {
        depth = match b {
            b'(' => depth + 1,
            b')' => depth.saturating_sub(1),
            _ => depth,
        };
        depth == 0
    });
    (plain && close.is_some_and(|n| n + 1 == rest.len())).then(|| name.rsplit('.').next().unwrap_or(name).to_lowercase())
}

/// The name of the sequence that a serial or identity column brings.
pub(crate) fn sequence(table: &ObjectName, column: &Ident) -> String {
    make(table.name.as_str(), Some(column.as_str()), "seq")
}

/// The name, or the first with a number behind it, that is not taken.
pub(crate) fn free(base: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(base) {
        return base.to_owned();
    }
    let numbered = |n: usize| format!("{}{n}", clip(base, MOST.saturating_sub(n.to_string().len())));
    (1..=999).map(numbered).find(|n| !taken(n)).unwrap_or_else(|| base.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_shortened_by_turns() {
        assert_eq!(make("t", Some("a_b"), "key"), "t_a_b_key");
        let (long, longer) = ("x".repeat(40), "y".repeat(60));
        let name = make(&long, Some(&longer), "fkey");
        assert_eq!(name, format!("{}_{}_fkey", "x".repeat(29), "y".repeat(28)));
        assert_eq!(make(&"é".repeat(40), None, "pkey"), format!("{}_pkey", "é".repeat(29)));
    }

    #[test]
    fn expressions_are_called_by_their_function() {
        assert_eq!(function_of("lower((a)::text)"), Some("lower".to_owned()));
        assert_eq!(function_of("lower(a) || upper(b)"), None);
        assert_eq!(function_of("(a + 1)"), None);
    }

    #[test]
    fn taken_names_get_numbers() {
        assert_eq!(free("t_check", |n| ["t_check", "t_check1"].contains(&n)), "t_check2");
    }
}
