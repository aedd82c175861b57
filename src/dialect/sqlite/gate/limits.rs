//! How much a statement may take: time, the length of one value, memory; and that it makes room for writers.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use libsqlite3_sys as ffi;

use crate::dialect::sqlite::connection::{Connection, Error};

/// Operations of SQLite's virtual machine between two looks at the clock: one of them may copy a long value.
const OPERATIONS: i32 = 100;

/// The longest value that a count makes, unless the database holds a longer one.
pub(super) const LENGTH: c_int = 64 << 20;

/// The longest value in a private database, where the longest that is needed is a definition.
const PRIVATE_LENGTH: c_int = 16 << 20;

/// Matching takes the length of the text times that of the pattern, in one operation.
const PATTERN: c_int = 1000;

/// The memory that SQLite may use in this process beside what it uses already.
pub(super) const MEMORY: i64 = 512 << 20;

/// So long a statement runs on, whoever wants to write.
const SHARE: Duration = Duration::from_millis(200);

/// The state of the statement that runs.
#[derive(Debug, Default)]
pub(super) struct Clock {
    began: Mutex<Option<Instant>>,
    until: Mutex<Option<Instant>>,
    /// It was stopped because its time was over.
    pub(super) is_over: AtomicBool,
    /// It was stopped because somebody wants to write.
    pub(super) has_yielded: AtomicBool,
}

impl Clock {
    /// A statement begins, and may run until then.
    pub(super) fn start(&self, until: Option<Instant>) {
        *lock(&self.began) = Some(Instant::now());
        *lock(&self.until) = until;
        self.is_over.store(false, Relaxed);
        self.has_yielded.store(false, Relaxed);
    }

    /// Whether the statement goes on.
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

/// Lets the clock stop the connection's statements. With `yields`, also whoever wants to write to the file: in the modes
/// with a rollback journal a reader keeps a writer from committing (<https://sqlite.org/lockingv3.html>).
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

/// Whether a connection, in whatever process, has begun to write.
fn somebody_writes(file: usize) -> bool {
    let file: *mut ffi::sqlite3_file = std::ptr::with_exposed_provenance_mut(file);
    let mut held: c_int = 0;
    // SAFETY: the file is that of the connection whose progress handler this is, so it is open, and used by this thread.
    unsafe {
        let Some(methods) = (*file).pMethods.as_ref() else { return false };
        methods.xCheckReservedLock.is_some_and(|check| check(file, &raw mut held) == ffi::SQLITE_OK) && held != 0
    }
}

/// Limits the length of the values that a connection makes, and the patterns that it matches.
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

/// The limits of a private database.
pub(super) async fn limit_private(connection: &mut Connection) -> Result<(), Error> {
    limit_length(connection, PRIVATE_LENGTH).await
}

/// A limit to the memory of all of SQLite in this process, as long as a value of this lives.
#[derive(Debug)]
pub(crate) struct Memory(());

/// How many there are, and the limit that held before the first.
static LIMITED: Mutex<(usize, i64)> = Mutex::new((0, 0));

impl Memory {
    pub(super) fn limit() -> Memory {
        let mut limited = lock(&LIMITED);
        if limited.0 == 0 {
            // SAFETY: both calls take and give plain numbers, from any thread.
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
