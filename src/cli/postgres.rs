//! The commands on a PostgreSQL server: the way there is gone, and then they refuse.

use super::error::Failure;
use crate::dialect::postgres::Url;
use crate::dialect::postgres::connection::Connection;

/// Tells what is wrong on the way to the server, before it says that there is nothing to do there yet.
pub(super) async fn not_supported(url: &Url) -> Failure {
    let session = async { Connection::open(url).await?.close().await };
    match session.await {
        Err(error) => error.into(),
        Ok(()) => Failure::new("not supported: PostgreSQL")
            .help("this version of rosey applies schemas to SQLite; `rosey validate --dialect postgres` checks a file for PostgreSQL"),
    }
}
