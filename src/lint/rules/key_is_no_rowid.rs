//! `key-is-no-rowid`: an integer key on SQLite that is not the rowid.

use crate::engine::affinity::Affinity;
use crate::engine::product_of;
use crate::kdl::project::Severity;
use crate::lint::access::{column_at, key_origin};
use crate::lint::rule::{Finding, Rule, Text};
use crate::lint::types::meant;
use crate::schema::{Column, Dialect, Schema, Table, Type};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "key-is-no-rowid",
        summary: "An integer primary key is not the rowid of its table.",
        why: "Only the exact type INTEGER makes a primary key the rowid (https://sqlite.org/lang_createtable.html#rowid). With INT or BIGINT, or with `primary-key=desc`, the table has a hidden rowid and a second B-tree for the key, and SQLite does not assign key values: an insert without a key is rejected. A key that references another table is not reported, because its values come from there.",
        instead: "Write `bigint … identity`, which is the rowid on SQLite and an identity column on PostgreSQL, where an application can still insert its own values. Or write `integer`, which has 64 bits on SQLite and 32 bits on PostgreSQL. If the values come from elsewhere and the second B-tree does not matter, add an `allow`.",
        example: "column id bigint primary-key identity    // not: column id bigint primary-key",
    },
    level: Severity::Warning,
    applies: |engine| engine.has_rowid,
    check,
};

fn check(schema: &Schema, dialect: Dialect) -> Vec<Finding> {
    let product = product_of(dialect);
    let mut findings = Vec::new();
    for table in schema.tables.values().filter(|t| !t.without_rowid && product.rowid_key(t).is_none()) {
        let Some(column) = table.single_key() else { continue };
        let name = product.declared(column, table);
        // An identity column is the rowid, whatever its type.
        if column.identity.is_none() && product.affinity_of(&name) == Some(Affinity::Integer) && !is_given(table, column) {
            let desc = table.primary_key.as_ref().is_some_and(|k| k.inline_desc);
            let why = if desc { "primary-key=desc".to_owned() } else { format!("its type is {name}") };
            let message = format!("key {} is not the rowid, because {why}", column.name);
            let advice = format!("write `{}`", written(column));
            findings.push(Finding::new(column_at(table, &column.name), key_origin(table), message, advice));
        }
    }
    findings
}

/// Returns whether the key gets its values elsewhere: from the table it references, a default or an
/// expression.
fn is_given(table: &Table, column: &Column) -> bool {
    column.default.is_some() || column.generated.is_some() || table.foreign_keys.iter().any(|f| f.columns.contains(&column.name))
}

/// Returns a type for a rowid that is as wide on PostgreSQL as the declared one.
fn written(column: &Column) -> String {
    let wide = meant(&column.ty).ty == Type::BigInt || column.ty.to_string().to_uppercase().contains("BIG");
    let ty = if wide { "bigint primary-key identity" } else { "integer primary-key" };
    format!("column {} {ty}", crate::kdl::string_repr(column.name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn integers_that_are_no_rowid() {
        for (column, wanted) in [
            ("bigint primary-key", 1),
            ("bigint primary-key identity", 0),
            ("INT primary-key", 1),
            ("integer primary-key=desc", 1),
            ("integer primary-key", 0),
            ("serial primary-key", 0),
            ("text primary-key", 0),
            ("bigint primary-key references=p", 0),
            ("POINT primary-key", 1),
        ] {
            assert_eq!(
                at(&RULE, &format!("table p {{ column id bigint primary-key identity; }}\ntable t {{ column a {column}; }}")).len(),
                wanted,
                "{column}"
            );
        }
    }

    #[test]
    fn what_is_advised_no_rule_minds() {
        for (column, wanted) in [
            ("bigint primary-key", "column \"a b\" bigint primary-key identity"),
            ("BIGINT primary-key=desc", "column \"a b\" bigint primary-key identity"),
            ("INT primary-key", "column \"a b\" integer primary-key"),
            ("smallint primary-key", "column \"a b\" integer primary-key"),
        ] {
            let advised = advised(&RULE, &format!("table t {{ column \"a b\" {column}; }}"), Dialect::Sqlite);
            assert_eq!(advised, [format!("write `{wanted}`")]);
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                let schema = schema(&format!("table t {{ {}; }}", wanted.replace("a b", "a")), dialect);
                assert!(crate::lint::lint(&[(dialect, schema)], &crate::lint::Levels::default()).is_empty(), "{wanted}");
            }
        }
    }
}
