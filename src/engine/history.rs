//! The SQL of the history table in each engine: creates it, upgrades it, and inserts a row. Reads nothing.

use std::fmt::Write as _;

use crate::plan::{HISTORY_FORMAT, Record, encode_renames};
use crate::schema::Dialect;

/// The name of the table.
pub(crate) const TABLE: &str = "_rosey_history";

/// The index of the first column that was added in format 2.
const SINCE_FORMAT_2: usize = 19;

/// The columns, each with whether it is a number and whether it is NOT NULL.
const COLUMNS: [(&str, bool, bool); 22] = [
    ("number", true, true),
    ("format", true, true),
    ("plan", false, true),
    ("kind", false, true),
    ("message", false, false),
    ("schema_before", false, true),
    ("schema_after", false, true),
    ("renames", false, true),
    ("sql", false, true),
    ("applied_at", false, true),
    ("applied_by", false, false),
    ("host", false, false),
    ("git_commit", false, false),
    ("duration_ms", true, true),
    ("rows_copied", true, true),
    ("rosey_version", false, true),
    ("server_version", false, true),
    ("outcome", false, true),
    ("backup", false, false),
    // Since format 2.
    ("schema_written", false, false),
    ("back_to", true, false),
    // The digest of the row and of the previous digest. Rows that an older rosey writes have none, which is
    // valid.
    ("digest", false, false),
];

/// Columns that the digest does not cover: itself, and what changes when the last steps of an apply finish.
const NOT_DIGESTED: [&str; 2] = ["outcome", "digest"];

/// Returns the columns that the table has had from the beginning.
pub(crate) fn first_columns() -> Vec<String> {
    COLUMNS.iter().take(SINCE_FORMAT_2).map(|(name, ..)| (*name).to_owned()).collect()
}

/// Returns the statement that creates the table if it does not exist.
pub(crate) fn create_history(dialect: Dialect) -> String {
    let (number, text) = types(dialect);
    let columns = COLUMNS.iter().map(|(name, is_number, set)| {
        let ty = if *is_number { number } else { text };
        let rule = if *name == "number" {
            " PRIMARY KEY"
        } else if *set {
            " NOT NULL"
        } else {
            ""
        };
        format!("    {name} {ty}{rule}")
    });
    format!("CREATE TABLE IF NOT EXISTS {TABLE} (\n{}\n)", columns.collect::<Vec<_>>().join(",\n"))
}

/// Returns the statements that upgrade `table`, which an older rosey created, given its columns. Nothing is removed, and
/// rows are unchanged.
pub(crate) fn upgrade_history(dialect: Dialect, table: &str, there: &[String]) -> Vec<String> {
    let (number, text) = types(dialect);
    let missing = COLUMNS.iter().filter(|(name, ..)| !there.iter().any(|t| t.eq_ignore_ascii_case(name)));
    let add = |(name, is_number, _): &(&str, bool, bool)| {
        format!("ALTER TABLE {table} ADD COLUMN {name} {}", if *is_number { number } else { text })
    };
    missing.map(add).collect()
}

fn types(dialect: Dialect) -> (&'static str, &'static str) {
    match dialect {
        Dialect::Sqlite => ("INTEGER", "TEXT"),
        Dialect::Postgres => ("bigint", "text"),
    }
}

/// Returns the statement that writes the row into `table` as the next version. On PostgreSQL, every name and
/// operator in it refers to `pg_catalog`, provided that nothing precedes that in the search path.
pub(crate) fn insert_history(dialect: Dialect, table: &str, record: &Record) -> String {
    let (now, server) = match dialect {
        Dialect::Sqlite => ("strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", "'SQLite ' || sqlite_version()"),
        Dialect::Postgres => (
            "pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
            "'PostgreSQL ' || pg_catalog.current_setting('server_version')",
        ),
    };
    let (number_type, text_type) = types(dialect);
    let mut values = String::new();
    for (name, is_number, _) in COLUMNS.iter().filter(|(name, ..)| dialect == Dialect::Sqlite || *name != "digest") {
        let name = *name;
        let value = match name {
            "number" => format!("(SELECT coalesce(max(number), 0) + 1 FROM {table})"),
            "applied_at" => now.to_owned(),
            "server_version" => server.to_owned(),
            // A script does not know which user will run it, but the server does.
            "applied_by" if dialect == Dialect::Postgres && record.identity.user.is_none() => "session_user".to_owned(),
            name => value(name, record),
        };
        let value = match dialect {
            Dialect::Sqlite => value,
            Dialect::Postgres => format!("({value})::{} AS {name}", if *is_number { number_type } else { text_type }),
        };
        let _ = write!(values, "{}{value}", if values.is_empty() { "" } else { ", " });
    }
    let names: Vec<&str> = COLUMNS.iter().map(|(name, ..)| *name).collect();
    let names = names.join(", ");
    match dialect {
        // SQLite has no such function; rosey adds the digest afterwards, and a script leaves it out.
        Dialect::Sqlite => format!("INSERT INTO {table} ({names}) VALUES ({values})"),
        Dialect::Postgres => {
            let columns: Vec<&str> = COLUMNS.iter().map(|(name, ..)| *name).filter(|n| *n != "digest").collect();
            format!(
                "INSERT INTO {table} ({names}) SELECT {}, {} FROM (SELECT {values}) AS w",
                columns.iter().map(|c| format!("w.{c}")).collect::<Vec<_>>().join(", "),
                digest_in_postgres(table)
            )
        }
    }
}

/// Returns the SQL that computes the digest of a row in PostgreSQL: of the previous digest, followed by each
/// column as its length in characters and its text, or `-` if it is NULL.
fn digest_in_postgres(table: &str) -> String {
    let before = format!("coalesce((SELECT h.digest FROM {table} h ORDER BY h.number DESC LIMIT 1), '')");
    let columns = COLUMNS.iter().map(|(name, ..)| *name).filter(|name| !NOT_DIGESTED.contains(name));
    let piece = |value: &str| format!("coalesce(pg_catalog.length({value})::pg_catalog.text || ':' || {value}, '-')");
    let pieces: Vec<String> = std::iter::once(piece(&before)).chain(columns.map(|c| piece(&format!("w.{c}::text")))).collect();
    format!("pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to({}, 'UTF8')), 'hex')", pieces.join(" || "))
}

fn value(name: &str, record: &Record) -> String {
    let text = |t: &str| format!("'{}'", t.replace('\'', "''"));
    let maybe = |t: &Option<String>| t.as_deref().map_or_else(|| "NULL".to_owned(), text);
    match name {
        "format" => HISTORY_FORMAT.to_string(),
        "plan" => text(&record.plan),
        "kind" => text(record.kind.word()),
        "message" => maybe(&record.message),
        "schema_before" => text(&record.schema_before),
        "schema_after" => text(&record.schema_after),
        "schema_written" => maybe(&record.schema_written),
        "renames" => text(&encode_renames(&record.renames)),
        "sql" => text(&record.sql),
        "applied_by" => maybe(&record.identity.user),
        "host" => maybe(&record.identity.host),
        "git_commit" => maybe(&record.identity.git_commit),
        "duration_ms" => record.duration_ms.to_string(),
        "rows_copied" => record.rows_copied.to_string(),
        "rosey_version" => text(env!("CARGO_PKG_VERSION")),
        "outcome" => text(record.outcome),
        "backup" => maybe(&record.backup),
        "back_to" => record.back_to.map_or_else(|| "NULL".to_owned(), |n| n.to_string()),
        _ => "NULL".to_owned(),
    }
}
