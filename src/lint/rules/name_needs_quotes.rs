//! `name-needs-quotes`: names that must be quoted in every query.

use crate::kdl::project::Severity;
use crate::lint::names::{Why, needs_quotes};
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::schema::{Address, Dialect, Ident, Origin, Part, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "name-needs-quotes",
        summary: "A name must be quoted wherever it is used.",
        why: "rosey quotes every name, but hand-written queries often do not. Without quotes, a reserved word (`order`, `user`), a space or a leading digit is a syntax error, and PostgreSQL folds names to lower case, so `userId` is read as `userid` (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS).",
        instead: "Use lower-case letters, digits and `_`, and avoid reserved words. To rename an existing object, write `was=`.",
        example: "column user_id integer was=userId",
    },
    level: Severity::Note,
    applies: everywhere,
    check,
};

fn check(schema: &Schema, dialect: Dialect) -> Vec<Finding> {
    // Names that are only used in other declarations do not matter to queries.
    let queried = schema.heads_of(|kind| kind.is_relation() || kind.is_type());
    let mut all: Vec<(Address, &Ident, Origin)> =
        queried.map(|(kind, head)| (Address::of(kind, &head.name), &head.name.name, head.origin)).collect();
    for table in schema.tables.values() {
        all.extend(table.columns.values().map(|c| (table.address().child(Part::Column, &c.name), &c.name, c.origin)));
    }
    let finding = |(address, name, origin): (Address, &Ident, Origin)| {
        let (why, advice) = told(needs_quotes(name.as_str(), dialect)?);
        Some(Finding::new(address, origin, format!("`{name}` must be quoted: {why}"), advice))
    };
    all.into_iter().filter_map(finding).collect()
}

fn told(why: Why) -> (&'static str, &'static str) {
    match why {
        Why::Reserved => ("it is a reserved word", "choose a name that is not a reserved word"),
        Why::Characters => ("it contains characters other than letters, digits and `_`, or starts with a digit", PLAIN),
        Why::Capitals => ("it contains upper-case letters", PLAIN),
    }
}

const PLAIN: &str = "use lower-case letters, digits and `_`";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_told_and_advised() {
        let kdl = "table t { column order text primary-key; column \"a b\" text; column größe text; }";
        assert_eq!(
            found(&RULE, kdl, Dialect::Sqlite),
            [
                "table.t.column.order: `order` must be quoted: it is a reserved word",
                "table.t.column.a b: `a b` must be quoted: it contains characters other than letters, digits and `_`, or starts with a digit"
            ]
        );
        assert_eq!(advised(&RULE, kdl, Dialect::Sqlite), ["choose a name that is not a reserved word", PLAIN]);
    }

    #[test]
    fn types_and_sequences_have_names_too() {
        let kdl = "enum Mood a b\ndomain user text\nsequence S\nsequence s2";
        assert_eq!(found(&RULE, kdl, Dialect::Postgres).len(), 3);
    }
}
