//! Brings PostgreSQL expressions and queries into a canonical spelling by their tokens: case, quotes,
//! whitespace and outer brackets.
//!
//! Whether two spellings that still differ mean the same is for the server to decide (`settle`); nothing is
//! guessed here.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Word};

use crate::schema::{Ident, ObjectName};

/// Words that cannot be unquoted column names, or that have a special meaning between operands
/// (<https://www.postgresql.org/docs/current/sql-keywords-appendix.html>): they are never identifiers here.
const RESERVED: [&str; 99] = [
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "between",
    "bigint",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "from",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "lateral",
    "leading",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "nchar",
    "not",
    "notnull",
    "null",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "placing",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "symmetric",
    "then",
    "time",
    "timestamp",
    "true",
    "union",
    "user",
    "varchar",
    "when",
    "where",
];

/// Returns the tokens without whitespace and comments, or `None` if PostgreSQL could not read them either.
pub(crate) fn tokens(sql: &str) -> Option<Vec<Token>> {
    let all = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize().ok()?;
    Some(all.into_iter().filter(|t| !matches!(t, Token::Whitespace(_) | Token::EOF)).collect())
}

/// Returns the canonical spelling. Text that cannot be tokenized is returned unchanged.
pub(crate) fn canon(sql: &str) -> String {
    let Some(tokens) = tokens(sql) else { return sql.trim().to_owned() };
    let end = tokens.iter().rposition(|t| *t != Token::SemiColon).map_or(0, |i| i + 1);
    spelled(&tokens[..end])
}

/// Returns the canonical spelling of tokens.
pub(crate) fn spelled(tokens: &[Token]) -> String {
    without_brackets(tokens).iter().map(spell).collect::<Vec<_>>().join(" ")
}

/// Returns the tokens as equivalent SQL: an unquoted word stays unquoted because it may be half of a type
/// name.
pub(crate) fn sql(tokens: &[Token]) -> String {
    let word = |t: &Token| if let Token::Word(w) = t { Some(w.value.clone()).filter(|_| w.quote_style.is_none()) } else { None };
    tokens.iter().map(|t| word(t).unwrap_or_else(|| spell(t))).collect::<Vec<_>>().join(" ")
}

/// Returns the SQL with names replaced, as the server does on a rename. Text that cannot be tokenized is
/// unchanged.
pub(crate) fn renamed(text: &str, renames: &[(Ident, Ident)]) -> String {
    let Some(mut tokens) = tokens(text) else { return text.to_owned() };
    for token in &mut tokens {
        let Token::Word(word) = token else { continue };
        let found = name(word);
        let keyword = word.quote_style.is_none() && RESERVED.binary_search(&found.as_str()).is_ok();
        if let Some((_, new)) = renames.iter().find(|(old, _)| !keyword && old.matches(&found)) {
            (word.value, word.quote_style) = (new.to_string(), Some('"'));
        }
    }
    sql(&tokens)
}

/// Returns a canonical spelling in which casts name types by their new names, given by their old ones with their
/// schemas, if they have any. Text that cannot be tokenized is unchanged.
pub(crate) fn with_types_renamed(text: &str, renames: &[(ObjectName, Ident)]) -> String {
    let Some(mut tokens) = tokens(text).filter(|_| !renames.is_empty()) else { return text.to_owned() };
    let word = |t: Option<&Token>| if let Some(Token::Word(w)) = t { Some(name(w)) } else { None };
    for at in 1..tokens.len() {
        if tokens[at - 1] != Token::DoubleColon {
            continue;
        }
        let is_qualified = tokens.get(at + 1) == Some(&Token::Period);
        let (schema, place) = if is_qualified { (word(tokens.get(at)), at + 2) } else { (None, at) };
        let called = word(tokens.get(place));
        let is_it =
            |old: &ObjectName| Some(old.name.as_str()) == called.as_deref() && old.schema.as_ref().map(Ident::as_str) == schema.as_deref();
        if let (Some((_, new)), Some(Token::Word(word))) = (renames.iter().find(|(old, _)| is_it(old)), tokens.get_mut(place)) {
            (word.value, word.quote_style) = (new.to_string(), Some('"'));
        }
    }
    spelled(&tokens)
}

/// Removes brackets that enclose all tokens.
pub(crate) fn without_brackets(mut tokens: &[Token]) -> &[Token] {
    while tokens.len() > 2 && tokens[0] == Token::LParen && closing(tokens, 0) == Some(tokens.len() - 1) {
        tokens = &tokens[1..tokens.len() - 1];
    }
    tokens
}

/// Returns the index of the bracket that closes the one at `open`.
pub(crate) fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns the identifier as PostgreSQL reads it: in lower case unless it is quoted.
pub(crate) fn name(word: &Word) -> String {
    if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() }
}

fn spell(token: &Token) -> String {
    match token {
        Token::Word(word) => {
            let name = name(word);
            let keyword = word.quote_style.is_none() && RESERVED.binary_search(&name.as_str()).is_ok();
            if keyword { name } else { quote(&name) }
        }
        Token::SingleQuotedString(text) => literal(text),
        Token::DollarQuotedString(text) => literal(&text.value),
        Token::Neq => "<>".to_owned(),
        other => other.to_string(),
    }
}

/// Returns the text with the lines empty that contain only spaces: a schema file cannot keep them.
pub(crate) fn with_empty_lines(text: &str) -> String {
    let is_blank = |line: &str| line.chars().all(|c| c == ' ' || c == '\t');
    text.split('\n').map(|line| if is_blank(line) { "" } else { line }).collect::<Vec<_>>().join("\n")
}

/// Returns an identifier in double quotes.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns a string in single quotes.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns the words of a piece of SQL that may be names.
pub(crate) fn names(sql: &str) -> Vec<String> {
    let found = tokens(sql).unwrap_or_default();
    found.iter().filter_map(|t| if let Token::Word(w) = t { Some(name(w)) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched() {
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn spelling_is_no_difference() {
        for (a, b) in [
            ("((a > 0))", "A>0"),
            ("\"a\" = 'It''s'", "a  =  'It''s' -- so"),
            ("a != b", "a <> b"),
            ("(a) + (b)", "( A ) + (B)"),
            ("now()", "NOW()"),
        ] {
            assert_eq!(canon(a), canon(b), "{a} {b}");
        }
        assert_ne!(canon("\"A\" > 0"), canon("a > 0"));
        assert_ne!(canon("a = 'X'"), canon("a = 'x'"));
        assert_ne!(canon("(a) or (b)"), canon("a or b"));
    }
}
