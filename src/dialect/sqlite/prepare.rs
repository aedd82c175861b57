//! Lets SQLite read a statement without running it. Refuses more than one statement.

use std::ffi::{CStr, CString, c_char, c_int};

use libsqlite3_sys as ffi;

use super::connection::{Error, of_code};

/// Prepares one statement and gives the number of its columns.
///
/// # Safety
/// The pointer must be an open connection that nobody else uses meanwhile.
pub(super) unsafe fn one(connection: *mut ffi::sqlite3, sql: &str) -> Result<c_int, Error> {
    let refused = |message: &str| Error::Sql { message: message.to_owned(), code: ffi::SQLITE_ERROR, sql: sql.to_owned() };
    let text = CString::new(sql).map_err(|_| refused("the SQL contains a NUL character"))?;
    // SAFETY: the caller's promise; the text ends in NUL and lives longer than what SQLite points to in it.
    unsafe {
        let (statement, rest) = next(connection, text.as_ptr(), sql)?;
        if statement.is_null() {
            return Err(refused("the SQL contains no statement"));
        }
        let columns = ffi::sqlite3_column_count(statement);
        ffi::sqlite3_finalize(statement);
        // Behind it may stand a semicolon and comments.
        let mut rest = rest;
        while *rest != 0 {
            let (another, behind) = next(connection, rest, sql)?;
            if !another.is_null() {
                ffi::sqlite3_finalize(another);
                return Err(refused("the SQL contains more than one statement"));
            }
            if behind == rest {
                break;
            }
            rest = behind;
        }
        Ok(columns)
    }
}

/// # Safety
/// As [`one`]; `text` ends in NUL.
unsafe fn next(connection: *mut ffi::sqlite3, text: *const c_char, sql: &str) -> Result<(*mut ffi::sqlite3_stmt, *const c_char), Error> {
    let (mut statement, mut rest) = (std::ptr::null_mut(), std::ptr::null());
    // SAFETY: the caller's promise; SQLite writes two pointers, and its message lives until the next call.
    unsafe {
        let code = ffi::sqlite3_prepare_v2(connection, text, -1, &raw mut statement, &raw mut rest);
        if code == ffi::SQLITE_OK {
            return Ok((statement, rest));
        }
        let message = CStr::from_ptr(ffi::sqlite3_errmsg(connection)).to_string_lossy().into_owned();
        Err(of_code(ffi::sqlite3_extended_errcode(connection), &message, sql))
    }
}
