//! Reads the schema of a live PostgreSQL database from its catalogs, in a fixed number of queries.
//!
//! What is never managed is left out: the server's own namespaces, what extensions bring, rosey's own table and other
//! migrators' bookkeeping. What is there and rosey does not manage is named, and never touched.

pub(super) mod build;
pub(super) mod part;
mod queries;
mod row;
mod tables;
mod unmanaged;

use std::collections::{BTreeMap, BTreeSet};

use sqlx::postgres::PgRow;

use super::connection::{Connection, Error};
use crate::schema::{Case, Ident, ObjectName, Schema};
pub(super) use queries::not_of_extension;

/// The server, as far as it matters to a plan.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// `server_version_num`, like 150018.
    pub(crate) version: i64,
    /// The schema that objects without one are in: the first of `search_path`.
    pub(crate) default_schema: String,
    /// A standby takes no writes, not even temporary ones.
    pub(crate) read_only: bool,
    /// Whether the role may make temporary objects.
    pub(crate) may_temp: bool,
}

/// What a plan wants to know of a relation, by its oid.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// Its name.
    pub(crate) name: ObjectName,
    /// `r`, `v` or `m` and the like (`pg_class.relkind`).
    pub(crate) kind: String,
    /// Bytes of the table without its indexes, as of the last VACUUM or ANALYZE.
    pub(crate) bytes: i64,
    /// Whether a materialised view holds what it reads (`pg_class.relispopulated`).
    pub(crate) populated: bool,
    /// Columns by number.
    pub(crate) columns: BTreeMap<i64, Ident>,
}

/// A view that reads a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reads {
    /// The view.
    pub(crate) view: i64,
    /// What it reads.
    pub(crate) relation: i64,
    /// The column, or none for the relation as a whole.
    pub(crate) column: Option<i64>,
}

/// What goes with a column when it is dropped, and is not part of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeptOfColumn {
    /// A privilege on the column, and what follows its name in `GRANT`: `TO role`.
    Privilege { privilege: String, to: String },
    /// A clause of `ALTER COLUMN`: its statistics target, options, storage or compression.
    Clause(String),
}

/// A live database as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    /// The server.
    pub(crate) server: Server,
    /// What can be managed, in the catalogs' spelling.
    pub(crate) schema: Schema,
    /// Relations by oid.
    pub(crate) relations: BTreeMap<i64, Relation>,
    /// Which views read what.
    pub(crate) reads: Vec<Reads>,
    /// Unmanaged objects that stand on a relation: kind and name, by its oid.
    pub(crate) standing_on: BTreeMap<i64, Vec<(String, String)>>,
    /// Statements that bring back what goes with a view when it is re-created, by its oid.
    pub(crate) kept: BTreeMap<i64, Vec<String>>,
    /// The same for enums and domains.
    pub(crate) kept_types: BTreeMap<ObjectName, Vec<String>>,
    /// What goes with a column that is added again, by table and column.
    pub(crate) kept_columns: BTreeMap<(ObjectName, Ident), Vec<KeptOfColumn>>,
    /// Sequences of serial and identity columns that have another name than PostgreSQL gives, by table and column.
    pub(crate) sequences: BTreeMap<(ObjectName, Ident), ObjectName>,
    /// Schemas that hold relations which no plan touches: another tool's tables.
    pub(crate) filled: BTreeSet<Ident>,
    /// Whether there is a history.
    pub(crate) history: bool,
}

/// A name as PostgreSQL compares it.
pub(crate) fn ident(text: &str) -> Ident {
    Ident::new(text, Case::Exact)
}

/// Reads the whole schema: thirteen queries in one round trip, whatever the size. The rows are read while the server goes on.
///
/// # Errors
/// Where the server does not answer.
pub(crate) async fn inspect(connection: &mut Connection) -> Result<Live, Error> {
    type Take = fn(&mut build::Builder, &PgRow);
    let version = i64::from(connection.server_version());
    // Tables come before what they hold, and sequences behind the columns that they may be a part of.
    let questions: [(String, Take); 13] = [
        (queries::SERVER.to_owned(), build::Builder::server),
        (queries::relations(), build::Builder::relation),
        (queries::types(), build::Builder::named_type),
        (queries::columns(), build::Builder::column),
        (queries::sequences(), build::Builder::sequence),
        (queries::constraints(version), build::Builder::constraint),
        (queries::indexes(version), build::Builder::index),
        (queries::spaces(), build::Builder::space),
        (queries::uses(), build::Builder::read_by_view),
        (unmanaged::unmanaged(version), build::Builder::unmanaged),
        (queries::kept(), build::Builder::kept),
        (queries::kept_of_types(), build::Builder::kept_of_type),
        (queries::kept_of_columns(version), build::Builder::kept_of_column),
    ];
    let (sql, takes): (Vec<String>, Vec<Take>) = questions.into_iter().unzip();
    let mut builder = build::Builder::new();
    let take = |place: usize, row: &PgRow| takes.get(place).into_iter().for_each(|take| take(&mut builder, row));
    connection.own_queries(&sql, take).await?;
    Ok(builder.finish())
}
