//! What the commands do alike with saved plans: find the files, open them, show them.

use std::path::{Path, PathBuf};

use super::error::Failure;
use crate::apply::saved::{self, Saved, SavedError};
use crate::plan::{FileError, FileKind, Plan};
use crate::render::{self, escape};
use crate::schema::Dialect;

/// What the file of a saved plan ends with.
pub(super) const ENDING: &str = ".plan.kdl";

/// What stands for the schema file's name, which a saved plan does not know.
pub(super) const NAME: &str = "the desired schema";

/// A plan as its file shows it.
pub(super) fn shown(plan: &Plan) -> String {
    render::text(plan, NAME, render::Style::default())
}

/// Opens a plan file.
pub(super) async fn open(path: &Path) -> Result<Saved, Failure> {
    let text = read(path)?;
    saved::open(&text, &shown).await.map_err(|e| refusal(path, e))
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| {
        let failure = Failure::new(format!("{} cannot be read: {e}", path.display()));
        match e.kind() {
            std::io::ErrorKind::NotFound => failure.help("rosey plan --out FILE writes one"),
            _ => failure,
        }
    })
}

/// The text of any file.
pub(super) fn read_any(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| Failure::new(format!("{} cannot be read: {e}", path.display())))
}

/// The text of a state file.
pub(super) fn read_state(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|e| Failure::new(format!("{} cannot be read: {e}", path.display())).help("rosey state pull > FILE writes one"))
}

/// Why a state file is not taken.
pub(super) fn bad_state(path: &Path, error: &FileError) -> Failure {
    let help = match error {
        FileError::Later { .. } => "use that version of rosey, or a later one",
        _ => "write it again: rosey state pull > FILE",
    };
    Failure::new(format!("{}: {error}", path.display())).help(help)
}

/// Why a file is not taken; nothing has been done then.
pub(super) fn refusal(path: &Path, error: SavedError) -> Failure {
    let again = format!("plan it again: rosey plan --out {}", path.display());
    let help = match &error {
        SavedError::File(FileError::Other(_)) => {
            return Failure::new(format!("{}: {error}", path.display())).help("rosey plan --out FILE writes one");
        }
        SavedError::File(FileError::Later { .. }) => "use that version of rosey, or a later one".to_owned(),
        SavedError::File(_) => format!("take it from version control as it was written, or {again}"),
        SavedError::Plan(_) => again,
    };
    Failure::new(format!("{}: {error}; nothing was changed", path.display())).help(help).refused()
}

/// Refuses a plan whose steps are not those that lead from its one schema to the other.
pub(super) fn follows(path: &Path, plan: &Saved) -> Result<(), Failure> {
    let Some(line) = plan.differs_at else { return Ok(()) };
    let shown = path.display();
    Err(Failure::new(format!("{shown}: its steps do not follow from its schemas: line {line} would be another one; nothing was changed"))
        .help(format!("it has been edited, or another version of rosey made it; plan it again: rosey plan --out {shown}"))
        .refused())
}

/// The plan files of a folder and of those in it, by name.
pub(super) fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |e: std::io::Error| Failure::new(format!("{} cannot be read: {e}", folder.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        // Not through links, which may lead round in a circle.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            found.extend(in_folder(&path)?);
        } else if path.file_name().is_some_and(|n| n.to_string_lossy().ends_with(ENDING)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Where a plan goes: the file that was named, or one in the folder that was, called after its number and message.
pub(super) fn place(out: &Path, number: i64, message: Option<&str>) -> PathBuf {
    if !out.is_dir() && !out.to_string_lossy().ends_with(['/', '\\']) {
        return out.to_path_buf();
    }
    let word = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let message: String = message.unwrap_or("plan").chars().map(word).take(50).collect();
    let words: Vec<&str> = message.split('-').filter(|w| !w.is_empty()).collect();
    out.join(format!("{number:04}-{}{ENDING}", words.join("-")))
}

/// Writes a plan so that it is there whole, or what was there before. That may be an older plan, and nothing else.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if path.exists() && !is_plan(path) {
        return Err(Failure::new(format!("{} is there and is no plan; it was left as it is", path.display()))
            .help("name another file, or a folder: --out plans/"));
    }
    let failed = |e: std::io::Error| Failure::new(format!("{} cannot be written: {e}", path.display()));
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path)).map_err(|e| {
        std::fs::remove_file(&beside).ok();
        failed(e)
    })
}

fn is_plan(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    FileKind::of(&text) == Some(FileKind::Plan)
}

/// The refusal of a plan for another kind of database.
pub(super) fn foreign(path: &Path, own: Dialect, live: Dialect) -> Failure {
    Failure::new(format!("{} is a plan for {}, and the database is {}; nothing was changed", path.display(), name(own), name(live)))
        .refused()
}

/// A kind of database as people call it.
pub(super) fn name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "SQLite",
        Dialect::Postgres => "PostgreSQL",
    }
}

/// The refusal of a plan that starts from another schema.
pub(super) fn elsewhere(path: &Path, differs: &[(crate::schema::Address, bool)]) -> Failure {
    let mut text = format!("{} starts from another schema than the database has; nothing was changed", path.display());
    for (address, touched) in differs.iter().take(20) {
        let what = if *touched { "differs, and the plan touches it" } else { "differs; the plan does not touch it" };
        text.push_str(&format!("\n  {}: {what}", escape(&address.to_string())));
    }
    if differs.len() > 20 {
        text.push_str(&format!("\n  and {} more", differs.len() - 20));
    }
    Failure::new(text)
        .help(format!(
            "it was made before another plan was applied, or somebody else changed the database; plan it again: rosey plan --out {}",
            path.display()
        ))
        .refused()
}
