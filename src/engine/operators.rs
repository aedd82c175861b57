//! Detects mistakes in an expression that are certain in both databases: an operator without an operand.
//! Knows only the operators that every SQL dialect has; the database finds the other mistakes.

use super::sqlite::lexer::{Kind, Token, lex};
use crate::schema::{Expr, Problem};

/// Operators that need an operand on both sides.
const BINARY: [&str; 14] = ["=", "==", "<>", "!=", "<", ">", "<=", ">=", "/", "%", "||", "*", "<<", ">>"];
/// Keywords that do.
const BINARY_WORDS: [&str; 4] = ["AND", "OR", "IN", "BETWEEN"];
/// Operators that need an operand only after them.
const PREFIX: [&str; 3] = ["+", "-", "~"];
/// Keywords that do.
const PREFIX_WORDS: [&str; 2] = ["NOT", "IS"];

/// Returns a problem for an operator that lacks an operand.
pub(crate) fn problem(what: &str, expr: &Expr) -> Option<Problem> {
    let why = dangling(&expr.text)?;
    let problem = Problem::new(format!("{what} is not a complete expression: {why}"), expr.origin.0, "here");
    Some(problem.help("an operator needs an expression on each side"))
}

/// Returns the operator that lacks an operand, and on which side.
fn dangling(sql: &str) -> Option<String> {
    // Such text contains tokens that only PostgreSQL has.
    if sql.contains('$') || sql.contains('\\') {
        return None;
    }
    let tokens = lex(sql);
    (0..tokens.len()).find_map(|i| {
        let (before, token, after) = (i.checked_sub(1).map(|n| &tokens[n]), &tokens[i], tokens.get(i + 1));
        let binary = is_one(sql, token, &BINARY, &BINARY_WORDS);
        let prefix = is_one(sql, token, &PREFIX, &PREFIX_WORDS);
        if !(binary || prefix) || is_part_of_another(sql, before, token, after) || is_star(sql, before, token, after) {
            return None;
        }
        let shown = token.text(sql);
        if after.is_none_or(|t| t.is_op(sql, ")") || t.is_op(sql, ",") || is_one(sql, t, &BINARY, &BINARY_WORDS)) {
            return Some(format!("nothing follows `{shown}`")).filter(|_| !is_not_word(sql, token, after));
        }
        let open = before.is_none_or(|t| t.is_op(sql, "(") || t.is_op(sql, ","));
        (binary && open).then(|| format!("nothing precedes `{shown}`"))
    })
}

fn is_one(sql: &str, token: &Token, operators: &[&str], words: &[&str]) -> bool {
    operators.iter().any(|o| token.is_op(sql, o)) || words.iter().any(|w| token.is(sql, w))
}

/// Returns true for `@>`, `<->`, `!~*`: PostgreSQL combines adjacent characters into one operator.
fn is_part_of_another(sql: &str, before: Option<&Token>, token: &Token, after: Option<&Token>) -> bool {
    let sign = |t: &&Token| t.text(sql).bytes().all(|b| b"+-*/<>=~!@#%^&|`?".contains(&b));
    token.kind == Kind::Op
        && (before.filter(sign).is_some_and(|t| t.end == token.start)
            || after.filter(sign).is_some_and(|t| t.start == token.end)
            || before.is_some_and(|t| t.is_op(sql, ".")))
}

/// Returns true for `count(*)`, `t.*`, `SELECT *`.
fn is_star(sql: &str, before: Option<&Token>, token: &Token, after: Option<&Token>) -> bool {
    let opens = before.is_some_and(|t| t.is_op(sql, "(") || t.is_op(sql, ",") || t.is_op(sql, ".") || t.kind == Kind::Word);
    token.is_op(sql, "*") && opens && after.is_some()
}

/// Returns true for `NOT IN` and `NOT BETWEEN`, which are one operator.
fn is_not_word(sql: &str, token: &Token, after: Option<&Token>) -> bool {
    token.is(sql, "NOT") && after.is_some_and(|t| t.is(sql, "IN") || t.is(sql, "BETWEEN"))
}

#[cfg(test)]
mod tests {
    use super::dangling;

    #[test]
    fn an_operator_has_both_sides() {
        for (sql, wanted) in [
            ("n > ", "nothing follows `>`"),
            ("n >", "nothing follows `>`"),
            ("> 0", "nothing precedes `>`"),
            ("(n = ) AND 1", "nothing follows `=`"),
            ("n > 0 AND", "nothing follows `AND`"),
            ("n > 0 AND OR m", "nothing follows `AND`"),
            ("n > = 0", "nothing follows `>`"),
            ("f(n, * 2)", ""),
            ("f(= 2)", "nothing precedes `=`"),
            ("n IS NOT", "nothing follows `NOT`"),
            ("n +", "nothing follows `+`"),
            ("n *", "nothing follows `*`"),
        ] {
            assert_eq!(dangling(sql).unwrap_or_default(), wanted, "{sql}");
        }
    }

    #[test]
    fn what_a_database_takes_is_let_pass() {
        for sql in [
            "n > -1 AND NOT m",
            "n NOT IN (1, 2) AND n NOT BETWEEN 1 AND 2",
            "n IS NOT NULL",
            "(SELECT count(*) FROM t) > 0 AND EXISTS (SELECT * FROM t)",
            "a <-> b < 1",
            "a <=> b < 1 AND a @> b AND a !~* b AND a && b",
            "a OPERATOR(pg_catalog.=) b",
            "a >>= b",
            "-n < +m",
            "~ n",
            "@ n > 1",
            "a #>> '{b}' = 'c'",
            "n = ANY (ARRAY[1, 2])",
            "a % 2 = 0 OR a - -1 = 2",
            "$$ > $$ = x",
        ] {
            assert_eq!(dangling(sql), None, "{sql}");
        }
    }
}
