//! Whether a database file is damaged, according to `PRAGMA quick_check` (<https://sqlite.org/pragma.html#pragma_quick_check>).
//! Ignores what that reports besides damage: rows that violate the schema's own constraints, and full-text indexes that do
//! not match a content which SQLite leaves to the application.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use libsqlite3_sys as ffi;

use super::super::codes;
use super::super::connection::{Connection, Error};
use super::super::lexer::lex;
use super::limits::{self, Clock};

/// How the lines about rows begin.
const OF_ROWS: [&str; 6] =
    ["NULL value in ", "CHECK constraint failed in ", "NUMERIC value in ", "TEXT value in ", "NUMERIC or TEXT value in ", "non-"];

/// Returns the first damage that is found within the time limit, if any.
pub(crate) async fn damage(connection: &mut Connection, limit: Duration) -> Result<Option<String>, Error> {
    let is_wal = connection.texts("PRAGMA journal_mode").await?.concat().eq_ignore_ascii_case("wal");
    let clock = Arc::new(Clock::default());
    limits::watch(connection, &clock, !is_wal).await?;
    clock.start(Some(Instant::now() + limit));
    let found = is_damaged(connection).await;
    connection.unwatch().await?;
    match found {
        Err(Error::Interrupted) => Ok(None),
        found => found,
    }
}

/// Returns the first damage, if any.
pub(crate) async fn is_damaged(connection: &mut Connection) -> Result<Option<String>, Error> {
    let lines = match connection.texts("PRAGMA quick_check(20)").await {
        Ok(lines) => lines,
        Err(Error::Sql { code, .. } | Error::Rows { code, .. }) if code & 0xff == ffi::SQLITE_CORRUPT => {
            return Ok(Some(codes::meaning(code).to_owned()));
        }
        // The check evaluates generated columns on the rows; a failure there is not damage.
        Err(Error::Sql { .. } | Error::Rows { .. }) => return Ok(None),
        Err(other) => return Err(other),
    };
    let is_harmless = |line: &&str| *line == "ok" || line.starts_with("*** in database") || OF_ROWS.iter().any(|s| line.starts_with(s));
    let found: Vec<&str> = lines.iter().flat_map(|l| l.lines()).filter(|l| !is_harmless(l)).collect();
    if found.is_empty() {
        return Ok(None);
    }
    let unmatched = unmatched(connection).await?;
    Ok(found.into_iter().find(|line| !unmatched.contains(*line)).map(str::to_owned))
}

/// Returns the lines about FTS4 tables without a content of their own: SQLite cannot validate the index of a contentless
/// one, and only the application keeps that of one with external content up to date
/// (<https://sqlite.org/fts3.html#the_content_option_>).
async fn unmatched(connection: &mut Connection) -> Result<BTreeSet<String>, Error> {
    let sql = "SELECT name || char(10) || sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'";
    let tables = connection.texts(sql).await?;
    let of_table = |(name, sql): (&str, &str)| {
        let index = format!("inverted index for FTS4 table main.{name}");
        let lines = [format!("malformed {index}"), format!("unable to validate the {index}: SQL logic error")];
        has_other_content(sql).then_some(lines)
    };
    Ok(tables.iter().filter_map(|t| t.split_once('\n')).filter_map(of_table).flatten().collect())
}

/// Returns whether the definition of a virtual table has FTS4's option `content`.
fn has_other_content(sql: &str) -> bool {
    let tokens = lex(sql);
    let mut pairs = tokens.iter().zip(tokens.iter().skip(1));
    tokens.iter().any(|t| t.is(sql, "fts4")) && pairs.any(|(name, op)| name.is(sql, "content") && op.is_op(sql, "="))
}
