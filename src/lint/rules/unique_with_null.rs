//! `unique-with-null`: a unique rule over columns that may be NULL.

use crate::kdl::project::Severity;
use crate::lint::access::{accesses, names};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Ident, Schema, Table};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "unique-with-null",
        summary: "A unique rule of several columns has one that may be NULL.",
        why: "NULL equals nothing, not even NULL: two rows that agree in all other columns are both taken as soon as this one is NULL in them, on both databases.",
        instead: "Make the column not-null, or (PostgreSQL 15 and later) add nulls-not-distinct=#true; on SQLite a unique index over coalesce(column, '') does it. Where any number of such rows is right, allow it.",
        example: "unique user_id revoked_at    // any number of rows with revoked_at NULL",
    },
    level: Severity::Note,
    dialect: None,
    check,
};

fn check(schema: &Schema, dialect: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in schema.tables.values() {
        let distinct = |nulls: bool| dialect == Dialect::Postgres && nulls;
        for unique in table.uniques.iter().filter(|u| u.parts.len() > 1 && !distinct(u.nulls_not_distinct)) {
            let columns: Vec<&Ident> = unique.parts.iter().map(|p| &p.column).collect();
            if let Some(message) = message("the unique rule of", &columns, table) {
                let address = table.address().child("unique", names(columns.iter().copied()));
                findings.push(Finding::new(address, unique.origin, message, ADVICE));
            }
        }
        for access in accesses(table) {
            let Some(index) = access.index.filter(|i| i.unique && i.parts.len() > 1 && !distinct(i.nulls_not_distinct)) else { continue };
            let columns: Vec<&Ident> = index.parts.iter().filter_map(|p| p.column()).collect();
            let message = message("unique index", &columns, table).filter(|_| index.predicate.is_none());
            let address = table.address().child("index", &index.name);
            findings.extend(message.map(|m| Finding::new(address, index.origin, m, ADVICE)));
        }
    }
    findings
}

const ADVICE: &str = "make it not-null, or allow this with the reason";

fn message(what: &str, columns: &[&Ident], table: &Table) -> Option<String> {
    let open = columns.iter().filter_map(|c| table.columns.get(*c)).find(|c| !c.not_null)?;
    let all = names(columns.iter().copied());
    Some(format!("{what} {all} takes equal rows where {} is NULL", open.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn of_several_columns() {
        let table = |rest: &str| format!("table t {{\n column a integer primary-key\n column b text\n column c text not-null\n{rest}\n}}");
        for (rest, sqlite, postgres) in [
            ("unique c b", 1, 1),
            ("unique a c", 0, 0),
            ("unique b", 0, 0),
            ("index i c b unique=#true", 1, 1),
            ("index i c b", 0, 0),
            ("unique c b nulls-not-distinct=#true only=postgres", 0, 0),
        ] {
            assert_eq!(found(&RULE, &table(rest), Dialect::Sqlite).len(), sqlite, "{rest}");
            assert_eq!(found(&RULE, &table(rest), Dialect::Postgres).len(), postgres, "{rest}");
        }
    }
}
