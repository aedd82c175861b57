//! Rows of rosey's own queries on the catalogs: each query has a struct beside it, whose fields are decoded
//! by name. A column that is missing or has an unexpected type is an error that names the query: nothing is
//! mistaken for absent.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::error::Error;

/// A row of one query. [`catalog_row`] implements it.
pub(super) trait CatalogRow: Sized {
    /// What the query looks up, for errors.
    const QUERY: &'static str;

    /// Decodes a row.
    ///
    /// # Errors
    /// If a column is missing, is NULL although the field is not optional, or has another type.
    fn of(row: &PgRow) -> Result<Self, Error>;
}

/// Declares a struct whose fields are the columns of a query.
macro_rules! catalog_row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident from $query:literal { $($(#[$doc:meta])* $field:ident: $ty:ty,)+ }) => {
        $(#[$meta])*
        $vis struct $name {
            $($(#[$doc])* $vis $field: $ty,)+
        }

        impl $crate::engine::postgres::catalog_row::CatalogRow for $name {
            const QUERY: &'static str = $query;

            fn of(row: &sqlx::postgres::PgRow) -> Result<Self, $crate::engine::postgres::error::Error> {
                Ok($name { $($field: $crate::engine::postgres::catalog_row::field::<Self, $ty>(row, stringify!($field))?,)+ })
            }
        }
    };
}
pub(super) use catalog_row;

/// Decodes one column of a row.
pub(super) fn field<'r, R: CatalogRow, T>(row: &'r PgRow, name: &str) -> Result<T, Error>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    row.try_get(name).map_err(|e| Error::Driver(format!("unexpected contents of the system catalogs: {}: {e}", R::QUERY)))
}
