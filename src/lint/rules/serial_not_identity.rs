//! `serial-not-identity`: serial although an identity column is better.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::lint::types;
use crate::schema::{Dialect, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "serial-not-identity",
        summary: "A column has a serial type.",
        why: "A serial column is an integer, a sequence and a default that are only loosely connected: a role that inserts rows also needs USAGE on the sequence, and the default can be dropped separately. An identity column is a single object and standard SQL (https://wiki.postgresql.org/wiki/Don%27t_Do_This#Don.27t_use_serial).",
        instead: "Use `integer … identity` or `bigint … identity`; on SQLite both are the rowid, as `serial` is. Existing serial columns keep working and do not have to be changed.",
        example: "column id bigint primary-key identity",
    },
    level: Severity::Note,
    applies: |engine| engine.has_identity_columns,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter(|(_, c)| types::meant(&c.ty).ty.is_serial());
    meant
        .map(|(t, c)| {
            let message = format!("{} is a {}", c.name, c.ty);
            Finding::new(column_at(t, &c.name), c.origin, message, "use `bigint … identity` in new tables")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        let kdl = "table t { column a serial primary-key; }\ntable u { column a bigint primary-key identity; }\ntable v { column a SERIAL8 primary-key; }";
        assert_eq!(at(&RULE, kdl), ["table.t.column.a", "table.v.column.a"]);
    }
}
