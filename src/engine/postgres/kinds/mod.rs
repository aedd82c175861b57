//! The kinds of objects that SQL defines as a whole, on PostgreSQL: one [`Row`] for each kind that rosey
//! manages here, with what distinguishes it. All of them are inspected by one query, compared by
//! `settle/definitions.rs` and changed by `lower/definitions.rs`. A kind without a row is refused in a schema
//! file and reported as unmanaged.

mod arguments;
mod routine;
mod statistics;
mod trigger;

use super::catalog_row::catalog_row;
use super::names::{Names, literal, quote};
use super::read_type::plain_or_quoted;
use crate::schema::{DefinedKind, Definition, ObjectName, Of, Unmanaged};

/// What distinguishes a kind.
pub(crate) struct Row {
    pub(crate) kind: DefinedKind,
    /// The catalog that contains its objects.
    pub(crate) class: &'static str,
    /// Returns the query for the live objects; `version` is `server_version_num`.
    catalog: fn(version: i64) -> Catalog,
    /// Returns whether `CREATE OR REPLACE` changes one definition into the other.
    pub(crate) replaces: fn(&Definition, &Definition) -> bool,
    /// How the server is asked how it spells a definition, without changing anything.
    pub(crate) attempt: Attempt,
    /// Splits a text into what has to exist before the object, and what is only looked up when it is used.
    pub(crate) parts: fn(&str) -> Parts,
}

/// The parts of a text.
pub(crate) struct Parts {
    pub(crate) needed: String,
    pub(crate) late: String,
}

impl Parts {
    /// Everything has to exist.
    fn all(text: &str) -> Parts {
        Parts { needed: text.to_owned(), late: String::new() }
    }
}

/// How the server is asked how it spells a definition.
#[derive(Clone, Copy)]
pub(crate) enum Attempt {
    /// The object is created in the schema of temporary objects, if this function permits its text.
    Temporary(fn(&str) -> bool),
    /// The object is created on an empty temporary copy of its table.
    OnCopy,
}

/// The parts of a catalog query for the objects of a kind. Each is an SQL expression, except for `from`.
struct Catalog {
    /// The OID of the object.
    oid: &'static str,
    name: &'static str,
    /// The types of its arguments, if those identify it.
    arguments: &'static str,
    /// The OID of the table or view that it is on.
    relation: &'static str,
    /// The statement that creates the object.
    statement: &'static str,
    /// What this statement begins with: everything up to the name.
    head: String,
    /// An array of statements that restore what is lost when it is re-created. In them, `%s` is its name.
    kept: String,
    /// Why the object cannot be managed, or NULL.
    reason: String,
    /// What a digest of the definition contains besides the comment. It is the same as when the kind was not
    /// managed: files may contain it.
    digest: String,
    /// The catalogs, in which `n` is `pg_namespace`, with a condition.
    from: String,
}

/// The kinds that are managed.
const ROWS: [&Row; 4] = [&routine::FUNCTION, &routine::PROCEDURE, &statistics::ROW, &trigger::ROW];

/// Returns the kinds that are managed.
pub(crate) fn managed() -> impl Iterator<Item = DefinedKind> {
    ROWS.iter().map(|row| row.kind)
}

/// Returns the kind whose objects a catalog contains. Functions stand for procedures, with which they share names.
pub(crate) fn of_class(class: &str) -> Option<DefinedKind> {
    ROWS.iter().find(|row| row.class == class).map(|row| row.kind)
}

/// Returns the row of a kind.
pub(crate) fn row(kind: DefinedKind) -> Option<&'static Row> {
    ROWS.iter().copied().find(|row| row.kind == kind)
}

catalog_row! {
    /// A row of [`live`].
    pub(crate) struct FoundRow from "objects that SQL defines" {
        kind: String,
        schema: String,
        name: String,
        arguments: Option<String>,
        relation: Option<i64>,
        body: Option<String>,
        comment: Option<String>,
        kept: Vec<String>,
        reason: Option<String>,
        digest: String,
    }
}

