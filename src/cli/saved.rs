//! What the commands share about saved plans: finding, opening and showing files.

use std::path::{Path, PathBuf};

use super::again::Again;
use super::error::Failure;
use crate::apply::chain::Past;
use crate::apply::saved::{self, Saved, SavedError};
use crate::kdl::file::{LARGE, read_text, write_whole};
use crate::plan::{FileError, FileKind, Plan, read_plan};
use crate::render;
use crate::schema::{Address, Dialect};

/// The ending of the file of a saved plan.
pub(super) const ENDING: &str = ".plan.kdl";

/// Used instead of the name of the schema file, which a saved plan does not know.
pub(super) const NAME: &str = "the desired schema";

/// Returns a plan as its file shows it.
pub(super) fn shown(plan: &Plan) -> String {
    render::text(plan, NAME, render::Style::default())
}

pub(super) async fn open(path: &Path, again: &Again) -> Result<Saved, Failure> {
    let text = read(path, again)?;
    saved::open(&text, &shown).await.map_err(|e| refusal(path, e, again))
}

/// Reads a plan file.
pub(super) fn read(path: &Path, again: &Again) -> Result<String, Failure> {
    read_text(path, LARGE).map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => Failure::new(format!("{}: damaged: not UTF-8 text; nothing was changed", path.display()))
            .help(format!("restore the original from version control, or plan it again: {}", again.command(path, None)))
            .refused(),
        std::io::ErrorKind::NotFound => {
            Failure::new(format!("{} cannot be read: {e}", path.display())).help("save one with rosey plan --out FILE")
        }
        _ => Failure::new(format!("{} cannot be read: {e}", path.display())),
    })
}

pub(super) fn read_any(path: &Path) -> Result<String, Failure> {
    read_text(path, LARGE).map_err(|e| Failure::new(format!("{} cannot be read: {e}", path.display())))
}

pub(super) fn read_state(path: &Path) -> Result<String, Failure> {
    read_text(path, LARGE)
        .map_err(|e| Failure::new(format!("{} cannot be read: {e}", path.display())).help("create one with rosey state pull > FILE"))
}

/// Returns the error for a state file that is refused.
pub(super) fn bad_state(path: &Path, error: &FileError) -> Failure {
    let help = match error {
        FileError::Later { .. } => "use that version of rosey or a newer one",
        _ => "create it again: rosey state pull > FILE",
    };
    Failure::new(format!("{}: {error}", path.display())).help(help)
}

/// Returns the error for a file that is refused; nothing has been changed in that case.
pub(super) fn refusal(path: &Path, error: SavedError, again: &Again) -> Failure {
    let again = format!("plan it again: {}", again.command(path, None));
    let help = match &error {
        SavedError::File(FileError::Other(_)) => "save one with rosey plan --out FILE".to_owned(),
        SavedError::File(FileError::Later { .. }) => "use that version of rosey or a newer one".to_owned(),
        SavedError::File(_) => format!("restore the original from version control, or {again}"),
        SavedError::Plan(_) => again,
    };
    Failure::new(format!("{}: {error}; nothing was changed", path.display())).help(help).refused()
}

/// Refuses an edited plan: one whose header or steps do not follow from its schemas.
pub(super) fn follows(path: &Path, plan: &Saved, again: &Again) -> Result<(), Failure> {
    let Some(line) = plan.differs_at else { return Ok(()) };
    let shown = path.display();
    let again = again.command(path, Some(&plan.file));
    let in_head = plan.file.text.lines().take(line).all(|l| l.starts_with("//") || l.is_empty());
    let what = if in_head { "its header does not match its steps" } else { "its steps do not match its schemas" };
    Err(Failure::new(format!("{shown}: {what} (line {line} differs); nothing was changed"))
        .help(format!("it was edited, or made by another version of rosey; plan it again: {again}"))
        .refused())
}

