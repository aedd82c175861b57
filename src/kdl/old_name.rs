//! Shows a node from its file with one more old name. The rest of the node is as it was written: types,
//! `only=`, comments. It interprets no schema and writes no file.

use ::kdl::KdlNode;

use super::{Sources, string_repr};
use crate::schema::{Ident, Origin};

/// Returns the node with `was=` for the old name, as one line, with `{ … }` for its children. `None` if the
/// file is not available, or has no node there.
pub fn line_with_old_name(sources: &Sources, origin: Origin, old: &Ident) -> Option<String> {
    let span = origin.0?;
    let file = &sources.files().get(span.file as usize)?.text;
    let text = file.get(span.range())?;
    let document = super::parse::document(text).ok()?;
    let [node] = document.nodes() else { return None };
    let opens = file.get(span.range().end..).is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with('{'));
    Some(match old_names(node) {
        None => format!("{} was={}{}", in_one_line(node, text), string_repr(old.as_str()), if opens { " { … }" } else { "" }),
        // Several old names are written as a child.
        Some(name) => {
            let mut plain = node.clone();
            plain.retain(|e| e.name().is_none_or(|n| n.value() != "was"));
            let more = if opens { "; …" } else { "" };
            format!("{} {{ was {} {}{more} }}", in_one_line(&plain, ""), string_repr(&name), string_repr(old.as_str()))
        }
    })
}

fn old_names(node: &KdlNode) -> Option<String> {
    node.get("was")?.as_string().map(str::to_owned)
}

/// Returns the text, or the node in a new format if the text has more than one line.
fn in_one_line(node: &KdlNode, text: &str) -> String {
    if !text.is_empty() && !text.contains('\n') {
        return text.to_owned();
    }
    let mut node = node.clone();
    node.autoformat_no_comments();
    node.to_string().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kdl::decode;
    use crate::schema::{Case, Dialect};

    fn line(column: &str) -> String {
        let sources = Sources::from_text("schema.kdl", &format!("table t {{\n    {column}\n}}\n"));
        let schema = decode(&sources, Dialect::Sqlite).unwrap();
        let table = schema.tables.values().next().unwrap();
        line_with_old_name(&sources, table.columns[0].origin, &Ident::new("the old", Case::Exact)).unwrap()
    }

    #[test]
    fn the_line_says_what_it_said() {
        for (column, wanted) in [
            ("column jj jsonb comment=\"a b\" // c", "column jj jsonb comment=\"a b\" was=\"the old\""),
            ("column jj \"varchar(9)\"; column k text", "column jj \"varchar(9)\" was=\"the old\""),
            ("column jj text { backfill \"1\"; }", "column jj text was=\"the old\" { … }"),
            ("column jj text \\\n  not-null", "column jj text not-null was=\"the old\""),
            ("column jj text was=k not-null", "column jj text not-null { was k \"the old\" }"),
        ] {
            assert_eq!(line(column), wanted);
        }
    }

    #[test]
    fn nothing_without_the_file() {
        assert_eq!(line_with_old_name(&Sources::default(), Origin::default(), &Ident::new("a", Case::Exact)), None);
    }
}
