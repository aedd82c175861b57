//! A plan as people and programs read it. One view of the plan, and one file for each form of it.
//!
//! The same plan gives the same bytes: no times, no paths, no random ids. Row values are never shown.

mod json;
mod lines;
mod objects;
mod script;
mod sql;
mod text;
mod view;

pub use crate::schema::escape;
pub use json::json;
pub use script::script;
pub use sql::sql;
pub use text::{Style, text};
pub use view::{Block, Line, Note, Symbol, View};
