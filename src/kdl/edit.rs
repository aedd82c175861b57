//! Edits a schema file by rewriting, removing or adding whole top-level nodes; the rest stays byte for byte
//! the same. It does not interpret the schema and changes nothing inside a node.

use std::ops::Range;

use super::parse::outline;

/// An edit of the top-level node at a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEdit {
    /// The offset of a byte inside the node.
    pub at: usize,
    /// The replacement as KDL; `None` to remove the node.
    pub with: Option<String>,
}

/// Returns the text of the top-level node around a byte of a file.
pub fn node_at(text: &str, at: usize) -> Option<&str> {
    place(text, at).map(|range| &text[range])
}

fn place(text: &str, at: usize) -> Option<Range<usize>> {
    outline(text).nodes().map(|(range, _)| range).find(|range| range.contains(&at))
}

/// Returns the file with its nodes edited, and with `added` at its end. Line endings are those of the file.
pub fn edited(text: &str, edits: &[NodeEdit], added: &str) -> String {
    let places = outline(text);
    let mut found: Vec<(Range<usize>, &NodeEdit)> = Vec::new();
    for (range, _) in places.nodes() {
        found.extend(edits.iter().find(|e| range.contains(&e.at)).map(|e| (range, e)));
    }
    let mut out = String::new();
    let mut from = 0;
    for (range, edit) in found {
        out.push_str(&text[from..range.start]);
        from = range.end;
        match &edit.with {
            Some(node) => out.push_str(&with_line_ends(node.trim_end(), text)),
            None => from += line_end(&text[from..], &out),
        }
    }
    out.push_str(&text[from..]);
    if !added.is_empty() {
        append(&mut out, &with_line_ends(added, text));
    }
    out
}

/// Returns how many bytes after a node are removed with it: to the end of its line, and the empty line after
/// it if there is one before it.
fn line_end(rest: &str, before: &str) -> usize {
    let end = |text: &str| if text.starts_with("\r\n") { 2 } else { usize::from(text.starts_with('\n')) };
    let own = end(rest);
    let is_apart = before.is_empty() || before.ends_with("\n\n") || before.ends_with("\r\n\r\n");
    own + if is_apart { end(&rest[own..]) } else { 0 }
}

fn append(out: &mut String, added: &str) {
    let end = if out.contains("\r\n") { "\r\n" } else { "\n" };
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str(end);
    }
    if !out.is_empty() && !out.ends_with(&format!("{end}{end}")) {
        out.push_str(end);
    }
    out.push_str(added);
}

fn with_line_ends(node: &str, like: &str) -> String {
    if like.contains("\r\n") { node.replace('\n', "\r\n") } else { node.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "// all\ntable a {\n  x int // x\n} // a\n\n// of b\ntable b { y int }\n\ntable c { z int }\n";

    fn edit(at: &str, with: Option<&str>) -> NodeEdit {
        NodeEdit { at: TEXT.find(at).unwrap(), with: with.map(str::to_owned) }
    }

    #[test]
    fn what_is_not_edited_stays_byte_for_byte() {
        assert_eq!(edited(TEXT, &[], ""), TEXT);
        let one = edited(TEXT, &[edit("table b", Some("table b {\n}\n"))], "");
        assert_eq!(one, TEXT.replace("table b { y int }", "table b {\n}"));
    }

    #[test]
    fn a_node_goes_with_its_line() {
        assert_eq!(edited(TEXT, &[edit("table c", None)], ""), TEXT.replace("table c { z int }\n", ""));
        assert_eq!(edited(TEXT, &[edit("x int", None)], ""), TEXT.replace("table a {\n  x int // x\n} // a\n", ""));
        assert_eq!(edited("a\n\nb\n\nc\n", &[NodeEdit { at: 3, with: None }], ""), "a\n\nc\n");
    }

    #[test]
    fn new_nodes_stand_at_the_end_after_an_empty_line() {
        assert_eq!(edited("a", &[], "b\n"), "a\n\nb\n");
        assert_eq!(edited("", &[], "b\n"), "b\n");
    }

    #[test]
    fn lines_end_as_they_did() {
        let edit = NodeEdit { at: 0, with: Some("c {\n}\n".to_owned()) };
        assert_eq!(edited("a\r\nb\r\n", &[edit], "d {\n}\n"), "c {\r\n}\r\nb\r\n\r\nd {\r\n}\r\n");
    }
}
