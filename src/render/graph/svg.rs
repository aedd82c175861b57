//! The diagram as SVG: self-contained, without scripts, fonts or links, in the reader's light or dark color
//! scheme.

use super::picture::{Entity, Picture, Relation, Row};
use super::place::{CELL, Curve, GUTTER, HEAD, LONGEST, Rect, place, row_middle};
use super::{class, sign};
use crate::plan::counted;
use crate::render::markup::{cells, clipped, line, xml};
use crate::render::view::Symbol;

/// The colors of the dark color scheme. The light ones are attributes, which programs without style sheets
/// support as well.
const DARK: &str = include_str!("style.css");

/// Text colors: normal and subdued.
const TEXT: &str = "#1b2129";
pub(super) const SOFT: &str = "#5b6673";
/// The border color of boxes.
const EDGE: &str = "#b6bfca";
/// Fill colors.
const PAGE: &str = "#ffffff";
const HEADER: &str = "#eef1f5";
const FONT: &str = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace";

/// The space for the legend at the bottom.
const LEGEND: f64 = 26.0;

/// Draws the diagram.
pub(super) fn draw(picture: &Picture) -> String {
    let placed = place(picture);
    let legend = legend(picture, placed.height);
    let width = placed.width.max(cells(&legend.1) as f64 * CELL + 40.0);
    let what = format!("{}, {}", counted(picture.entities.len() as i64, "table"), counted(picture.relations.len() as i64, "foreign key"));
    let mut out = open(width, placed.height + LEGEND, &what);
    picture.relations.iter().zip(&placed.curves).for_each(|(r, w)| relation(r, w, &mut out));
    picture.entities.iter().zip(&placed.boxes).for_each(|(e, b)| entity(e, *b, &mut out));
    out.push_str(&legend.0);
    out.push_str("</svg>\n");
    out
}

/// Returns the opening lines of any diagram.
pub(super) fn open(width: f64, height: f64, what: &str) -> String {
    let (w, h) = (width.ceil(), height.ceil());
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"rosey-graph\" role=\"img\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         fill=\"{TEXT}\" font-family=\"{FONT}\" font-size=\"12\" xml:space=\"preserve\">\n\
         <title>{}</title>\n<style>\n{DARK}</style>\n<rect class=\"page\" width=\"{w}\" height=\"{h}\" fill=\"{PAGE}\"/>\n",
        line(what)
    )
}

/// Returns the legend of the signs at the bottom, as SVG and as the text that has to fit.
fn legend(picture: &Picture, y: f64) -> (String, String) {
    let rows = || picture.entities.iter().flat_map(|e| e.rows.iter().map(|r| r.mark));
    let marks: std::collections::BTreeSet<Symbol> = picture.entities.iter().map(|e| e.mark).chain(rows()).flatten().collect();
    let mut text = "● not null  ○ nullable  PK primary key  FK foreign key  U unique".to_owned();
    for mark in marks.into_iter().filter(|m| *m != Symbol::None) {
        text.push_str(&format!("  {} {}", mark.sign(), mark.word()));
    }
    (format!("<text class=\"soft\" x=\"20\" y=\"{}\" fill=\"{SOFT}\">{}</text>\n", y + LEGEND - 12.0, line(&text)), text)
}

fn relation(relation: &Relation, curve: &Curve, out: &mut String) {
    let dashes = if relation.optional { " stroke-dasharray=\"5 3\"" } else { "" };
    let (drawn, tip) = drawn(relation.mark);
    out.push_str(&format!("<g class=\"relation{}\"><title>{}</title>", class(relation.mark), line(&relation.title)));
    out.push_str(&format!("<path {drawn}{dashes} d=\"{}\"/>", curve.path));
    let (x, y, side) = curve.to;
    let back = x + side * 9.0;
    out.push_str(&format!("<path {tip} d=\"M{x} {y} L{back} {} L{back} {} Z\"/>", y - 4.5, y + 4.5));
    let (x, y, side) = curve.from;
    // Many rows can reference: a crow's foot. Only one: a bar.
    let ahead = x + side * 9.0;
    let foot = if relation.single {
        format!("M{ahead} {} V{}", y - 5.0, y + 5.0)
    } else {
        format!("M{x} {} L{ahead} {y} L{x} {}", y - 5.0, y + 5.0)
    };
    out.push_str(&format!("<path {drawn} d=\"{foot}\"/></g>\n"));
}

