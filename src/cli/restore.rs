//! `rosey restore`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::error::Failure;
use super::progress::Progress;
use super::settings::Settings;
use super::{Exit, TargetArguments, output};
use crate::apply::{ApplyError, Backups, RestoreOptions};
use crate::engine::CancelToken;
use crate::kdl::project::duration;
use crate::render::escape;

/// Restores a backup.
#[derive(Args)]
pub(super) struct Restore {
    /// The backup; default: the newest one recorded in the history of the database.
    backup: Option<PathBuf>,
    #[command(flatten)]
    target: TargetArguments,
    /// Restore without asking for approval.
    #[arg(long)]
    auto_approve: bool,
    /// Do not keep a copy of the database that is overwritten.
    #[arg(long)]
    discard_current: bool,
    /// Where to put that copy; default: beside the database.
    #[arg(long, value_name = "FOLDER")]
    backup_dir: Option<PathBuf>,
    /// How long to wait for a lock held by another process, for example 500ms, 10s (the default) or 2m.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    lock_timeout: Option<Duration>,
}

/// What to do with a backup that contains tables and not the whole database.
pub(super) const ONLY_TABLES: &str = "a dump contains the tables that lost values, as they were before the apply; it does not overwrite existing tables. \
Re-create a dropped column with `rosey rollback` (it is empty), load the dump into a scratch database with `pg_restore`, and copy the \
values from there with an UPDATE. See docs/deploy.md for the steps";

impl Restore {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.target.env)?;
        let target = settings.target(&self.target)?;
        target.announce();
        let database = &target.database;
        let from = match &self.backup {
            Some(file) => file.clone(),
            None => newest(database.backups().await?)?,
        };
        let sound = database.check_backup(&from).await.map_err(|e| unsound(e, &from))?;
        let shown = escape(&from.display().to_string());
        output::out(&format!("{shown} will replace the current contents of {}\n", escape(&database.shown())));
        super::apply::approve(settings.auto_approve(self.auto_approve), "\nRestore this backup? Only 'yes' will be accepted: ")?;
        let options = RestoreOptions {
            backup_dir: settings.backup_dir(self.backup_dir.as_deref()),
            keep_current: !self.discard_current,
            lock_timeout: settings.lock_timeout(self.lock_timeout),
        };
        super::interrupt::enter(super::interrupt::Phase::Writing);
        let mut progress = Progress::new(false, Arc::new(CancelToken::default()));
        let kept = database.restore(&sound, &options, &mut progress).await.map_err(Failure::of_apply)?;
        output::out("Restore complete.\n");
        if let Some(kept) = kept {
            output::out(&format!("Copy of the replaced database: {}\n", escape(&kept.display().to_string())));
        }
        Ok(Exit::Done)
    }
}

fn unsound(error: ApplyError, from: &Path) -> Failure {
    match error {
        ApplyError::Database(error) if error.is_no_file() => Failure::new(format!("{}: no such file", from.display()))
            .help("name an existing backup; `rosey history -v` shows the backup of each version"),
        other => other.into(),
    }
}

fn newest(backups: Backups) -> Result<PathBuf, Failure> {
    let help = "name the file: rosey restore FILE";
    if let Some(newest) = backups.found.into_iter().next() {
        return Ok(newest);
    }
    Err(match backups.missing.first() {
        Some(path) => Failure::new(format!("the backup recorded in the history does not exist: {}", escape(&path.display().to_string()))),
        None => Failure::new("the history of the database has no backup"),
    }
    .help(help))
}
