//! Data flows one way: each layer imports only layers above it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The layers that each layer may import.
const LAYERS: [(&str, &[&str]); 10] = [
    ("schema", &[]),
    ("kdl", &["schema"]),
    ("diff", &["schema"]),
    ("plan", &["schema", "kdl", "diff"]),
    ("engine", &["schema", "kdl", "diff", "plan"]),
    ("apply", &["schema", "kdl", "diff", "plan", "engine"]),
    ("lint", &["schema", "kdl", "diff", "plan", "engine"]),
    ("render", &["schema", "kdl", "diff", "plan", "lint"]),
    ("testing", &["schema", "kdl", "diff", "plan", "engine", "apply", "lint", "render"]),
    ("cli", &["schema", "kdl", "diff", "plan", "engine", "apply", "lint", "render", "testing"]),
];

/// Crates and modules that may be used in one place only.
const HOMES: [(&str, &[&str]); 10] = [
    ("::kdl::", &["kdl"]),
    ("miette::", &["kdl"]),
    ("petgraph::", &["plan"]),
    ("sqlx::", &["engine"]),
    ("libsqlite3_sys", &["engine"]),
    ("clap::", &["cli"]),
    ("clap_complete::", &["cli"]),
    ("clap_mangen::", &["cli"]),
    ("std::env", &["cli"]),
    ("println!", &[]),
];

/// Files outside the engines that still name an engine. No file may be added: code that depends on a
/// difference asks for a capability.
/// - `schema/mod.rs`: its module `postgres` contains the kinds of objects that only servers have. It is part
///   of the model.
const NAME_AN_ENGINE: &[&str] = &["schema/mod.rs"];

/// The engines, and the files that list them: their dialects, their capabilities, and the registry.
const HOMES_OF_ENGINES: [&str; 3] = ["engine/", "schema/ident.rs", "schema/capabilities.rs"];

/// What names an engine.
const ENGINES: [&str; 6] = ["Dialect::Sqlite", "Dialect::Postgres", "Error::Sqlite", "Error::Postgres", "sqlite::", "postgres::"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let rust = |p: &PathBuf| p.extension().is_some_and(|e| e == "rs");
    let entries = entries.filter(|p| p.file_stem().is_none_or(|s| s != "tests"));
    entries.flat_map(|p| if p.is_dir() { sources(&p) } else { vec![p] }).filter(rust).collect()
}

fn layer(path: &Path) -> Option<String> {
    let inner = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = inner.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    LAYERS.iter().any(|(l, _)| *l == first).then_some(first)
}

/// Returns the code without comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_file_belongs_to_a_layer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let outside: BTreeSet<_> = sources(&root).iter().filter(|p| layer(p).is_none()).map(|p| p.file_name().unwrap().to_owned()).collect();
    assert_eq!(outside, BTreeSet::from(["lib.rs".into(), "main.rs".into()]));
}

#[test]
fn imports_point_upwards_only() {
    let mut wrong = Vec::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let Some(own) = layer(&path) else { continue };
        let allowed = LAYERS.iter().find(|(l, _)| *l == own).unwrap().1;
        for part in code(&path).split("crate::").skip(1) {
            let to: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if to != own && !allowed.contains(&to.as_str()) && LAYERS.iter().any(|(l, _)| *l == to) {
                wrong.push(format!("{} imports {to}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_crate_has_one_home() {
    let mut wrong = Vec::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let Some(own) = layer(&path) else { continue };
        let text = code(&path).replace("crate::kdl::", "");
        for (what, homes) in HOMES {
            if text.contains(what) && !homes.contains(&own.as_str()) {
                wrong.push(format!("{} uses {what}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_engines_and_their_registry_name_an_engine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found = sources(&root).into_iter().filter(|path| {
        let text = code(path);
        let own = text.split("#[cfg(test)]").next().unwrap_or_default();
        ENGINES.iter().any(|name| own.contains(name))
    });
    let names = found.map(|p| p.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"));
    let found: BTreeSet<String> = names.filter(|name| !HOMES_OF_ENGINES.iter().any(|home| name.starts_with(home))).collect();
    let listed: BTreeSet<String> = NAME_AN_ENGINE.iter().map(ToString::to_string).collect();
    let added: Vec<_> = found.difference(&listed).collect();
    assert!(added.is_empty(), "these name an engine; ask for a capability, or give the engine's trait a method: {added:#?}");
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(gone.is_empty(), "these name no engine any more; take them off the list: {gone:#?}");
}

/// How many files may name a sample kind. The numbers may only decrease: code that treats all kinds alike
/// works on heads (`schema/object.rs`) or changes (`diff/change.rs`), and names none.
const SAMPLE_KINDS: [(&str, &[&str], usize); 3] = [
    ("materialized view", &["MaterializedView", "materialized_views", "\"materialized-view\""], 40),
    // One that SQL defines as a whole: its line in the list of kinds, and its row in an engine's table.
    ("statistics", &["DefinedKind::Statistics", "Statistics \"statistics\""], 2),
    ("virtual table", &["VirtualTable", "virtual_tables", "\"virtual-table\""], 25),
];

#[test]
fn few_files_name_a_kind() {
    let files = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    for (kind, words, most) in SAMPLE_KINDS {
        let named: Vec<_> = files.iter().filter(|p| words.iter().any(|w| code(p).contains(w))).collect();
        assert!(named.len() <= most, "{} files name a {kind}, and at most {most} may: {named:#?}", named.len());
        assert!(named.len() == most, "only {} files name a {kind}: set the number in SAMPLE_KINDS to that", named.len());
    }
}