fn entity(entity: &Entity, b: Rect, out: &mut String) {
    out.push_str(&format!("<g class=\"table{}\" transform=\"translate({} {})\">", class(entity.mark), b.x, b.y));
    let comment = entity.comment.as_ref().map(|c| format!(": {c}")).unwrap_or_default();
    out.push_str(&format!("<title>{}{}</title>\n", xml(&entity.name), xml(&comment)));
    out.push_str(&format!("<rect {} width=\"{}\" height=\"{}\" rx=\"6\"/>", boxed(entity.mark), b.w, b.h));
    let inner = b.w - 1.0;
    out.push_str(&format!(
        "<path class=\"head\" fill=\"{HEADER}\" d=\"M1 {HEAD} V6 a5 5 0 0 1 5 -5 H{} a5 5 0 0 1 5 5 V{HEAD} Z\"/>",
        inner - 5.0
    ));
    out.push_str(&format!("<path class=\"rule\" stroke=\"{}\" d=\"M0 {HEAD} H{}\"/>", edge(entity.mark), b.w));
    let sign = sign(entity.mark);
    if !sign.is_empty() {
        out.push_str(&signed(entity.mark, 10.0, 20.0));
    }
    let x = 10.0 + sign.chars().count() as f64 * CELL;
    out.push_str(&format!(
        "<text x=\"{x}\" y=\"20\" font-weight=\"700\"{}>{}</text>\n",
        struck(entity.mark),
        xml(&clipped(&entity.name, LONGEST))
    ));
    entity.rows.iter().enumerate().for_each(|(i, r)| row(r, i, b.w, out));
    out.push_str("</g>\n");
}

fn row(row: &Row, i: usize, width: f64, out: &mut String) {
    let middle = row_middle(i);
    let base = middle + 4.0;
    let keys: Vec<&str> =
        [(row.key, "PK"), (row.foreign, "FK"), (row.unique && !row.key, "U")].iter().filter(|k| k.0).map(|k| k.1).collect();
    out.push_str(&format!("<g class=\"row{}\"><title>{}</title>", class(row.mark), xml(&title(row))));
    if !sign(row.mark).is_empty() {
        out.push_str(&signed(row.mark, 6.0, base));
    }
    out.push_str(&format!("<text class=\"soft\" x=\"17\" y=\"{base}\" fill=\"{SOFT}\" font-size=\"10\">{}</text>", keys.join(" ")));
    out.push_str(&format!("<text x=\"{GUTTER}\" y=\"{base}\"{}>{}</text>", struck(row.mark), xml(&clipped(&row.name, LONGEST))));
    let ty = xml(&clipped(&row.ty, LONGEST));
    out.push_str(&format!("<text class=\"soft\" x=\"{}\" y=\"{base}\" fill=\"{SOFT}\" text-anchor=\"end\">{ty}</text>", width - 24.0));
    let dot =
        if row.not_null { format!("class=\"set\" fill=\"{SOFT}\"") } else { format!("class=\"open\" fill=\"none\" stroke=\"{SOFT}\"") };
    out.push_str(&format!("<circle {dot} cx=\"{}\" cy=\"{middle}\" r=\"3.5\"/></g>\n", width - 13.0));
}

/// Returns the color of a mark; without a mark, that of a plain line.
fn colour(mark: Option<Symbol>) -> &'static str {
    match mark {
        Some(Symbol::Create) => "#1a7f37",
        Some(Symbol::Change) => "#9a6700",
        Some(Symbol::Rebuild) => "#8250df",
        Some(Symbol::Destroy) => "#cf222e",
        Some(Symbol::None) | None => "#77828f",
    }
}

/// Returns the attributes of a line between boxes, and of its arrowhead.
pub(super) fn drawn(mark: Option<Symbol>) -> (String, String) {
    let colour = colour(mark);
    let curve = format!("class=\"way\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.4\"");
    (curve, format!("class=\"tip\" fill=\"{colour}\""))
}

/// Returns the attributes of a box, in the color of its mark.
pub(super) fn boxed(mark: Option<Symbol>) -> String {
    let width = if mark.is_some() { " stroke-width=\"2\"" } else { "" };
    format!("class=\"box\" fill=\"{PAGE}\" stroke=\"{}\"{width}", edge(mark))
}

fn edge(mark: Option<Symbol>) -> &'static str {
    if sign(mark).is_empty() { EDGE } else { colour(mark) }
}

/// Returns the sign of a mark, in its color.
fn signed(mark: Option<Symbol>, x: f64, y: f64) -> String {
    let (fill, sign) = (colour(mark), sign(mark));
    format!("<text class=\"sign\" x=\"{x}\" y=\"{y}\" fill=\"{fill}\" font-weight=\"700\">{}</text>", line(sign.trim_end()))
}

/// Strikes out what is dropped.
fn struck(mark: Option<Symbol>) -> &'static str {
    if mark == Some(Symbol::Destroy) { " text-decoration=\"line-through\"" } else { "" }
}

/// Returns the full description of a column.
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
