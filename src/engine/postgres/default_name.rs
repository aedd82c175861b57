//! The names that PostgreSQL gives to unnamed constraints and sequences (`makeObjectName` and its callers in
//! `src/backend/commands/indexcmds.c` and `tablecmds.c`). Does not check whether a name is taken: PostgreSQL
//! then appends 1, 2, …

use super::words::words;
use crate::schema::{Check, Domain, Exclusion, ForeignKey, Ident, IndexPart, KeyPart, ObjectName, PartKey, PrimaryKey, Table, Unique};

/// The maximum length of a name in bytes: `NAMEDATALEN` minus its terminating zero.
const MOST: usize = 63;

/// Returns `name1_name2_label`, with the longer of the two names shortened until everything fits.
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

/// Returns at most that many bytes, without splitting a character.
pub(crate) fn clip(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|n| text.is_char_boundary(*n));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// Joins column names with `_`, up to the maximum length of a name.
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

/// Returns the default name of a primary key.
pub(crate) fn primary_key(table: &ObjectName, _: &PrimaryKey) -> String {
    make(table.name.as_str(), None, "pkey")
}

fn key_name(table: &ObjectName, parts: &[KeyPart], include: &[Ident]) -> String {
    let columns = index_columns(parts.iter().map(|p| p.column.to_string()), include);
    make(table.name.as_str(), Some(&joined(columns.iter().map(String::as_str))), "key")
}

/// Returns the names of an index's columns: a repeated name gets a number.
fn index_columns(parts: impl Iterator<Item = String>, include: &[Ident]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in parts.chain(include.iter().map(ToString::to_string)) {
        let free = free(&name, |n| names.iter().any(|m| m == n));
        names.push(free);
    }
    names
}

/// Returns the default name of a UNIQUE constraint.
pub(crate) fn unique(table: &ObjectName, unique: &Unique) -> String {
    key_name(table, &unique.parts, &unique.include)
}

/// Returns the default name of a CHECK constraint: it contains the column's name if the condition names
/// exactly one.
pub(crate) fn check(table: &Table, check: &Check) -> String {
    let named = words(&check.expr.text);
    let columns: Vec<&Ident> = table.columns.keys().filter(|c| named.contains(c.as_str())).collect();
    let one = if let [one] = columns.as_slice() { Some(one.as_str()) } else { None };
    make(table.name.name.as_str(), one, "check")
}

/// Returns the default name of a domain's CHECK constraint.
pub(crate) fn domain_check(domain: &Domain) -> String {
    make(domain.name.name.as_str(), None, "check")
}

/// Returns the default name of a foreign key.
pub(crate) fn foreign_key(table: &ObjectName, fk: &ForeignKey) -> String {
    make(table.name.as_str(), Some(&joined(idents(&fk.columns))), "fkey")
}

/// Returns the default name of an exclusion constraint. An expression is named after its outermost function,
/// or `expr`.
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

/// Returns the function that the whole expression is a call of: nothing may follow the closing bracket.
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

/// Returns the name of the sequence that a serial or identity column creates.
pub(crate) fn sequence(table: &ObjectName, column: &Ident) -> String {
    make(table.name.as_str(), Some(column.as_str()), "seq")
}

/// Returns the name, with the first number appended that makes it unique if it is taken.
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
