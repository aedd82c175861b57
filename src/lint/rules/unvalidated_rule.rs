//! `unvalidated-rule`: a constraint that existing rows may violate.

use crate::kdl::project::Severity;
use crate::lint::access::{foreign_key_at, names};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, Ident, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "unvalidated-rule",
        summary: "A check constraint or foreign key is not-valid.",
        why: "The constraint is enforced for new rows, but existing rows have not been checked. The planner does not rely on it, and a dump that contains violating rows cannot be restored with it.",
        instead: "Fix the rows, then remove not-valid=#true: rosey validates the constraint without blocking writes.",
        example: r#"foreign-key author references="users(id)"    // without not-valid=#true"#,
    },
    level: Severity::Note,
    applies: |engine| engine.has_unvalidated_constraints,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in schema.tables.values() {
        for check in table.checks.iter().filter(|c| c.not_valid) {
            let name = check.name.as_ref().map_or_else(|| check.expr.text.clone(), Ident::to_string);
            let message = format!("existing rows have not been checked against the check constraint {name}");
            findings.push(Finding::new(table.check_at(check), check.origin, message, ADVICE));
        }
        for fk in table.foreign_keys.iter().filter(|f| f.not_valid) {
            let message = format!("existing rows have not been checked against the foreign key on {}", names(&fk.columns));
            findings.push(Finding::new(foreign_key_at(table, fk), fk.origin, message, ADVICE));
        }
    }
    findings
}

const ADVICE: &str = "fix the rows, then remove not-valid=#true";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn checks_and_foreign_keys() {
        let kdl = "table t {\n column a integer primary-key\n check c \"a > 0\" not-valid=#true\n check d \"a > 1\"\n foreign-key a references=t not-valid=#true\n}";
        assert_eq!(at(&RULE, kdl), ["table.t.check.c", "table.t.foreign-key.a"]);
    }
}
