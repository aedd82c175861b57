//! A drop and an addition that look like a rename that nobody wrote down. Only says so: what it would be to rename is for
//! people to know, so nothing is done about it. Takes one too few over one too many.

use crate::diff::{Changes, Delta, TableChange, TableEdits};
use crate::kdl;
use crate::schema::{Address, Column, Ident, Table};

/// What may be a rename, and the line that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What goes.
    pub address: Address,
    /// Its name.
    pub old: String,
    /// The name of what comes.
    pub new: String,
    /// The line to write in the schema.
    pub line: String,
}

/// All that may be renames: tables that come and go, and columns of one table.
pub fn suggestions(changes: &Changes) -> Vec<Suggestion> {
    let gone: Vec<&Table> = changes.tables.iter().filter_map(|c| if let TableChange::Drop(t) = c { Some(t) } else { None }).collect();
    let come: Vec<&Table> = changes.tables.iter().filter_map(|c| if let TableChange::Create(t) = c { Some(t) } else { None }).collect();
    let mut found: Vec<Suggestion> = pairs(&gone, &come, alike).into_iter().map(|(old, new)| of_table(old, new)).collect();
    for change in &changes.tables {
        if let TableChange::Alter(edits) = change {
            found.extend(of_columns(edits));
        }
    }
    found
}

/// What is alike, where each has one like it and no more: of several nobody knows which is meant.
fn pairs<'t, T>(gone: &[&'t T], come: &[&'t T], alike: impl Fn(&T, &T) -> bool) -> Vec<(&'t T, &'t T)> {
    let mut found = Vec::new();
    for old in gone {
        let mut like = come.iter().filter(|new| alike(old, new));
        if let (Some(new), None) = (like.next(), like.next())
            && gone.iter().filter(|other| alike(other, new)).count() == 1
        {
            found.push((*old, *new));
        }
    }
    found
}

/// Three columns at least, and of those of the larger table four in five with the same name and type.
fn alike(old: &Table, new: &Table) -> bool {
    let same = old.columns.values().filter(|c| new.columns.get(&c.name).is_some_and(|n| n.ty == c.ty)).count();
    let all = old.columns.len().max(new.columns.len());
    old.name.schema == new.name.schema && same >= 3 && same * 5 >= all * 4
}

fn of_table(old: &Table, new: &Table) -> Suggestion {
    let text = kdl::encode_table(new);
    let head = text.lines().next().unwrap_or_default().trim_end_matches('{').trim_end();
    let line = format!("{head} was={} {{ … }}", kdl::string_repr(old.name.name.as_str()));
    Suggestion { address: old.address(), old: old.name.to_string(), new: new.name.to_string(), line }
}

fn of_columns(edits: &TableEdits) -> Vec<Suggestion> {
    let gone: Vec<&Column> = edits.columns.iter().filter_map(|d| if let Delta::Drop(c) = d { Some(c) } else { None }).collect();
    let come: Vec<&Column> = edits.columns.iter().filter_map(|d| if let Delta::Create(c) = d { Some(c) } else { None }).collect();
    let only = gone.len() == 1 && come.len() == 1;
    let like = |old: &Column, new: &Column| may_be(old, new) && (names_alike(&old.name, &new.name) || (only && same_rules(old, new)));
    let line = |old: &Column, new: &Column| {
        let renamed = Column { was: vec![old.name.clone()], ..new.clone() };
        kdl::column_line(&renamed, &edits.after)
    };
    let found = pairs(&gone, &come, like).into_iter();
    found
        .map(|(old, new)| Suggestion {
            address: edits.after.address().child("column", &old.name),
            old: old.name.to_string(),
            new: new.name.to_string(),
            line: line(old, new),
        })
        .collect()
}

/// A rename keeps the type. What is computed is computed again.
fn may_be(old: &Column, new: &Column) -> bool {
    old.ty == new.ty && old.generated.is_none() && new.generated.is_none() && new.backfill.is_none()
}

/// Whether nothing but the name differs, and that is not all there is: two plain texts are alike only by name.
fn same_rules(old: &Column, new: &Column) -> bool {
    let alike = old.not_null == new.not_null && old.default == new.default && old.collate == new.collate;
    alike && (old.not_null || old.default.is_some())
}

/// One is in the other, a word is common to both, or a letter or two differ.
fn names_alike(old: &Ident, new: &Ident) -> bool {
    let words = |name: &Ident| {
        let mut text = String::new();
        for c in name.as_str().chars() {
            if c.is_uppercase() {
                text.push('_');
            }
            text.extend(c.to_lowercase());
        }
        text.split('_').filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let (a, b) = (words(old), words(new));
    // `id`, `at` and the like stand in names that have nothing else in common.
    let common = a.iter().any(|w| w.len() > 3 && b.contains(w));
    common || crate::schema::nearest(&a.concat(), [b.concat().as_str()]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::sqlite::desired;
    use crate::lint::tests::schema;
    use crate::schema::Dialect;

    fn found(before: &str, after: &str) -> Vec<String> {
        let read = |kdl: &str| desired(schema(kdl, Dialect::Sqlite)).unwrap();
        let changes = crate::diff::diff(&read(before), &read(after)).unwrap();
        suggestions(&changes).iter().map(|s| format!("{}: {}", s.address, s.line)).collect()
    }

    fn columns(before: &str, after: &str) -> Vec<String> {
        let table = |columns: &str| format!("table t {{ column id serial primary-key; {columns} }}");
        found(&table(before), &table(after))
    }

    #[test]
    fn columns_that_may_be_one() {
        assert_eq!(
            columns("column last_error text;", "column error_message text;"),
            ["table.t.column.last_error: column error_message text was=last_error"]
        );
        assert_eq!(columns("column userId integer;", "column user_id integer not-null;").len(), 1);
        assert_eq!(columns("column colour text;", "column color text;").len(), 1);
        assert_eq!(columns("column a integer not-null default=3;", "column zz integer not-null default=3;").len(), 1);
    }

    #[test]
    fn columns_that_are_two() {
        for (before, after) in [
            ("column last_error text;", "column error_message integer;"),
            ("column nick text;", "column bio text;"),
            ("column nick text;", "column nick_name integer;"),
            ("column error_a text;", "column error_b text; column error_c text;"),
            ("column error_a text; column error_b text;", "column error_c text;"),
            ("column full_name text;", "column full_text text generated=\"'a'\";"),
        ] {
            assert!(columns(before, after).is_empty(), "{before} {after}");
        }
    }

    #[test]
    fn tables_that_may_be_one() {
        let rest = "{ column id serial primary-key; column a text; column b integer; column c text; }";
        assert_eq!(found(&format!("table users {rest}"), &format!("table members {rest}")), ["table.users: table members was=users { … }"]);
        assert!(found(&format!("table users {rest}"), "table members { column id serial primary-key; column a text; }").is_empty());
        let two = format!("table m {rest}\ntable n {rest}");
        assert!(found(&format!("table users {rest}"), &two).is_empty());
    }
}
