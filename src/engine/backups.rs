//! What an engine needs to restore a backup of a whole database, and to create a database that only a test
//! uses.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::registry::Database;
use super::traits::{Answer, Local};

/// Restores backups of a whole database.
pub(crate) trait Restorer: Send + Sync {
    /// Refuses a backup that is not a database, or that is damaged.
    fn check<'a>(&'a self, backup: &'a Path) -> Answer<'a, ()>;

    /// Returns whether the file is the database itself.
    fn is_itself(&self, file: &Path) -> bool;

    /// Returns where a backup with this file name would be by default.
    fn beside(&self, name: &Path) -> PathBuf;

    /// Returns a path for a copy of the current contents.
    fn path_for_copy<'a>(&'a self, folder: Option<&'a Path>) -> Answer<'a, PathBuf>;

    /// Overwrites the database with the backup, after copying its contents to `keep`. Everything that a client has
    /// committed is in that copy or in the database. On an error the database is unchanged, and there is no copy.
    fn overwrite<'a>(&'a self, backup: &'a Path, keep: Option<&'a Path>, wait: Duration) -> Local<'a, ()>;
}

/// A database that nothing else uses.
pub(crate) struct Scratch {
    pub(crate) database: Database,
    pub(crate) remains: Box<dyn Remains>,
}

/// A scratch database that has not been removed yet.
pub(crate) trait Remains: Send {
    /// Removes it, even if somebody is still connected. The error says what could not be removed, and why.
    fn remove(self: Box<Self>) -> Answer<'static, (), NotScratched>;
}

/// A scratch database cannot be created or removed.
pub(crate) struct NotScratched {
    /// The name or path.
    pub(crate) name: String,
    pub(crate) reason: String,
}
