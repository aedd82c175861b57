//! The diagram as DOT, for Graphviz: tables as HTML-like labels, foreign keys from column to column.

use super::picture::{Entity, Picture, Relation};
use super::sign;
use crate::render::markup::line;
use crate::render::view::Symbol;

/// Writes the diagram.
pub(super) fn write(picture: &Picture) -> String {
    let mut out = "digraph schema {\n    rankdir=RL;\n    graph [nodesep=0.4, ranksep=1.2];\n".to_owned();
    out.push_str("    node [shape=plain, fontname=\"Helvetica\", fontsize=11];\n    edge [color=\"#77828f\", arrowsize=0.7];\n");
    picture.entities.iter().enumerate().for_each(|(i, e)| entity(i, e, &mut out));
    picture.relations.iter().for_each(|r| relation(r, &mut out));
    out.push_str("}\n");
    out
}

/// Returns a color that is readable on white and on black.
pub(super) fn colour(mark: Option<Symbol>) -> &'static str {
    match mark {
        Some(Symbol::Create) => "#2da44e",
        Some(Symbol::Change) => "#bf8700",
        Some(Symbol::Rebuild) => "#a475f9",
        Some(Symbol::Destroy) => "#e5534b",
        Some(Symbol::None) | None => "#77828f",
    }
}

fn entity(i: usize, entity: &Entity, out: &mut String) {
    let frame = colour(entity.mark);
    out.push_str(&format!(
        "    t{i} [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" cellpadding=\"4\" color=\"{frame}\">\n"
    ));
    let name = line(&format!("{}{}", sign(entity.mark), entity.name));
    out.push_str(&format!("        <tr><td colspan=\"2\" bgcolor=\"#e4e8ee\"><b>{name}</b></td></tr>\n"));
    for (c, row) in entity.rows.iter().enumerate() {
        let keys: String = [(row.key, "PK "), (row.foreign, "FK ")].iter().filter(|k| k.0).map(|k| k.1).collect();
        let name = line(&format!("{}{keys}{}", sign(row.mark), row.name));
        let ty = line(&format!("{}{}", row.ty, if row.not_null { " not null" } else { "" }));
        // Graphviz rejects an empty cell.
        let ty = if ty.trim().is_empty() { "&#160;".to_owned() } else { ty };
        out.push_str(&format!("        <tr><td align=\"left\" port=\"c{c}\">{name}</td><td align=\"left\">{ty}</td></tr>\n"));
    }
    out.push_str("    </table>>];\n");
}

fn relation(relation: &Relation, out: &mut String) {
    let style = if relation.optional { "dashed" } else { "solid" };
    let tail = if relation.single { "tee" } else { "crow" };
    let colour = colour(relation.mark);
    let ((from, a), (to, b)) = (relation.from, relation.to);
    out.push_str(&format!("    t{from}:c{a} -> t{to}:c{b} [style={style}, dir=both, arrowtail={tail}, color=\"{colour}\"];\n"));
}
