//! `newer-number-syntax`: a number in SQL that only newer versions of the database read.

use crate::engine::scanner::{Kind, lex};
use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::schema::{Address, Dialect, Expr, Literal, Part, PartKey, Schema, Table};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "newer-number-syntax",
        summary: "A number in SQL contains underscores or is not decimal.",
        why: "SQLite accepts 1_000 since version 3.46. An older version cannot open the database at all, in any application, because it parses all definitions when it opens the file. PostgreSQL accepts 1_000, 0x1F, 0o17 and 0b101 since version 16. (Numbers in KDL, such as default=1_000, are converted to plain decimal digits.)",
        instead: "Write the number in plain decimal digits.",
        example: r#"check "size <= 1000000"    // not: 1_000_000"#,
    },
    level: Severity::Warning,
    applies: everywhere,
    check,
};

fn check(schema: &Schema, dialect: Dialect) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut look = |address: Address, expr: &Expr| {
        if let Some(number) = newer_number(&expr.text, dialect) {
            let (version, name) = (dialect.capabilities().underscores_since, dialect.capabilities().title);
            let message = format!("{} contains the number {number}, which {name} before {version} does not accept", address.last());
            found.push(Finding::new(address, expr.origin, message, "write it in plain decimal digits"));
        }
    };
    schema.tables.values().for_each(|t| of_table(t, &mut look));
    for domain in schema.domains.values() {
        domain.checks.iter().for_each(|c| look(domain.address(), &c.expr));
    }
    for (kind, head, text) in schema.texts().filter(|(kind, ..)| *kind != crate::schema::Kind::VirtualTable) {
        look(Address::of(kind, &head.name), text);
    }
    for view in schema.materialized_views.values() {
        view.indexes.values().for_each(|i| of_index(i, &view.address(), &mut look));
    }
    found
}

fn of_table(table: &Table, look: &mut impl FnMut(Address, &Expr)) {
    for column in table.columns.values() {
        let address = table.column_at(&column.name);
        if let Some(Literal::Expr(e)) = column.default.as_ref().map(|d| &d.value) {
            look(address.clone(), e);
        }
        let generated = column.generated.iter().map(|g| &g.expr);
        generated.chain(&column.backfill).chain(&column.using).for_each(|e| look(address.clone(), e));
    }
    table.checks.iter().for_each(|c| look(table.check_at(c), &c.expr));
    table.exclusions.iter().flat_map(|e| &e.predicate).for_each(|p| look(table.address(), p));
    table.indexes.values().for_each(|i| of_index(i, &table.address(), look));
}

fn of_index(index: &crate::schema::Index, of: &Address, look: &mut impl FnMut(Address, &Expr)) {
    let address = of.child(Part::Index, &index.name);
    let keys = index.parts.iter().filter_map(|p| if let PartKey::Expr(e) = &p.key { Some(e) } else { None });
    keys.chain(&index.predicate).for_each(|e| look(address.clone(), e));
}

/// Returns the first number that an older version cannot read. What directly follows a number belongs to it.
fn newer_number(sql: &str, dialect: Dialect) -> Option<String> {
    let tokens = lex(sql);
    let numbers = tokens.iter().enumerate().filter(|(_, t)| t.kind == Kind::Number);
    let whole = numbers.map(|(i, t)| {
        let joined = tokens.get(i + 1).filter(|next| next.kind == Kind::Word && next.start == t.end);
        &sql[t.start..joined.map_or(t.end, |next| next.end)]
    });
    let based = |n: &str| n.starts_with('0') && n[1..].starts_with(['x', 'X', 'o', 'O', 'b', 'B']);
    let newer = |n: &&str| n.contains('_') || (dialect.capabilities().based_numbers_are_new && based(n));
    whole.into_iter().find(newer).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn numbers_in_sql() {
        let kdl = r#"table t {
            column id serial primary-key
            column a integer default=1_000
            column b integer default=(sql)"1_000"
            column c integer generated="a * 0x1F"
            check big "a < 1_000_000 OR a_1_0 = '1_000' OR \"1_0\" > x1_0"
            index i a where="a > 10_0"
        }
        view v { as "SELECT a FROM t WHERE a > 0o1_7" }
        trigger g only=sqlite { as "AFTER INSERT ON t BEGIN DELETE FROM t WHERE a > 2_0; END" }"#;
        let at = |d| found(&RULE, kdl, d).into_iter().map(|f| f.split(": ").next().unwrap_or_default().to_owned()).collect::<Vec<_>>();
        assert_eq!(at(Dialect::Sqlite), ["table.t.column.b", "table.t.check.big", "table.t.index.i", "view.v", "trigger.g"]);
        assert_eq!(at(Dialect::Postgres), ["table.t.column.b", "table.t.column.c", "table.t.check.big", "table.t.index.i", "view.v"]);
        let kdl = "table t { column id serial primary-key; check c \"id > 1_0\"; }";
        assert_eq!(
            found(&RULE, kdl, Dialect::Sqlite),
            ["table.t.check.c: c contains the number 1_0, which SQLite before 3.46 does not accept"]
        );
    }
}
