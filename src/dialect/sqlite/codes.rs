//! SQLite's result codes in words that hold no value of a row: its own messages may quote one, as in
//! `bad JSON path: '…'`. A failure of the machine has the constant words of `sqlite3_errstr`
//! (<https://sqlite.org/rescode.html>).

use libsqlite3_sys as ffi;

/// The names of the primary codes that a statement may end with, and what they mean.
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

/// The name of a code's kind.
pub(crate) fn name(code: i32) -> &'static str {
    entry(code).0
}

/// What a code's kind means.
pub(crate) fn meaning(code: i32) -> &'static str {
    entry(code).1
}

/// The meaning, with the code's name unless the words are SQLite's own.
pub(crate) fn message(code: i32) -> String {
    let (name, meaning) = entry(code);
    let of_a_value = [ffi::SQLITE_ERROR, ffi::SQLITE_CONSTRAINT, ffi::SQLITE_MISMATCH, ffi::SQLITE_AUTH, ffi::SQLITE_RANGE];
    let is_constant = CODES.iter().any(|(c, ..)| *c == code & 0xff) && !of_a_value.contains(&(code & 0xff));
    if is_constant { meaning.to_owned() } else { format!("{meaning} ({name})") }
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
