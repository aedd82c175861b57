//! SQLite's result codes in words that hold no value of a row: its own messages may quote one, as in
//! `bad JSON path: '…'` (<https://sqlite.org/rescode.html>).

use libsqlite3_sys as ffi;

/// The names of the primary codes that a statement may end with, and what they mean.
const CODES: [(i32, &str, &str); 13] = [
    (ffi::SQLITE_ERROR, "SQLITE_ERROR", "an expression fails over the rows"),
    (ffi::SQLITE_NOMEM, "SQLITE_NOMEM", "it needs more memory than there is"),
    (ffi::SQLITE_IOERR, "SQLITE_IOERR", "a file cannot be read or written"),
    (ffi::SQLITE_CORRUPT, "SQLITE_CORRUPT", "the database is damaged"),
    (ffi::SQLITE_FULL, "SQLITE_FULL", "the disk is full"),
    (ffi::SQLITE_CANTOPEN, "SQLITE_CANTOPEN", "a file cannot be opened"),
    (ffi::SQLITE_SCHEMA, "SQLITE_SCHEMA", "the schema has changed meanwhile"),
    (ffi::SQLITE_TOOBIG, "SQLITE_TOOBIG", "a value would be too long"),
    (ffi::SQLITE_CONSTRAINT, "SQLITE_CONSTRAINT", "a row violates a constraint"),
    (ffi::SQLITE_MISMATCH, "SQLITE_MISMATCH", "a value is not of its column's type"),
    (ffi::SQLITE_AUTH, "SQLITE_AUTH", "it calls what it may not call"),
    (ffi::SQLITE_RANGE, "SQLITE_RANGE", "an expression fails over the rows"),
    (ffi::SQLITE_NOTADB, "SQLITE_NOTADB", "the file is not a SQLite database"),
];

fn entry(code: i32) -> (&'static str, &'static str) {
    let found = CODES.iter().find(|(c, ..)| *c == code & 0xff);
    found.map_or(("a SQLite error", "an expression fails over the rows"), |(_, name, meaning)| (name, meaning))
}

/// The name of a code's kind.
pub(crate) fn name(code: i32) -> &'static str {
    entry(code).0
}

/// What a code's kind means.
pub(crate) fn meaning(code: i32) -> &'static str {
    entry(code).1
}

/// Whether SQLite's message for the code is made when the statement is prepared, of names in the schema alone: which column
/// or constraint it is. What RAISE and virtual tables say has other codes.
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
