//! What rosey shows is in its own layout: the schema of the project, and every schema in a document.

use std::path::Path;

use super::{documents, read};
use crate::support::fences;

#[test]
fn the_projects_own_schemas_are_in_the_one_layout() {
    for name in ["schema.kdl", "examples/notes.kdl"] {
        let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(name));
        assert!(rosey::kdl::format(&text).unwrap() == text, "{name}: run rosey fmt {name}");
    }
}

/// Part of a table is indented as it is in the table.
#[test]
fn blocks_of_kdl_are_in_the_one_layout() {
    let mut wrong = Vec::new();
    for path in documents() {
        for block in fences::blocks(&read(&path)).into_iter().filter(|b| b.info.split(' ').next() == Some("kdl")) {
            let part = block.text.starts_with("    ");
            let text = if part { format!("table this {{\n{}}}\n", block.text) } else { block.text };
            let Ok(formatted) = rosey::kdl::format(&text) else { continue };
            if formatted != text {
                wrong.push(format!("{}, line {}:\n{formatted}", path.file_name().unwrap().to_string_lossy(), block.line));
            }
        }
    }
    assert!(wrong.is_empty(), "as rosey fmt writes it:\n{}", wrong.join("\n"));
}
