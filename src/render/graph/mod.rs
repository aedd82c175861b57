//! A schema as a picture: its tables and foreign keys, and what a plan does to them; or the order of a plan's steps.
//!
//! Views, triggers and types are not drawn. The same input gives the same bytes.

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

/// A language that pictures are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// A picture for a browser, laid out here.
    Svg,
    /// Mermaid, as GitHub and GitLab draw it (<https://mermaid.js.org/syntax/entityRelationshipDiagram.html>).
    Mermaid,
    /// DOT, for Graphviz (<https://graphviz.org/doc/info/lang.html>).
    Dot,
}

/// The tables of a schema. With a plan that leads to the schema, what it changes is marked, and what goes is still there.
pub fn entities(schema: &Schema, plan: Option<&Plan>, notation: Notation) -> String {
    let picture = Picture::of(schema, plan);
    match notation {
        Notation::Svg => svg::draw(&picture),
        Notation::Mermaid => mermaid::write(&picture),
        Notation::Dot => dot::write(&picture),
    }
}

/// The tables that a plan changes and those beside them, as SVG; with how many others there are.
pub(super) fn near_changes(schema: &Schema, plan: &Plan) -> (String, usize) {
    let (picture, left_out) = Picture::of(schema, Some(plan)).near_changes();
    (svg::draw(&picture), left_out)
}

/// The steps of a plan, in the order they run, with what each waits for.
pub fn order(plan: &Plan, notation: Notation) -> String {
    let steps = order::Steps::of(plan);
    match notation {
        Notation::Svg => steps.svg(),
        Notation::Mermaid => steps.mermaid(),
        Notation::Dot => steps.dot(),
    }
}

/// What happens to each object, by address.
fn marks(plan: &Plan) -> BTreeMap<String, Symbol> {
    View::of(plan, "").blocks.into_iter().map(|b| (b.address.to_string(), b.symbol)).collect()
}

/// The class of a mark in the style of a picture.
fn class(mark: Option<Symbol>) -> &'static str {
    match mark {
        Some(Symbol::Create) => " create",
        Some(Symbol::Change) => " change",
        Some(Symbol::Rebuild) => " rebuild",
        Some(Symbol::Destroy) => " destroy",
        Some(Symbol::None) | None => "",
    }
}

/// The sign of a mark with a space behind it.
fn sign(mark: Option<Symbol>) -> String {
    mark.filter(|m| *m != Symbol::None).map(|m| format!("{} ", m.sign())).unwrap_or_default()
}
