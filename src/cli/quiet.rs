//! Remembers plans that had nothing to do and nothing to say, so that the next one with the same inputs does not need to
//! parse the schema. Only digests are kept: whether a plan is still right follows from the files and the database alone,
//! and the folder can be deleted at any time. It belongs to the user, never to the project, so that a checkout cannot
//! bring one along.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use sha2::{Digest as _, Sha256};

use super::settings::Settings;
use super::target::Target;
use crate::apply::PlanOptions;
use crate::kdl::Sources;
use crate::plan::add_part;

/// The variable that names the folder. If it is empty, nothing is remembered.
const FOLDER: &str = "ROSEY_CACHE_DIR";

/// The place where one plan is remembered, and the digest of everything that it depends on besides the database.
pub(super) struct Quiet {
    file: PathBuf,
    inputs: String,
}

/// What is remembered of a plan.
pub(super) struct Remembered {
    /// The digest of what the database contained.
    pub(super) database: String,
    /// The fingerprint of the plan.
    pub(super) fingerprint: String,
}

/// What a plan depends on besides the database.
pub(super) struct Inputs<'i> {
    pub(super) settings: &'i Settings,
    pub(super) schema: &'i Path,
    pub(super) sources: &'i Sources,
    pub(super) target: &'i Target,
    pub(super) options: PlanOptions,
    /// How the plan is shown.
    pub(super) form: String,
}

impl Quiet {
    /// Returns the place for a plan; `None` if no folder can be used.
    pub(super) fn of(inputs: &Inputs<'_>) -> Option<Quiet> {
        let folder = folder()?;
        let schema = inputs.schema.canonicalize().ok()?;
        let file = digest(|take| {
            take(&schema.to_string_lossy());
            take(&inputs.target.shown());
            take(&inputs.form);
            take(inputs.settings.as_text()[1]);
        });
        let program = program()?;
        let all = digest(|take| {
            take(&program);
            take(&format!("{:?}", inputs.options));
            take(&inputs.form);
            inputs.settings.as_text().into_iter().for_each(&mut *take);
            inputs.sources.each_part(take);
        });
        Some(Quiet { file: folder.join("no-changes").join(file), inputs: all })
    }

    /// Returns what is remembered of a plan with these inputs.
    pub(super) fn remembered(&self) -> Option<Remembered> {
        let text = std::fs::read_to_string(&self.file).ok()?;
        // Without the last line break, the file was cut off.
        let lines: Vec<&str> = text.strip_suffix('\n')?.split('\n').collect();
        let [inputs, database, fingerprint] = lines[..] else { return None };
        (inputs == self.inputs).then(|| Remembered { database: database.to_owned(), fingerprint: fingerprint.to_owned() })
    }

    /// Remembers a plan. A failure costs time at most.
    pub(super) fn remember(&self, plan: &Remembered) {
        let text = format!("{}\n{}\n{}\n", self.inputs, plan.database, plan.fingerprint);
        let written = self.file.parent().map(std::fs::create_dir_all).transpose().and_then(|_| std::fs::write(&self.file, text));
        drop(written);
    }
}

fn folder() -> Option<PathBuf> {
    match std::env::var_os(FOLDER) {
        Some(named) if named.is_empty() => None,
        Some(named) => Some(named.into()),
        None => Some(etcetera::choose_base_strategy().ok()?.cache_dir().join("rosey")),
    }
}

/// Returns what tells this build from others: another one may find other changes.
fn program() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    let metadata = path.metadata().ok()?;
    let changed = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{} {} {} {}", env!("CARGO_PKG_VERSION"), path.display(), metadata.len(), changed.as_nanos()))
}

/// Returns the digest of texts.
fn digest(texts: impl FnOnce(&mut dyn FnMut(&str))) -> String {
    let mut hash = Sha256::new();
    texts(&mut |text| add_part(&mut hash, text.as_bytes()));
    format!("{:x}", hash.finalize())
}
