//! `rosey fmt`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::error::Failure;
use super::settings::Settings;
use super::{EnvArguments, Exit, output};
use crate::kdl::{self, Sources};
use crate::plan::FileKind;
use crate::render::escape;

/// Puts files into the one layout.
#[derive(Args)]
pub(super) struct Fmt {
    /// Files, or folders of `*.kdl` files; the schema where none is given.
    paths: Vec<PathBuf>,
    /// Change nothing; name the files that would change, and exit with 1 where there are any.
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
                return Err(Failure::new(format!("the folder {} has no .kdl file to format", path.display())));
            }
            files.extend(found);
        }
        let mut differ = Vec::new();
        for file in &files {
            let before = std::fs::read_to_string(file).map_err(|e| match e.kind() {
                std::io::ErrorKind::InvalidData => {
                    Failure::new(format!("{} is no UTF-8 text", file.display())).help("save the file as UTF-8")
                }
                _ => Failure::new(format!("{} cannot be read: {e}", file.display())),
            })?;
            let name = file.display().to_string();
            // Another layout is another digest: nobody would take the file any more.
            if let Some(kind) = FileKind::of(&before) {
                output::err(&escape(&format!("{name} is {}, and left as it is\n", kind.word())));
                continue;
            }
            // What is no KDL is shown as every command shows it: rosey.kdl without its URLs.
            let shown = if file.ends_with("rosey.kdl") { kdl::veiled(&before) } else { before.clone() };
            kdl::check_syntax(&Sources::from_text(&name, &shown))?;
            let after = kdl::format(&before).map_err(|_| Failure::new(format!("{name} is no KDL")))?;
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

    /// What is to be put into the layout. A rosey.kdl with a mistake in it does not stand in the way of formatting it.
    fn named(&self) -> Result<Vec<PathBuf>, Failure> {
        if self.paths.is_empty() {
            return Ok(vec![Settings::load(&EnvArguments { env: None, project: None })?.default_schema()]);
        }
        Ok(self.paths.clone())
    }
}

/// Writes beside the file and renames, so that the file is wholly old or wholly new.
pub(super) fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let real = file.canonicalize()?;
    let mut name = real.file_name().unwrap_or_default().to_owned();
    name.push(".rosey-fmt");
    let beside = real.with_file_name(name);
    let written = std::fs::File::create(&beside).and_then(|mut f| f.write_all(text.as_bytes()).and_then(|()| f.sync_all()));
    let mode = std::fs::metadata(&real).and_then(|m| std::fs::set_permissions(&beside, m.permissions()));
    let done = written.and(mode).and_then(|()| std::fs::rename(&beside, &real));
    if done.is_err() {
        std::fs::remove_file(&beside).ok();
    }
    done
}
