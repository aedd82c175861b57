//! Warns of what a change means for the publications of a table: a dropped or unlogged table is no longer
//! published, and without a replica identity the server rejects updates that would be published
//! (<https://www.postgresql.org/docs/current/logical-replication-publication.html>). Changes no publication.

use super::super::connection::{Connection, Error};
use super::super::names::{Names, literal};
use crate::diff::{Changes, TableChange};
use crate::engine::postgres::catalog_row::catalog_row;
use crate::plan::{Code, Hazard, Level, Step};
use crate::schema::{Address, ObjectName, Table};

/// What happens to a table.
#[derive(Clone, Copy)]
enum Event {
    Dropped,
    Unlogged,
    KeyDropped,
    KeyChanged,
}

catalog_row! {
    /// A publication of a table.
    struct Publication from "publications" {
        /// The number of the table in the query.
        target: i64,
        /// The name, as SQL.
        name: String,
        /// Whether it lists the table, rather than all tables or those of a schema.
        lists_table: bool,
        /// Whether it publishes updates or deletions of rows that are identified by the primary key.
        needs_key: bool,
        /// Whether it has a column list or a row filter for the table.
        is_limited: bool,
    }
}

/// Adds the consequences for publications to the steps. Sends one query, or none if no table is affected.
///
/// # Errors
/// If the connection is lost.
pub(super) async fn tell(connection: &mut Connection, steps: &mut [Step], changes: &Changes, names: &Names) -> Result<(), Error> {
    let events: Vec<(&ObjectName, Address, Event)> = changes.tables().flat_map(events).collect();
    if events.is_empty() {
        return Ok(());
    }
    let version = connection.server_version();
    let row = |(i, (table, ..)): (usize, &(&ObjectName, Address, Event))| {
        format!("({i}::int8, to_regclass({})::oid)", literal(&names.sql(table)))
    };
    let asked: Vec<String> = events.iter().enumerate().map(row).collect();
    for publication in connection.rows::<Publication>(&query(&asked, version >= 150_000)).await? {
        let Some((table, address, event)) = usize::try_from(publication.target).ok().and_then(|n| events.get(n)) else { continue };
        let Some(step) = steps.iter_mut().find(|s| s.address == *address) else { continue };
        if let Event::Dropped = event {
            step.reason = format!("{}; publication {} no longer publishes it", step.reason, publication.name);
        }
        step.hazards.extend(hazard(&publication, *event, address, &names.sql(table)));
    }
    Ok(())
}

fn events(change: &TableChange) -> Vec<(&ObjectName, Address, Event)> {
    let edits = match change {
        TableChange::Create(_) => return Vec::new(),
        TableChange::Drop(table) => return vec![(&table.name, table.address(), Event::Dropped)],
        TableChange::Alter(edits) => edits,
    };
    let key = |table: &Table| table.primary_key.as_ref().map(|k| k.parts.iter().map(|p| p.column.clone()).collect::<Vec<_>>());
    let of_key = match (key(&edits.before), key(&edits.after)) {
        (Some(_), None) => Some(Event::KeyDropped),
        (Some(before), Some(after)) if before != after => Some(Event::KeyChanged),
        _ => None,
    };
    let unlogged = (edits.after.unlogged && !edits.before.unlogged).then_some(Event::Unlogged);
    of_key.into_iter().chain(unlogged).map(|event| (&edits.live.name, edits.after.address(), event)).collect()
}

/// Returns the query for the publications of these tables. Since version 15, a publication may have schemas,
/// column lists and row filters. Unlogged tables are not published.
fn query(asked: &[String], has_lists: bool) -> String {
    let schemas = "EXISTS (SELECT FROM pg_publication_namespace s WHERE s.pnpubid = p.oid AND s.pnnspid = c.relnamespace)";
    let (schemas, limited) = if has_lists { (schemas, "r.prattrs IS NOT NULL OR r.prqual IS NOT NULL") } else { ("false", "false") };
    format!(
        "SELECT a.n AS target, quote_ident(p.pubname)::text AS name, r.oid IS NOT NULL AS lists_table, \
         (p.pubupdate OR p.pubdelete) AND c.relreplident = 'd' AS needs_key, {limited} AS is_limited \
         FROM (VALUES {}) AS a(n, rel) JOIN pg_class c ON c.oid = a.rel AND c.relpersistence = 'p' CROSS JOIN pg_publication p \
         LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid \
         WHERE r.oid IS NOT NULL OR p.puballtables OR {schemas} ORDER BY 1, 2",
        asked.join(", ")
    )
}

fn hazard(publication: &Publication, event: Event, address: &Address, table: &str) -> Option<Hazard> {
    let Publication { name, lists_table, needs_key, is_limited, .. } = publication;
    let (code, level, message, advice) = match event {
        Event::Unlogged if *lists_table => (
            Code::NotSupported,
            Level::Blocks,
            format!("not supported: {address} becomes unlogged, but is part of publication {name}"),
            format!("remove it from the publication first: ALTER PUBLICATION {name} DROP TABLE {table}"),
        ),
        Event::Unlogged => (
            Code::BreaksClients,
            Level::Warns,
            format!("publication {name} will no longer publish {address}: unlogged tables are not replicated"),
            "keep it logged if subscribers need its rows".to_owned(),
        ),
        Event::KeyDropped if *needs_key => (
            Code::BreaksClients,
            Level::Warns,
            format!("running applications that update or delete rows of {address} will fail: publication {name} needs a replica identity"),
            format!("set one first: ALTER TABLE {table} REPLICA IDENTITY FULL"),
        ),
        Event::KeyChanged if *needs_key && *is_limited => (
            Code::BreaksClients,
            Level::Warns,
            format!(
                "running applications that update or delete rows of {address} will fail if the column list of publication {name} lacks \
                 a column of the new key, or its row filter uses another column"
            ),
            "change the publication first".to_owned(),
        ),
        Event::KeyChanged if *needs_key => (
            Code::BreaksClients,
            Level::Warns,
            format!("subscribers of publication {name} identify rows of {address} by its primary key, which changes"),
            "change the key of their tables too".to_owned(),
        ),
        Event::Dropped | Event::KeyDropped | Event::KeyChanged => return None,
    };
    Some(Hazard::new(code, level, address.clone(), message, advice))
}
