//! Normalizes the spelling of SQLite's expressions. SQLite stores the text as given, so case, quotes, spaces,
//! comments and redundant parentheses must not count as differences. Works on tokens and leaves unknown ones
//! as they are.

use std::collections::BTreeSet;

use super::keywords::is_reserved;
use super::lexer::{Kind, Token, lex};
use crate::schema::UNSURE;

/// The context of an expression.
#[derive(Default)]
pub(crate) struct Scope<'a> {
    /// The name of the table itself: `t.a` is then `a`.
    pub(crate) table: Option<&'a str>,
    /// The table's columns in lower case. If they are known, `"typo"` is read as a string, as by SQLite.
    pub(crate) columns: Option<&'a BTreeSet<String>>,
}

/// Returns the canonical spelling: every name in double quotes and lower case, every keyword unquoted and in
/// lower case.
pub(crate) fn canon(sql: &str, scope: &Scope) -> String {
    let tokens = lex(sql);
    let mut words: Vec<String> = Vec::with_capacity(tokens.len());
    let mut i = 0;
    while i < tokens.len() {
        if is_own_qualifier(sql, &tokens, i, scope) {
            i += 2;
            continue;
        }
        let unsure = scope.columns.is_none() && tokens[i].text(sql).starts_with('"') && !is_surely_a_name(sql, &tokens, i);
        let word = if unsure { quoted(&tokens[i].value(sql)) } else { spell(sql, &tokens[i], scope) };
        let word = without_marks(word);
        words.push(if unsure { format!("{UNSURE}{word}") } else { word });
        i += 1;
    }
    if words.last().is_some_and(|w| w == ";") {
        words.pop();
    }
    without_needless_parentheses(words).join(" ")
}

/// Escapes the marker characters that occur in the text itself.
fn without_marks(word: String) -> String {
    if word.contains([UNSURE, '\u{2}']) { word.replace('\u{2}', "\u{2}2").replace(UNSURE, "\u{2}1") } else { word }
}

fn is_own_qualifier(sql: &str, tokens: &[Token], i: usize, scope: &Scope) -> bool {
    let Some(table) = scope.table else { return false };
    let dotted = tokens.get(i + 1).is_some_and(|t| t.is_op(sql, ".")) && tokens.get(i + 2).is_some();
    let first = i == 0 || !tokens[i - 1].is_op(sql, ".");
    dotted && first && matches!(tokens[i].kind, Kind::Word | Kind::Quoted) && tokens[i].value(sql).eq_ignore_ascii_case(table)
}

fn spell(sql: &str, token: &Token, scope: &Scope) -> String {
    let text = token.text(sql);
    match token.kind {
        Kind::Word => {
            let word = text.to_ascii_lowercase();
            let column = scope.columns.is_some_and(|c| c.contains(&word));
            if is_reserved(&word) && !column { word } else { name(&word) }
        }
        Kind::Quoted => {
            let value = token.value(sql);
            let folded = value.to_ascii_lowercase();
            let unknown = scope.columns.is_some_and(|c| !c.contains(&folded) && !ROWID.contains(&folded.as_str()));
            if unknown && text.starts_with('"') { format!("'{}'", value.replace('\'', "''")) } else { name(&folded) }
        }
        Kind::Number | Kind::Blob => text.to_ascii_lowercase(),
        Kind::String => text.to_owned(),
        Kind::Op => match text {
            "==" => "=".to_owned(),
            "!=" => "<>".to_owned(),
            _ => text.to_owned(),
        },
    }
}

const ROWID: [&str; 3] = ["rowid", "_rowid_", "oid"];

