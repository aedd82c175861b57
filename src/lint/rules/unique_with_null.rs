//! `unique-with-null`: a unique constraint on columns that may be NULL.

use crate::kdl::project::Severity;
use crate::lint::access::{accesses, names};
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::schema::{Dialect, Ident, Part, Schema, Table};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "unique-with-null",
        summary: "A multicolumn unique constraint contains a nullable column.",
        why: "NULL is not equal to anything, not even to NULL. Both databases accept rows that agree in all other columns if this column is NULL in them.",
        instead: "Make the column not-null. Or treat NULLs as equal: on PostgreSQL 15 and later, write nulls-not-distinct=#true with only=postgres, because SQLite has no such option; on SQLite, add a second unique index for the rows that contain NULL. If any number of such rows is allowed, add an `allow`.",
        example: r#"unique user_id revoked_at    // any number of rows with revoked_at NULL

unique user_id revoked_at nulls-not-distinct=#true only=postgres    // one of them
index one_open user_id unique=#true only=sqlite where="revoked_at IS NULL"
unique user_id revoked_at only=sqlite"#,
    },
    level: Severity::Note,
    applies: everywhere,
    check,
};

fn check(schema: &Schema, dialect: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in schema.tables.values() {
        let distinct = |nulls: bool| dialect.capabilities().has_nulls_not_distinct && nulls;
        for unique in table.uniques.iter().filter(|u| u.parts.len() > 1 && !distinct(u.nulls_not_distinct)) {
            let columns: Vec<&Ident> = unique.parts.iter().map(|p| &p.column).collect();
            if let Some(message) = message("the unique constraint on", &columns, table) {
                let address = table.address().child(Part::Unique, names(columns.iter().copied()));
                findings.push(Finding::new(address, unique.origin, message, ADVICE));
            }
        }
        for access in accesses(table) {
            let Some(index) = access.index().filter(|i| i.unique && i.parts.len() > 1 && !distinct(i.nulls_not_distinct)) else { continue };
            let columns: Vec<&Ident> = index.parts.iter().filter_map(|p| p.column()).collect();
            let message = message("the unique index on", &columns, table).filter(|_| index.predicate.is_none());
            let address = table.address().child(Part::Index, &index.name);
            findings.extend(message.map(|m| Finding::new(address, index.origin, m, ADVICE)));
        }
    }
    findings
}

const ADVICE: &str = "make it not-null, treat NULLs as equal (see `rosey explain unique-with-null`), or add an `allow` with the reason";

fn message(what: &str, columns: &[&Ident], table: &Table) -> Option<String> {
    let open = columns.iter().filter_map(|c| table.columns.get(*c)).find(|c| !c.not_null && !is_closed(&c.name, columns, table))?;
    let all = names(columns.iter().copied());
    Some(format!("{what} {all} accepts duplicate rows if {} is NULL", open.name))
}

/// Returns whether a unique index covers the rows in which the column is NULL.
fn is_closed(open: &Ident, columns: &[&Ident], table: &Table) -> bool {
    table.indexes.values().filter(|i| i.unique).any(|index| {
        let condition = index.predicate.as_ref().map(|p| p.text.replace('"', "").to_lowercase()).unwrap_or_default();
        let words: Vec<&str> = condition.split_whitespace().collect();
        let on_null = words == [open.as_str().to_lowercase().as_str(), "is", "null"];
        on_null && index.parts.iter().all(|p| p.column().is_some_and(|c| c != open && columns.contains(&c)))
    })
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
            ("unique c b\n index i c unique=#true where=\"b IS NULL\"", 0, 0),
            ("unique c b\n index i c unique=#true where=\"b IS NOT NULL\"", 1, 1),
            ("unique c b nulls-not-distinct=#true only=postgres", 0, 0),
        ] {
            assert_eq!(found(&RULE, &table(rest), Dialect::Sqlite).len(), sqlite, "{rest}");
            assert_eq!(found(&RULE, &table(rest), Dialect::Postgres).len(), postgres, "{rest}");
        }
    }
}
