//! The code blocks of a document.

/// A fenced code block.
pub struct Block {
    /// What follows the opening fence.
    pub info: String,
    /// The line of the document at which the text begins.
    pub line: usize,
    pub text: String,
}

/// Returns all of them, in order.
pub fn blocks(document: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (at, line) in document.lines().enumerate() {
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        match &open {
            None if rest.starts_with("```") => {
                let fence: String = rest.chars().take_while(|c| *c == '`').collect();
                let info = rest[fence.len()..].trim().to_owned();
                open = Some((indent.len(), fence));
                found.push(Block { info, line: at + 2, text: String::new() });
            }
            Some((_, fence)) if rest.trim_end() == fence => open = None,
            Some((indent, _)) => {
                let block = found.last_mut().unwrap();
                block.text.push_str(line.get(*indent..).unwrap_or(rest));
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(open.is_none(), "a block has no end: {}", found.last().unwrap().text);
    found
}
