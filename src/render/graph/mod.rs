//! A schema as a diagram: its tables and foreign keys, and what a plan does to them; or the order of the
//! steps of a plan.
//!
//! Views, triggers and types are not drawn. The same input results in the same bytes.

mod bands;
mod dot;
mod layout;
mod mermaid;
mod order;
mod picture;
mod place;
mod svg;

use std::collections::BTreeMap;

use super::view::{Symbol, View};
use crate::plan::Plan;
use crate::schema::Schema;

pub use picture::Picture;

/// A format for diagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// SVG for a browser, laid out here.
    Svg,
    /// Mermaid, as rendered by GitHub and GitLab
    /// (<https://mermaid.js.org/syntax/entityRelationshipDiagram.html>).
    Mermaid,
    /// DOT, for Graphviz (<https://graphviz.org/doc/info/lang.html>).
    Dot,
}

/// Draws the tables of a schema. With a plan that leads to the schema, its changes are marked, and dropped
/// objects are included.
pub fn entities(schema: &Schema, plan: Option<&Plan>, notation: Notation) -> String {
    let picture = Picture::of(schema, plan);
    match notation {
        Notation::Svg => svg::draw(&picture),
        Notation::Mermaid => mermaid::write(&picture),
        Notation::Dot => dot::write(&picture),
    }
}

/// Draws the tables that a plan changes and their neighbors as SVG. Also returns the number of tables left
/// out.
pub(super) fn near_changes(schema: &Schema, plan: &Plan) -> (String, usize) {
    let (picture, left_out) = Picture::of(schema, Some(plan)).near_changes();
    (svg::draw(&picture), left_out)
}

/// Draws the steps of a plan in execution order, with their dependencies.
pub fn order(plan: &Plan, notation: Notation) -> String {
    let steps = order::Steps::of(plan);
    match notation {
        Notation::Svg => steps.svg(),
        Notation::Mermaid => steps.mermaid(),
        Notation::Dot => steps.dot(),
    }
}

/// Returns what happens to each object, by address.
fn marks(plan: &Plan) -> BTreeMap<String, Symbol> {
    View::of(plan, "").blocks.into_iter().map(|b| (b.address.to_string(), b.symbol)).collect()
}

/// Returns the CSS class of a mark.
fn class(mark: Option<Symbol>) -> &'static str {
    match mark {
        Some(Symbol::Create) => " create",
        Some(Symbol::Change) => " change",
        Some(Symbol::Rebuild) => " rebuild",
        Some(Symbol::Destroy) => " destroy",
        Some(Symbol::None) | None => "",
    }
}

/// Returns the sign of a mark followed by a space.
fn sign(mark: Option<Symbol>) -> String {
    mark.filter(|m| *m != Symbol::None).map(|m| format!("{} ", m.sign())).unwrap_or_default()
}
