//! `foreign-key-action`: an action that the constraints of the referencing columns reject.

use crate::kdl::project::Severity;
use crate::lint::access::{foreign_key_at, foreign_keys};
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::lint::types;
use crate::schema::{Column, Dialect, RefAction, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "foreign-key-action",
        summary: "A foreign key action sets a not-null column to NULL.",
        why: "`set-null`, or `set-default` without a default, would write NULL to a not-null column. Every delete or update of a referenced parent row then fails, with an error about the child column.",
        instead: "Make the column nullable, or use another action: `restrict`, `cascade`, or `set-default` with a default.",
        example: r#"column author integer references="users(id)" on-delete=set-null    // without not-null"#,
    },
    level: Severity::Error,
    applies: everywhere,
    check,
};

fn check(schema: &Schema, dialect: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (table, fk) in foreign_keys(schema) {
        for (property, action) in [("on-delete", fk.on_delete), ("on-update", fk.on_update)] {
            let refusing = fk.columns.iter().filter_map(|c| table.columns.get(c)).find(|c| c.not_null && is_nulled(c, action, dialect));
            if let Some(column) = refusing {
                let message = format!("{property}={} would write NULL to {}, which is not-null", action.word(), column.name);
                let advice = format!("make {} nullable, or write {property}=restrict or {property}=cascade", column.name);
                findings.push(Finding::new(foreign_key_at(table, fk), fk.origin, message, advice));
            }
        }
    }
    findings
}

fn is_nulled(column: &Column, action: RefAction, dialect: Dialect) -> bool {
    let numbered = dialect.capabilities().has_number_defaults && (column.identity.is_some() || types::meant(&column.ty).ty.is_serial());
    action == RefAction::SetNull || (action == RefAction::SetDefault && column.default.is_none() && !numbered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_would_fail() {
        let kdl = |rest: &str| format!("table p {{ column id serial primary-key; }}\ntable t {{ column a integer references=p {rest}; }}");
        for (rest, wanted) in [
            ("not-null on-delete=set-null", 1),
            ("not-null on-update=set-default", 1),
            ("not-null default=1 on-delete=set-default", 0),
            ("not-null on-delete=cascade", 0),
            ("on-delete=set-null", 0),
        ] {
            assert_eq!(at(&RULE, &kdl(rest)).len(), wanted, "{rest}");
        }
    }

    #[test]
    fn a_numbered_column_has_a_default() {
        for ty in ["serial", "integer identity"] {
            let kdl = format!(
                "table p {{ column id serial primary-key; }}\ntable t {{ column a {ty} not-null references=p on-delete=set-default; }}"
            );
            assert!(found(&RULE, &kdl, Dialect::Postgres).is_empty(), "{ty}");
        }
    }
}
