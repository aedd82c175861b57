//! Reads the schema of a live PostgreSQL database from its catalogs, in a fixed number of queries.
//!
//! Leaves out what is never managed: the server's own schemas, objects of extensions, rosey's own table and
//! the bookkeeping of other migrators. Other objects that rosey does not manage are reported, and never
//! touched.

pub(super) mod build;
mod catalog;
mod kept;
pub(super) mod part;
mod queries;
mod tables;
mod unmanaged;

use std::collections::{BTreeMap, BTreeSet};

use sqlx::postgres::PgRow;

use super::connection::{Connection, Error};
use crate::schema::{AnyKind, Case, DefinedKind, Ident, ObjectName, Schema};
use build::Builder;
pub(super) use catalog::CatalogRows;
pub(super) use queries::not_of_extension;

/// What a plan needs to know about the server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// `server_version_num`, such as 150018.
    pub(crate) version: i64,
    /// The schema of unqualified names: the first of `search_path`.
    pub(crate) default_schema: String,
    /// Whether it is a standby, which accepts no writes, not even temporary ones.
    pub(crate) read_only: bool,
    /// Whether the role may create temporary objects.
    pub(crate) may_temp: bool,
}

/// What a plan needs to know about a relation.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) name: ObjectName,
    /// `r`, `v`, `m` and so on (`pg_class.relkind`).
    pub(crate) kind: String,
    /// Size of the table in bytes without its indexes, as of the last VACUUM or ANALYZE.
    pub(crate) bytes: i64,
    /// Whether a materialized view is populated (`pg_class.relispopulated`).
    pub(crate) populated: bool,
    /// Columns by number.
    pub(crate) columns: BTreeMap<i64, Ident>,
}

/// A view that reads a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reads {
    /// The OID of the view.
    pub(crate) view: i64,
    /// The relation that it reads.
    pub(crate) relation: i64,
    /// The column; `None` is the relation as a whole.
    pub(crate) column: Option<i64>,
}

/// What is dropped with a column and is not part of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeptOfColumn {
    /// A privilege on the column, and the end of the `GRANT`: `TO role`.
    Privilege { privilege: String, to: String },
    /// A clause of `ALTER COLUMN`: its statistics target, options, storage or compression.
    Clause(String),
}

/// What belongs to an object that SQL defines as a whole, besides its definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BesideDefinition {
    /// The name that the object has in a list of unmanaged objects.
    pub(crate) unmanaged: String,
    /// The digest that it has there.
    pub(crate) digest: Option<String>,
    /// The OID of the table or view that it is on.
    pub(crate) relation: Option<i64>,
    /// Statements that restore what is lost when it is re-created. In them, `%s` is its name.
    pub(crate) kept: Vec<String>,
}

/// A live database as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(crate) server: Server,
    /// The objects that can be managed, in the catalogs' spelling.
    pub(crate) schema: Schema,
    /// Relations by OID.
    pub(crate) relations: BTreeMap<i64, Relation>,
    /// Which views read what.
    pub(crate) reads: Vec<Reads>,
    /// Unmanaged objects that belong to a relation: kind and name, by the relation's OID.
    pub(crate) standing_on: BTreeMap<i64, Vec<(AnyKind, String)>>,
    /// Statements that restore what is dropped with a view when it is re-created, by its OID.
    pub(crate) kept: BTreeMap<i64, Vec<String>>,
    /// The same for enums and domains.
    pub(crate) kept_types: BTreeMap<ObjectName, Vec<String>>,
    /// What belongs to objects that SQL defines as a whole and is not part of the schema.
    pub(crate) definitions: BTreeMap<(DefinedKind, ObjectName), BesideDefinition>,
    /// What must be restored when a column is dropped and added again, by table and column.
    pub(crate) kept_columns: BTreeMap<(ObjectName, Ident), Vec<KeptOfColumn>>,
    /// Sequences of serial and identity columns without the default name, by table and column.
    pub(crate) sequences: BTreeMap<(ObjectName, Ident), ObjectName>,
    /// Schemas that contain relations which no plan changes: another tool's tables.
    pub(crate) filled: BTreeSet<Ident>,
    /// Whether the history exists.
    pub(crate) history: bool,
}

/// Returns a name as PostgreSQL compares it.
pub(crate) fn ident(text: &str) -> Ident {
    Ident::new(text, Case::Exact)
}

/// Reads the whole schema: fourteen queries in one round trip, whatever its size. The rows are decoded while the
/// server continues.
///
/// # Errors
/// If the server does not respond, or if a catalog is not as expected.
pub(crate) async fn inspect(connection: &mut Connection) -> Result<Live, Error> {
    let (sql, decoders) = catalog::queries(i64::from(connection.server_version()));
    let (mut builder, mut outcome) = (Builder::new(), Ok(()));
    let take = |place: usize, row: PgRow| {
        if let (Ok(()), Some(decode)) = (&outcome, decoders.get(place)) {
            outcome = decode(&mut builder, &row);
        }
    };
    connection.catalog_queries(&sql, take).await?;
    outcome.map(|()| builder.finish())
}
