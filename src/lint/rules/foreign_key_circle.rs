//! `foreign-key-circle`: tables that cannot get their first row.

use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::schema::{Dialect, ObjectName, Schema, Table};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "foreign-key-circle",
        summary: "Tables reference each other in a cycle, all through not-null columns.",
        why: "No row can be inserted first, because each requires a row in the next table. Only a deferrable foreign key allows the rows to be inserted, in one transaction, and restoring a backup table by table fails.",
        instead: "Make one of the columns nullable, or make one of the foreign keys deferrable=initially-deferred.",
        example: r#"foreign-key first_post references="posts(id)" deferrable=initially-deferred"#,
    },
    level: Severity::Warning,
    applies: everywhere,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let mut told: Vec<Vec<&ObjectName>> = Vec::new();
    let mut findings = Vec::new();
    for table in schema.tables.values() {
        // Only the shortest cycle through each foreign key of the table: a list of all would be unreadable.
        for next in needed(table) {
            let Some(circle) = circle(schema, table, next).map(|c| from_first(schema, c)).filter(|c| !told.contains(c)) else { continue };
            let Some(first) = circle.first().and_then(|name| schema.tables.get(*name)) else { continue };
            let path = circle.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> ");
            let message = format!("no row can be inserted first: {path} -> {}", first.name);
            let advice = "make one of these columns nullable, or write deferrable=initially-deferred";
            findings.push(Finding::new(first.address(), first.origin, message, advice));
            told.push(circle);
        }
    }
    findings
}

/// Rotates the cycle to start at the table that is declared first, so that it is reported once.
fn from_first<'s>(schema: &Schema, mut circle: Vec<&'s ObjectName>) -> Vec<&'s ObjectName> {
    let first = circle.iter().enumerate().min_by_key(|(_, name)| schema.tables.get_index_of(**name)).map_or(0, |(i, _)| i);
    circle.rotate_left(first);
    circle
}

/// Returns the shortest path from the table through `next` back to itself.
fn circle<'s>(schema: &'s Schema, table: &'s Table, next: &'s ObjectName) -> Option<Vec<&'s ObjectName>> {
    let mut paths: Vec<Vec<&ObjectName>> = vec![vec![&table.name, next]];
    let mut seen: Vec<&ObjectName> = vec![next];
    let mut at = 0;
    while let Some(path) = paths.get(at).cloned() {
        at += 1;
        let Some(here) = path.last().and_then(|name| schema.tables.get(*name)) else { continue };
        for next in needed(here) {
            if *next == table.name {
                return Some(path);
            }
            if !seen.contains(&next) {
                seen.push(next);
                paths.push([path.as_slice(), &[next]].concat());
            }
        }
    }
    None
}

/// Returns the tables that must have a row before this one can.
fn needed(table: &Table) -> impl Iterator<Item = &ObjectName> {
    let must = |fk: &&crate::schema::ForeignKey| {
        let filled = fk.columns.iter().all(|c| table.columns.get(c).is_some_and(|c| c.not_null));
        filled && fk.deferrable.is_none() && fk.table != table.name
    };
    table.foreign_keys.iter().filter(must).map(|fk| &fk.table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    fn tables(more: &str) -> String {
        format!(
            "table a {{ column id serial primary-key; column b integer not-null references=b; }}\ntable b {{ column id serial primary-key; column a integer references=a {more}; }}"
        )
    }

    #[test]
    fn circles_without_a_way_in() {
        assert_eq!(found(&RULE, &tables("not-null"), Dialect::Sqlite), ["table.a: no row can be inserted first: a -> b -> a"]);
        assert!(at(&RULE, &tables("")).is_empty());
        assert!(at(&RULE, &tables("not-null deferrable=initially-deferred")).is_empty());
    }

    #[test]
    fn each_circle_is_told_once() {
        let table = |name: &str, to: &[&str]| {
            let columns: String = to.iter().map(|t| format!("column {t} integer not-null references={t}; ")).collect();
            format!("table {name} {{ column id serial primary-key; {columns} }}\n")
        };
        let kdl = table("a", &["b", "c"]) + &table("b", &["a"]) + &table("c", &["d"]) + &table("d", &["a"]) + &table("e", &["a"]);
        assert_eq!(
            found(&RULE, &kdl, Dialect::Sqlite),
            ["table.a: no row can be inserted first: a -> b -> a", "table.a: no row can be inserted first: a -> c -> d -> a"]
        );
    }
}
