//! Decides what a statement may do. SQLite calls the authorizer while it prepares a statement, so no spelling
//! can bypass it (<https://sqlite.org/c3ref/set_authorizer.html>).

use std::collections::BTreeSet;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::{Arc, Mutex};

use libsqlite3_sys as ffi;

use super::functions::{self, Gives};
use crate::engine::sqlite::connection::{Connection, Error};
use crate::plan::NotCounted;

/// What is allowed.
#[derive(Debug, Clone)]
pub(super) enum Rules {
    /// Reads of any table, and writes to temporary tables: rosey's counts.
    Count,
    /// Reads of a single row of these tables, in lower case: an expression from a schema file.
    Row(BTreeSet<String>),
    /// Schema statements in a private database.
    Schema,
}

/// The rules of a connection, and what they last refused.
#[derive(Debug)]
pub(super) struct Guard {
    rules: Mutex<Rules>,
    refused: Mutex<Option<NotCounted>>,
    selects: Mutex<usize>,
}

impl Guard {
    /// Sets the rules of a connection, which apply until they are removed.
    pub(super) async fn put_on(connection: &mut Connection, rules: Rules) -> Result<Arc<Guard>, Error> {
        let guard = Arc::new(Guard { rules: Mutex::new(rules), refused: Mutex::new(None), selects: Mutex::new(0) });
        // One reference is never released: the connection's thread may run a statement for longer than rosey
        // waits for it.
        let pointer = Arc::into_raw(guard.clone()).cast_mut().cast::<c_void>();
        let failed = |e: sqlx::Error| Error::Sql { message: e.to_string(), code: 0, sql: String::new() };
        let mut handle = connection.inner().lock_handle().await.map_err(failed)?;
        // SAFETY: the handle is locked and live; the pointer is to a value that is never freed.
        unsafe { ffi::sqlite3_set_authorizer(handle.as_raw_handle().as_ptr(), Some(authorize), pointer) };
        Ok(guard)
    }

    /// Removes the rules from the connection.
    pub(super) async fn take_off(&self, connection: &mut Connection) -> Result<(), Error> {
        let failed = |e: sqlx::Error| Error::Sql { message: e.to_string(), code: 0, sql: String::new() };
        let mut handle = connection.inner().lock_handle().await.map_err(failed)?;
        // SAFETY: the handle is locked and live.
        unsafe { ffi::sqlite3_set_authorizer(handle.as_raw_handle().as_ptr(), None, std::ptr::null_mut()) };
        Ok(())
    }

    /// Replaces the rules.
    pub(super) fn turn(&self, to: Rules) {
        *lock(&self.rules) = to;
        *lock(&self.refused) = None;
        *lock(&self.selects) = 0;
    }

    /// Returns and clears what was last refused.
    pub(super) fn take_refused(&self) -> Option<NotCounted> {
        lock(&self.refused).take()
    }

    fn judge(&self, asked: &Asked<'_>) -> c_int {
        let verdict = match &*lock(&self.rules) {
            Rules::Count => count(asked),
            Rules::Row(own) => row(asked, own, &mut lock(&self.selects)),
            Rules::Schema => schema(asked),
        };
        match verdict {
            Ok(()) => ffi::SQLITE_OK,
            Err(why) => {
                *lock(&self.refused) = Some(why);
                ffi::SQLITE_DENY
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What SQLite asks the authorizer about: <https://sqlite.org/c3ref/c_alter_table.html>.
struct Asked<'a> {
    action: c_int,
    first: &'a str,
    second: &'a str,
    database: &'a str,
}

type Verdict = Result<(), NotCounted>;

fn calls(name: &str) -> NotCounted {
    NotCounted::Calls(format!("{name}()"))
}

fn function(name: &str) -> Result<Gives, NotCounted> {
    functions::allowed(name).ok_or_else(|| calls(name))
}

fn count(asked: &Asked<'_>) -> Verdict {
    match asked.action {
        ffi::SQLITE_SELECT | ffi::SQLITE_READ | ffi::SQLITE_RECURSIVE | ffi::SQLITE_TRANSACTION => Ok(()),
        ffi::SQLITE_FUNCTION => function(asked.second).map(drop),
        ffi::SQLITE_CREATE_TEMP_TABLE | ffi::SQLITE_DROP_TEMP_TABLE => Ok(()),
        ffi::SQLITE_INSERT | ffi::SQLITE_UPDATE | ffi::SQLITE_DELETE if asked.database == "temp" => Ok(()),
        ffi::SQLITE_PRAGMA => Err(NotCounted::Reads(format!("PRAGMA {}", asked.first))),
        _ => Err(NotCounted::Calls("something that writes".to_owned())),
    }
}

fn row(asked: &Asked<'_>, own: &BTreeSet<String>, selects: &mut usize) -> Verdict {
    match asked.action {
        ffi::SQLITE_SELECT => {
            *selects += 1;
            if *selects > 1 { Err(NotCounted::Reads("a subquery".to_owned())) } else { Ok(()) }
        }
        ffi::SQLITE_READ if own.contains(&asked.first.to_ascii_lowercase()) => Ok(()),
        ffi::SQLITE_READ => Err(NotCounted::Reads(format!("table {}", asked.first))),
        ffi::SQLITE_FUNCTION => match function(asked.second)? {
            Gives::TheSame => Ok(()),
            Gives::Changing => Err(calls(asked.second)),
        },
        ffi::SQLITE_RECURSIVE => Err(NotCounted::Unbounded("a recursive query".to_owned())),
        _ => count(asked),
    }
}

/// The pragmas that ALTER TABLE, FTS5 and the inspection afterwards read.
const PRAGMAS: [&str; 8] =
    ["table_list", "data_version", "table_info", "table_xinfo", "page_size", "quick_check", "writable_schema", "ignore_check_constraints"];

fn schema(asked: &Asked<'_>) -> Verdict {
    // ALTER TABLE calls internal functions that SQL cannot call.
    let internal = |name: &str| ["sqlite_rename_", "sqlite_drop_", "sqlite_add_", "sqlite_fail"].iter().any(|p| name.starts_with(p));
    match asked.action {
        ffi::SQLITE_ATTACH | ffi::SQLITE_DETACH => Err(NotCounted::Calls("ATTACH".to_owned())),
        ffi::SQLITE_PRAGMA if PRAGMAS.contains(&asked.first.to_ascii_lowercase().as_str()) => Ok(()),
        ffi::SQLITE_PRAGMA => Err(NotCounted::Calls(format!("PRAGMA {}", asked.first))),
        ffi::SQLITE_FUNCTION if internal(asked.second) => Ok(()),
        ffi::SQLITE_FUNCTION => function(asked.second).map(drop),
        _ => Ok(()),
    }
}

unsafe extern "C" fn authorize(
    guard: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    database: *const c_char,
    _: *const c_char,
) -> c_int {
    let text = |p: *const c_char| {
        // SAFETY: SQLite passes NULL or a NUL-terminated string that lives for the duration of the call.
        if p.is_null() { "" } else { unsafe { CStr::from_ptr(p) }.to_str().unwrap_or_default() }
    };
    // SAFETY: the pointer is to a guard that is never freed.
    let guard = unsafe { &*guard.cast::<Guard>() };
    guard.judge(&Asked { action, first: text(first), second: text(second), database: text(database) })
}
