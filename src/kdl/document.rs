//! KDL that is not a schema: the files that rosey writes for itself, as a tree of words and verbatim blocks.
//!
//! Reads what [`Pen`] writes and what people change in it by hand; the caller interprets the words.

use ::kdl::{KdlNode, KdlValue};

use super::fmt::{is_newline, multi, quoted, string_repr};
use super::parse::outline;

/// A node with its arguments and what is between its braces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) name: String,
    /// The arguments; numbers and booleans as text.
    pub(crate) args: Vec<String>,
    /// The children; empty if it was read verbatim.
    pub(crate) children: Vec<Block>,
    /// The text between its braces, if it was read verbatim.
    pub(crate) text: String,
}

impl Block {
    /// Returns the first argument.
    pub(crate) fn first(&self) -> Option<&str> {
        self.args.first().map(String::as_str)
    }
}

/// Reads a document. Blocks with a name in `verbatim` are not parsed; their text is kept.
///
/// # Errors
/// If the text is not valid: the line of the first mistake, and what is wrong there.
pub(crate) fn read(text: &str, verbatim: &[&str]) -> Result<Vec<Block>, (usize, String)> {
    let line_of = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let mut blocks = Vec::new();
    let outline = outline(text);
    if let Some(refusal) = outline.refusal() {
        return Err((line_of(refusal.at.start), refusal.message.clone()));
    }
    for (range, name) in outline.nodes() {
        let node = &text[range.clone()];
        if verbatim.contains(&name) {
            let (from, to) =
                node.find('{').zip(node.rfind('}')).ok_or_else(|| (line_of(range.start), format!("`{name}` has no children block")))?;
            let inner = node.get(from + 1..to).unwrap_or_default();
            let mut block = parsed(&node[..from], &line_of, range.start)?;
            block.text = inner.to_owned();
            blocks.push(block);
        } else {
            blocks.push(parsed(node, &line_of, range.start)?);
        }
    }
    Ok(blocks)
}

fn parsed(node: &str, line_of: &impl Fn(usize) -> usize, start: usize) -> Result<Block, (usize, String)> {
    let document = super::parse::document(node).map_err(|error| {
        let first = error.diagnostics.first();
        let at = first.map_or(0, |d| d.span.offset());
        let message = first.and_then(|d| d.message.clone()).unwrap_or_else(|| "invalid KDL syntax".to_owned());
        (line_of(start + at), message)
    })?;
    Ok(document.nodes().first().map(block).unwrap_or_default())
}

fn block(node: &KdlNode) -> Block {
    let args = node.entries().iter().filter(|e| e.name().is_none()).map(|e| word(e.value())).collect();
    let children = node.children().map(|c| c.nodes().iter().map(block).collect()).unwrap_or_default();
    Block { name: node.name().value().to_owned(), args, children, text: String::new() }
}

fn word(value: &KdlValue) -> String {
    match value {
        KdlValue::String(s) => s.clone(),
        KdlValue::Integer(n) => n.to_string(),
        KdlValue::Float(n) => n.to_string(),
        KdlValue::Bool(b) => b.to_string(),
        KdlValue::Null => String::new(),
    }
}

/// Writes such a document.
#[derive(Debug, Default)]
pub(crate) struct Pen {
    out: String,
    depth: usize,
}

impl Pen {
    /// Writes a comment, line by line.
    pub(crate) fn comment(&mut self, text: &str) {
        for line in text.lines() {
            // Any character that ends a line in KDL would end the comment.
            let line: String = line.chars().map(|c| if is_newline(c) { ' ' } else { c }).collect();
            self.line(format!("// {line}").trim_end());
        }
    }

    /// Writes a node without children. Text of several lines is written in `"""`.
    pub(crate) fn node<S: AsRef<str>>(&mut self, name: &str, args: &[S]) {
        let line = self.head(name, args);
        self.line(&line);
    }

    /// Writes a node with one number.
    pub(crate) fn number(&mut self, name: &str, number: i64) {
        self.line(&format!("{name} {number}"));
    }

    /// Begins a node with children.
    pub(crate) fn open<S: AsRef<str>>(&mut self, name: &str, args: &[S]) {
        let line = format!("{} {{", self.head(name, args));
        self.line(&line);
        self.depth += 1;
    }

    /// Ends it.
    pub(crate) fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    /// Writes whole lines of KDL, changing only the indentation, which KDL removes again from multi-line
    /// strings.
    pub(crate) fn verbatim(&mut self, text: &str) {
        for line in text.lines() {
            if line.is_empty() { self.out.push('\n') } else { self.line(line) }
        }
    }

    /// Writes an empty line.
    pub(crate) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// Returns what has been written.
    pub(crate) fn finish(self) -> String {
        self.out
    }

    fn head<S: AsRef<str>>(&self, name: &str, args: &[S]) -> String {
        let mut line = string_repr(name);
        for arg in args {
            let arg = arg.as_ref();
            line.push(' ');
            if arg.contains('\n') {
                line.push_str(&multi(arg, &"    ".repeat(self.depth)));
            } else {
                line.push_str(&if arg.contains(' ') { quoted(arg) } else { string_repr(arg) });
            }
        }
        line
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(&"    ".repeat(self.depth));
        self.out.push_str(text);
        self.out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let texts = ["plain", "two words", "a\n  b\n\n\"\"\"c\\", "\u{85}\u{2028}\u{0}'\"", "", "\n", "  x\n", "7", "true"];
        let mut pen = Pen::default();
        pen.comment("head }\nof {\u{2028} it");
        pen.number("number", 7);
        pen.open("facts", &["one"]);
        pen.node("fact", &texts);
        pen.open("deeper", &texts[..0]);
        texts.iter().for_each(|t| pen.node("fact", &[t]));
        pen.close();
        pen.close();
        pen.blank();
        pen.open("schema", &["x y"]);
        pen.verbatim("table t {\n    column \"{ } \" text\n}\n");
        pen.close();
        let text = pen.finish();
        let blocks = read(&text, &["schema"]).unwrap();
        assert_eq!(blocks[0].args, ["7"]);
        assert_eq!(blocks[1].children[0].args, texts);
        let single: Vec<&str> = blocks[1].children[1].children.iter().filter_map(Block::first).collect();
        assert_eq!(single, texts);
        assert_eq!(blocks[2].text.trim(), "table t {\n        column \"{ } \" text\n    }");
        assert_eq!(blocks[2].args, ["x y"]);
    }

    #[test]
    fn a_mistake_has_its_line() {
        assert_eq!(read("a 1\nb (\n", &[]).unwrap_err().0, 2);
    }
}
