//! Names in SQL: whether they need quotes, and how they are written.

use crate::engine;
use crate::engine::scanner::quote;
use crate::schema::{Dialect, Ident};

/// Why a name needs quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It is a keyword.
    Reserved,
    /// It contains a character that is not allowed without quotes, or not as the first one.
    Characters,
    /// PostgreSQL would fold it to lower case.
    Capitals,
}

/// Returns why the name needs quotes in the database's SQL, if it does. Both accept letters of any script,
/// digits, `_` and `$`; PostgreSQL folds only ASCII letters if the database is in UTF-8
/// (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>).
pub(super) fn needs_quotes(name: &str, dialect: Dialect) -> Option<Why> {
    let lower = name.to_ascii_lowercase();
    let reserved = engine::is_reserved(&lower, dialect);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || (!c.is_ascii() && !c.is_whitespace());
    let begins = !name.starts_with(|c: char| c.is_ascii_digit() || c == '$');
    if reserved {
        Some(Why::Reserved)
    } else if name.is_empty() || !begins || !name.chars().all(plain) {
        Some(Why::Characters)
    } else if dialect.capabilities().folds_case && lower != name {
        Some(Why::Capitals)
    } else {
        None
    }
}

/// Returns the name for an expression that both databases can read.
pub(super) fn in_sql(name: &Ident) -> String {
    let bare = Dialect::ALL.iter().all(|d| needs_quotes(name.as_str(), *d).is_none());
    if bare { name.to_string() } else { quote(name.as_str()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Case;

    #[test]
    fn each_database_has_its_own_words() {
        for (name, sqlite, postgres) in [
            ("user", None, Some(Why::Reserved)),
            ("order", Some(Why::Reserved), Some(Why::Reserved)),
            ("userId", None, Some(Why::Capitals)),
            ("a b", Some(Why::Characters), Some(Why::Characters)),
            ("1a", Some(Why::Characters), Some(Why::Characters)),
            ("$a", Some(Why::Characters), Some(Why::Characters)),
            ("a-b", Some(Why::Characters), Some(Why::Characters)),
            ("a$b", None, None),
            ("größe", None, None),
            ("Größe", None, Some(Why::Capitals)),
            ("plain_1", None, None),
        ] {
            assert_eq!(needs_quotes(name, Dialect::Sqlite), sqlite, "{name}");
            assert_eq!(needs_quotes(name, Dialect::Postgres), postgres, "{name}");
        }
    }

    #[test]
    fn quotes_where_one_of_the_two_needs_them() {
        let written = |name: &str| in_sql(&Ident::new(name, Case::Exact));
        assert_eq!([written("a"), written("user"), written("a\"b")], ["a", "\"user\"", "\"a\"\"b\""]);
    }
}
