//! `config.json` of a chat bot: `database_url`, or `database` as a path or as an object with `path`. Many
//! programs have a file of that name, so its database is used only if it is clearly a SQLite file.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::Failure;
use crate::kdl::file::{CONFIGURATION, read_text};

/// The database in a config.json.
pub(super) enum Configured {
    /// A URL; a relative path in it is relative to the working directory.
    Url(String),
    /// A path; a relative one is relative to the folder of the file.
    Path(PathBuf),
    /// Nothing, and what was ignored, if anything.
    Nothing(Option<String>),
}

/// Reads the file. `named` says that the user named it, so it must exist and contain a database.
pub(super) fn read(file: &Path, named: bool) -> Result<Configured, Failure> {
    let shown = file.display();
    let text = match read_text(file, CONFIGURATION) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !named => return Ok(Configured::Nothing(None)),
        Err(e) => return Err(Failure::new(format!("{shown} cannot be read: {e}"))),
    };
    let json: Value = serde_json::from_str(&text).map_err(|e| Failure::new(format!("{shown} is not JSON: {e}")))?;
    if !json.is_object() {
        return Err(Failure::new(format!("{shown} is not a JSON object")));
    }
    match json.get("database_url") {
        Some(Value::String(url)) => return Ok(Configured::Url(url.clone())),
        None | Some(Value::Null) => {}
        Some(_) => return Err(Failure::new(format!("{shown}: `database_url` is not a string"))),
    }
    let found = path_of(&json, file);
    match found {
        Configured::Nothing(passed_over) if named => {
            let failure = Failure::new(passed_over.unwrap_or_else(|| format!("{shown} does not name a database")));
            Err(failure.help("add \"database_url\", or \"database\" with the path of a SQLite file"))
        }
        found => Ok(found),
    }
}

/// Returns `database`, if it is the path of a SQLite file.
fn path_of(json: &Value, file: &Path) -> Configured {
    let shown = file.display();
    let text = match json.get("database") {
        None | Some(Value::Null) => return Configured::Nothing(None),
        Some(Value::String(path)) => path,
        Some(object) => match object.get("path").and_then(Value::as_str) {
            Some(path) => path,
            None => return Configured::Nothing(Some(format!("`database` in {shown} is neither a path nor an object with `path`"))),
        },
    };
    let path = file.parent().unwrap_or(Path::new("")).join(text);
    if has_database_extension(&path) || is_sqlite_file(&path) {
        return Configured::Path(path);
    }
    if text.is_empty() {
        return Configured::Nothing(Some(format!("`database` in {shown} is empty")));
    }
    let text = super::target::shown(text);
    Configured::Nothing(Some(format!(
        "`database` in {shown} is `{text}`, which is neither an existing SQLite file nor a path that ends in .db, .sqlite or .sqlite3"
    )))
}

/// Returns whether the name has an extension of SQLite files.
pub(super) fn has_database_extension(path: &Path) -> bool {
    path.extension().is_some_and(|e| ["db", "sqlite", "sqlite3"].iter().any(|k| e.eq_ignore_ascii_case(k)))
}

/// Returns whether a file begins like a SQLite file
/// (<https://sqlite.org/fileformat2.html#magic_header_string>).
fn is_sqlite_file(path: &Path) -> bool {
    let mut head = [0; 16];
    let read = std::fs::File::open(path).and_then(|mut f| f.read_exact(&mut head));
    read.is_ok() && &head == b"SQLite format 3\0"
}
