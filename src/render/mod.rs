//! A plan as people and programs read it. One view of the plan, and one file for each form of it.
//!
//! The same plan gives the same bytes: no times, no paths, no random ids. Row values are never shown.

mod json;
mod lines;
mod sql;
mod text;
mod view;

pub use json::json;
pub use sql::sql;
pub use text::{Style, text};
pub use view::{Block, Line, Note, Symbol, View};

/// Names and comments come from a database: control characters would reach the reader's terminal.
pub fn escape(text: &str) -> String {
    if !text.chars().any(|c| c.is_control() && c != '\n') {
        return text.to_owned();
    }
    let shown = |c: char| if c.is_control() && c != '\n' { c.escape_unicode().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}
