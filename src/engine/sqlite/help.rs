//! What to do about an error of a SQLite file, for display. Reads no environment variables itself.

use super::Error;
use crate::engine::advice::ONLY_ROSEY;

/// Returns the help for an error. `variable` reads an environment variable.
pub(crate) fn help(error: &Error, variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let fixed = match error {
        Error::Full => {
            let folder = temporary(variable);
            return Some(format!(
                "nothing was changed; free disk space for the database and for SQLite's temporary files ({folder}; SQLITE_TMPDIR sets \
                 another folder), then try again"
            ));
        }
        Error::TemporaryFull => {
            return Some(format!("free disk space in {}, or set SQLITE_TMPDIR to another folder", temporary(variable)));
        }
        Error::NoFile { .. } => "check the path; `rosey apply --url …` creates a new database",
        Error::NotADatabase { .. } => "check the path: the file exists, but does not start with the SQLite header",
        Error::History(_) => ONLY_ROSEY,
        Error::Locked => "another process is writing to it; try again when it has finished",
        Error::ReadOnly => "rosey needs write permission on the file and on its folder, where SQLite keeps its journal",
        Error::DiskFull { .. } => "free disk space there and try again",
        Error::NotWritable { .. } => {
            "rosey writes to the file, and SQLite keeps its journal in the folder: run as a user with write permission on both, or \
             make the mount writable"
        }
        Error::WalUnreadable { .. } => "copy the file and its -wal file to a writable folder, or get write permission on this one",
        Error::TooLong { .. } => {
            "SQLite computes constant expressions of a definition when it prepares the statement: simplify those over long values, \
             such as instr() or replace() of a zeroblob()"
        }
        Error::PageSize { .. } => {
            "stop the applications, set `PRAGMA journal_mode = DELETE` in the database, restore, and set it back to WAL"
        }
        _ => return None,
    };
    Some(fixed.to_owned())
}

/// Returns the folder of SQLite's temporary files. SQLite does not say which disk is full
/// (<https://sqlite.org/tempfiles.html#temporary_file_storage_locations>).
fn temporary(variable: &dyn Fn(&str) -> Option<String>) -> String {
    let named = ["SQLITE_TMPDIR", "TMPDIR"].iter().find_map(|name| Some((name, variable(name)?)));
    named.map_or_else(|| "/var/tmp or /tmp".to_owned(), |(name, folder)| format!("{folder} (from {name})"))
}
