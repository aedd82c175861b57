//! The files of a schema: one file or a folder, and what they include. Reads nothing outside the folder of
//! the root file.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::file::{SCHEMA, folder_of, leads_out, read_text, size};
use super::limits;
use super::node::Texts;
use super::parse::outline;
use super::{Diagnostics, defined};
use crate::schema::{DefinedKind, Dialect, Problem, Span};

/// How many `**` a pattern may have: each one multiplies the folders to search.
const DEEP_GLOBS: usize = 1;

/// Patterns with a `*` in a whole schema: each one searches folders.
const PATTERNS: usize = 100;

/// Bytes in a pattern.
const LONGEST_PATTERN: usize = 1000;

/// A file as it was read.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The path as shown to the user.
    pub name: String,
    /// The text.
    pub text: String,
    /// The dialect that its `include` is restricted to.
    pub only: Option<Dialect>,
    /// Whether it was reached through a link that leads out of the project: no line of it is shown unless it
    /// is a schema.
    pub foreign: bool,
}

/// The files of one schema, as text: the parsed form takes a hundred times the memory and is short-lived.
#[derive(Debug, Default, Clone)]
pub struct Sources {
    files: Vec<SourceFile>,
    /// Whether they are not files, so that nothing can be included.
    loose: bool,
    /// The contents of the SQL files that nodes name.
    texts: Texts,
    problems: Vec<Problem>,
}

impl Sources {
    /// Reads a file or a folder and all that it includes.
    ///
    /// # Errors
    /// [`std::io::Error`] if the path itself cannot be read. Problems inside are reported by
    /// [`Sources::checked`].
    pub fn read(path: &Path) -> std::io::Result<Sources> {
        let foreign = leads_out(path, &folder_of(path))?;
        let mut reader =
            Reader { sources: Sources::default(), seen: BTreeSet::new(), root: root_of(path)?, left: SCHEMA, foreign, patterns: 0 };
        if path.is_dir() {
            for file in files_of(path)? {
                reader.take_in(&file, None)?;
            }
        } else {
            reader.take_in(path, None)?;
        }
        Ok(reader.sources)
    }

    /// Creates sources from text, for an application that embeds its schema.
    pub fn from_text(name: &str, text: &str) -> Sources {
        let mut sources = Sources { loose: true, ..Sources::default() };
        sources.files.push(SourceFile { name: name.to_owned(), text: text.to_owned(), only: None, foreign: false });
        sources
    }

    /// Returns the sources if everything that they include could be read.
    ///
    /// # Errors
    /// If an include is wrong: all wrong includes in all files. Mistakes in the files themselves are reported
    /// by [`super::decode`].
    pub fn checked(self) -> Result<Sources, Diagnostics> {
        if self.problems.is_empty() {
            return Ok(self);
        }
        let problems = self.problems.clone();
        Err(Diagnostics::new(&self, problems))
    }

    /// Returns whether they are texts without files, whose includes are not read.
    pub(super) fn are_loose(&self) -> bool {
        self.loose
    }

    /// Returns the contents of the SQL files that nodes name.
    pub(super) fn texts(&self) -> Texts {
        Texts::clone(&self.texts)
    }

    /// Returns the problems with includes in all files.
    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns the files, in the order they were read.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Passes all that the schema is read from to a digest: each file's name, its text, and how it was reached.
    pub(crate) fn each_part(&self, mut take: impl FnMut(&str)) {
        for file in &self.files {
            take(&file.name);
            take(&file.text);
            take(file.only.map_or("", Dialect::word));
            take(if file.foreign { "foreign" } else { "" });
        }
        for ((file, path), text) in self.texts.iter() {
            take(&file.to_string());
            take(path);
            take(text);
        }
        take(if self.problems.is_empty() { "" } else { "problems" });
    }

    fn add(&mut self, file: SourceFile) -> u32 {
        self.files.push(file);
        (self.files.len() - 1) as u32
    }
}

