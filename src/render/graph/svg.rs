//! The picture as SVG: one text without scripts, fonts or links, in light or dark as the reader's system is.

use super::picture::{Entity, Picture, Relation, Row};
use super::place::{CELL, GUTTER, HEAD, LONGEST, Rect, Way, place, row_middle};
use super::{class, sign};
use crate::plan::counted;
use crate::render::markup::{cells, clipped, line, xml};
use crate::render::view::Symbol;

/// The style of all pictures; it names nothing outside them.
pub(super) const STYLE: &str = include_str!("style.css");

/// Room for the legend at the foot.
const LEGEND: f64 = 26.0;

/// Draws the picture.
pub(super) fn draw(picture: &Picture) -> String {
    let placed = place(picture);
    let legend = legend(picture, placed.height);
    let width = placed.width.max(cells(&legend.1) as f64 * CELL + 40.0);
    let what = format!("{}, {}", counted(picture.entities.len() as i64, "table"), counted(picture.relations.len() as i64, "foreign key"));
    let mut out = open(width, placed.height + LEGEND, &what);
    picture.relations.iter().zip(&placed.ways).for_each(|(r, w)| relation(r, w, &mut out));
    picture.entities.iter().zip(&placed.boxes).for_each(|(e, b)| entity(e, *b, &mut out));
    out.push_str(&legend.0);
    out.push_str("</svg>\n");
    out
}

/// The first lines of any picture.
pub(super) fn open(width: f64, height: f64, what: &str) -> String {
    let (w, h) = (width.ceil(), height.ceil());
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"rosey-graph\" role=\"img\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n<rect class=\"page\" width=\"{w}\" height=\"{h}\"/>\n",
        line(what)
    )
}

/// What the signs mean, at the foot: as SVG, and as the text that has to fit.
fn legend(picture: &Picture, y: f64) -> (String, String) {
    let rows = || picture.entities.iter().flat_map(|e| e.rows.iter().map(|r| r.mark));
    let marks: std::collections::BTreeSet<Symbol> = picture.entities.iter().map(|e| e.mark).chain(rows()).flatten().collect();
    let mut text = "● not null  ○ nullable  PK primary key  FK foreign key  U unique".to_owned();
    for mark in marks.into_iter().filter(|m| *m != Symbol::None) {
        text.push_str(&format!("  {} {}", mark.sign(), mark.word()));
    }
    (format!("<text class=\"soft\" x=\"20\" y=\"{}\">{}</text>\n", y + LEGEND - 12.0, line(&text)), text)
}

fn relation(relation: &Relation, way: &Way, out: &mut String) {
    let maybe = if relation.optional { " maybe" } else { "" };
    out.push_str(&format!("<g class=\"relation{}\"><title>{}</title>", class(relation.mark), line(&relation.title)));
    out.push_str(&format!("<path class=\"way{maybe}\" d=\"{}\"/>", way.path));
    let (x, y, side) = way.to;
    let back = x + side * 9.0;
    out.push_str(&format!("<path class=\"tip\" d=\"M{x} {y} L{back} {} L{back} {} Z\"/>", y - 4.5, y + 4.5));
    let (x, y, side) = way.from;
    // Many rows may point: the foot of a crow. Only one: a bar.
    let ahead = x + side * 9.0;
    let foot = if relation.single {
        format!("M{ahead} {} V{}", y - 5.0, y + 5.0)
    } else {
        format!("M{x} {} L{ahead} {y} L{x} {}", y - 5.0, y + 5.0)
    };
    out.push_str(&format!("<path class=\"way\" d=\"{foot}\"/></g>\n"));
}

fn entity(entity: &Entity, b: Rect, out: &mut String) {
    let marked = if entity.mark.is_some() { " marked" } else { "" };
    out.push_str(&format!("<g class=\"table{}{marked}\" transform=\"translate({} {})\">", class(entity.mark), b.x, b.y));
    let comment = entity.comment.as_ref().map(|c| format!(": {c}")).unwrap_or_default();
    out.push_str(&format!("<title>{}{}</title>\n", xml(&entity.name), xml(&comment)));
    out.push_str(&format!("<rect class=\"box\" width=\"{}\" height=\"{}\" rx=\"6\"/>", b.w, b.h));
    let inner = b.w - 1.0;
    out.push_str(&format!("<path class=\"head\" d=\"M1 {HEAD} V6 a5 5 0 0 1 5 -5 H{} a5 5 0 0 1 5 5 V{HEAD} Z\"/>", inner - 5.0));
    out.push_str(&format!("<path class=\"rule\" d=\"M0 {HEAD} H{}\"/>", b.w));
    let sign = sign(entity.mark);
    if !sign.is_empty() {
        out.push_str(&format!("<text class=\"sign\" x=\"10\" y=\"20\">{}</text>", line(sign.trim_end())));
    }
    let x = 10.0 + sign.chars().count() as f64 * CELL;
    out.push_str(&format!("<text class=\"name struck\" x=\"{x}\" y=\"20\">{}</text>\n", xml(&clipped(&entity.name, LONGEST))));
    entity.rows.iter().enumerate().for_each(|(i, r)| row(r, i, b.w, out));
    out.push_str("</g>\n");
}

fn row(row: &Row, i: usize, width: f64, out: &mut String) {
    let middle = row_middle(i);
    let base = middle + 4.0;
    let keys: Vec<&str> =
        [(row.key, "PK"), (row.foreign, "FK"), (row.unique && !row.key, "U")].iter().filter(|k| k.0).map(|k| k.1).collect();
    out.push_str(&format!("<g class=\"row{}\"><title>{}</title>", class(row.mark), xml(&title(row))));
    let sign = sign(row.mark);
    if !sign.is_empty() {
        out.push_str(&format!("<text class=\"sign\" x=\"6\" y=\"{base}\">{}</text>", line(sign.trim_end())));
    }
    out.push_str(&format!("<text class=\"keys\" x=\"17\" y=\"{base}\">{}</text>", keys.join(" ")));
    out.push_str(&format!("<text class=\"struck\" x=\"{GUTTER}\" y=\"{base}\">{}</text>", xml(&clipped(&row.name, LONGEST))));
    let ty = xml(&clipped(&row.ty, LONGEST));
    out.push_str(&format!("<text class=\"soft\" x=\"{}\" y=\"{base}\" text-anchor=\"end\">{ty}</text>", width - 24.0));
    let dot = if row.not_null { "set" } else { "open" };
    out.push_str(&format!("<circle class=\"{dot}\" cx=\"{}\" cy=\"{middle}\" r=\"3.5\"/></g>\n", width - 13.0));
}

/// All that there is to say of a column.
fn title(row: &Row) -> String {
    let mut words = vec![format!("{}: {}", row.name, if row.ty.is_empty() { "no type" } else { &row.ty })];
    let said = [
        (row.key, "primary key"),
        (row.foreign, "foreign key"),
        (row.unique && !row.key, "unique"),
        (row.not_null, "not null"),
        (!row.not_null, "nullable"),
    ];
    words.extend(said.iter().filter(|s| s.0).map(|s| s.1.to_owned()));
    let mark = row.mark.map(|m| format!(" ({})", m.word())).unwrap_or_default();
    let comment = row.comment.as_ref().map(|c| format!("\n{c}")).unwrap_or_default();
    format!("{}{mark}{comment}", words.join(", "))
}
