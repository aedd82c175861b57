//! `float-key`: a float in a key or in a comparison for equality.

use crate::engine::affinity::Affinity;
use crate::engine::product_of;
use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::lint::types;
use crate::schema::{Column, Dialect, Ident, Schema, Table};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "float-key",
        summary: "A floating-point column is part of a primary key, unique constraint, unique index or foreign key.",
        why: "Two computations of the same number often differ in their last bits: 0.1 + 0.2 is not 0.3. Rows that should be equal are not, and lookups miss rows that should match.",
        instead: "Use an integer, a decimal (PostgreSQL) or text as the key.",
        example: "column version text primary-key    // not: column version double primary-key",
    },
    level: Severity::Warning,
    applies: everywhere,
    check,
};

fn check(schema: &Schema, dialect: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter(|(t, c)| is_float(c, t, dialect) && is_compared(t, &c.name));
    meant
        .map(|(t, c)| {
            let message = format!("{} is {}, but is compared for equality", c.name, c.ty);
            Finding::new(column_at(t, &c.name), c.origin, message, "use an integer, decimal or text")
        })
        .collect()
}

fn is_float(column: &Column, table: &Table, dialect: Dialect) -> bool {
    match product_of(dialect).affinity(column, table) {
        Some(affinity) => affinity == Affinity::Real,
        None => matches!(types::meant(&column.ty).base.as_str(), "real" | "double"),
    }
}

fn is_compared(table: &Table, column: &Ident) -> bool {
    let unique = table.uniques.iter().any(|u| u.parts.iter().any(|p| p.column == *column));
    let indexed = |i: &crate::schema::Index| i.unique && i.parts.iter().any(|p| p.column() == Some(column));
    table.in_key(column) || unique || table.indexes.values().any(indexed) || table.foreign_keys.iter().any(|f| f.columns.contains(column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        let kdl = "table t { column a double primary-key; column b real; column c real unique; column d \"double precision\"; column e FLOAT unique; index i d unique=#true; index j b; }";
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            let found: Vec<String> = check(&schema(kdl, dialect), dialect).iter().map(|f| f.address.last().to_owned()).collect();
            assert_eq!(found, ["a", "c", "d", "e"]);
        }
    }
}
