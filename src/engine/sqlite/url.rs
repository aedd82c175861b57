//! The URLs of SQLite files, in SQLAlchemy's forms.

use std::path::PathBuf;

/// The forms of URLs, for display.
pub(super) const FORMS: &str = "sqlite:///relative.db, sqlite:////absolute.db, sqlite:path, or a path to a .db file";

/// Returns the path of a SQLite URL. As in SQLAlchemy, three slashes precede a path relative to the working
/// directory; a fourth one begins an absolute path. What follows a `?` is for its driver.
pub(super) fn path(rest: &str) -> Result<PathBuf, &'static str> {
    let rest = rest.split_once('?').map_or(rest, |(path, _)| path);
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(after) => {
            after.strip_prefix('/').ok_or("use three slashes after sqlite: for a relative path, and four for an absolute path")?
        }
    };
    match path {
        "" | ":memory:" => Err("an in-memory database is lost when rosey exits"),
        path => Ok(PathBuf::from(path)),
    }
}
