//! The beginning of a script for `psql`: the settings of every session of rosey, and checks that the database
//! is the one that the plan was made for and that its rows permit the plan. Changes nothing: if a check
//! fails, the script stops and everything is as before.

use std::collections::BTreeSet;

use super::names::literal;
use super::scan::{self, Kind, Piece as Word};
use super::{digest, history, measure, settings};
use crate::plan::{Hazard, Piece, Plan, Probe, Step, counted_again};

/// Returns the session's settings.
pub(crate) fn session() -> Piece {
    Piece::new("Session settings, so that values are converted as in an apply by rosey.", settings::session())
}

/// Returns the statements that restore the settings.
pub(crate) fn session_after() -> Vec<String> {
    settings::session_after()
}

/// Returns a block, in a dollar quote that nothing in it ends.
pub(crate) fn block(declared: &str, body: &str) -> String {
    let names = std::iter::once("rosey".to_owned()).chain((1..).map(|n| format!("rosey{n}")));
    let tag = names.map(|n| format!("${n}$")).find(|t| !body.contains(t.as_str())).unwrap_or_default();
    format!("DO {tag} {declared}BEGIN\n{body}\nEND {tag}")
}

/// Returns a check that stops if the database is another one: by its history, its default schema and its
/// contents. A history that could run code is not read. `history_format` is the latest format that is understood.
pub(crate) fn is_the_start(home: &str, last: i64, history_format: i64, but: &[String], expected: &str) -> Piece {
    let body = format!(
        "IF coalesce(pg_catalog.current_schema()::text, 'public') <> {home} THEN \
         RAISE 'the plan creates new objects in schema %, but here they would be created in %', {home}, pg_catalog.current_schema(); END IF;\n\
         history := pg_catalog.to_regclass('_rosey_history');\n\
         PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);\n\
         fault := ({fault});\n\
         IF fault IS NOT NULL THEN RAISE 'the table _rosey_history %', fault; END IF;\n\
         PERFORM pg_catalog.set_config('search_path', path, true);\n\
         IF history IS NOT NULL THEN\n\
         SELECT h.number, h.rosey_version INTO later, version FROM _rosey_history h WHERE h.format > {history_format} LIMIT 1;\n\
         IF later IS NOT NULL THEN RAISE 'version % was written by a newer version of rosey (%)', later, version; END IF;\n\
         SELECT coalesce(max(h.number), 0) INTO last FROM _rosey_history h;\n\
         END IF;\n\
         IF last <> {last} THEN RAISE 'the plan was made for version {last}, but the database is at version %', last; END IF;\n\
         PERFORM pg_catalog.set_config('search_path', '', true);\n\
         IF ({query}) <> {expected} THEN RAISE 'the schema is not the one that the plan was made for'; END IF;",
        home = literal(home),
        fault = history::fault_of("history"),
        query = digest::query(but),
        expected = literal(expected),
    );
    let statement = block(
        "DECLARE last bigint := 0; later bigint; version text; history regclass; fault text; \
         path text := pg_catalog.current_setting('search_path'); ",
        &body,
    );
    Piece::new("Stops if the plan was not made for this database.", [statement])
}

/// Returns a check that stops if rows, possibly added since the plan was made, violate what the plan assumes.
/// `uncounted` are the plan's steps before they were counted.
pub(crate) fn rows_fit(uncounted: &[Step], plan: &Plan) -> Option<Piece> {
    let checks: Vec<String> = counted_again(uncounted, plan).filter_map(|(step, hazard)| found_none(step, hazard)).collect();
    (!checks.is_empty()).then(|| Piece::new("Stops if rows violate the new schema, before anything is changed.", checks))
}

/// Returns the check of one hazard, which counts as the plan does: read-only, and not if a called function
/// may have side effects.
fn found_none(step: &Step, hazard: &Hazard) -> Option<String> {
    let sql = match hazard.probe.as_ref()? {
        Probe::Query(sql) => sql.clone(),
        Probe::Aggregate(sql) => measure::of_rows(sql, step.rows_of.as_deref()?),
    };
    let message = format!("{}: {}; nothing was changed", hazard.address, hazard.message);
    let number = |n: &str| format!("coalesce({n}::text, '?')");
    let mut text = literal(&message);
    for (word, value) in [
        ("{count}", number("found")),
        ("{total}", number("total")),
        ("{rows}", number("found") + " || ' rows'"),
        ("{values}", number("found") + " || ' values'"),
    ] {
        if message.contains(word) {
            text = format!("replace({text}, '{word}', {value})");
        }
    }
    let count = format!("EXECUTE {} INTO found, total;\nIF found > 0 THEN RAISE '%', {text}; END IF;", literal(&sql));
    let called: Vec<String> = calls(&sql).iter().map(|n| literal(n)).collect();
    let count = if called.is_empty() {
        count
    } else {
        let names = called.join(", ");
        format!("IF NOT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE provolatile = 'v' AND proname IN ({names})) THEN\n{count}\nEND IF;")
    };
    let body = format!("PERFORM pg_catalog.set_config('transaction_read_only', 'on', true);\n{count}");
    Some(block("DECLARE found bigint; total bigint; ", &body))
}

/// Returns the names before a bracket, and those after a dot, which may be calls as well. The script runs all
/// of it a moment later: this only prevents the check from causing a side effect that would then occur twice.
fn calls(sql: &str) -> BTreeSet<String> {
    let pieces = scan::scan(sql).unwrap_or_default();
    let name = |p: &Word| {
        let text = sql.get(p.start..p.end).unwrap_or_default();
        match p.kind {
            Kind::Word => Some(text.to_lowercase()),
            Kind::Name => Some(text.trim_matches('"').replace("\"\"", "\"")),
            _ => None,
        }
    };
    let symbol = |p: Option<&Word>, c: char| p.is_some_and(|p| p.kind == Kind::Symbol(c));
    let mut found = BTreeSet::new();
    for (i, piece) in pieces.iter().enumerate() {
        // `(row).function` is a call too.
        let behind = i > 1 && symbol(pieces.get(i - 1), '.') && symbol(pieces.get(i - 2), ')');
        if symbol(pieces.get(i + 1), '(') || behind {
            found.extend(name(piece));
        }
    }
    found
}
