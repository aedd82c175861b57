//! Checks markup as a strict reader does: every tag closed in order, every attribute quoted, nothing loaded,
//! nothing run.

/// Returns the names of the tags. Panics if the markup is not well formed, or if it would load or run
/// something.
pub fn check(text: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut seen = Vec::new();
    let mut rest = text.strip_prefix("<!doctype html>\n").unwrap_or(text);
    while let Some((before, after)) = rest.split_once('<') {
        // The text of a style is not markup.
        if open.last().is_none_or(|t| t != "style") {
            content(before);
        }
        let (tag, after) = after.split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "a tag is closed out of its turn, before {:.60}", after);
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |t| (t, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()), "<{tag}>");
        assert!(!["script", "link", "iframe", "object", "embed", "img", "image", "use", "a", "base", "form"].contains(&name), "<{tag}>");
        check_attributes(attributes);
        seen.push(name.to_owned());
        if !closed {
            open.push(name.to_owned());
        }
    }
    content(rest);
    assert!(open.is_empty(), "{open:?} stay open");
    seen
}

fn content(text: &str) {
    assert!(!text.contains('>'), "{text:?}");
    for after in text.split('&').skip(1) {
        let entity = after.split(';').next().unwrap();
        assert!(["amp", "lt", "gt", "quot", "#39"].contains(&entity), "&{entity};");
    }
    assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
}

fn check_attributes(text: &str) {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{rest:?}"));
        let (value, after) = after.split_once('"').unwrap();
        content(value);
        let name = name.trim();
        assert!(!name.starts_with("on") && !["src", "href", "style", "srcset", "data"].contains(&name), "{name}={value}");
        assert!(!value.contains("://") || name == "xmlns", "{name}={value}");
        rest = after.trim_start();
    }
}
