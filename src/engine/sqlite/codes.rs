//! Describes SQLite's result codes without values from rows, which its own messages may quote, as in
//! `bad JSON path: '…'`. A system failure gets the constant text of `sqlite3_errstr`
//! (<https://sqlite.org/rescode.html>).

use libsqlite3_sys as ffi;

/// The names and meanings of the primary result codes that a statement may end with.
const CODES: [(i32, &str, &str); 13] = [
    (ffi::SQLITE_ERROR, "SQLITE_ERROR", "an expression fails on the rows"),
    (ffi::SQLITE_NOMEM, "SQLITE_NOMEM", "out of memory"),
    (ffi::SQLITE_IOERR, "SQLITE_IOERR", "disk I/O error"),
    (ffi::SQLITE_CORRUPT, "SQLITE_CORRUPT", "database disk image is malformed"),
    (ffi::SQLITE_FULL, "SQLITE_FULL", "database or disk is full"),
    (ffi::SQLITE_CANTOPEN, "SQLITE_CANTOPEN", "unable to open database file"),
    (ffi::SQLITE_SCHEMA, "SQLITE_SCHEMA", "database schema has changed"),
    (ffi::SQLITE_TOOBIG, "SQLITE_TOOBIG", "string or blob too big"),
    (ffi::SQLITE_CONSTRAINT, "SQLITE_CONSTRAINT", "a row violates a constraint"),
    (ffi::SQLITE_MISMATCH, "SQLITE_MISMATCH", "a value does not match the type of its column"),
    (ffi::SQLITE_AUTH, "SQLITE_AUTH", "not authorized"),
    (ffi::SQLITE_RANGE, "SQLITE_RANGE", "an expression fails on the rows"),
    (ffi::SQLITE_NOTADB, "SQLITE_NOTADB", "file is not a database"),
];

fn entry(code: i32) -> (&'static str, &'static str) {
    let found = CODES.iter().find(|(c, ..)| *c == code & 0xff);
    found.map_or(("a SQLite error", "an expression fails on the rows"), |(_, name, meaning)| (name, meaning))
}

/// Returns the name of the primary result code.
pub(crate) fn name(code: i32) -> &'static str {
    entry(code).0
}

/// Returns the meaning of the primary result code.
pub(crate) fn meaning(code: i32) -> &'static str {
    entry(code).1
}

/// Returns the meaning, with the code's name unless the text is SQLite's own.
pub(crate) fn message(code: i32) -> String {
    let (name, meaning) = entry(code);
    let of_a_value = [ffi::SQLITE_ERROR, ffi::SQLITE_CONSTRAINT, ffi::SQLITE_MISMATCH, ffi::SQLITE_AUTH, ffi::SQLITE_RANGE];
    let is_constant = CODES.iter().any(|(c, ..)| *c == code & 0xff) && !of_a_value.contains(&(code & 0xff));
    if is_constant { meaning.to_owned() } else { format!("{meaning} ({name})") }
}

/// Returns true if SQLite builds the message for the code when the statement is prepared, from names in the
/// schema alone: the column or the constraint. The messages of RAISE and of virtual tables have other codes.
pub(crate) fn names_the_schema(code: i32) -> bool {
    let codes = [
        ffi::SQLITE_CONSTRAINT_CHECK,
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY,
        ffi::SQLITE_CONSTRAINT_NOTNULL,
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
        ffi::SQLITE_CONSTRAINT_UNIQUE,
        ffi::SQLITE_CONSTRAINT_ROWID,
        ffi::SQLITE_CONSTRAINT_DATATYPE,
    ];
    codes.contains(&code)
}
