//! SQLite files that only a test uses, each in a new folder.

use std::path::{Path, PathBuf};

use crate::engine::backups::{NotScratched, Remains, Scratch};
use crate::engine::registry::Database;
use crate::engine::traits::Answer;

/// The folder of a scratch file.
struct Folder(PathBuf);

impl Remains for Folder {
    fn remove(self: Box<Self>) -> Answer<'static, (), NotScratched> {
        Box::pin(async move { std::fs::remove_dir_all(&self.0).map_err(|e| failed(&self.0, &e)) })
    }
}

/// Creates a folder of this name beside the file, and returns a file in it that does not exist yet.
pub(super) fn make(beside: &Path, name: &str) -> Result<Scratch, NotScratched> {
    let folder = beside.with_file_name(name);
    std::fs::create_dir(&folder).map_err(|e| failed(&folder, &e))?;
    Ok(Scratch { database: Database::file(folder.join("scratch.db")), remains: Box::new(Folder(folder)) })
}

fn failed(folder: &Path, error: &std::io::Error) -> NotScratched {
    NotScratched { name: folder.display().to_string(), reason: error.to_string() }
}
