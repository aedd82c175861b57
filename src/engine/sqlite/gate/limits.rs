//! Limits the time, the value length and the memory of a statement, and lets it yield to writers.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use libsqlite3_sys as ffi;

use crate::engine::sqlite::connection::{Connection, Error};

/// Virtual machine operations between two checks of the clock: a single operation may copy a long value.
const OPERATIONS: i32 = 100;

/// The longest value that a count may create, unless the database contains a longer one.
pub(super) const LENGTH: c_int = 64 << 20;

/// The longest value in a private database, unless there are longer definitions: no other values are needed there.
const PRIVATE_LENGTH: c_int = 1 << 20;

/// The longest pattern: matching takes text length times pattern length, in one operation.
const PATTERN: c_int = 1000;

/// The memory that SQLite may use in this process in addition to what it already uses.
pub(super) const MEMORY: i64 = 512 << 20;

/// How long a statement runs before it yields to writers.
const SHARE: Duration = Duration::from_millis(200);

/// The state of the running statement.
#[derive(Debug, Default)]
pub(super) struct Clock {
    began: Mutex<Option<Instant>>,
    until: Mutex<Option<Instant>>,
    /// Whether it was stopped at its time limit.
    pub(super) is_over: AtomicBool,
    /// Whether it was stopped to yield to a writer.
    pub(super) has_yielded: AtomicBool,
}

impl Clock {
    /// Starts a statement, which may run until the given time.
    pub(super) fn start(&self, until: Option<Instant>) {
        *lock(&self.began) = Some(Instant::now());
        *lock(&self.until) = until;
        self.is_over.store(false, Relaxed);
        self.has_yielded.store(false, Relaxed);
    }

    /// Returns true if the statement may continue.
    fn goes_on(&self, file: Option<usize>) -> bool {
        let now = Instant::now();
        if lock(&self.until).is_some_and(|until| now >= until) {
            self.is_over.store(true, Relaxed);
            return false;
        }
        let long = lock(&self.began).is_some_and(|began| now.duration_since(began) >= SHARE);
        if long && file.is_some_and(somebody_writes) {
            self.has_yielded.store(true, Relaxed);
            return false;
        }
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets the clock stop the connection's statements. With `yields`, they also stop for writers: in the
/// rollback-journal modes, a reader keeps a writer from committing (<https://sqlite.org/lockingv3.html>).
pub(super) async fn watch(connection: &mut Connection, clock: &Arc<Clock>, yields: bool) -> Result<(), Error> {
    let failed = |e: sqlx::Error| Error::Sql { message: e.to_string(), code: 0, sql: String::new() };
    let mut handle = connection.inner().lock_handle().await.map_err(failed)?;
    let mut file: *mut ffi::sqlite3_file = std::ptr::null_mut();
    if yields {
        let into = (&raw mut file).cast();
        // SAFETY: the handle is locked and live, and SQLite writes one pointer.
        unsafe { ffi::sqlite3_file_control(handle.as_raw_handle().as_ptr(), c"main".as_ptr(), ffi::SQLITE_FCNTL_FILE_POINTER, into) };
    }
    let (clock, file) = (clock.clone(), (!file.is_null()).then_some(file.expose_provenance()));
    handle.set_progress_handler(OPERATIONS, move || clock.goes_on(file));
    Ok(())
}

/// Returns true if a connection in any process has begun to write.
fn somebody_writes(file: usize) -> bool {
    let file: *mut ffi::sqlite3_file = std::ptr::with_exposed_provenance_mut(file);
    let mut held: c_int = 0;
    // SAFETY: the file is that of the connection whose progress handler this is, so it is open and used by
    // this thread.
    unsafe {
        let Some(methods) = (*file).pMethods.as_ref() else { return false };
        methods.xCheckReservedLock.is_some_and(|check| check(file, &raw mut held) == ffi::SQLITE_OK) && held != 0
    }
}

/// Limits the length of the values that a connection creates and of the patterns that it matches.
pub(super) async fn limit_length(connection: &mut Connection, length: c_int) -> Result<(), Error> {
    let failed = |e: sqlx::Error| Error::Sql { message: e.to_string(), code: 0, sql: String::new() };
    let mut handle = connection.inner().lock_handle().await.map_err(failed)?;
    let raw = handle.as_raw_handle().as_ptr();
    for (what, most) in
        [(ffi::SQLITE_LIMIT_LENGTH, length), (ffi::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN), (ffi::SQLITE_LIMIT_ATTACHED, 0)]
    {
        // SAFETY: the handle is locked and live.
        unsafe { ffi::sqlite3_limit(raw, what, most) };
    }
    Ok(())
}

/// Sets the limits of a private database, whose longest definition has this length. SQLite stores a definition in a row,
/// and ALTER TABLE makes it longer.
pub(super) async fn limit_private(connection: &mut Connection, longest: usize) -> Result<(), Error> {
    let needed = c_int::try_from(longest.saturating_mul(4)).unwrap_or(LENGTH).min(LENGTH);
    limit_length(connection, needed.max(PRIVATE_LENGTH)).await
}

/// Limits the memory of all of SQLite in this process while a value of this type exists.
#[derive(Debug)]
pub(crate) struct Memory(());

/// The number of these values, and the limit before the first.
static LIMITED: Mutex<(usize, i64)> = Mutex::new((0, 0));

impl Memory {
    pub(super) fn limit() -> Memory {
        let mut limited = lock(&LIMITED);
        if limited.0 == 0 {
            // SAFETY: both calls take and return plain numbers and may be made from any thread.
            limited.1 = unsafe { ffi::sqlite3_hard_heap_limit64(ffi::sqlite3_memory_used() + MEMORY) };
        }
        limited.0 += 1;
        Memory(())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let mut limited = lock(&LIMITED);
        limited.0 -= 1;
        if limited.0 == 0 {
            // SAFETY: as above.
            unsafe { ffi::sqlite3_hard_heap_limit64(limited.1) };
        }
    }
}