/// Returns the plan files of a folder and its subfolders, by name.
pub(super) fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |e: std::io::Error| Failure::new(format!("{} cannot be read: {e}", folder.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        // Do not follow links, which may form a cycle.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            found.extend(in_folder(&path)?);
        } else if path.file_name().is_some_and(|n| n.to_string_lossy().ends_with(ENDING)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Where a plan is saved: the given file, or one in the given folder, named after its version and message.
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// Whether the file itself was given, so that an older plan in it may be replaced.
    pub(super) is_named: bool,
}

/// Returns whether a path is a folder, possibly one that does not exist yet: plan files always have an
/// ending.
fn is_folder(out: &Path) -> bool {
    out.is_dir() || out.to_string_lossy().ends_with(['/', '\\']) || (out.extension().is_none() && !out.exists())
}

/// Returns the file to save a plan in.
pub(super) fn place(out: &Path, number: i64, message: Option<&str>) -> Place {
    if !is_folder(out) {
        return Place { path: out.to_path_buf(), is_named: true };
    }
    let word = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let message: String = message.unwrap_or_default().chars().map(word).take(50).collect();
    let words: Vec<&str> = message.split('-').filter(|w| !w.is_empty()).collect();
    let words = if words.is_empty() { "plan".to_owned() } else { words.join("-") };
    Place { path: out.join(format!("{number:04}-{words}{ENDING}")), is_named: false }
}

/// Returns the message of the plan that will be overwritten, if its file was given.
pub(super) fn message_of(out: &Path) -> Option<String> {
    if is_folder(out) {
        return None;
    }
    read_plan(&read_text(out, LARGE).ok()?).ok()?.message
}

/// Writes a plan atomically. It may replace an older plan in a given file, and nothing else.
pub(super) fn write(place: &Place, text: &str, again: &Again) -> Result<(), Failure> {
    let path = &place.path;
    if path.exists() && !is_plan(path) {
        return Err(Failure::new(format!("{} already exists and is not a plan; it was left unchanged", path.display()))
            .help("name another file, or a folder: --out plans/"));
    }
    if !place.is_named && read_text(path, LARGE).is_ok_and(|there| there != text) {
        return Err(Failure::new(format!("{} already contains another plan; it was left unchanged", path.display()))
            .help(format!("to overwrite it, name it: {}", again.command(path, None)))
            .help("to keep both, give this plan another message with -m"));
    }
    let failed = |e: std::io::Error| Failure::new(format!("{} cannot be written: {e}", path.display()));
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    write_whole(path, text).map_err(failed)
}

pub(super) fn is_plan(path: &Path) -> bool {
    let text = read_text(path, LARGE).unwrap_or_default();
    FileKind::of(&text) == Some(FileKind::Plan)
}

/// Returns the error for a plan for another dialect.
pub(super) fn foreign(path: &Path, own: Dialect, live: Dialect) -> Failure {
    Failure::new(format!("{} is a plan for {}, but the database is {}; nothing was changed", path.display(), name(own), name(live)))
        .refused()
}

/// Returns the usual name of a dialect.
pub(super) fn name(dialect: Dialect) -> &'static str {
    dialect.capabilities().title
}

/// Returns the differences between the database and the start of a plan, one per line.
pub(super) fn differences(differs: &[(Address, bool)], most: usize) -> String {
    let mut text = String::new();
    for (address, touched) in differs.iter().take(most) {
        let what = if *touched { "differs, and the plan changes it" } else { "differs; the plan does not change it" };
        text.push_str(&format!("\n  {address}: {what}"));
    }
    if differs.len() > most {
        text.push_str(&format!("\n  and {} more", differs.len() - most));
    }
    text
}

/// Returns the error for a plan that starts from another schema.
pub(super) fn elsewhere(path: &Path, plan: &Saved, differs: &[(Address, bool)], past: Past, again: &Again) -> Failure {
    let shown = path.display();
    let (before, why) = match past {
        Past::Undone { number, by } => {
            (format!("{shown} was applied as version {number} and undone by version {by}; it"), "the database has changed since then")
        }
        Past::Unfinished(number) => (
            format!("{shown} was applied as version {number} and is not finished; it"),
            "the database was changed outside rosey in the meantime",
        ),
        _ => (shown.to_string(), "another plan was applied after it was made, or the database was changed outside rosey"),
    };
    Failure::new(format!("{before} starts from a schema that differs from the database; nothing was changed{}", differences(differs, 20)))
        .help(format!("{why}; plan it again: {}", again.command(path, Some(&plan.file))))
        .refused()
}
