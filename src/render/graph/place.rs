//! Positions the diagram: the coordinates of the boxes and the paths of the lines.

use super::bands::{Column, Part, SCREEN, connected};
use super::layout::Slot;
use super::picture::{Entity, Picture, Relation};
use crate::render::markup::{cells, clipped};

/// The height of a column's row.
pub(super) const ROW: f64 = 22.0;
/// The height of a table's head.
pub(super) const HEAD: f64 = 30.0;
/// The width of a character: six tenths of font size 12, as in nearly every monospaced font.
pub(super) const CELL: f64 = 7.25;
/// The length at which names and types are truncated; a tooltip shows the whole text.
pub(super) const LONGEST: usize = 36;
/// The space for PK and FK to the left of a name.
pub(super) const GUTTER: f64 = 56.0;

const FOOT: f64 = 6.0;
pub(super) const GAP_X: f64 = 84.0;
pub(super) const GAP_Y: f64 = 26.0;
pub(super) const LANE: f64 = 14.0;
const MARGIN: f64 = 20.0;
/// The desired ratio of width to height.
pub(super) const SHAPE: f64 = 1.6;

/// A table's box.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) w: f64,
    pub(super) h: f64,
}

/// A diagram with coordinates.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) boxes: Vec<Rect>,
    pub(super) curves: Vec<Curve>,
}

/// The path of a line in SVG, and its two ends, each with the side of the box that it is at (1 is right, -1
/// left).
#[derive(Debug, Clone)]
pub(super) struct Curve {
    pub(super) path: String,
    pub(super) from: (f64, f64, f64),
    pub(super) to: (f64, f64, f64),
}

/// Positions everything: the connected parts in rows, and the boxes without lines below them.
pub(super) fn place(picture: &Picture) -> Placed {
    let mut boxes: Vec<Rect> = picture.entities.iter().map(size).collect();
    let pairs: Vec<(usize, usize)> = picture.relations.iter().map(|r| (r.from.0, r.to.0)).collect();
    let area: f64 = boxes.iter().map(|b| (b.w + GAP_X) * (b.h + GAP_Y)).sum();
    let connected = connected(boxes.len(), &pairs);
    let mut parts: Vec<Part> = connected.into_iter().map(|members| Part::lay(members, &mut boxes, &picture.relations)).collect();
    let (mut width, mut height) = shelve(&mut parts, &mut boxes, (area * SHAPE).sqrt().max(SCREEN));
    below(&parts, &mut boxes, &mut width, &mut height, (area * SHAPE).sqrt());
    let curves = picture.relations.iter().enumerate().map(|(i, r)| curve(&parts, &boxes, i, r)).collect();
    Placed { width: width + MARGIN, height: height + MARGIN, boxes, curves }
}

/// Arranges the parts in rows of about the given width, the tallest first. Returns the total width and
/// height.
fn shelve(parts: &mut [Part], boxes: &mut [Rect], wanted: f64) -> (f64, f64) {
    let limit = parts.iter().map(|p| p.width).fold(wanted, f64::max);
    parts.sort_by(|a, b| b.height.total_cmp(&a.height));
    let (mut x, mut y, mut row) = (0.0, 0.0, 0.0_f64);
    let mut reach = (MARGIN, MARGIN);
    for part in parts {
        if x > 0.0 && x + part.width > limit {
            (x, y, row) = (0.0, y + row + GAP_Y * 1.5, 0.0);
        }
        part.shift(MARGIN + x, MARGIN + y, boxes);
        x += part.width + GAP_X;
        row = row.max(part.height);
        reach = (reach.0.max(MARGIN + x - GAP_X), reach.1.max(MARGIN + y + row));
    }
    reach
}

fn size(entity: &Entity) -> Rect {
    let cut = |t: &str| cells(&clipped(t, LONGEST)) as f64 * CELL;
    // A mark is a sign and a space.
    let head = cut(&entity.name) + 3.0 * CELL + 20.0;
    let rows = entity.rows.iter().map(|r| GUTTER + cut(&r.name) + 3.0 * CELL + cut(&r.ty) + 26.0);
    Rect { w: rows.fold(head, f64::max).max(140.0).ceil(), h: HEAD + ROW * entity.rows.len() as f64 + FOOT, ..Rect::default() }
}

/// Returns how far the middle of a row is below the top of its box.
pub(super) fn row_middle(row: usize) -> f64 {
    HEAD + ROW * row as f64 + ROW / 2.0
}

/// Positions the boxes without lines in columns below the rest, each in the column that is shortest so far.
fn below(parts: &[Part], boxes: &mut [Rect], width: &mut f64, height: &mut f64, wanted: f64) {
    let alone: Vec<usize> = (0..boxes.len()).filter(|i| !parts.iter().any(|p| p.members.contains(i))).collect();
    let Some(widest) = alone.iter().map(|i| boxes[*i].w).reduce(f64::max) else { return };
    let step = widest + GAP_Y * 1.5;
    let count = ((width.max(wanted) / step).round() as usize).clamp(1, alone.len());
    let top = if *height > MARGIN { *height + GAP_Y * 1.5 } else { MARGIN };
    let mut bottoms = vec![top; count];
    for i in alone {
        let lowest = (0..count).fold(0, |best, c| if bottoms[c] < bottoms[best] { c } else { best });
        (boxes[i].x, boxes[i].y, boxes[i].w) = (MARGIN + step * lowest as f64, bottoms[lowest], widest);
        bottoms[lowest] += boxes[i].h + GAP_Y;
    }
    *width = width.max(MARGIN + step * count as f64 - GAP_Y * 1.5);
    *height = bottoms.into_iter().fold(*height, |h, b| h.max(b - GAP_Y));
}

