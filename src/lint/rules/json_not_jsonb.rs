//! `json-not-jsonb`: json although jsonb is better.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::lint::types;
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "json-not-jsonb",
        summary: "A column has the type json.",
        why: "`json` stores the exact input text, including white space, and parses it again for each operation. It has no equality operator, so DISTINCT, GROUP BY and unique constraints fail on it, and it does not support GIN indexes (https://www.postgresql.org/docs/current/datatype-json.html).",
        instead: "Use `jsonb`, unless the exact text matters (for a signature, or for the order of keys).",
        example: "column payload jsonb not-null",
    },
    level: Severity::Note,
    applies: |engine| engine.has_jsonb,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter(|(_, c)| types::meant(&c.ty).base == "json");
    meant
        .map(|(t, c)| {
            let message = format!("{} is {}", c.name, c.ty);
            Finding::new(column_at(t, &c.name), c.origin, message, "use jsonb, unless the exact text matters")
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
