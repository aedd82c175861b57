//! Finds drops and additions that look like an undeclared rename. Only reports them: whether a rename is
//! meant is for people to decide. Prefers false negatives to false positives, and reports each object once.
//!
//! It compares names, types, constraints and positions, and the definitions of indexes and views. It cannot
//! compare values, as the new object does not exist yet.

use super::likeness::{self, Columns};
use crate::diff::{Changes, Delta, TableChange, TableEdits};
use crate::kdl::{Sources, line_with_old_name, string_repr};
use crate::schema::{Address, Column, Ident, Index, MaterializedView, Origin, Part, Table, View};

/// A possible rename, and the line that would declare it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suggestion {
    /// What is dropped.
    pub address: Address,
    /// The name.
    pub old: String,
    /// The name of what is added.
    pub new: String,
    /// The property to write, such as `was=old`.
    pub was: String,
    /// The line to write in the schema, if the file is available.
    pub line: Option<String>,
}

/// Returns all possible renames: tables, views and materialized views that are added and dropped, and the
/// columns and indexes of one table. The lines are taken from `sources`, which may be empty.
pub fn suggestions(changes: &Changes, sources: &Sources) -> Vec<Suggestion> {
    let mut found = of_tables(changes, sources);
    for change in changes.tables() {
        if let TableChange::Alter(edits) = change {
            found.extend(of_columns(edits, sources));
            found.extend(of_indexes(edits, sources));
        }
    }
    let names = |v: &View| (v.address(), v.name.name.clone(), v.origin);
    found.extend(of_deltas(changes.views(), likeness::views, names, sources));
    let names = |v: &MaterializedView| (v.address(), v.name.name.clone(), v.origin);
    found.extend(of_deltas(changes.materialized_views(), likeness::materialized_views, names, sources));
    found
}

/// Returns the pairs that are more similar to each other than to anything else; ties are ambiguous and left
/// out.
fn pairs<'t, T>(gone: &[&'t T], come: &[&'t T], likeness: impl Fn(&T, &T) -> Option<u32>) -> Vec<(&'t T, &'t T)> {
    let best = |all: &[Option<u32>]| {
        let most = all.iter().flatten().max()?;
        let mut at = all.iter().enumerate().filter(|(_, l)| l.as_ref() == Some(most)).map(|(i, _)| i);
        at.next().filter(|_| at.next().is_none())
    };
    let mut found = Vec::new();
    for (i, old) in gone.iter().enumerate() {
        let of_old: Vec<Option<u32>> = come.iter().map(|new| likeness(old, new)).collect();
        let Some(new) = best(&of_old).and_then(|at| come.get(at)) else { continue };
        let of_new: Vec<Option<u32>> = gone.iter().map(|old| likeness(old, new)).collect();
        if best(&of_new) == Some(i) {
            found.push((*old, *new));
        }
    }
    found
}

fn suggestion(address: Address, old: &Ident, new: (&Ident, Origin), sources: &Sources) -> Suggestion {
    Suggestion {
        address,
        old: old.to_string(),
        new: new.0.to_string(),
        was: format!("was={}", string_repr(old.as_str())),
        line: line_with_old_name(sources, new.1, old),
    }
}

/// Returns what a list of differences drops, and what it adds.
fn gone_and_come<'d, T: 'd>(deltas: impl Iterator<Item = &'d Delta<T>> + Clone) -> (Vec<&'d T>, Vec<&'d T>) {
    let gone = deltas.clone().filter_map(|d| if let Delta::Drop(t) = d { Some(t) } else { None });
    let come = deltas.filter_map(|d| if let Delta::Create(t) = d { Some(t) } else { None });
    (gone.collect(), come.collect())
}

fn of_tables(changes: &Changes, sources: &Sources) -> Vec<Suggestion> {
    let gone: Vec<&Table> = changes.tables().filter_map(|c| if let TableChange::Drop(t) = c { Some(t) } else { None }).collect();
    let come: Vec<&Table> = changes.tables().filter_map(|c| if let TableChange::Create(t) = c { Some(t) } else { None }).collect();
    let found = pairs(&gone, &come, likeness::tables).into_iter();
    found.map(|(old, new)| suggestion(old.address(), &old.name.name, (&new.name.name, new.origin), sources)).collect()
}

