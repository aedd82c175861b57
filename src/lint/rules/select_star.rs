//! `select-star`: a view that selects all columns with `*`.

use crate::engine::scanner::{Token, lex};
use crate::kdl::project::Severity;
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::schema::{Address, Dialect, Origin, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "select-star",
        summary: "A view selects `*`, or uses `TABLE`.",
        why: "On PostgreSQL, the columns are fixed when the view is created: a column that is added to the table later is not in the view. On SQLite, the columns of the view change with the table, which breaks queries that read them by position.",
        instead: "List the columns.",
        example: r#"view active { as "SELECT id, name FROM users WHERE seen > 0" }"#,
    },
    level: Severity::Note,
    applies: everywhere,
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
    Finding::new(address, origin, message, "list the columns")
}

/// Returns whether a `*` or `TABLE t` provides columns of the view. What is in parentheses is selected from
/// by name, or only tested for existence, unless the view itself selects `*` from it.
fn selects_star(sql: &str) -> bool {
    let all = stars(sql);
    all.iter().any(|star| !star.inside && star.from_table) || (all.iter().any(|s| !s.inside) && all.iter().any(|s| s.inside))
}

struct Star {
    /// Whether it is in parentheses: a subquery, or one defined by WITH.
    inside: bool,
    /// Whether it selects from a table or view, and not only from what is in parentheses.
    from_table: bool,
}

fn stars(sql: &str) -> Vec<Star> {
    let tokens = lex(sql);
    let named = named_with(sql, &tokens);
    let mut found = Vec::new();
    // For each open parenthesis: whether it hides what it selects, and whether its columns are never visible.
    let mut open: Vec<(bool, bool)> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|n| tokens.get(n));
        let follows = |words: &[&str]| before.is_some_and(|b| words.iter().any(|w| b.is(sql, w)));
        let (hides, unseen) = open.last().copied().unwrap_or_default();
        if token.is_op(sql, "(") {
            let arm = before.is_none() || follows(&["union", "all", "except", "intersect"]) || (!hides && is_open(sql, before));
            open.push((hides || !arm, unseen || follows(&["exists", "in"])));
        } else if token.is_op(sql, ")") {
            open.pop();
        } else if !unseen && token.is(sql, "table") {
            found.push(Star { inside: hides, from_table: true });
        } else if !unseen && token.is_op(sql, "*") && is_column(sql, before) {
            found.push(Star { inside: hides, from_table: reads_table(sql, &tokens[i..], &named) });
        }
    }
    found
}

/// Returns whether a parenthesis was opened just before.
fn is_open(sql: &str, before: Option<&Token>) -> bool {
    before.is_some_and(|t| t.is_op(sql, "("))
}

/// Returns whether a `*` after the token is in the place of a column: after SELECT, DISTINCT, a comma or a
/// path.
fn is_column(sql: &str, before: Option<&Token>) -> bool {
    before.is_some_and(|t| ["select", "distinct", "all"].iter().any(|w| t.is(sql, w)) || [",", "."].iter().any(|o| t.is_op(sql, o)))
}

/// Returns the names defined by WITH.
fn named_with(sql: &str, tokens: &[Token]) -> Vec<String> {
    let is_named = |t: &[Token]| t[1].is(sql, "as") && (t[2].is_op(sql, "(") || t[2].is(sql, "materialized") || t[2].is(sql, "not"));
    tokens.windows(3).filter(|t| is_named(t)).map(|t| t[0].value(sql).to_lowercase()).collect()
}

/// Returns whether the current select reads from anything but parentheses and names defined by WITH.
fn reads_table(sql: &str, rest: &[Token], named: &[String]) -> bool {
    let mut depth = 0;
    let mut expected = false;
    for token in rest {
        if token.is_op(sql, "(") {
            depth += 1;
            expected = false;
        } else if token.is_op(sql, ")") {
            depth -= 1;
        } else if depth < 0 || (depth == 0 && ["union", "except", "intersect", "where"].iter().any(|w| token.is(sql, w))) {
            break;
        } else if depth == 0 && (["from", "join"].iter().any(|w| token.is(sql, w)) || token.is_op(sql, ",")) {
            expected = true;
        } else if expected && depth == 0 {
            if !named.contains(&token.value(sql).to_lowercase()) {
                return true;
            }
            expected = false;
        }
    }
    false
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
            ("SELECT a FROM t WHERE EXISTS (SELECT * FROM u WHERE u.a = t.a)", false),
            ("SELECT * FROM t WHERE EXISTS (SELECT * FROM u)", true),
            ("WITH q AS (SELECT * FROM t) SELECT a FROM q", false),
            ("WITH q AS (SELECT * FROM t) SELECT * FROM q", true),
            ("WITH q AS (SELECT a FROM t) SELECT * FROM q", false),
            ("WITH q AS (SELECT a FROM t) SELECT * FROM q JOIN t ON 1", true),
            ("SELECT s.a FROM (SELECT * FROM t) AS s", false),
            ("SELECT s.* FROM (SELECT a FROM t) AS s, t", true),
            ("(SELECT * FROM t) UNION (SELECT * FROM u)", true),
            ("SELECT a FROM t UNION ALL SELECT * FROM u", true),
            ("TABLE parent", true),
            ("SELECT a, b FROM t UNION TABLE parent", true),
        ] {
            assert_eq!(selects_star(sql), wanted, "{sql}");
        }
        let kdl = "table t { column a integer primary-key; }\nview v { as \"SELECT * FROM t\" }";
        assert_eq!(found(&RULE, kdl, Dialect::Sqlite), ["view.v: v selects `*`"]);
    }
}
