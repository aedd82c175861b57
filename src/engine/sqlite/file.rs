//! Examines a database file without opening it as a database: whether it is a regular file, and what its
//! header says (<https://sqlite.org/fileformat2.html#the_database_header>). Refuses devices, pipes, sockets
//! and directories: SQLite would read `/dev/zero` forever and treat `/dev/null` as an empty database.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::connection::Error;

/// Checks that the path leads to a regular file.
///
/// # Errors
/// [`Error::NoFile`] if it does not exist, [`Error::CannotOpen`] if it is not a regular file.
pub(crate) fn check_regular(path: &Path) -> Result<(), Error> {
    let shown = || path.display().to_string();
    let found: Metadata = match std::fs::metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Err(Error::NoFile { path: shown() }),
        Err(e) => return Err(Error::CannotOpen { path: shown(), reason: e.to_string() }),
        Ok(found) => found,
    };
    // A kernel file, such as those below /proc, has size 0 but can be read.
    let is_virtual = || found.len() == 0 && first_byte(path).is_some();
    let reason = if found.is_dir() {
        "it is a folder"
    } else if !found.is_file() {
        kind(found.file_type())
    } else if is_virtual() {
        "it is not a file on disk; a database must be a regular file"
    } else {
        return Ok(());
    };
    Err(Error::CannotOpen { path: shown(), reason: reason.to_owned() })
}

fn kind(of: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if of.is_fifo() {
            return "it is a named pipe; a database must be a regular file";
        } else if of.is_socket() {
            return "it is a socket; a database must be a regular file";
        } else if of.is_char_device() || of.is_block_device() {
            return "it is a device; a database must be a regular file";
        }
    }
    let _ = of;
    "a database must be a regular file"
}

fn first_byte(path: &Path) -> Option<u8> {
    let mut options = OpenOptions::new();
    options.read(true);
    // O_NONBLOCK: some kernel files block until there is something to read.
    #[cfg(target_os = "linux")]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, 0o4000);
    let mut byte = [0];
    let read = options.open(path).and_then(|mut f| f.read(&mut byte)).ok()?;
    (read == 1).then_some(byte[0])
}

/// Returns true if the header says that the database is in WAL mode. Must not be called while this process
/// holds SQLite's locks on the file: closing any descriptor of a file releases all its POSIX locks
/// (<https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_>).
pub(crate) fn is_wal(path: &Path) -> bool {
    let mut header = [0; 20];
    let read = File::open(path).and_then(|mut f| f.read_exact(&mut header));
    read.is_ok() && header.starts_with(b"SQLite format 3\0") && header[19] == 2
}

/// Returns true if the database has a non-empty write-ahead log.
pub(crate) fn has_wal(path: &Path) -> bool {
    std::fs::metadata(beside(path, "-wal")).is_ok_and(|m| m.len() > 0)
}

/// Returns the name of a file that SQLite keeps beside the database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Returns true if both paths lead to the same file.
pub(crate) fn is_same(a: &Path, b: &Path) -> bool {
    match (std::fs::canonicalize(a), std::fs::canonicalize(b)) {
        (Ok(a), Ok(b)) if a == b => true,
        #[cfg(unix)]
        (Ok(a), Ok(b)) => {
            use std::os::unix::fs::MetadataExt;
            let id = |p: &Path| std::fs::metadata(p).map(|m| (m.dev(), m.ino()));
            matches!((id(&a), id(&b)), (Ok(a), Ok(b)) if a == b)
        }
        _ => false,
    }
}

/// Checks that the database can be written: the file, if it exists, and its directory, where SQLite keeps a
/// journal.
///
/// # Errors
/// [`Error::NotWritable`] with the system's error.
pub(crate) fn check_writable(path: &Path) -> Result<(), Error> {
    let failed = |what: &Path, e: std::io::Error| Error::NotWritable { path: what.display().to_string(), reason: e.to_string() };
    match check_regular(path) {
        Err(Error::NoFile { .. }) => {}
        checked => {
            checked?;
            OpenOptions::new().write(true).open(path).map_err(|e| failed(path, e))?;
        }
    }
    let trial = beside(path, &format!("-rosey-{}", std::process::id()));
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match OpenOptions::new().write(true).create_new(true).open(&trial) {
        Ok(_) => std::fs::remove_file(&trial).map_err(|e| failed(folder, e)),
        // If the disk is full, SQLite reports that itself.
        Err(e) if matches!(e.kind(), ErrorKind::AlreadyExists | ErrorKind::StorageFull | ErrorKind::NotFound) => Ok(()),
        Err(e) => Err(failed(folder, e)),
    }
}
