//! Restores a backup into the live file, in one transaction of that file: other connections never see an
//! intermediate state. Refuses damaged backups.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::connection::{Connection, Error};
use super::overwrite::{self, Failed};
use super::{backup, file, gate};
use crate::engine::ApplyError;
use crate::engine::backups::Restorer;
use crate::engine::traits::{Answer, Local};

/// A file that is restored.
pub(super) struct RestoredFile<'f>(pub(super) &'f Path);

impl Restorer for RestoredFile<'_> {
    fn check<'a>(&'a self, from: &'a Path) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut connection = overwrite::open_backup(from).await?;
            if connection.number("PRAGMA page_count").await? == 0 {
                let (path, reason) = (from.display().to_string(), "it is empty".to_owned());
                return Err(Error::CannotOpen { path, reason }.into());
            }
            let damage = gate::is_damaged(&mut connection).await?;
            connection.close().await?;
            damage.map_or(Ok(()), |found| Err(ApplyError::Damaged { path: from.display().to_string(), found }))
        })
    }

    fn is_itself(&self, file: &Path) -> bool {
        file::is_same(self.0, file)
    }

    fn beside(&self, name: &Path) -> PathBuf {
        self.0.with_file_name(name)
    }

    fn path_for_copy<'a>(&'a self, folder: Option<&'a Path>) -> Answer<'a, PathBuf> {
        Box::pin(async move { Ok(backup::name_for(self.0, folder).await?) })
    }

    fn overwrite<'a>(&'a self, from: &'a Path, keep: Option<&'a Path>, wait: Duration) -> Local<'a, ()> {
        Box::pin(async move {
            let Err(failed) = overwrite::overwrite(from, self.0, keep, wait).await else { return Ok(()) };
            Connection::settle(self.0).await;
            Err(match failed {
                Failed::Overwriting(error) => {
                    keep.into_iter().for_each(backup::remove);
                    match error {
                        Error::Locked => ApplyError::Locked { holder: None, waited: wait },
                        other => other.into(),
                    }
                }
                Failed::Keeping(e) => {
                    ApplyError::Backup { path: keep.unwrap_or(Path::new("")).display().to_string(), reason: e.to_string() }
                }
            })
        })
    }
}