fn name(folded: &str) -> String {
    quoted(folded)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns true if a word in double quotes is in a place where a string is not allowed.
fn is_surely_a_name(sql: &str, tokens: &[Token], i: usize) -> bool {
    let before = i.checked_sub(1).map(|b| &tokens[b]);
    let after = tokens.get(i + 1);
    let qualified = |t: Option<&Token>| t.is_some_and(|t| t.is_op(sql, "."));
    let called = after.is_some_and(|t| t.is_op(sql, "("));
    let is = |t: Option<&Token>, words: &[&str]| t.is_some_and(|t| words.iter().any(|k| t.is(sql, k)));
    // IS DISTINCT FROM is an operator, and the ON of a JOIN is followed by a condition.
    let compares = is(before, &["FROM"]) && i > 1 && tokens[i - 2].is(sql, "DISTINCT");
    let in_head = || !tokens[..i].iter().any(|t| ["SELECT", "WITH", "VALUES", "BEGIN", "JOIN"].iter().any(|k| t.is(sql, k)));
    let introduced = is(before, &["FROM", "JOIN", "INTO", "UPDATE", "AS"]) && !compares;
    let introduced = introduced || (is(before, &["ON"]) && in_head());
    qualified(before) || qualified(after) || called || introduced
}

/// The modules built into SQLite, whose arguments are case-insensitive names and options.
const MODULES: [&str; 7] = ["fts3", "fts4", "fts5", "fts5vocab", "rtree", "rtree_i32", "geopoly"];

/// Returns the canonical spelling of a virtual table's module and arguments. Quoted text may be anything and
/// keeps its case unless it is a plain name.
pub(crate) fn canon_module(sql: &str) -> String {
    let tokens = lex(sql);
    let own = tokens.first().is_some_and(|t| MODULES.iter().any(|m| t.value(sql).eq_ignore_ascii_case(m)));
    let plain = |t: &Token| t.value(sql).chars().all(|c| c.is_alphanumeric() || c == '_');
    let spell = |(i, t): (usize, &Token)| match t.kind {
        Kind::Word | Kind::Quoted if (own || i == 0) && plain(t) => name(&t.value(sql).to_ascii_lowercase()),
        _ => t.text(sql).to_owned(),
    };
    tokens.iter().enumerate().map(spell).collect::<Vec<_>>().join(" ")
}

/// Removes outer parentheses, doubled ones, and those that change nothing by SQLite's precedence
/// (<https://sqlite.org/lang_expr.html#operators_and_parse_affecting_attributes>).
fn without_needless_parentheses(mut words: Vec<String>) -> Vec<String> {
    let pairs = pairs(&words);
    let mut drop = vec![false; words.len()];
    let mut outer = 0;
    while outer < words.len() && words[outer] == "(" && pairs[outer] == Some(words.len() - 1 - outer) && !is_query(&words, outer + 1) {
        drop[outer] = true;
        drop[words.len() - 1 - outer] = true;
        outer += 1;
    }
    for i in outer..words.len() {
        let (true, Some(end)) = (words[i] == "(", pairs[i]) else { continue };
        let doubled = i > 0 && words[i - 1] == "(" && pairs[i - 1] == Some(end + 1) && !drop[i - 1] && !is_query(&words, i + 1);
        if doubled || binds_anyway(&words, &pairs, i, end) {
            drop[i] = true;
            drop[end] = true;
        }
    }
    let mut keep = drop.iter().map(|d| !d);
    words.retain(|_| keep.next().unwrap_or(true));
    words
}

/// Returns the precedence of an operator; higher binds tighter.
fn precedence(word: &str) -> Option<u8> {
    Some(match word {
        "or" => 1,
        "and" => 2,
        "not" => 3,
        "=" | "<>" | "is" | "in" | "like" | "glob" | "match" | "regexp" | "isnull" | "notnull" | "between" | "escape" => 4,
        "<" | ">" | "<=" | ">=" => 5,
        "&" | "|" | "<<" | ">>" => 6,
        "+" | "-" => 7,
        "*" | "/" | "%" => 8,
        "||" | "->" | "->>" => 9,
        "collate" => 10,
        "~" => 11,
        _ => return None,
    })
}

/// Returns true if the text in the parentheses would bind the same without them. In case of doubt, false.
fn binds_anyway(words: &[String], pairs: &[Option<usize>], open: usize, close: usize) -> bool {
    let Some(inner) = loosest(words, pairs, open + 1, close) else { return false };
    let (Some(left), Some(right)) = (left_of(words, open), right_of(words, close)) else { return false };
    let associative = left == inner && inner <= 2;
    (inner > left || associative) && inner >= right && !beside_between(words, pairs, open)
}

/// Returns the lowest precedence directly inside the parentheses; `None` for lists and queries.
fn loosest(words: &[String], pairs: &[Option<usize>], from: usize, to: usize) -> Option<u8> {
    let mut found = u8::MAX;
    let mut at = from;
    while at < to {
        match words[at].as_str() {
            "(" => at = pairs[at]?,
            "," | "select" | "with" | "values" | "distinct" => return None,
            word => found = found.min(precedence(word).unwrap_or(u8::MAX)),
        }
        at += 1;
    }
    (from < to).then_some(found)
}

/// Returns the precedence on the left: 0 at a beginning, and `None` after a name, whose arguments these may
/// be.
fn left_of(words: &[String], open: usize) -> Option<u8> {
    let Some(before) = open.checked_sub(1) else { return Some(0) };
    let word = words[before].as_str();
    let behind = before.checked_sub(1).map(|i| words[i].as_str());
    let sign = matches!(word, "-" | "+" | "~") && !behind.is_some_and(is_operand);
    match word {
        _ if sign => Some(u8::MAX),
        // `IS NOT` is one operator with the precedence of IS.
        "not" if behind == Some("is") => None,
        "(" if before > 0 && matches!(words[before - 1].as_str(), "in" | "exists" | "values") => None,
        "(" | "," | "when" | "then" | "else" => Some(0),
        "in" | "is" | "collate" | "escape" => None,
        word => precedence(word),
    }
}

/// Returns true if a value ends with the word, so that a sign after it is a binary operator. In case of
/// doubt, false.
fn is_operand(word: &str) -> bool {
    let literal = word.starts_with(|c: char| c.is_ascii_digit() || "\"'.x".contains(c) || c == UNSURE);
    (literal && word != "\"by\"") || word == ")"
}

fn right_of(words: &[String], close: usize) -> Option<u8> {
    match words.get(close + 1).map(String::as_str) {
        None | Some(")" | "," | "when" | "then" | "else" | "\"end\"") => Some(0),
        // After a value it begins NOT IN, NOT LIKE, NOT BETWEEN or NOT NULL.
        Some("not") => precedence("in"),
        Some(word) => precedence(word),
    }
}

/// Returns true if a BETWEEN precedes the parenthesis on the same level: its AND is not the logical operator.
fn beside_between(words: &[String], pairs: &[Option<usize>], open: usize) -> bool {
    let mut at = open;
    while let Some(before) = at.checked_sub(1) {
        match words[before].as_str() {
            "between" => return true,
            "(" => return false,
            ")" => at = pairs.iter().position(|p| *p == Some(before)).unwrap_or(0),
            _ => at = before,
        }
    }
    false
}

fn is_query(words: &[String], at: usize) -> bool {
    words.get(at).is_some_and(|w| matches!(w.as_str(), "select" | "with" | "values"))
}

fn pairs(words: &[String]) -> Vec<Option<usize>> {
    let mut pairs = vec![None; words.len()];
    let mut open = Vec::new();
    for (i, word) in words.iter().enumerate() {
        if word == "(" {
            open.push(i);
        } else if word == ")"
            && let Some(start) = open.pop()
        {
            pairs[start] = Some(i);
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        let expr = |sql: &str| crate::schema::Expr { canon: canon(sql, &Scope::default()), ..crate::schema::Expr::new(sql) };
        expr(a) == expr(b) && expr(b) == expr(a)
    }

    #[test]
    fn spelling_is_no_difference() {
        assert!(same("A>=0 /* c */", "\"a\" >= 0"));
        assert!(same("((a) > 0)", "a > 0"));
        assert!(same("((a > 0)) AND (b)", "(a > 0) and b"));
        assert!(same("lower([Name])", "LOWER(name)"));
        assert!(same("a == 1 OR a != 2", "a = 1 or a <> 2"));
        assert!(same("tries>=0 and (tries<10)", "tries >= 0 AND tries < 10"));
        assert!(same("(a or b) and (c = 1)", "(a OR b) AND c = 1"));
        assert!(same("(a * b) + c", "a * b + c"));
        assert!(same("NOT (a = b)", "not a = b"));
        assert!(same("(a and b) and (c and d)", "a and b and c and d"));
    }

    #[test]
    fn meaning_is() {
        assert!(!same("(a + b) * c", "a + (b * c)"));
        assert!(!same("a IN (SELECT b)", "a IN ((SELECT b))"));
        assert!(!same("'A' = b", "'a' = b"));
        assert!(!same("f(a)", "f"));
        assert!(!same("(a) || (b)", "(a || b) || c"));
        assert!(!same("a - (b - c)", "a - b - c"));
        assert!(!same("x BETWEEN 1 AND (c = d)", "x BETWEEN 1 AND c = d"));
        assert!(!same("-(a + b)", "-a + b"));
        assert!(!same("(not a) = b", "not a = b"));
        assert!(!same("a IN (1)", "a IN 1"));
        assert!(!same("(a, b) = (1, 2)", "a, b = 1, 2"));
        assert!(!same("a IS NOT (b = c)", "a IS NOT b = c"));
        assert!(!same("a IS NOT (b IS NULL)", "a IS NOT b IS NULL"));
        assert!(!same("(NOT a) NOT IN (1)", "NOT a NOT IN (1)"));
        assert!(!same("(NOT a) NOT NULL", "NOT a NOT NULL"));
        assert!(!same("(NOT a) IS NULL", "NOT a IS NULL"));
        assert!(!same("CASE WHEN a THEN -(b || c) END", "CASE WHEN a THEN -b || c END"));
        assert!(!same("CASE -(b || c) WHEN 1 THEN 2 END", "CASE -b || c WHEN 1 THEN 2 END"));
        assert!(!same("SELECT a ORDER BY -(b || c)", "SELECT a ORDER BY -b || c"));
        assert!(!same("SELECT -(b || c)", "SELECT -b || c"));
    }

    #[test]
    fn what_may_be_a_string_keeps_its_letters() {
        assert!(!same("SELECT * FROM t WHERE n = \"Bob\"", "SELECT * FROM t WHERE n = \"bob\""));
        assert!(!same("RAISE(ABORT, \"Bad Value\")", "RAISE(ABORT, \"bad value\")"));
        assert!(!same("n = \"Bob\"", "n = 'Bob'"));
        assert!(!same("SELECT n IS NOT DISTINCT FROM \"Bob\" FROM t", "SELECT n IS NOT DISTINCT FROM \"bob\" FROM t"));
        assert!(!same("SELECT 1 FROM t JOIN u ON \"Bob\" = u.n", "SELECT 1 FROM t JOIN u ON \"bob\" = u.n"));
        assert!(!same("n = '\u{1}\"Bob\"'", "n = '\u{1}\"bob\"'"));
        assert!(same("AFTER INSERT ON \"T\" BEGIN SELECT 1; END", "after insert on t begin select 1; end"));
        assert!(same("SELECT \"Name\" FROM \"Users\" u", "select name from users U"));
        assert!(same("SELECT \"Name\" FROM \"Users\"", "select [NAME] from \"users\""));
        assert!(same("\"a\" - (b * c)", "A - b * c"));
    }

    #[test]
    fn arguments_of_a_module_keep_their_letters() {
        let equal = |a: &str, b: &str| canon_module(a) == canon_module(b);
        assert!(equal("FTS5(Name, \"Body\" , tokenize = porter)", "fts5 (name, body, tokenize=Porter)"));
        assert!(!equal("fts5(a, tokenize = \"unicode61 tokenchars 'X'\")", "fts5(a, tokenize = \"unicode61 tokenchars 'x'\")"));
        assert!(!equal("csv(filename=\"Data\")", "csv(filename=\"data\")"));
    }

    #[test]
    fn scope_tells_a_string_from_a_name() {
        let columns = BTreeSet::from(["a".to_owned(), "key".to_owned()]);
        let scope = Scope { table: Some("T"), columns: Some(&columns) };
        assert_eq!(canon("t.A = \"typo\" AND key > \"key\"", &scope), r#""a" = 'typo' and "key" > "key""#);
    }
}
