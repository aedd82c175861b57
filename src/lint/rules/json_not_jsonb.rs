//! `json-not-jsonb`: json where jsonb is meant.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::lint::types;
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "json-not-jsonb",
        summary: "A column is json.",
        why: "`json` keeps the text as it came, with its spaces, and parses it anew for each question. It has no equality, so DISTINCT, GROUP BY and unique rules fail on it, and no index looks into it (https://www.postgresql.org/docs/current/datatype-json.html).",
        instead: "Write `jsonb`, unless the very text matters (a signature over it, the order of keys).",
        example: "column payload jsonb not-null",
    },
    level: Severity::Note,
    applies: |engine| engine.has_jsonb,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter(|(_, c)| types::postgres(&c.ty).base == "json");
    meant
        .map(|(t, c)| {
            let message = format!("{} is {}", c.name, c.ty);
            Finding::new(column_at(t, &c.name), c.origin, message, "write jsonb, unless the very text matters")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        let kdl = "table t { column a json; column b jsonb; column c \"json[]\"; column d JSON; }";
        assert_eq!(at(&RULE, kdl), ["table.t.column.a", "table.t.column.c", "table.t.column.d"]);
    }
}
