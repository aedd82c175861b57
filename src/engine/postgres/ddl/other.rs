//! SQL for types, sequences, views, extensions and comments.

use super::super::names::{Names, list, literal, quote};
use super::super::types;
use super::{named, query, value, with};
use crate::schema::{Check, Domain, EnumType, Extension, MaterializedView, Sequence, SequenceOptions, View};

/// Returns `COMMENT ON …`; `None` removes the comment.
pub(crate) fn comment(on: &str, comment: Option<&str>) -> String {
    format!("COMMENT ON {on} IS {}", comment.map_or_else(|| "NULL".to_owned(), literal))
}

/// Returns `CREATE EXTENSION`.
pub(crate) fn create_extension(extension: &Extension) -> String {
    let schema = extension.schema.as_ref().map(|s| format!(" SCHEMA {}", quote(s.as_str()))).unwrap_or_default();
    let version = extension.version.as_ref().map(|v| format!(" VERSION {}", literal(v))).unwrap_or_default();
    format!("CREATE EXTENSION {}{schema}{version}", quote(extension.name.name.as_str()))
}

/// Returns `CREATE TYPE … AS ENUM`.
pub(crate) fn create_enum(ty: &EnumType, names: &Names) -> String {
    let values: Vec<String> = ty.values.iter().map(|v| literal(v)).collect();
    format!("CREATE TYPE {} AS ENUM ({})", names.sql(&ty.name), values.join(", "))
}

/// Returns `CREATE DOMAIN`, without checks that are not valid: only `ALTER DOMAIN` can add these
/// (<https://www.postgresql.org/docs/current/sql-alterdomain.html>).
pub(crate) fn create_domain(domain: &Domain, names: &Names) -> String {
    let mut sql = format!("CREATE DOMAIN {} AS {}", names.sql(&domain.name), types::type_sql(&domain.ty));
    if let Some(collate) = &domain.collate {
        sql.push_str(&format!(" COLLATE {}", quote(collate.as_str())));
    }
    if let Some(default) = &domain.default {
        sql.push_str(&format!(" DEFAULT {}", value(&default.value)));
    }
    if domain.not_null {
        sql.push_str(" NOT NULL");
    }
    for check in domain.checks.iter().filter(|c| !c.not_valid) {
        sql.push_str(&format!(" {}", domain_check(check)));
    }
    sql
}

/// Returns a check constraint of a domain.
pub(crate) fn domain_check(check: &Check) -> String {
    named(check.name.as_ref(), &format!("CHECK ({})", check.expr.text))
}

/// Returns the sequence options that are specified.
pub(crate) fn options(options: &SequenceOptions) -> String {
    const WORDS: [&str; 5] = ["START WITH", "INCREMENT BY", "MINVALUE", "MAXVALUE", "CACHE"];
    let set = WORDS.iter().zip(options.numbers());
    let mut words: Vec<String> = set.filter_map(|(word, (_, n))| n.map(|n| format!("{word} {n}"))).collect();
    if options.cycle {
        words.push("CYCLE".to_owned());
    }
    words.join(" ")
}

/// Returns `CREATE SEQUENCE`, without an owner.
pub(crate) fn create_sequence(sequence: &Sequence, names: &Names) -> String {
    let counting = options(&sequence.options);
    let counting = if counting.is_empty() { counting } else { format!(" {counting}") };
    format!("CREATE SEQUENCE {} AS {}{counting}", names.sql(&sequence.name), types::value_type(&sequence.ty))
}

fn columns(names: &[crate::schema::Ident]) -> String {
    if names.is_empty() { String::new() } else { format!(" ({})", list(names)) }
}

/// Returns `CREATE VIEW`.
pub(crate) fn create_view(view: &View, names: &Names) -> String {
    let (name, columns) = (names.sql(&view.name), columns(&view.columns));
    format!("CREATE VIEW {name}{columns}{} AS {}", with(&view.with), query(&view.query))
}

/// Returns `CREATE MATERIALIZED VIEW`, populated.
pub(crate) fn create_materialized_view(view: &MaterializedView, names: &Names) -> String {
    let (name, columns) = (names.sql(&view.name), columns(&view.columns));
    format!("CREATE MATERIALIZED VIEW {name}{columns}{} AS {}", with(&view.with), query(&view.query))
}
