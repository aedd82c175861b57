//! `rosey fmt`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::Failure;
use super::settings::Settings;
use super::{EnvArguments, Exit, output};
use crate::kdl::file::{SCHEMA, folder_of, leads_out, read_text, write_whole};
use crate::kdl::{self, Sources};
use crate::plan::FileKind;
use crate::render::escape;

/// Formats schema files.
#[derive(Args)]
pub(super) struct Fmt {
    /// Files, or folders of `*.kdl` files; default: the schema.
    paths: Vec<PathBuf>,
    /// Change nothing; list the files that would change, and exit with 1 if there are any.
    #[arg(long)]
    check: bool,
}

impl Fmt {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let mut files = Vec::new();
        for path in &self.named()? {
            let unread = |e: std::io::Error| Failure::new(format!("{} cannot be read: {e}", path.display()));
            if !path.is_dir() {
                files.push(path.clone());
                continue;
            }
            let found = kdl::files_of(path).map_err(unread)?;
            if found.is_empty() {
                return Err(Failure::new(format!("folder {} has no .kdl files to format", path.display())));
            }
            files.extend(found);
        }
        let mut differ = Vec::new();
        for file in &files {
            if leads_out(file, &folder_of(file)).unwrap_or(false) {
                return Err(Failure::new(format!("{} is a symbolic link out of the project; it was left unchanged", file.display()))
                    .help("pass the path of the file itself"));
            }
            let before = read_text(file, SCHEMA).map_err(|e| match e.kind() {
                std::io::ErrorKind::InvalidData => {
                    Failure::new(format!("{} is not UTF-8 text", file.display())).help("save the file as UTF-8")
                }
                _ => Failure::new(format!("{} cannot be read: {e}", file.display())),
            })?;
            let name = file.display().to_string();
            // A different layout has a different digest, and the file would no longer be accepted.
            if let Some(kind) = FileKind::of(&before) {
                output::err(&escape(&format!("{name} is {}; it was left unchanged\n", kind.word())));
                continue;
            }
            // Invalid KDL is shown as by every command: rosey.kdl without its URLs.
            let shown = if file.ends_with("rosey.kdl") { kdl::masked(&before) } else { before.clone() };
            kdl::check_syntax(&Sources::from_text(&name, &shown))?;
            let after = kdl::format(&before).map_err(|_| Failure::new(format!("{name} is not valid KDL")))?;
            if after != before {
                differ.push((file, after));
            }
        }
        for (file, after) in &differ {
            if !self.check {
                replace(file, after).map_err(|e| Failure::new(format!("{} cannot be written: {e}", file.display())))?;
            }
            output::out(&format!("{}\n", file.display()));
        }
        Ok(if self.check && !differ.is_empty() { Exit::Error } else { Exit::Done })
    }

    /// Returns the files to format. A mistake in a rosey.kdl does not prevent it from being formatted.
    fn named(&self) -> Result<Vec<PathBuf>, Failure> {
        if self.paths.is_empty() {
            return Ok(vec![Settings::load(&EnvArguments { env: None, project: None })?.default_schema()?]);
        }
        Ok(self.paths.clone())
    }
}

/// Writes a temporary file and renames it, so that the file is either old or new.
pub(super) fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    write_whole(&file.canonicalize()?, text)
}
