//! CONTRIBUTING.md says where things go: the paths exist, and a kind of object is in those that its row
//! names.

use std::path::{Path, PathBuf};

use super::read;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the paths in backticks, for both engines if the path is one of an engine's.
fn paths(text: &str) -> Vec<PathBuf> {
    let code = text.split('`').skip(1).step_by(2).filter(|c| ["src/", "tests/", "docs/", ".ci/"].iter().any(|p| c.starts_with(p)));
    let named = code.flat_map(|c| ["sqlite", "postgres"].map(|engine| root().join(c.replace("<engine>", engine))));
    named.collect()
}

#[test]
fn every_place_exists() {
    let text = read(&root().join("CONTRIBUTING.md"));
    let outside_blocks: String = text.split("```").step_by(2).collect();
    let paths = paths(&outside_blocks);
    assert!(paths.len() > 20, "{} paths: were they found?", paths.len());
    let missing: Vec<_> = paths.iter().filter(|p| !p.exists()).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Returns the Rust code at a path: of the file, or of all files in the folder.
fn code(path: &Path) -> String {
    if path.is_dir() {
        let mut entries: Vec<_> = std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        return entries.iter().map(|p| code(p)).collect();
    }
    if path.extension().is_some_and(|e| e == "rs") { read(path) } else { String::new() }
}

#[test]
fn a_kind_is_in_the_places_of_its_row() {
    let text = read(&root().join("CONTRIBUTING.md"));
    let row = text.lines().find(|l| l.starts_with("| a kind of object |")).unwrap();
    for path in paths(row) {
        let code = code(&path);
        assert!(code.contains("VirtualTable") || code.contains("MaterializedView"), "{} has no part in a kind", path.display());
    }
}