fn curve(parts: &[Part], boxes: &[Rect], line: usize, relation: &Relation) -> Curve {
    let end = |(table, row): (usize, usize), side: f64| {
        let b = boxes[table];
        (if side > 0.0 { b.x + b.w } else { b.x }, b.y + row_middle(row), side)
    };
    let beside = || {
        let (from, to) = (end(relation.from, 1.0), end(relation.to, 1.0));
        Curve { path: format!("M{} {} {}", from.0, from.1, turn((from.0, from.1), (to.0, to.1), true)), from, to }
    };
    let Some(part) = parts.iter().find(|p| p.members.contains(&relation.from.0)) else { return beside() };
    let left = part.layers.lines[line].left;
    let column = |table: usize| part.layers.columns.iter().position(|c| c.contains(&Slot::Box(table))).unwrap_or(0);
    let (a, b) = (column(relation.from.0), column(relation.to.0));
    if a == b {
        return beside();
    }
    // A line leaves its first box in the direction of its band, and enters the last one from where that band
    // comes.
    let side = |table: usize, c: usize| if part.columns[c].forth() == (table == left) { 1.0 } else { -1.0 };
    let (from, to) = (end(relation.from, side(relation.from.0, a)), end(relation.to, side(relation.to.0, b)));
    let (first, last) = if relation.from.0 == left { (from, to) } else { (to, from) };
    Curve { path: path(part, line, (a.min(b), a.max(b)), (first.0, first.1), (last.0, last.1)), from, to }
}

/// Returns the path of a line through the columns between its ends.
fn path(part: &Part, line: usize, (from, to): (usize, usize), start: (f64, f64), end: (f64, f64)) -> String {
    let mut path = format!("M{} {}", start.0, start.1);
    let (mut at, mut before) = (start, part.columns[from]);
    let mut lead = |path: &mut String, at: (f64, f64), to: (f64, f64), column: Column| {
        path.push_str(&format!(" {}", if column.band == before.band { bend(at, to) } else { turn(at, to, before.forth()) }));
        before = column;
    };
    for c in from + 1..to {
        if let Some(i) = part.layers.columns[c].iter().position(|s| *s == Slot::Lane(line)) {
            let (column, y) = (part.columns[c], part.tops[c][i] + LANE / 2.0);
            lead(&mut path, at, (column.entry(), y), column);
            path.push_str(&format!(" H{}", column.exit()));
            at = (column.exit(), y);
        }
    }
    lead(&mut path, at, end, part.columns[to]);
    path
}

/// Returns a curve with horizontal ends.
fn bend((x, y): (f64, f64), (to_x, to_y): (f64, f64)) -> String {
    let middle = ((x + to_x) / 2.0).round();
    format!("C{middle} {y} {middle} {to_y} {to_x} {to_y}")
}

/// Returns a curve that turns back, at the right or at the left.
fn turn((x, y): (f64, f64), (to_x, to_y): (f64, f64), right: bool) -> String {
    let far = if right { x.max(to_x) + 44.0 } else { x.min(to_x) - 44.0 };
    format!("C{far} {y} {far} {to_y} {to_x} {to_y}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(n: usize, pairs: &[(usize, usize)]) -> Picture {
        let tables = (0..n).map(|i| format!("table t{i} {{\n column id integer primary-key\n column a text\n column b text\n"));
        let mut texts: Vec<String> = tables.collect();
        for (from, to) in pairs {
            texts[*from].push_str(&format!(" column to{to} integer references=\"t{to}(id)\"\n"));
        }
        let sources = crate::kdl::Sources::from_text("s", &texts.iter().map(|t| format!("{t}}}\n")).collect::<String>());
        Picture::of(&crate::kdl::decode(&sources, crate::schema::Dialect::Sqlite).unwrap(), None)
    }

    fn check(placed: &Placed) {
        for (i, a) in placed.boxes.iter().enumerate() {
            assert!(a.x >= 0.0 && a.y >= 0.0 && a.x + a.w <= placed.width && a.y + a.h <= placed.height);
            for b in &placed.boxes[..i] {
                assert!(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y, "{a:?} {b:?}");
            }
        }
        let shape = placed.width / placed.height;
        assert!((0.5..4.0).contains(&shape), "{} x {}", placed.width, placed.height);
    }

    #[test]
    fn a_chain_is_no_diagonal() {
        let placed = place(&picture(40, &(1..40).map(|i| (i, i - 1)).collect::<Vec<_>>()));
        check(&placed);
        assert!(placed.width < 3_000.0 && placed.height < 2_500.0, "{} x {}", placed.width, placed.height);
    }

    #[test]
    fn many_tables_keep_the_shape_of_a_page() {
        let pairs: Vec<(usize, usize)> = (1..300).map(|i| (i, i * 7919 % i.clamp(1, 40))).collect();
        check(&place(&picture(300, &pairs)));
        check(&place(&picture(300, &(1..300).filter(|i| i % 3 != 0).map(|i| (i, i - 1)).collect::<Vec<_>>())));
    }
}
