//! SQL text for PostgreSQL's objects. Names are always quoted; what the schema does not say is not written. Decides
//! nothing: which statements run, and when, is the lowering's.

mod index;
mod other;
mod table;

pub(crate) use index::{create_index, index_parameters};
pub(crate) use other::{
    comment, create_domain, create_enum, create_extension, create_materialized_view, create_sequence, create_view, domain_check, keyword,
    options,
};
pub(crate) use table::{after_table, check, column, create_table, exclusion, foreign_key, identity, named, primary_key, unique};

use super::names::{literal, word};
use crate::schema::{Deferrable, Expr, Literal};

/// A default's value.
pub(crate) fn value(value: &Literal) -> String {
    match value {
        Literal::Null => "NULL".to_owned(),
        Literal::Bool(b) => b.to_string(),
        Literal::Number(n) => n.clone(),
        Literal::String(s) => literal(s),
        Literal::Expr(e) => format!("({})", e.text),
    }
}

/// A query without what closes a statement.
pub(crate) fn query(query: &Expr) -> &str {
    query.text.trim().trim_end_matches(';').trim_end()
}

/// `name=value, …`, as `WITH (…)` and `SET (…)` take it.
pub(crate) fn parameters(with: &[(String, String)]) -> String {
    with.iter().map(|(name, value)| format!("{}={}", parameter(name), literal(value))).collect::<Vec<_>>().join(", ")
}

/// The name of a storage parameter: `toast.autovacuum_enabled` has two parts.
pub(crate) fn parameter(name: &str) -> String {
    name.split('.').map(word).collect::<Vec<_>>().join(".")
}

/// ` WITH (…)`, where there are parameters.
pub(crate) fn with(parameters_of: &[(String, String)]) -> String {
    if parameters_of.is_empty() { String::new() } else { format!(" WITH ({})", parameters(parameters_of)) }
}

/// ` DEFERRABLE …`.
pub(crate) fn deferrable(deferrable: Option<Deferrable>) -> &'static str {
    match deferrable {
        Some(Deferrable::InitiallyDeferred) => " DEFERRABLE INITIALLY DEFERRED",
        Some(Deferrable::InitiallyImmediate) => " DEFERRABLE INITIALLY IMMEDIATE",
        None => "",
    }
}

#[cfg(test)]
mod tests;