struct Reader {
    sources: Sources,
    seen: BTreeSet<PathBuf>,
    root: PathBuf,
    /// The number of bytes that may still be read.
    left: u64,
    foreign: bool,
    /// The number of patterns searched so far.
    patterns: usize,
}

impl Reader {
    fn take_in(&mut self, path: &Path, only: Option<Dialect>) -> std::io::Result<()> {
        let real = path.canonicalize()?;
        if !real.starts_with(&self.root) {
            let message = format!("`{}` is a symbolic link to a file outside the schema folder", path.display());
            self.sources.problems.push(Problem::new(message, None, "").help("put the file itself in the folder"));
            return Ok(());
        }
        if !self.seen.insert(real) {
            return Ok(());
        }
        if self.seen.len() > limits::FILES {
            return Err(too_large(format!("the schema has more than {} files", limits::FILES)));
        }
        let text = read_text(path, self.left).map_err(|e| self.unreadable(path, e))?;
        self.left -= text.len() as u64;
        let name = path.display().to_string();
        let file = self.sources.add(SourceFile { name, text, only, foreign: self.foreign });
        for (named, span) in self.named_files(file) {
            self.take_in_sql(path, file, named, span)?;
        }
        for (pattern, span, inner) in self.includes(file) {
            self.include(path, &pattern, span, only.or(inner))?;
        }
        Ok(())
    }

    /// Returns the SQL files that nodes name with `from`, found without parsing the rest.
    fn named_files(&self, file: u32) -> Vec<(String, Span)> {
        let text = &self.sources.files[file as usize].text;
        let outline = outline(text);
        if outline.refusal().is_some() {
            return Vec::new(); // Reported when the file is decoded.
        }
        let is_one = |word: &str| DefinedKind::ALL.iter().any(|kind| kind.word() == word);
        let mut found = Vec::new();
        for (range, _) in outline.nodes().filter(|(range, word)| is_one(word) && text[range.clone()].contains("from")) {
            let Ok(document) = super::parse::document(&text[range.clone()]) else { continue };
            for entry in document.nodes().iter().flat_map(defined::files) {
                let place = Span { file, start: (range.start + entry.span().offset()) as u32, len: entry.span().len() as u32 };
                found.extend(entry.value().as_string().map(|path| (path.to_owned(), place)));
            }
        }
        found
    }

    /// Reads an SQL file that a node names.
    fn take_in_sql(&mut self, from: &Path, file: u32, named: String, span: Span) -> std::io::Result<()> {
        let mut problem = |message: String, help: &str| {
            self.sources.problems.push(Problem::new(message, span, "named here").help(help));
        };
        if steps_out(&named) {
            problem(format!("`{named}` leads outside the schema folder"), "name a file in the folder of this file or below it");
            return Ok(());
        }
        let path = from.parent().unwrap_or(Path::new("")).join(&named);
        match path.canonicalize() {
            Ok(real) if real.starts_with(&self.root) => {}
            Ok(_) => {
                let message = format!("`{}` is a symbolic link to a file outside the schema folder", path.display());
                problem(message, "put the file itself in the schema folder");
                return Ok(());
            }
            Err(error) => {
                problem(format!("{}: {error}", path.display()), "the path is relative to the file that contains the node");
                return Ok(());
            }
        }
        let text = read_text(&path, self.left).map_err(|e| self.unreadable(&path, e))?;
        self.left -= text.len() as u64;
        Texts::make_mut(&mut self.sources.texts).insert((file, named), text);
        Ok(())
    }

    fn unreadable(&self, path: &Path, error: std::io::Error) -> std::io::Error {
        match error.kind() {
            std::io::ErrorKind::FileTooLarge => too_large(format!("with {}, the schema is larger than {}", path.display(), size(SCHEMA))),
            std::io::ErrorKind::InvalidData => std::io::Error::new(error.kind(), format!("{} is not UTF-8 text", path.display())),
            kind => std::io::Error::new(kind, format!("{}: {error}", path.display())),
        }
    }

