//! Databases that only a test uses. They are created through a connection to another database of the server,
//! which is not touched, by a role that may CREATE DATABASE
//! (<https://www.postgresql.org/docs/current/sql-createdatabase.html>).

use super::Url;
use super::connection::{Connection, Error};
use crate::engine::backups::{NotScratched, Remains, Scratch};
use crate::engine::registry::Database;
use crate::engine::traits::Answer;

/// A scratch database, and the database through which it is dropped.
struct Other {
    name: String,
    from: Url,
}

impl Remains for Other {
    fn remove(self: Box<Self>) -> Answer<'static, (), NotScratched> {
        Box::pin(async move {
            let dropped = command(&self.from, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
            dropped.map_err(|e| NotScratched { name: self.name, reason: e.to_string() })
        })
    }
}

/// Creates a database of this name.
pub(super) async fn make(from: &Url, name: &str) -> Result<Scratch, NotScratched> {
    let created = command(from, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
    created.map_err(|e| NotScratched { name: name.to_owned(), reason: e.to_string() })?;
    let database = Database::server(from.with_database(name));
    Ok(Scratch { database, remains: Box::new(Other { name: name.to_owned(), from: from.clone() }) })
}

async fn command(url: &Url, sql: &str) -> Result<(), Error> {
    let mut connection = Connection::open(url).await?;
    let done = connection.execute(sql).await.map(drop);
    connection.close().await.ok();
    done
}
