//! The files of a schema: one file or a folder, and what they include. Reads nothing outside the root file's folder.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use ::kdl::{KdlDiagnostic, KdlDocument};

use super::Diagnostics;
use crate::schema::{Problem, Span};

/// A file as it was read.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The path as it is shown.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The files of one schema, read and parsed.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    documents: Vec<(u32, KdlDocument)>,
    problems: Vec<Problem>,
}

impl Sources {
    /// Reads a file or a folder and all that it includes.
    ///
    /// # Errors
    /// [`std::io::Error`] where the path itself cannot be read. What is wrong inside comes from [`Sources::checked`].
    pub fn read(path: &Path) -> std::io::Result<Sources> {
        let mut reader = Reader { sources: Sources::default(), seen: BTreeSet::new(), root: root_of(path)? };
        if path.is_dir() {
            for file in files_of(path)? {
                reader.take_in(&file)?;
            }
        } else {
            reader.take_in(path)?;
        }
        Ok(reader.sources)
    }

    /// A schema that is at hand as text, as a program that carries its schema with it has it.
    pub fn from_text(name: &str, text: &str) -> Sources {
        let mut sources = Sources::default();
        sources.add(name.to_owned(), text.to_owned());
        sources
    }

    /// Itself, if every file could be parsed.
    ///
    /// # Errors
    /// The syntax errors and bad includes of all files.
    pub fn checked(self) -> Result<Sources, Diagnostics> {
        if self.problems.is_empty() {
            return Ok(self);
        }
        let problems = self.problems.clone();
        Err(Diagnostics::new(&self, problems))
    }

    /// The files, in the order they were read.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Lets go of the parsed documents, which take many times the memory of the text; places can still be shown.
    pub fn forget_documents(&mut self) {
        self.documents = Vec::new();
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = (u32, &KdlDocument)> {
        self.documents.iter().map(|(i, d)| (*i, d))
    }

    fn add(&mut self, name: String, text: String) -> u32 {
        let file = self.files.len() as u32;
        match KdlDocument::parse_v2(&text) {
            Ok(document) => self.documents.push((file, document)),
            Err(error) => self.problems.extend(syntax_problems(file, &text, &error.diagnostics)),
        }
        self.files.push(SourceFile { name, text });
        file
    }
}

struct Reader {
    sources: Sources,
    seen: BTreeSet<PathBuf>,
    root: PathBuf,
}

impl Reader {
    fn take_in(&mut self, path: &Path) -> std::io::Result<()> {
        if !self.seen.insert(path.canonicalize()?) {
            return Ok(());
        }
        let text = std::fs::read_to_string(path)?;
        let file = self.sources.add(path.display().to_string(), text);
        for (pattern, span) in self.includes(file) {
            self.include(path, &pattern, span)?;
        }
        Ok(())
    }

    fn includes(&self, file: u32) -> Vec<(String, Span)> {
        let Some((_, document)) = self.sources.documents.last().filter(|(i, _)| *i == file) else { return Vec::new() };
        let includes = document.nodes().iter().filter(|n| n.name().value() == "include");
        let entries = includes.flat_map(|n| n.entries());
        let place = |e: &::kdl::KdlEntry| Span { file, start: e.span().offset() as u32, len: e.span().len() as u32 };
        entries.filter_map(|e| Some((e.value().as_string()?.to_owned(), place(e)))).collect()
    }

