//! The settings that rosey works with: local to a transaction, or for a whole session and restored
//! afterwards. Sets nothing that would still be set when a pooler gives the connection to another client.

use std::time::Duration;

use super::catalog_row::catalog_row;
use super::connection::{Connection, Error};
use super::names::literal;

/// A migration must not be canceled by a timeout that is meant for an application's queries, and expressions
/// and values must be spelled the same whatever the role's settings are.
const SETTINGS: [(&str, &str); 10] = [
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("client_min_messages", "warning"),
    ("standard_conforming_strings", "on"),
    ("check_function_bodies", "on"),
    ("quote_all_identifiers", "off"),
    ("row_security", "off"),
    ("extra_float_digits", "1"),
    ("IntervalStyle", "postgres"),
    ("bytea_output", "hex"),
];

/// What the driver requests when it connects; a pooler may not pass it on.
const BY_THE_DRIVER: [(&str, &str); 3] = [("client_encoding", "'UTF8'"), ("DateStyle", "'ISO, MDY'"), ("TimeZone", "'UTC'")];

/// Settings that do not exist in every server version, with their values.
const BY_VERSION: [(&str, &str); 2] = [("transaction_timeout", "0"), ("idle_session_timeout", "0")];

/// A server that checks whether its client is still connected cancels the work of one that was killed. Not
/// every operating system supports that.
const NOTICE_A_DEAD_CLIENT: &str = "client_connection_check_interval";

/// The search path without entries that would precede the server's own catalog: `pg_catalog` is searched
/// first only if the path does not name it. If no schema in the path exists, it is `public`, as rosey
/// assumes.
const SEARCH_PATH: &str = "coalesce((SELECT pg_catalog.string_agg(pg_catalog.quote_ident(s), ', ' ORDER BY n) \
     FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS p(s, n) \
     WHERE s OPERATOR(pg_catalog.!~) '^pg_'), 'public')";

/// Returns the statements that another session must begin with, so that the same statements have the same
/// effect in it.
pub(crate) fn session() -> Vec<String> {
    let all = BY_THE_DRIVER.iter().chain(&SETTINGS);
    let mut statements: Vec<String> = all.map(|(name, value)| format!("SET {name} = {value}")).collect();
    statements.push(format!("DO $rosey$ BEGIN PERFORM {}; END $rosey$", by_version(false)));
    statements
}

/// Returns the statements that restore such a session's own settings.
pub(crate) fn session_after() -> Vec<String> {
    BY_THE_DRIVER.iter().chain(&SETTINGS).map(|(name, _)| format!("RESET {name}")).collect()
}

fn by_version(local: bool) -> String {
    let names: Vec<String> = BY_VERSION.iter().map(|(name, _)| literal(name)).collect();
    format!("pg_catalog.set_config(name, '0', {local}) FROM pg_catalog.pg_settings WHERE name IN ({})", names.join(", "))
}

/// Turns event triggers off, from PostgreSQL 17 on and if the role is permitted to: a plan creates temporary
/// objects only to query the server, which does not concern event triggers.
const NO_EVENT_TRIGGERS: &str = "SELECT pg_catalog.set_config('event_triggers', 'off', true) \
     WHERE pg_catalog.has_parameter_privilege('event_triggers', 'SET')";

catalog_row! {
    /// The last row of [`for_transaction`].
    pub(super) struct Began from "the process of the session" {
        process: i32,
        version: i32,
    }
}

/// Returns the statements that apply these settings to a transaction of a server until its end; those of a plan
/// have a `limit`. The last one returns a [`Began`].
pub(super) fn for_transaction(version: u32, lock_timeout: u128, limit: Option<Duration>) -> String {
    let all = BY_THE_DRIVER.iter().chain(&SETTINGS);
    let settings: String = all.map(|(name, value)| format!("SET LOCAL {name} = {value};\n")).collect();
    format!(
        "{settings}SET LOCAL lock_timeout = {lock_timeout};\n\
         SET LOCAL statement_timeout = {};\n\
         SELECT pg_catalog.set_config('search_path', {SEARCH_PATH}, true);\n\
         SELECT {};\nSELECT {};\n{}\
         SELECT pg_catalog.pg_backend_pid() AS process, pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version",
        limit.map_or(0, |limit| limit.as_millis()),
        by_version(true),
        check_client(true),
        if version >= 170_000 && limit.is_some() { format!("{NO_EVENT_TRIGGERS};\n") } else { String::new() },
    )
}

/// Returns the statement that limits the following statements of a transaction.
pub(super) fn statement_timeout(limit: Duration) -> String {
    format!("SET LOCAL statement_timeout = {}", limit.as_millis().max(1))
}

fn check_client(local: bool) -> String {
    format!(
        "pg_catalog.set_config(name, '2s', {local}) FROM pg_catalog.pg_settings \
         WHERE name = '{NOTICE_A_DEAD_CLIENT}' AND pg_catalog.version() LIKE '%linux%'"
    )
}

/// Returns the names of all settings that a session of rosey changes.
fn names() -> String {
    let own = BY_THE_DRIVER.iter().chain(&SETTINGS).chain(&BY_VERSION).map(|(name, _)| *name);
    let names: Vec<String> = own.chain(["lock_timeout", "search_path", NOTICE_A_DEAD_CLIENT]).map(literal).collect();
    names.join(", ")
}

/// The settings of a session before rosey changed them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Saved(Vec<(String, String)>);

/// Applies the settings to a whole session, for statements that cannot run in a transaction. Only for a
/// session that is known to keep its server process.
///
/// # Errors
/// If the server does not respond.
pub(crate) async fn settle(connection: &mut Connection) -> Result<Saved, Error> {
    let sql = format!("SELECT name::text, pg_catalog.current_setting(name) FROM pg_catalog.pg_settings WHERE name IN ({})", names());
    let saved = Saved(connection.pairs(&sql).await?);
    let all = BY_THE_DRIVER.iter().chain(&SETTINGS);
    let mut statements: Vec<String> = all.map(|(name, value)| format!("SET {name} = {value}")).collect();
    statements.push(format!("SELECT pg_catalog.set_config('search_path', {SEARCH_PATH}, false)"));
    statements.push(format!("SELECT {}", by_version(false)));
    statements.push(format!("SELECT {}", check_client(false)));
    connection.own_queries(&statements, |_, _| ()).await?;
    Ok(saved)
}

/// Restores the session's own settings.
///
/// # Errors
/// If the server does not respond.
pub(crate) async fn give_back(connection: &mut Connection, saved: &Saved) -> Result<(), Error> {
    let set = |(name, value): &(String, String)| format!("SELECT pg_catalog.set_config({}, {}, false)", literal(name), literal(value));
    let statements: Vec<String> = saved.0.iter().map(set).collect();
    if statements.is_empty() { Ok(()) } else { connection.own_queries(&statements, |_, _| ()).await }
}
