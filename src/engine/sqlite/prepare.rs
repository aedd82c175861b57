//! Prepares a statement without running it. Refuses more than one statement.

use std::ffi::{CStr, CString, c_char, c_int};

use libsqlite3_sys as ffi;

use super::connection::{Error, of_code};

/// Prepares one statement and returns the number of its columns.
///
/// # Safety
/// The pointer must be an open connection that nothing else uses meanwhile.
pub(super) unsafe fn one(connection: *mut ffi::sqlite3, sql: &str) -> Result<c_int, Error> {
    let refused = |message: &str| Error::Sql { message: message.to_owned(), code: ffi::SQLITE_ERROR, sql: sql.to_owned() };
    let text = CString::new(sql).map_err(|_| refused("the SQL contains a NUL character"))?;
    // SAFETY: guaranteed by the caller; the text is NUL-terminated and outlives SQLite's pointers into it.
    unsafe {
        let (statement, rest) = next(connection, text.as_ptr(), sql)?;
        if statement.is_null() {
            return Err(refused("the SQL contains no statement"));
        }
        let columns = ffi::sqlite3_column_count(statement);
        ffi::sqlite3_finalize(statement);
        // A semicolon and comments may follow.
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
/// As for [`one`]; `text` must be NUL-terminated.
unsafe fn next(connection: *mut ffi::sqlite3, text: *const c_char, sql: &str) -> Result<(*mut ffi::sqlite3_stmt, *const c_char), Error> {
    let (mut statement, mut rest) = (std::ptr::null_mut(), std::ptr::null());
    // SAFETY: guaranteed by the caller; SQLite writes two pointers, and its message lives until the next
    // call.
    unsafe {
        let code = ffi::sqlite3_prepare_v2(connection, text, -1, &raw mut statement, &raw mut rest);
        if code == ffi::SQLITE_OK {
            return Ok((statement, rest));
        }
        let message = CStr::from_ptr(ffi::sqlite3_errmsg(connection)).to_string_lossy().into_owned();
        Err(of_code(ffi::sqlite3_extended_errcode(connection), &message, sql))
    }
}
