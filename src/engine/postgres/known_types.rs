//! Reports types of new and changed columns that the server does not know, with their positions. Types declared
//! in the schema file are known; if the change creates an extension, its types are not known yet, and nothing
//! is reported.

use super::connection::{Connection, Error};
use super::inspect::ident;
use super::{canon, words};
use crate::diff::{Changes, Delta, TableChange};
use crate::schema::{Column, Domain, ObjectName, Problem, Schema, Span, Type, UnmanagedKind, nearest};

/// Types that are words of the grammar, not names in the catalog
/// (<https://www.postgresql.org/docs/current/datatype.html>).
const BUILT_IN: [&str; 20] = [
    "bigint",
    "bit",
    "boolean",
    "char",
    "character",
    "dec",
    "decimal",
    "double",
    "float",
    "int",
    "integer",
    "interval",
    "national",
    "nchar",
    "numeric",
    "real",
    "smallint",
    "time",
    "timestamp",
    "varchar",
];

/// Types of other databases and their PostgreSQL equivalents.
const FOREIGN: [(&str, &str); 35] = [
    ("datetime", "timestamp, or timestamptz for a point in time"),
    ("datetime2", "timestamp"),
    ("datetimeoffset", "timestamptz"),
    ("smalldatetime", "timestamp(0)"),
    ("year", "smallint"),
    ("tinyint", "smallint"),
    ("mediumint", "integer"),
    ("int1", "smallint"),
    ("int3", "integer"),
    ("number", "decimal, or \"decimal(p,s)\""),
    ("smallmoney", "decimal"),
    ("string", "text"),
    ("str", "text"),
    ("tinytext", "text"),
    ("mediumtext", "text"),
    ("longtext", "text"),
    ("ntext", "text"),
    ("clob", "text"),
    ("nclob", "text"),
    ("nvarchar", "\"varchar(n)\", or text"),
    ("nvarchar2", "\"varchar(n)\", or text"),
    ("varchar2", "\"varchar(n)\", or text"),
    ("long", "text, or bigint for a number"),
    ("tinyblob", "bytea (`blob` in the schema language)"),
    ("mediumblob", "bytea (`blob` in the schema language)"),
    ("longblob", "bytea (`blob` in the schema language)"),
    ("binary", "bytea (`blob` in the schema language)"),
    ("varbinary", "bytea (`blob` in the schema language)"),
    ("image", "bytea (`blob` in the schema language)"),
    ("raw", "bytea (`blob` in the schema language)"),
    ("uniqueidentifier", "uuid"),
    ("guid", "uuid"),
    ("rowversion", "bytea, or bigint for a counter"),
    ("set", "text[], or a separate table"),
    ("enum", "an enum: declare enum NAME VALUE VALUE, and use its name as the type"),
];

/// Returns all problems, with one query.
pub(crate) async fn problems(connection: &mut Connection, changes: &Changes, desired: &Schema) -> Result<Vec<Problem>, Error> {
    let comes = changes.extensions().any(|e| e.before().is_none()) || !changes.lacking.is_empty();
    let typed = changes.tables().flat_map(columns).map(Typed::column).chain(domains(changes).map(Typed::domain));
    let typed: Vec<(Typed, String)> = typed.filter_map(|t| Some((open(t.ty, desired)?, t))).map(|(name, t)| (t, name)).collect();
    if comes || typed.is_empty() {
        return Ok(Vec::new());
    }
    let each = |(i, (_, name)): (usize, &(Typed, String))| format!("({i}::int8, {})", canon::literal(name));
    let values: Vec<String> = typed.iter().enumerate().map(each).collect();
    let sql = format!("SELECT n::text, ''::text FROM (VALUES {}) AS v(n, name) WHERE to_regtype(name) IS NULL", values.join(", "));
    let unknown = connection.pairs(&sql).await?;
    let found = unknown.iter().filter_map(|(n, _)| n.parse::<usize>().ok()).filter_map(|n| typed.get(n));
    Ok(found.map(|(typed, name)| problem(typed, name, desired)).collect())
}

/// A column or domain, and its type.
struct Typed<'t> {
    whose: String,
    ty: &'t Type,
    at: Option<Span>,
}