fn of_columns(edits: &TableEdits, sources: &Sources) -> Vec<Suggestion> {
    let (gone, come) = gone_and_come::<Column>(edits.columns.iter());
    let columns = Columns::new(edits, gone.len() == 1 && come.len() == 1);
    let found = pairs(&gone, &come, |old, new| columns.likeness(old, new)).into_iter();
    found
        .map(|(old, new)| suggestion(edits.after.address().child(Part::Column, &old.name), &old.name, (&new.name, new.origin), sources))
        .collect()
}

fn of_indexes(edits: &TableEdits, sources: &Sources) -> Vec<Suggestion> {
    let names = |i: &Index| (edits.after.address().child(Part::Index, &i.name), i.name.clone(), i.origin);
    of_deltas(edits.indexes.iter(), likeness::indexes, names, sources)
}

fn of_deltas<'d, T: 'd>(
    deltas: impl Iterator<Item = &'d Delta<T>> + Clone,
    likeness: impl Fn(&T, &T) -> Option<u32>,
    names: impl Fn(&T) -> (Address, Ident, Origin),
    sources: &Sources,
) -> Vec<Suggestion> {
    let (gone, come) = gone_and_come(deltas);
    let of = |(old, new): (&T, &T)| {
        let ((address, old, _), (_, new, origin)) = (names(old), names(new));
        suggestion(address, &old, (&new, origin), sources)
    };
    pairs(&gone, &come, likeness).into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::desired;
    use crate::kdl::decode;
    use crate::schema::Dialect;

    fn found(before: &str, after: &str) -> Vec<String> {
        let sources = Sources::from_text("schema.kdl", after);
        let read = |sources: &Sources| desired(decode(sources, Dialect::Sqlite).unwrap(), Dialect::Sqlite).unwrap();
        let changes = crate::diff::diff(&read(&Sources::from_text("before.kdl", before)), &read(&sources)).unwrap();
        suggestions(&changes, &sources).iter().map(|s| format!("{}: {}", s.address, s.line.as_deref().unwrap_or("-"))).collect()
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
        assert_eq!(columns("column \"unit price\" uuid;", "column unit_price uuid;")[0], {
            "table.t.column.unit price: column unit_price uuid was=\"unit price\""
        });
        for (before, after) in [
            ("column userId integer;", "column user_id integer not-null;"),
            ("column colour text;", "column color text;"),
            ("column a integer not-null default=3;", "column zz integer not-null default=3;"),
            ("column foo text; column k text;", "column bar text; column k text;"),
            ("column e text;", "column f text;"),
            ("column j jsonb;", "column k date; column jj jsonb;"),
            ("column nick \"varchar(20)\";", "column nick_name text; column x text;"),
        ] {
            assert_eq!(columns(before, after).len(), 1, "{before} {after}");
        }
        assert_eq!(
            columns("column first_name text; column last_name text;", "column name_first text; column name_last text;"),
            [
                "table.t.column.first_name: column name_first text was=first_name",
                "table.t.column.last_name: column name_last text was=last_name"
            ]
        );
    }

    #[test]
    fn columns_that_are_two() {
        for (before, after) in [
            ("column last_error text;", "column error_message integer;"),
            ("column nick text;", "column nick_name integer;"),
            ("column nick text; column k text;", "column k text; column bio text;"),
            ("column ok boolean not-null; column k text;", "column k text; column paid boolean not-null;"),
            ("column e text; column k text;", "column k text; column f text;"),
            ("column nick \"varchar(20)\";", "column bio text;"),
            ("column e text; column k text;", "column k text; column f text; column g text;"),
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
        assert_eq!(found(&format!("table users {rest}"), &format!("table user {rest}\ntable n {rest}")).len(), 1);
        let small = "{ column id serial primary-key; column name text; }";
        assert_eq!(found(&format!("table colours {small}"), &format!("table shades {small}")).len(), 1);
        assert!(found("table a { column id serial primary-key; }", "table b { column id serial primary-key; }").is_empty());
    }

    #[test]
    fn indexes_and_views_of_one_definition() {
        let table = |index: &str| format!("table t {{ column id serial primary-key; column a text; {index}; }}");
        assert_eq!(
            found(&table("index i a where=\"a > ''\""), &table("index ix_a a where=\"a > ''\"")),
            ["table.t.index.i: index ix_a a where=\"a > ''\" was=i"]
        );
        assert!(found(&table("index i a"), &table("index j a unique=#true")).is_empty());
        let view = |head: &str| format!("table t {{ column id serial primary-key; }}\nview {head} {{ as \"SELECT id FROM t\" }}");
        assert_eq!(found(&view("v"), &view("w comment=\"all\"")), ["view.v: view w comment=\"all\" was=v { … }"]);
    }
}
