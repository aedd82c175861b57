//! Describes SQLite's result codes without values from rows, which its own messages may quote, as in
//! `bad JSON path: '…'`. A system failure gets the constant text of `sqlite3_errstr`
//! (<https://sqlite.org/rescode.html>).

use libsqlite3_sys as ffi;

/// A primary result code that a statement may end with.
struct Code {
    code: i32,
    name: &'static str,
    meaning: &'static str,
    /// Whether the meaning is SQLite's own constant text, which identifies the code.
    own_text: bool,
}

const fn failure(code: i32, name: &'static str, meaning: &'static str) -> Code {
    Code { code, name, meaning, own_text: true }
}

const fn of_rows(code: i32, name: &'static str, meaning: &'static str) -> Code {
    Code { code, name, meaning, own_text: false }
}

const CODES: [Code; 13] = [
    of_rows(ffi::SQLITE_ERROR, "SQLITE_ERROR", "an expression fails on the rows"),
    of_rows(ffi::SQLITE_AUTH, "SQLITE_AUTH", "not authorized"),
    of_rows(ffi::SQLITE_CONSTRAINT, "SQLITE_CONSTRAINT", "a row violates a constraint"),
    of_rows(ffi::SQLITE_MISMATCH, "SQLITE_MISMATCH", "a value does not match the type of its column"),
    of_rows(ffi::SQLITE_RANGE, "SQLITE_RANGE", "an expression fails on the rows"),
    failure(ffi::SQLITE_NOMEM, "SQLITE_NOMEM", "out of memory"),
    failure(ffi::SQLITE_IOERR, "SQLITE_IOERR", "disk I/O error"),
    failure(ffi::SQLITE_CORRUPT, "SQLITE_CORRUPT", "database disk image is malformed"),
    failure(ffi::SQLITE_FULL, "SQLITE_FULL", "database or disk is full"),
    failure(ffi::SQLITE_CANTOPEN, "SQLITE_CANTOPEN", "unable to open database file"),
    failure(ffi::SQLITE_SCHEMA, "SQLITE_SCHEMA", "database schema has changed"),
    failure(ffi::SQLITE_TOOBIG, "SQLITE_TOOBIG", "string or blob too big"),
    failure(ffi::SQLITE_NOTADB, "SQLITE_NOTADB", "file is not a database"),
];

const UNKNOWN: Code = of_rows(0, "a SQLite error", "an expression fails on the rows");

fn entry(code: i32) -> &'static Code {
    CODES.iter().find(|c| c.code == code & 0xff).unwrap_or(&UNKNOWN)
}

/// Returns the name of the primary result code.
pub(crate) fn name(code: i32) -> &'static str {
    entry(code).name
}

/// Returns the meaning of the primary result code.
pub(crate) fn meaning(code: i32) -> &'static str {
    entry(code).meaning
}

/// Returns the meaning, with the code's name unless the text is SQLite's own.
pub(crate) fn message(code: i32) -> String {
    let Code { name, meaning, own_text, .. } = entry(code);
    if *own_text { (*meaning).to_owned() } else { format!("{meaning} ({name})") }
}

/// Returns true if SQLite builds the message for the code when the statement is prepared, only from names in
/// the schema: the column or the constraint. The messages of RAISE and of virtual tables have other codes.
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
