//! `name-needs-quotes`: names that a query has to quote.

use crate::dialect::sqlite::keywords;
use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Address, Dialect, Ident, Origin, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "name-needs-quotes",
        summary: "A name has to stand in double quotes wherever it is used.",
        why: "rosey quotes every name; queries written by hand do not. A reserved word, a space or a leading digit is a syntax error without quotes, and PostgreSQL folds an unquoted name to lower case, so `userId` is looked for as `userid` (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS).",
        instead: "Choose lower-case letters, digits and `_`; `was=` makes it a rename.",
        example: "column user_id integer was=userId",
    },
    level: Severity::Note,
    dialect: None,
    check,
};

fn check(schema: &Schema, dialect: Dialect) -> Vec<Finding> {
    let mut all: Vec<(Address, &Ident, Origin)> = Vec::new();
    for table in schema.tables.values() {
        all.push((table.address(), &table.name.name, table.origin));
        all.extend(table.columns.values().map(|c| (table.address().child("column", &c.name), &c.name, c.origin)));
    }
    all.extend(schema.views.values().map(|v| (v.address(), &v.name.name, v.origin)));
    all.extend(schema.materialized_views.values().map(|v| (v.address(), &v.name.name, v.origin)));
    all.extend(schema.virtual_tables.values().map(|v| (v.address(), &v.name.name, v.origin)));
    let finding = |(address, name, origin): (Address, &Ident, Origin)| {
        let why = why(name.as_str(), dialect)?;
        Some(Finding::new(address, origin, format!("`{name}` needs quotes: {why}"), "choose lower-case letters, digits and `_`"))
    };
    all.into_iter().filter_map(finding).collect()
}

/// Why the name cannot stand bare.
fn why(name: &str, dialect: Dialect) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let reserved = match dialect {
        Dialect::Sqlite => keywords::is_reserved(&lower),
        Dialect::Postgres => RESERVED.binary_search(&lower.as_str()).is_ok(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if reserved {
        Some("it is a reserved word")
    } else if !name.chars().all(plain) || name.starts_with(|c: char| c.is_ascii_digit()) {
        Some("it is more than letters, digits and `_`")
    } else if dialect == Dialect::Postgres && lower != name {
        Some("it has capital letters")
    } else {
        None
    }
}

/// PostgreSQL's words that cannot be the name of a table or column
/// (<https://www.postgresql.org/docs/current/sql-keywords-appendix.html>).
const RESERVED: [&str; 101] = [
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn reserved_words_are_sorted_for_the_search() {
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn each_database_has_its_own_words() {
        for (name, sqlite, postgres) in [
            ("user", false, true),
            ("order", true, true),
            ("userId", false, true),
            ("a b", true, true),
            ("1a", true, true),
            ("plain_1", false, false),
        ] {
            assert_eq!(why(name, Dialect::Sqlite).is_some(), sqlite, "{name}");
            assert_eq!(why(name, Dialect::Postgres).is_some(), postgres, "{name}");
        }
        assert_eq!(
            found(&RULE, "table t { column order text primary-key; }", Dialect::Sqlite),
            ["table.t.column.order: `order` needs quotes: it is a reserved word"]
        );
    }
}