/// Returns the query for all live objects of the managed kinds. `own` is the condition on their schema.
pub(crate) fn live(version: i64, own: &str, not_of_extension: fn(&str, &str) -> String, comment: fn(&str, &str) -> String) -> String {
    let one = |row: &&Row| {
        let Catalog { oid, name, arguments, relation, statement, head, kept, reason, digest, from } = (row.catalog)(version);
        let (comment, foreign) = (comment(row.class, oid), not_of_extension(row.class, oid));
        format!(
            "SELECT '{}' AS kind, n.nspname::text AS schema, {name}::text AS name, {arguments}::text AS arguments, {relation}::int8 AS relation, \
             substr({statement}, length({head}) + 1) AS body, {comment} AS comment, {kept} AS kept, {reason} AS reason, \
             left(md5(concat_ws('|', {digest}, {comment})), 12) AS digest \
             FROM {from} AND {own} AND {foreign}",
            row.kind.word(),
        )
    };
    format!("{} ORDER BY 1, 2, 3, 4, 5", ROWS.iter().map(one).collect::<Vec<_>>().join(" UNION ALL "))
}

/// Returns the types of arguments as the server prints them; `home` is the schema of unqualified names.
pub(crate) fn identity(arguments: &str, home: &str) -> Option<String> {
    arguments::identity(arguments, home)
}

/// Returns a type as the server prints it, without modifiers.
pub(crate) fn type_shown(text: &str, home: &str) -> String {
    arguments::shown(text, home)
}

/// Returns the query for the definition of a temporary object: everything after its name.
pub(crate) fn temporary(row: &Row, version: i64, name: &str) -> String {
    let Catalog { name: column, statement, from, .. } = (row.catalog)(version);
    let name = literal(name);
    // The server may show the schema of temporary objects as `pg_temp`, which is not its name.
    let text = format!("substr({statement}, strpos({statement}, {name}) + length({name}))");
    format!("SELECT {text} AS text FROM {from} AND n.oid = pg_my_temp_schema() AND {column} = {name}")
}

/// Returns the name after the kind in `ALTER`, `DROP` and `COMMENT ON`.
pub(crate) fn called(name: &ObjectName, names: &Names) -> String {
    match &name.of {
        Of::Nothing => names.sql(name),
        Of::Arguments(types) => format!("{}({types})", names.sql(name)),
        Of::Relation(on) => {
            format!("{} ON {}", quote(name.name.as_str()), names.sql(&ObjectName::new(name.schema.clone(), on.relation.clone())))
        }
    }
}

/// Returns the statement that creates an object.
pub(crate) fn create(definition: &Definition, names: &Names, or_replace: bool) -> String {
    let create = if or_replace { "CREATE OR REPLACE" } else { "CREATE" };
    let name = match &definition.name.of {
        Of::Relation(_) => quote(definition.name.name.as_str()),
        Of::Nothing | Of::Arguments(_) => names.sql(&definition.name),
    };
    let body = &definition.body.text;
    let space = if matches!(definition.name.of, Of::Arguments(_)) { "" } else { " " };
    format!("{create} {} {name}{space}{body}", definition.kind.sql())
}

/// Returns an object as one that is not managed, under the name that `inspect` gave it before its kind was.
pub(crate) fn unmanaged(definition: &Definition, digest: Option<String>) -> Unmanaged {
    let spelled = |name: &ObjectName| {
        let schema = name.schema.as_ref().map(|s| format!("{}.", plain_or_quoted(s.as_str()))).unwrap_or_default();
        format!("{schema}{}", plain_or_quoted(name.name.as_str()))
    };
    let own = plain_or_quoted(definition.name.name.as_str());
    let name = match (&definition.name.of, &definition.table) {
        (Of::Arguments(types), _) => format!("{}({})", spelled(&definition.name), types.replace(", ", ",")),
        (_, Some(table)) => format!("{own} on {}", spelled(table)),
        (_, None) => spelled(&definition.name),
    };
    Unmanaged { digest, origin: definition.origin, ..Unmanaged::new(definition.kind, name) }
}
