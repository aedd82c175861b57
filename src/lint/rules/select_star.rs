//! `select-star`: a view that selects whatever columns there are.

use crate::dialect::sqlite::lexer::lex;
use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Address, Dialect, Origin, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "select-star",
        summary: "A view selects `*`.",
        why: "On PostgreSQL the columns are fixed on the day the view is made: a column that comes later is not in it. On SQLite the view's columns change with the table's, and so does what reads them by position.",
        instead: "Name the columns.",
        example: r#"view active { as "SELECT id, name FROM users WHERE seen > 0" }"#,
    },
    level: Severity::Note,
    dialect: None,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let views = schema.views.values().map(|v| (v.address(), v.origin, &v.query));
    let all = views.chain(schema.materialized_views.values().map(|v| (v.address(), v.origin, &v.query)));
    let stars = all.filter(|(_, _, query)| selects_star(&query.text));
    stars.map(|(address, origin, _)| finding(address, origin)).collect()
}

fn finding(address: Address, origin: Origin) -> Finding {
    let message = format!("{} selects `*`", address.last());
    Finding::new(address, origin, message, "name the columns")
}

/// Whether a `*` stands where a column would: after SELECT, DISTINCT, a comma or a path.
fn selects_star(sql: &str) -> bool {
    let tokens = lex(sql);
    tokens.windows(2).any(|pair| {
        let first = pair[0];
        let before = ["select", "distinct", "all"].iter().any(|w| first.is(sql, w)) || [",", "."].iter().any(|o| first.is_op(sql, o));
        before && pair[1].is_op(sql, "*")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn stars_that_are_columns() {
        for (sql, wanted) in [
            ("SELECT * FROM t", true),
            ("SELECT a, t.* FROM t", true),
            ("SELECT count(*), a * 2 FROM t", false),
            ("SELECT '*' FROM t -- *", false),
        ] {
            assert_eq!(selects_star(sql), wanted, "{sql}");
        }
        let kdl = "table t { column a integer primary-key; }\nview v { as \"SELECT * FROM t\" }";
        assert_eq!(found(&RULE, kdl, Dialect::Sqlite), ["view.v: v selects `*`"]);
    }
}
