//! What the catalogs contain, as rows: the queries, each with the decoder of its rows, and a digest of the answers.

use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgRow;
use sqlx::{Column as _, Row as _, ValueRef as _};

use super::build::Builder;
use super::{Live, kept, not_of_extension, queries, unmanaged};
use crate::engine::postgres::catalog_row::CatalogRow;
use crate::engine::postgres::connection::{Connection, Error};
use crate::engine::postgres::kinds;
use crate::plan::add_part;

/// Decodes a row and adds it to the schema.
pub(super) type Decode = Box<dyn Fn(&mut Builder, &PgRow) -> Result<(), Error> + Send + Sync>;

/// Columns that change without a change of the schema, as the server cleans up tables.
const UNSTEADY: [&str; 1] = ["bytes"];

/// Returns the queries and the decoders of their rows. Tables precede their parts, and sequences follow the columns
/// that they may belong to.
pub(super) fn queries(version: i64) -> (Vec<String>, Vec<Decode>) {
    let all: [(String, Decode); 14] = [
        (queries::SERVER.to_owned(), decode(Builder::server)),
        (queries::relations(), decode(Builder::relation)),
        (queries::types(), decode(Builder::named_type)),
        (queries::columns(), decode(Builder::column)),
        (queries::sequences(), decode(Builder::sequence)),
        (queries::constraints(version), decode(Builder::constraint)),
        (queries::indexes(version), decode(Builder::index)),
        (queries::spaces(), decode(Builder::space)),
        (queries::uses(), decode(Builder::read_by_view)),
        (unmanaged::unmanaged(version), decode(Builder::unmanaged)),
        (kinds::live(version, queries::OWN, not_of_extension, queries::comment), decode(Builder::definition)),
        (kept::of_views(), decode(Builder::kept)),
        (kept::of_types(), decode(Builder::kept_of_type)),
        (kept::of_columns(version), decode(Builder::kept_of_column)),
    ];
    all.into_iter().unzip()
}

fn decode<R: CatalogRow + 'static>(add: fn(&mut Builder, R)) -> Decode {
    Box::new(move |builder, row| {
        add(builder, R::of(row)?);
        Ok(())
    })
}

/// The rows of all queries, not yet decoded.
pub(in super::super) struct CatalogRows {
    rows: Vec<(usize, PgRow)>,
    decoders: Vec<Decode>,
    hash: Sha256,
}

impl CatalogRows {
    /// Reads them, and what else decides how the server reads the text of an expression, in one round trip.
    ///
    /// # Errors
    /// If the server does not answer.
    pub(in super::super) async fn read(connection: &mut Connection) -> Result<CatalogRows, Error> {
        let (mut sql, decoders) = queries(i64::from(connection.server_version()));
        sql.push(queries::surroundings());
        let (mut rows, mut hash) = (Vec::new(), Sha256::new());
        let take = |place: usize, row: PgRow| {
            add_to(&mut hash, place, &row);
            rows.push((place, row));
        };
        connection.catalog_queries(&sql, take).await?;
        Ok(CatalogRows { rows, decoders, hash })
    }

    /// Returns the digest of all rows, to be continued.
    pub(in super::super) fn hash(&self) -> Sha256 {
        self.hash.clone()
    }

    /// Decodes them.
    ///
    /// # Errors
    /// If a catalog is not as expected.
    pub(in super::super) fn decode(self) -> Result<Live, Error> {
        let mut builder = Builder::new();
        for (place, row) in &self.rows {
            if let Some(decode) = self.decoders.get(*place) {
                decode(&mut builder, row)?;
            }
        }
        Ok(builder.finish())
    }
}

/// Adds a row to a digest: the number of its query, and each value as its length and its bytes.
fn add_to(hash: &mut Sha256, place: usize, row: &PgRow) {
    hash.update((place as u64).to_le_bytes());
    for column in row.columns().iter().filter(|c| !UNSTEADY.contains(&c.name())) {
        let value = row.try_get_raw(column.ordinal());
        match value.as_ref().ok().filter(|v| !v.is_null()).and_then(|v| v.as_bytes().ok()) {
            Some(bytes) => add_part(hash, bytes),
            None => hash.update(u64::MAX.to_le_bytes()),
        }
    }
}
