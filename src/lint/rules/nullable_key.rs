//! `nullable-key`: a key column on SQLite that accepts NULL.

use crate::engine::product_of;
use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "nullable-key",
        summary: "A column of a primary key allows NULL.",
        why: "Because of an old bug that is kept for compatibility, SQLite allows NULL in a primary key that is not the rowid, in any number of rows (https://sqlite.org/lang_createtable.html#the_primary_key). Such rows do not have a usable key. STRICT and WITHOUT ROWID tables are not affected.",
        instead: "Remove `nullable`. First assign a key to the rows that contain NULL.",
        example: "column code text primary-key    // not: primary-key nullable",
    },
    level: Severity::Warning,
    applies: |engine| engine.has_nullable_keys,
    check,
};

fn check(schema: &Schema, dialect: Dialect) -> Vec<Finding> {
    let open = columns(schema).filter(|(t, c)| t.in_key(&c.name) && !c.not_null && !t.without_rowid && !t.strict);
    let open = open.filter(|(t, c)| product_of(dialect).rowid_key(t).is_none_or(|k| k.name != c.name));
    open.map(|(t, c)| {
        let message = format!("key column {} allows NULL", c.name);
        Finding::new(column_at(t, &c.name), c.origin, message, "remove `nullable`")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn only_where_it_says_nullable() {
        let kdl = "table a { column x text primary-key nullable; }\ntable b { column x text primary-key; }\ntable c { column x serial primary-key; }";
        assert_eq!(at(&RULE, kdl), ["table.a.column.x"]);
    }
}
