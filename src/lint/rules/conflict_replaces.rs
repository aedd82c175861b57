//! `conflict-replaces`: ON CONFLICT REPLACE, which deletes rows.

use crate::kdl::project::Severity;
use crate::lint::access::names;
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Address, Conflict, Dialect, Origin, Schema, Table};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "conflict-replaces",
        summary: "A constraint has on-conflict=replace, which deletes existing rows.",
        why: "An insert or update that violates the constraint silently deletes the existing rows that it conflicts with, including child rows through `cascade`. Delete triggers run for them only if PRAGMA recursive_triggers is on (https://sqlite.org/lang_conflict.html). For a not-null constraint, NULL is replaced with the default value instead.",
        instead: "Remove on-conflict=replace, and write `INSERT … ON CONFLICT … DO UPDATE` in the statements that are meant to replace rows.",
        example: "INSERT INTO users (name, seen) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seen = excluded.seen",
    },
    level: Severity::Warning,
    applies: |engine| engine.has_conflict_clauses,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let found = schema.tables.values().flat_map(replacing);
    found
        .map(|(address, origin, what)| {
            Finding::new(address, origin, format!("{what} deletes conflicting rows"), "remove on-conflict=replace")
        })
        .collect()
}

fn replacing(table: &Table) -> Vec<(Address, Origin, String)> {
    let replace = Some(Conflict::Replace);
    let key = table.primary_key.iter().filter(|k| k.conflict == replace);
    let key = key.map(|k| (table.key_at(), k.origin, "the primary key".to_owned()));
    let uniques = table.uniques.iter().filter(|u| u.conflict == replace).map(|u| {
        let columns = names(u.parts.iter().map(|p| &p.column));
        (table.unique_at(u), u.origin, format!("the unique constraint on {columns}"))
    });
    key.chain(uniques).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn keys_and_uniques() {
        let kdl = "table t {\n column id integer primary-key on-conflict=replace\n column a text unique on-conflict=replace\n column b text unique on-conflict=ignore\n}";
        assert_eq!(at(&RULE, kdl), ["table.t.primary-key.id", "table.t.unique.a"]);
    }
}
