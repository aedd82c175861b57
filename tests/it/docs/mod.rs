//! The documents are correct: every schema in them is valid, every command line is accepted by the program,
//! and the command reference is generated from the program.

mod commands;
mod contributing;
mod kdl;
mod layout;
mod procedures;
mod reference;
mod transcripts;
mod workshop;

use std::path::{Path, PathBuf};

/// Returns README.md and all of docs/.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|e| e.unwrap().path());
    let mut all: Vec<PathBuf> = docs.filter(|p| p.extension().is_some_and(|e| e == "md")).collect();
    all.push(root.join("README.md"));
    all.sort();
    all
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