    fn include(&mut self, from: &Path, pattern: &str, span: Span) -> std::io::Result<()> {
        let mut problem = |message: String, help: &str| {
            self.sources.problems.push(Problem::new(message, span, "included here").help(help));
        };
        let steps_out = |c: Component| !matches!(c, Component::Normal(_) | Component::CurDir);
        if Path::new(pattern).components().any(steps_out) {
            problem(format!("`{pattern}` leads out of the schema's folder"), "name files below the file that includes them");
            return Ok(());
        }
        let folder = from.parent().unwrap_or(Path::new("")).to_string_lossy().into_owned();
        let full = Path::new(&glob::Pattern::escape(&folder)).join(pattern);
        let found: Vec<PathBuf> = match glob::glob(&full.to_string_lossy()) {
            Ok(paths) => paths.filter_map(Result::ok).filter(|p| p.is_file()).collect(),
            Err(error) => {
                problem(format!("`{pattern}` is no pattern: {error}"), "`*` stands for any run of characters");
                return Ok(());
            }
        };
        if found.is_empty() {
            problem(format!("`{pattern}` finds no file"), "the path counts from the file it stands in");
        }
        for path in found {
            if path.canonicalize()?.starts_with(&self.root) {
                self.take_in(&path)?;
            } else {
                let message = format!("`{}` is a link that leads out of the schema's folder", path.display());
                self.sources.problems.push(Problem::new(message, span, "included here"));
            }
        }
        Ok(())
    }
}

/// The folder that includes must stay in.
fn root_of(path: &Path) -> std::io::Result<PathBuf> {
    let whole = path.canonicalize()?;
    if whole.is_dir() {
        return Ok(whole);
    }
    Ok(whole.parent().map_or_else(|| whole.clone(), Path::to_path_buf))
}

/// The schema files of a folder, all levels, in path order: `*.kdl` but `rosey.kdl`, saved plans and state files.
///
/// # Errors
/// Where a folder cannot be read.
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

/// KDL's own messages point to the right place and say little; most of them only follow from the first.
fn syntax_problems(file: u32, text: &str, diagnostics: &[KdlDiagnostic]) -> Vec<Problem> {
    const FOLLOW: [&str; 3] = ["No closing '}'", "Closing '}' was not found", "Expected end of document"];
    let follows = |d: &&KdlDiagnostic| !FOLLOW.iter().any(|f| d.message.as_deref().unwrap_or_default().starts_with(f));
    let own: Vec<&KdlDiagnostic> = diagnostics.iter().filter(follows).collect();
    let shown = if own.is_empty() { diagnostics.iter().take(1).collect() } else { own };
    shown.into_iter().map(|d| syntax_problem(file, text, d)).collect()
}

fn syntax_problem(file: u32, text: &str, diagnostic: &KdlDiagnostic) -> Problem {
    let start = diagnostic.span.offset().min(text.len());
    let end = (start + diagnostic.span.len()).min(text.len());
    let line_end = text[start..end].find('\n').map_or(end, |n| start + n);
    let span = Span { file, start: start as u32, len: (line_end - start).max(1) as u32 };
    let wrong = text.get(start..line_end).unwrap_or_default();
    match own_words(wrong, text.get(start..).unwrap_or_default()) {
        Some((message, help)) => Problem::new(message, span, "here").help(help),
        None => {
            let message = diagnostic.message.clone().unwrap_or_else(|| "this is not KDL".to_owned());
            let problem = Problem::new(format!("KDL syntax: {message}"), span, "here");
            match &diagnostic.help {
                Some(help) => problem.help(help.clone()),
                None => problem,
            }
        }
    }
}

/// The mistakes that people make, by what stands where KDL stopped.
fn own_words(wrong: &str, rest: &str) -> Option<(String, String)> {
    let word: String = rest.chars().take_while(|c| !c.is_whitespace() && !";{}\"=".contains(*c)).collect();
    if ["true", "false", "null", "inf", "nan"].contains(&word.as_str()) {
        return Some((format!("`{word}` is no word in KDL"), format!("write `#{word}`, or \"{word}\" for the text")));
    }
    if wrong.starts_with('{') || wrong.is_empty() {
        return Some(("a `{` is never closed".to_owned(), "add the `}` that belongs to it".to_owned()));
    }
    if wrong.starts_with('}') {
        return Some(("a `}` too many".to_owned(), "take it out, or add the `{` that belongs to it".to_owned()));
    }
    if wrong.starts_with('"') && !wrong[1..].contains('"') {
        return Some((
            "a string is not closed on its line".to_owned(),
            "close it with `\"`; a string of several lines stands in `\"\"\"`".to_owned(),
        ));
    }
    let typed = word.contains(['(', '[', ')', ']']) && word.starts_with(|c: char| c.is_alphabetic());
    typed.then(|| (format!("`{word}` needs quotes"), format!("write \"{word}\": KDL keeps brackets out of bare words")))
}
