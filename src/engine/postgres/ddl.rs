//! SQL for PostgreSQL objects. Names are always quoted; what the schema does not specify is not written. The
//! lowering decides which statements run, and when.

mod index;
mod other;
mod table;

pub(crate) use index::{create_index, index_parameters};
pub(crate) use other::{
    comment, create_domain, create_enum, create_extension, create_materialized_view, create_sequence, create_view, domain_check, options,
};
pub(crate) use table::{after_table, check, column, create_table, exclusion, foreign_key, identity, named, primary_key, unique};

use super::names::{literal, word};
use crate::schema::{Deferrable, Expr, Literal};

/// Returns the SQL of a default value.
pub(crate) fn value(value: &Literal) -> String {
    match value {
        Literal::Null => "NULL".to_owned(),
        Literal::Bool(b) => b.to_string(),
        Literal::Number(n) => n.clone(),
        Literal::String(s) => literal(s),
        Literal::Expr(e) => format!("({})", e.text),
    }
}

/// Returns a query without its closing semicolon.
pub(crate) fn query(query: &Expr) -> &str {
    query.text.trim().trim_end_matches(';').trim_end()
}

/// Returns `name=value, …`, as `WITH (…)` and `SET (…)` accept it.
pub(crate) fn parameters(with: &[(String, String)]) -> String {
    with.iter().map(|(name, value)| format!("{}={}", parameter(name), literal(value))).collect::<Vec<_>>().join(", ")
}

/// Returns the name of a storage parameter: `toast.autovacuum_enabled` has two parts.
pub(crate) fn parameter(name: &str) -> String {
    name.split('.').map(word).collect::<Vec<_>>().join(".")
}

/// Returns ` WITH (…)`, or nothing if there are no parameters.
pub(crate) fn with(parameters_of: &[(String, String)]) -> String {
    if parameters_of.is_empty() { String::new() } else { format!(" WITH ({})", parameters(parameters_of)) }
}

/// Returns ` DEFERRABLE …`.
pub(crate) fn deferrable(deferrable: Option<Deferrable>) -> &'static str {
    match deferrable {
        Some(Deferrable::InitiallyDeferred) => " DEFERRABLE INITIALLY DEFERRED",
        Some(Deferrable::InitiallyImmediate) => " DEFERRABLE INITIALLY IMMEDIATE",
        None => "",
    }
}

#[cfg(test)]
mod tests;
