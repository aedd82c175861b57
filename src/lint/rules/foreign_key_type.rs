//! `foreign-key-type`: the two ends of a foreign key have different types.

use crate::engine::product_of;
use crate::kdl::project::Severity;
use crate::lint::access::{foreign_key_at, foreign_keys};
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::lint::types;
use crate::schema::{Column, Dialect, ForeignKey, Ident, Schema, Table, Type};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "foreign-key-type",
        summary: "The columns of a foreign key have a different type than the columns they reference.",
        why: "SQLite compares with the affinity of the parent column, so '7' in a text column matches the number 7 for the foreign key, but not in a join. On PostgreSQL, a key that exceeds the range of the smaller type can no longer be referenced, and an index may not be usable for a comparison between two types.",
        instead: "Use the same type on both sides. `serial` counts as `integer`, and `bigserial` as `bigint`.",
        example: r#"table users { column id bigserial primary-key; }
table posts { column author bigint references="users(id)"; }"#,
    },
    level: Severity::Warning,
    applies: everywhere,
    check,
};

fn check(schema: &Schema, dialect: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (table, fk) in foreign_keys(schema) {
        let Some(parent) = schema.tables.get(&fk.table) else { continue };
        for (own, to) in fk.columns.iter().zip(targets(fk, parent)) {
            let (Some(own), Some(to)) = (table.columns.get(own), parent.columns.get(to)) else { continue };
            if differ((own, table), (to, parent), dialect) {
                let message = format!("{} is {}, but {}.{} is {}", own.name, own.ty, fk.table, to.name, to.ty);
                findings.push(Finding::new(foreign_key_at(table, fk), fk.origin, message, "use the same type on both sides"));
            }
        }
    }
    findings
}

fn targets<'a>(fk: &'a ForeignKey, parent: &'a Table) -> Vec<&'a Ident> {
    match &parent.primary_key {
        Some(key) if fk.to.is_empty() => key.parts.iter().map(|p| &p.column).collect(),
        _ => fk.to.iter().collect(),
    }
}

fn differ(own: (&Column, &Table), to: (&Column, &Table), dialect: Dialect) -> bool {
    let affinity = |(column, table)| product_of(dialect).affinity(column, table);
    if let (Some(own), Some(to)) = (affinity(own), affinity(to)) {
        return own != to;
    }
    // Only the server knows which names mean the same type.
    match (plain(&own.0.ty), plain(&to.0.ty)) {
        (Type::Other(_), _) | (_, Type::Other(_)) => false,
        (a, b) => a != b,
    }
}

/// Returns the type of the values: without the sequence, and without a limit, which does not matter for
/// comparisons.
fn plain(ty: &Type) -> Type {
    match types::meant(ty).ty {
        Type::Serial => Type::Integer,
        Type::BigSerial => Type::BigInt,
        Type::VarChar(_) => Type::Text,
        Type::Char(_) => Type::Char(0),
        Type::Decimal(_) => Type::Decimal(None),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn each_database_has_its_own_idea() {
        let kdl = |own: &str| format!("table p {{ column id bigserial primary-key; }}\ntable t {{ column a {own} references=p; }}");
        for (own, sqlite, postgres) in [("bigint", 0, 0), ("integer", 0, 1), ("text", 1, 1), ("int8", 0, 0), ("INT", 0, 1)] {
            assert_eq!(found(&RULE, &kdl(own), Dialect::Sqlite).len(), sqlite, "{own}");
            assert_eq!(found(&RULE, &kdl(own), Dialect::Postgres).len(), postgres, "{own}");
        }
        assert_eq!(found(&RULE, &kdl("text"), Dialect::Postgres), ["table.t.foreign-key.a: a is text, but p.id is bigserial"]);
    }
}
