//! The settings that rosey works under: local to a transaction, or of a whole session that is given back as it was.
//! Sets nothing that outlives rosey on a connection that a pooler hands to somebody else.

use super::connection::{Connection, Error};
use super::names::literal;

/// A migration must not be cut off by a timeout that was meant for an application's queries, and expressions and values
/// must be spelled alike whatever the role's settings are.
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

/// What the driver asks for itself when it connects; a pooler need not pass it on.
const BY_THE_DRIVER: [(&str, &str); 3] = [("client_encoding", "'UTF8'"), ("DateStyle", "'ISO, MDY'"), ("TimeZone", "'UTC'")];

/// Settings that not every version of the server knows, with their values.
const BY_VERSION: [(&str, &str); 2] = [("transaction_timeout", "0"), ("idle_session_timeout", "0")];

/// A server that looks whether its client is still there ends the work of one that was killed. Not every system can.
const NOTICE_A_DEAD_CLIENT: &str = "client_connection_check_interval";

/// The search path without what would come ahead of the server's own catalog: `pg_catalog` is searched first only where
/// the path does not name it. Where the path leads nowhere, it is `public`, which is where rosey takes it to lead.
const SEARCH_PATH: &str = "coalesce((SELECT pg_catalog.string_agg(pg_catalog.quote_ident(s), ', ' ORDER BY n) \
     FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS p(s, n) \
     WHERE s OPERATOR(pg_catalog.!~) '^pg_'), 'public')";

/// What any other session has to begin with, so that the same statements do the same in it.
pub(crate) fn session() -> Vec<String> {
    let all = BY_THE_DRIVER.iter().chain(&SETTINGS);
    let mut statements: Vec<String> = all.map(|(name, value)| format!("SET {name} = {value}")).collect();
    statements.push(format!("DO $rosey$ BEGIN PERFORM {}; END $rosey$", by_version(false)));
    statements
}

/// What gives such a session its own settings back.
pub(crate) fn session_after() -> Vec<String> {
    BY_THE_DRIVER.iter().chain(&SETTINGS).map(|(name, _)| format!("RESET {name}")).collect()
}

fn by_version(local: bool) -> String {
    let names: Vec<String> = BY_VERSION.iter().map(|(name, _)| literal(name)).collect();
    format!("pg_catalog.set_config(name, '0', {local}) FROM pg_catalog.pg_settings WHERE name IN ({})", names.join(", "))
}

/// The statements that give a transaction these settings until its end. The last one gives the server process.
pub(super) fn for_transaction(lock_timeout: u128) -> String {
    let all = BY_THE_DRIVER.iter().chain(&SETTINGS);
    let settings: String = all.map(|(name, value)| format!("SET LOCAL {name} = {value};\n")).collect();
    format!(
        "{settings}SET LOCAL lock_timeout = {lock_timeout};\n\
         SELECT pg_catalog.set_config('search_path', {SEARCH_PATH}, true);\n\
         SELECT {};\nSELECT {};\n\
         SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version_num')::pg_catalog.int4",
        by_version(true),
        check_client(true),
    )
}

fn check_client(local: bool) -> String {
    format!(
        "pg_catalog.set_config(name, '2s', {local}) FROM pg_catalog.pg_settings \
         WHERE name = '{NOTICE_A_DEAD_CLIENT}' AND pg_catalog.version() LIKE '%linux%'"
    )
}

/// The names of all settings that a session of rosey's changes.
fn names() -> String {
    let own = BY_THE_DRIVER.iter().chain(&SETTINGS).chain(&BY_VERSION).map(|(name, _)| *name);
    let names: Vec<String> = own.chain(["lock_timeout", "search_path", NOTICE_A_DEAD_CLIENT]).map(literal).collect();
    names.join(", ")
}

/// What a session was set to before rosey set it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Saved(Vec<(String, String)>);

/// Gives a whole session the settings, for statements that no transaction can hold. Only for a session that is known to
/// stay with its server process.
///
/// # Errors
/// Where the server does not answer.
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

/// Gives the session its own settings back.
///
/// # Errors
/// Where the server does not answer.
pub(crate) async fn give_back(connection: &mut Connection, saved: &Saved) -> Result<(), Error> {
    let set = |(name, value): &(String, String)| format!("SELECT pg_catalog.set_config({}, {}, false)", literal(name), literal(value));
    let statements: Vec<String> = saved.0.iter().map(set).collect();
    if statements.is_empty() { Ok(()) } else { connection.own_queries(&statements, |_, _| ()).await }
}
