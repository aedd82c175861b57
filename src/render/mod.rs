//! Renders a plan for people and programs: one view of the plan, and one file for each format.
//!
//! The same plan results in the same bytes: no times, no paths, no random ids. Values from rows are never
//! shown.

mod annotations;
mod costs;
mod drift;
mod findings;
pub mod graph;
mod html;
mod json;
mod lines;
mod markdown;
mod markup;
mod mask;
mod objects;
mod places;
mod sarif;
mod script;
mod sql;
mod text;
mod unmanaged;
mod view;

pub use crate::schema::{escape, one_line};
pub use annotations::annotations;
pub use drift::{drift, drift_json};
pub use findings::{findings_github, findings_json, findings_line, findings_text};
pub use html::{html, html_from};
pub use json::{Label, json, json_of_saved, written};
pub use markdown::{MARKER, markdown, markdown_and_findings};
pub use mask::masked;
pub use places::{Declared, Provenance, declared_at};
pub use sarif::{findings_sarif, sarif};
pub use script::script;
pub use sql::{for_reading, sql};
pub use text::{Style, text, text_and_findings};
pub use view::{Block, Line, Note, Symbol, View};

/// The text for a database that the apply creates.
const NOT_THERE: &str = "The database does not exist yet.";