    /// Returns the patterns of `include` nodes, found without parsing the rest.
    fn includes(&self, file: u32) -> Vec<(String, Span, Option<Dialect>)> {
        let text = &self.sources.files[file as usize].text;
        let outline = outline(text);
        let mut found = Vec::new();
        if outline.refusal().is_some() {
            return found; // Reported when the file is decoded.
        }
        let nodes = outline.nodes_called("include");
        for start_end in nodes {
            let Ok(document) = super::parse::document(&text[start_end.clone()]) else { continue };
            let only = |n: &::kdl::KdlNode| n.get("only").and_then(|v| v.as_string()).and_then(Dialect::of_word);
            let words = document.nodes().iter().flat_map(|n| n.entries().iter().filter(|e| e.name().is_none()).map(move |e| (e, only(n))));
            for (entry, only) in words {
                let place = Span { file, start: (start_end.start + entry.span().offset()) as u32, len: entry.span().len() as u32 };
                found.extend(entry.value().as_string().map(|pattern| (pattern.to_owned(), place, only)));
            }
        }
        found
    }

    fn include(&mut self, from: &Path, pattern: &str, span: Span, only: Option<Dialect>) -> std::io::Result<()> {
        let mut problem = |message: String, help: &str| {
            self.sources.problems.push(Problem::new(message, span, "included here").help(help));
        };
        if steps_out(pattern) {
            problem(format!("`{pattern}` leads outside the schema folder"), "include only files in the folder of this file or below it");
            return Ok(());
        }
        self.patterns += usize::from(pattern.contains(['*', '?', '[']));
        if pattern.matches("**").count() > DEEP_GLOBS || pattern.len() > LONGEST_PATTERN {
            problem(format!("pattern `{pattern}` is too complex"), "a single `**` matches files at any depth");
            return Ok(());
        }
        if self.patterns > PATTERNS {
            if self.patterns == PATTERNS + 1 {
                problem(format!("more than {PATTERNS} patterns in `include` nodes"), "one pattern can match many files");
            }
            return Ok(());
        }
        let folder = from.parent().unwrap_or(Path::new("")).to_string_lossy().into_owned();
        let full = Path::new(&glob::Pattern::escape(&folder)).join(pattern);
        let found: Vec<PathBuf> = match glob::glob(&full.to_string_lossy()) {
            Ok(paths) => paths.filter_map(Result::ok).filter(|p| !p.is_dir()).collect(),
            Err(error) => {
                problem(format!("invalid pattern `{pattern}`: {error}"), "`*` matches any sequence of characters");
                return Ok(());
            }
        };
        if found.is_empty() {
            problem(format!("`{pattern}` does not match any file"), "the path is relative to the file that contains the `include`");
        }
        for path in found {
            if path.canonicalize()?.starts_with(&self.root) {
                self.take_in(&path, only)?;
            } else {
                let message = format!("`{}` is a symbolic link to a file outside the schema folder", path.display());
                self.sources.problems.push(Problem::new(message, span, "included here").help("put the file itself in the schema folder"));
            }
        }
        Ok(())
    }
}

/// Returns whether a relative path may lead out of its folder without a link.
fn steps_out(path: &str) -> bool {
    Path::new(path).components().any(|c| !matches!(c, Component::Normal(_) | Component::CurDir))
}

fn too_large(message: String) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::FileTooLarge, message)
}

/// Returns the folder that includes must stay in.
fn root_of(path: &Path) -> std::io::Result<PathBuf> {
    let whole = path.canonicalize()?;
    if whole.is_dir() {
        return Ok(whole);
    }
    Ok(whole.parent().map_or_else(|| whole.clone(), Path::to_path_buf))
}

/// Returns the schema files of a folder, at all levels, in path order: `*.kdl` except `rosey.kdl`, saved
/// plans and state files.
///
/// # Errors
/// If a folder cannot be read.
pub fn files_of(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)?.map(|e| Ok(e?.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let special = name == "rosey.kdl" || name.ends_with(".plan.kdl") || name.ends_with(".state.kdl") || name.starts_with('.');
        if special {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            files.extend(files_of(&path)?);
        } else if name.ends_with(".kdl") && path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}
