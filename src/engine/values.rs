//! Values in the SQL of each engine: how they are written, and how a query returns them as text.

use super::sqlite::lexer::{quote, quote_string};
use crate::kdl::case::Value;
use crate::schema::Dialect;

/// Returns a value as SQL. PostgreSQL converts a quoted value to the type of its column.
pub(crate) fn literal(value: &Value, dialect: Dialect) -> String {
    match (value, dialect) {
        (Value::Null, _) => "NULL".to_owned(),
        (Value::Sql(sql), _) => format!("({sql})"),
        (Value::Text(text), _) => quote_string(text),
        (Value::Number(number), Dialect::Sqlite) => number.clone(),
        (Value::Number(number), Dialect::Postgres) => quote_string(number),
        (Value::Bool(b), Dialect::Sqlite) => i32::from(*b).to_string(),
        (Value::Bool(b), Dialect::Postgres) => quote_string(&b.to_string()),
    }
}

/// Returns the expression for a column's name and value, as SQL.
pub(crate) fn named(column: &str, dialect: Dialect) -> String {
    let (label, name) = (quote_string(&format!("{column}=")), quote(column));
    match dialect {
        Dialect::Sqlite => format!("{label} || quote({name})"),
        Dialect::Postgres => format!("{label} || pg_catalog.quote_nullable({name}::text)"),
    }
}

/// Returns the query with its only column as text, because PostgreSQL's driver does not convert values to
/// text.
pub(crate) fn as_text(query: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => query.to_owned(),
        Dialect::Postgres => format!("SELECT value::text FROM ({query}\n) AS wanted (value)"),
    }
}
