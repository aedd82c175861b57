//! `config.json`, as the bot has it: `database_url`, or `database` as a path or as an object with `path`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::Failure;

/// What a config.json says of the database.
pub(super) enum Configured {
    /// A URL; a relative path in it counts from the working directory.
    Url(String),
    /// A path; a relative one counts from the file's folder.
    Path(PathBuf),
}

/// Reads the file. `named` says that the user named it, so it must be there.
pub(super) fn read(file: &Path, named: bool) -> Result<Option<Configured>, Failure> {
    let shown = file.display();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !named => return Ok(None),
        Err(e) => return Err(Failure::new(format!("{shown} cannot be read: {e}"))),
    };
    let json: Value = serde_json::from_str(&text).map_err(|e| Failure::new(format!("{shown} is no JSON: {e}")))?;
    let string = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).map(str::to_owned);
    if !json.is_object() {
        return Err(Failure::new(format!("{shown} is no JSON object")));
    }
    match json.get("database_url") {
        Some(Value::String(url)) => return Ok(Some(Configured::Url(url.clone()))),
        None | Some(Value::Null) => {}
        Some(_) => return Err(Failure::new(format!("{shown}: `database_url` is no string"))),
    }
    let path = match json.get("database") {
        Some(Value::String(path)) => Some(path.clone()),
        Some(object @ Value::Object(_)) if string(object, "path").is_some() => string(object, "path"),
        None | Some(Value::Null) => None,
        Some(_) => return Err(Failure::new(format!("{shown}: `database` is neither a path nor an object with `path`"))),
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    match path {
        Some(path) => Ok(Some(Configured::Path(folder.join(path)))),
        None if named => Err(Failure::new(format!("{shown} names no database")).help("add \"database_url\", or \"database\" with a path")),
        None => Ok(None),
    }
}
