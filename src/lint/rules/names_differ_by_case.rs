//! `names-differ-by-case`: names that differ only in case.

use std::collections::HashMap;

use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Address, Dialect, Head, Kind, ObjectName, Origin, Part, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "names-differ-by-case",
        summary: "Two names differ only in case.",
        why: "PostgreSQL distinguishes them only if they are written in double quotes: without quotes, `Users` means `users`. A query that omits the quotes uses the wrong object, and SQLite treats both as the same name.",
        instead: "Rename one of the two with `was=`.",
        example: "table users was=Users { … }",
    },
    level: Severity::Warning,
    applies: |engine| engine.folds_case,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let mut findings = clashes(&relations(schema));
    let types: Vec<Named> = schema.heads_of(Kind::is_type).map(named).collect();
    findings.extend(clashes(&types));
    for table in schema.tables.values() {
        let column = |c: &crate::schema::Column| (table.address().child(Part::Column, &c.name), ObjectName::bare(c.name.clone()), c.origin);
        findings.extend(clashes(&table.columns.values().map(column).collect::<Vec<_>>()));
    }
    findings
}

type Named = (Address, ObjectName, Origin);

fn named((kind, head): (Kind, &Head)) -> Named {
    (Address::of(kind, &head.name), head.name.clone(), head.origin)
}

/// Returns what shares one namespace per schema: tables, views, sequences and indexes.
fn relations(schema: &Schema) -> Vec<Named> {
    let mut all: Vec<Named> = schema.heads_of(Kind::is_relation).map(named).collect();
    for table in schema.tables.values() {
        let index = |i: &crate::schema::Index| {
            let name = table.name.renamed(i.name.clone());
            (table.address().child(Part::Index, &i.name), name, i.origin)
        };
        all.extend(table.indexes.values().map(index));
    }
    all
}

fn clashes(all: &[Named]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut alike: HashMap<String, Vec<&ObjectName>> = HashMap::new();
    for (address, name, origin) in all {
        let earlier = alike.entry(name.to_string().to_lowercase()).or_default();
        if let Some(first) = earlier.iter().find(|other| **other != name) {
            let message = format!("{first} and {name} differ only in case");
            findings.push(Finding::new(address.clone(), *origin, message, "rename one of the two"));
        }
        earlier.push(name);
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn one_of_two_is_told() {
        let kdl = "table Users { column id serial primary-key; column ID text; }\ntable users { column id serial primary-key; }\nview USERS { as \"SELECT 1 AS a\" }";
        assert_eq!(at(&RULE, kdl), ["table.users", "view.USERS", "table.Users.column.ID"]);
    }
}