impl<'t> Typed<'t> {
    fn column(column: &'t Column) -> Typed<'t> {
        Typed { whose: format!("column `{}`", column.name), ty: &column.ty, at: column.type_origin.0.or(column.origin.0) }
    }

    fn domain(domain: &'t Domain) -> Typed<'t> {
        Typed { whose: format!("domain `{}`", domain.name), ty: &domain.ty, at: domain.type_origin.0.or(domain.origin.0) }
    }
}

/// Returns the domains that are created or whose type changes.
fn domains(changes: &Changes) -> impl Iterator<Item = &Domain> {
    changes.domains().filter(|d| d.before().map(|b| &b.ty) != d.after().map(|a| &a.ty)).filter_map(Delta::after)
}

/// Returns a problem for each virtual generated column if the server does not support them (before version
/// 18, <https://www.postgresql.org/docs/18/ddl-generated-columns.html>).
pub(crate) fn without_virtual(version: i64, changes: &Changes) -> Vec<Problem> {
    if version >= 180_000 {
        return Vec::new();
    }
    let is_virtual = |c: &&Column| c.generated.as_ref().is_some_and(|g| !g.stored);
    let problem = |c: &Column| {
        let message = format!("column `{}` is a virtual generated column, which requires PostgreSQL 18 or later", c.name);
        Problem::new(message, c.origin.0, "not stored").help("write stored=#true")
    };
    changes.tables().flat_map(all).filter(is_virtual).map(problem).collect()
}

/// Returns the columns that are added or changed in any way.
fn all(change: &TableChange) -> Vec<&Column> {
    match change {
        TableChange::Create(table) => table.columns.values().collect(),
        TableChange::Drop(_) => Vec::new(),
        TableChange::Alter(edits) => edits.columns.iter().filter_map(Delta::after).collect(),
    }
}

/// Returns the columns that are added or whose type changes.
fn columns(change: &TableChange) -> Vec<&Column> {
    match change {
        TableChange::Create(table) => table.columns.values().collect(),
        TableChange::Drop(_) => Vec::new(),
        TableChange::Alter(edits) => {
            let typed = |d: &&Delta<Column>| match d {
                Delta::Alter { before, after, .. } => before.ty != after.ty,
                Delta::Create(_) => true,
                Delta::Drop(_) => false,
            };
            edits.columns.iter().filter(typed).filter_map(Delta::after).collect()
        }
    }
}

/// Returns the name of a type that only the server can know.
fn open(ty: &Type, desired: &Schema) -> Option<String> {
    let Type::Other(text) = ty else { return None };
    let ((schema, name), _) = words::leading_name(text.as_str())?;
    if schema.is_none() && BUILT_IN.contains(&name.as_str()) {
        return None;
    }
    let name = ObjectName::new(schema.map(|s| ident(&s)), ident(&name));
    let declared = |n: &ObjectName| desired.enums.contains_key(n) || desired.domains.contains_key(n) || is_relation(n, desired);
    let unmanaged = desired.unmanaged.iter().any(|u| u.kind == UnmanagedKind::Type && u.name == name.to_string());
    // Of `interval day to second`, the first word is the type.
    let schema = name.schema.as_ref().map(|s| format!("{}.", canon::quote(s.as_str()))).unwrap_or_default();
    (!declared(&name) && !unmanaged).then(|| format!("{schema}{}", canon::quote(name.name.as_str())))
}

/// Returns whether the type is the row type of a declared relation, or an array of it: the plan may create it.
pub(super) fn is_row_type(ty: &Type, schema: &Schema) -> bool {
    let Type::Other(text) = ty else { return false };
    words::leading_name(text.as_str())
        .is_some_and(|((of, name), _)| is_relation(&ObjectName::new(of.map(|s| ident(&s)), ident(&name)), schema))
}

fn is_relation(name: &ObjectName, schema: &Schema) -> bool {
    schema.tables.contains_key(name) || schema.views.contains_key(name) || schema.materialized_views.contains_key(name)
}

fn problem(typed: &Typed, name: &str, desired: &Schema) -> Problem {
    let Typed { whose, ty, at } = typed;
    let at = *at;
    let own = desired.enums.keys().chain(desired.domains.keys()).map(|n| n.name.as_str());
    let portable = ["integer", "bigint", "text", "boolean", "timestamp", "timestamptz", "jsonb", "uuid", "decimal", "double"];
    let near = nearest(name.trim_matches('"'), own.chain(portable));
    let bare = name.trim_matches('"').to_lowercase();
    if ["smallserial", "serial2"].contains(&bare.as_str()) {
        let message = format!("{whose} has type `{ty}`, which the schema language does not have");
        let help = format!("write `smallint identity`; a live `{bare}` is a smallint with a sequence of its own");
        return Problem::new(message, at, "not a stored type").help(help);
    }
    let own_word = FOREIGN.iter().find(|(theirs, _)| *theirs == bare).map(|(_, ours)| *ours);
    if let Some(ours) = own_word {
        let message = format!("{whose} has type `{ty}`, which is not a PostgreSQL type");
        return Problem::new(message, at, "no such type").help(format!("use {ours}"));
    }
    let help = near.map_or_else(|| "declare the type, or the extension that provides it".to_owned(), |n| format!("did you mean `{n}`?"));
    let message = format!("{whose} has type `{ty}`, which does not exist");
    Problem::new(message, at, "no such type").help(help)
}
