//! `expression-as-text`: a default in quotes that looks like an expression.

use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::schema::{Column, Dialect, Literal, Schema};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "expression-as-text",
        summary: "A default is the text of an expression instead of the expression.",
        why: "default=\"CURRENT_TIMESTAMP\" is a string. SQLite stores that string in every row. For a date or time column, PostgreSQL rejects it or, for `now`, stores the time at which the table was created.",
        instead: "Write `(sql)` before the quotes. If the text is meant as text, add an `allow`.",
        example: r#"column created_at timestamp default=(sql)"CURRENT_TIMESTAMP""#,
    },
    level: Severity::Warning,
    applies: everywhere,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let meant = columns(schema).filter_map(|(t, c)| Some((t, c, expression(c)?)));
    meant
        .map(|(t, c, text)| {
            let message = format!("the default of {} is the text '{text}', not the value of the expression", c.name);
            let advice = format!("write default=(sql){}", crate::kdl::quoted(meant_by(text)));
            Finding::new(column_at(t, &c.name), c.origin, message, advice)
        })
        .collect()
}

/// Returns the expression that is meant: for the current time, the one that both databases have.
fn meant_by(text: &str) -> &str {
    if text.trim().eq_ignore_ascii_case("now()") { "CURRENT_TIMESTAMP" } else { text }
}

/// Words that are values in SQL.
const WORDS: [&str; 9] = [
    "current_timestamp",
    "current_date",
    "current_time",
    "current_user",
    "current_role",
    "session_user",
    "localtime",
    "localtimestamp",
    "current_catalog",
];

/// Functions that are called with arguments in defaults.
const FUNCTIONS: [&str; 14] = [
    "date",
    "time",
    "datetime",
    "julianday",
    "unixepoch",
    "strftime",
    "nextval",
    "hex",
    "lower",
    "upper",
    "randomblob",
    "timezone",
    "date_trunc",
    "to_char",
];

fn expression(column: &Column) -> Option<&str> {
    let Some(Literal::String(text)) = column.default.as_ref().map(|d| &d.value) else { return None };
    let lower = text.trim().to_ascii_lowercase();
    let call = lower.strip_suffix(')').and_then(|t| t.split_once('('));
    let called = call.is_some_and(|(name, arguments)| {
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (plain && arguments.trim().is_empty()) || FUNCTIONS.contains(&name)
    });
    (called || WORDS.contains(&lower.as_str())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn what_is_found() {
        for (default, wanted) in [
            ("\"CURRENT_TIMESTAMP\"", 1),
            ("\"now()\"", 1),
            ("\"current_date\"", 1),
            ("\"datetime('now')\"", 1),
            ("\"now\"", 0),
            ("\"other (say which)\"", 0),
            ("\"f(x)\"", 0),
            ("\"\"", 0),
            ("(sql)\"CURRENT_TIMESTAMP\"", 0),
            ("0", 0),
        ] {
            assert_eq!(at(&RULE, &format!("table t {{ column a text default={default}; }}")).len(), wanted, "{default}");
        }
        let kdl = "table t { column a text default=\"now()\"; }";
        assert_eq!(advised(&RULE, kdl, Dialect::Sqlite), ["write default=(sql)\"CURRENT_TIMESTAMP\""]);
    }
}
