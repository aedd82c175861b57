//! `foreign-key-circle`: tables that cannot get their first row.

use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, ObjectName, Schema, Table};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "foreign-key-circle",
        summary: "Tables point to each other in a circle, each by columns that are not-null.",
        why: "No row can come first: each needs a row of the next table. Only a deferrable foreign key lets them come in one transaction, and backups that load table by table stumble over it.",
        instead: "Let one of the columns be NULL, or make one of the foreign keys deferrable=initially-deferred.",
        example: r#"foreign-key first_post references="posts(id)" deferrable=initially-deferred"#,
    },
    level: Severity::Warning,
    dialect: None,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in schema.tables.values() {
        // Each circle is told once, at the first of its tables.
        let first =
            |circle: &[&ObjectName]| circle.iter().all(|name| schema.tables.get_index_of(*name) >= schema.tables.get_index_of(&table.name));
        if let Some(circle) = circle(schema, table).filter(|c| first(c)) {
            let path = circle.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> ");
            let message = format!("no row can come first: {path} -> {}", table.name);
            let advice = "let one of these columns be NULL, or write deferrable=initially-deferred";
            findings.push(Finding::new(table.address(), table.origin, message, advice));
        }
    }
    findings
}

/// The shortest way from the table back to itself, over at least one other.
fn circle<'s>(schema: &'s Schema, table: &'s Table) -> Option<Vec<&'s ObjectName>> {
    let mut paths: Vec<Vec<&ObjectName>> = vec![vec![&table.name]];
    let mut seen: Vec<&ObjectName> = Vec::new();
    let mut at = 0;
    while let Some(path) = paths.get(at).cloned() {
        at += 1;
        let Some(here) = path.last().and_then(|name| schema.tables.get(*name)) else { continue };
        for next in needed(here) {
            if *next == table.name && path.len() > 1 {
                return Some(path);
            }
            if *next != table.name && !seen.contains(&next) {
                seen.push(next);
                paths.push([path.as_slice(), &[next]].concat());
            }
        }
    }
    None
}

/// The tables that must have a row before this one can.
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
        assert_eq!(found(&RULE, &tables("not-null"), Dialect::Sqlite), ["table.a: no row can come first: a -> b -> a"]);
        assert!(at(&RULE, &tables("")).is_empty());
        assert!(at(&RULE, &tables("not-null deferrable=initially-deferred")).is_empty());
    }
}
