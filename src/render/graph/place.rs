//! Where everything stands: coordinates of the boxes and the ways of the lines.

use super::layout::{Layers, Slot, layers, settle};
use super::picture::{Entity, Picture, Relation};
use crate::render::markup::{cells, clipped};

/// Height of a column's row.
pub(super) const ROW: f64 = 22.0;
/// Height of a table's head.
pub(super) const HEAD: f64 = 30.0;
/// Width of a character: six tenths of the size of 12, as in nearly every font with cells of one width.
pub(super) const CELL: f64 = 7.25;
/// Longer names and types are cut in the picture; the whole is shown to who points at them.
pub(super) const LONGEST: usize = 36;
/// Room left of a name for PK and FK.
pub(super) const GUTTER: f64 = 56.0;

const FOOT: f64 = 6.0;
const GAP_X: f64 = 84.0;
const GAP_Y: f64 = 26.0;
const LANE: f64 = 14.0;
const MARGIN: f64 = 20.0;
/// How much wider than high a picture had better be.
const SHAPE: f64 = 1.6;

/// A table's box.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) w: f64,
    pub(super) h: f64,
}

/// A picture with coordinates.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) boxes: Vec<Rect>,
    pub(super) ways: Vec<Way>,
}

/// The way of a line: as SVG's path, and its two ends with the side of the box they are at (1 is right, -1 left).
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) path: String,
    pub(super) from: (f64, f64, f64),
    pub(super) to: (f64, f64, f64),
}

/// Finds a place for everything.
pub(super) fn place(picture: &Picture) -> Placed {
    let mut boxes: Vec<Rect> = picture.entities.iter().map(size).collect();
    let pairs: Vec<(usize, usize)> = picture.relations.iter().map(|r| (r.from.0, r.to.0)).collect();
    let heights: Vec<f64> = boxes.iter().map(|b| b.h + GAP_Y).collect();
    let area: f64 = boxes.iter().map(|b| (b.w + GAP_X) * (b.h + GAP_Y)).sum();
    let tallest = heights.iter().copied().fold(400.0, f64::max);
    let layers = layers(&heights, &pairs, tallest.max((area / SHAPE).sqrt()));
    let starts = columns(&layers, &mut boxes);
    let tops = rows(&layers, &mut boxes, &picture.relations);
    let (mut width, mut height) = bounds(&layers, &boxes);
    below(&layers, &mut boxes, &mut width, &mut height, (area * SHAPE).sqrt());
    let ways = picture.relations.iter().enumerate().map(|(i, r)| way(&layers, &boxes, &starts, &tops, i, r)).collect();
    Placed { width: width + MARGIN, height: height + MARGIN, boxes, ways }
}

fn size(entity: &Entity) -> Rect {
    let cut = |t: &str| cells(&clipped(t, LONGEST)) as f64 * CELL;
    // A mark is a sign and a space.
    let head = cut(&entity.name) + 3.0 * CELL + 20.0;
    let rows = entity.rows.iter().map(|r| GUTTER + cut(&r.name) + 3.0 * CELL + cut(&r.ty) + 26.0);
    Rect { w: rows.fold(head, f64::max).max(140.0).ceil(), h: HEAD + ROW * entity.rows.len() as f64 + FOOT, ..Rect::default() }
}

/// Gives the boxes of a column one width and their x; gives where each column begins and how wide it is.
fn columns(layers: &Layers, boxes: &mut [Rect]) -> Vec<(f64, f64)> {
    let mut x = MARGIN;
    let mut starts = Vec::new();
    for column in &layers.columns {
        let own = || column.iter().filter_map(|s| if let Slot::Box(i) = s { Some(*i) } else { None });
        let width = own().map(|i| boxes[i].w).fold(0.0, f64::max);
        own().for_each(|i| (boxes[i].x, boxes[i].w) = (x, width));
        starts.push((x, width));
        x += width + GAP_X;
    }
    starts
}

/// Gives the boxes their y, near what they are bound to; gives the tops of all slots.
fn rows(layers: &Layers, boxes: &mut [Rect], relations: &[Relation]) -> Vec<Vec<f64>> {
    let height = |s: &Slot, boxes: &[Rect]| if let Slot::Box(i) = s { boxes[*i].h + GAP_Y } else { LANE };
    let mut tops: Vec<Vec<f64>> = Vec::new();
    for column in &layers.columns {
        let heights: Vec<f64> = column.iter().map(|s| height(s, boxes)).collect();
        tops.push(settle(&vec![0.0; heights.len()], &heights));
    }
    let n = layers.columns.len();
    for round in 0..6 {
        let order: Vec<usize> = if round % 2 == 0 { (1..n).collect() } else { (0..n).rev().skip(1).collect() };
        for c in order {
            let beside = if round % 2 == 0 { c - 1 } else { c + 1 };
            let heights: Vec<f64> = layers.columns[c].iter().map(|s| height(s, boxes)).collect();
            let wanted: Vec<f64> = (0..heights.len()).map(|i| wish(layers, relations, &tops, (c, i), beside)).collect();
            tops[c] = settle(&wanted, &heights);
        }
    }
    let least = tops.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    tops.iter_mut().flatten().for_each(|y| *y = (*y - least + MARGIN).round());
    for (column, tops) in layers.columns.iter().zip(&tops) {
        for (slot, top) in column.iter().zip(tops) {
            if let Slot::Box(i) = slot {
                boxes[*i].y = *top;
            }
        }
    }
    tops
}

/// The top at which the lines of a slot to the column beside it would be straight, on the mean.
fn wish(layers: &Layers, relations: &[Relation], tops: &[Vec<f64>], (c, i): (usize, usize), beside: usize) -> f64 {
    let slot = layers.columns[c][i];
    let mut wishes = Vec::new();
    for (line, relation) in relations.iter().enumerate() {
        let Some(own) = port(slot, line, relation) else { continue };
        for (j, other) in layers.columns[beside].iter().enumerate() {
            if let Some(theirs) = port(*other, line, relation).filter(|_| layers.bound(slot, *other)) {
                wishes.push(tops[beside][j] + theirs - own);
            }
        }
    }
    if wishes.is_empty() { tops[c][i] } else { wishes.iter().sum::<f64>() / wishes.len() as f64 }
}

/// How far below the top of a slot a line meets it, if it does.
fn port(slot: Slot, line: usize, relation: &Relation) -> Option<f64> {
    match slot {
        Slot::Lane(l) => (l == line).then_some(LANE / 2.0),
        Slot::Box(i) if i == relation.from.0 => Some(row_middle(relation.from.1)),
        Slot::Box(i) if i == relation.to.0 => Some(row_middle(relation.to.1)),
        Slot::Box(_) => None,
    }
}

/// How far below the top of a box the middle of a row is.
pub(super) fn row_middle(row: usize) -> f64 {
    HEAD + ROW * row as f64 + ROW / 2.0
}

fn bounds(layers: &Layers, boxes: &[Rect]) -> (f64, f64) {
    let placed = layers.columns.iter().flatten().filter_map(|s| if let Slot::Box(i) = s { Some(boxes[*i]) } else { None });
    placed.fold((MARGIN, MARGIN), |(w, h), b| (w.max(b.x + b.w), h.max(b.y + b.h)))
}

/// The boxes that no line leads to, in columns below the rest, each in the one that is lowest so far.
fn below(layers: &Layers, boxes: &mut [Rect], width: &mut f64, height: &mut f64, wanted: f64) {
    let alone: Vec<usize> = (0..boxes.len()).filter(|i| !layers.columns.iter().flatten().any(|s| *s == Slot::Box(*i))).collect();
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

fn way(layers: &Layers, boxes: &[Rect], starts: &[(f64, f64)], tops: &[Vec<f64>], line: usize, relation: &Relation) -> Way {
    let end = |(table, row): (usize, usize), side: f64| {
        let b = boxes[table];
        (if side > 0.0 { b.x + b.w } else { b.x }, b.y + row_middle(row), side)
    };
    let (left, right) = (layers.lines[line].left, layers.lines[line].right);
    if left == right {
        let (from, to) = (end(relation.from, 1.0), end(relation.to, 1.0));
        let path = format!("M{} {} C{} {} {} {} {} {}", from.0, from.1, from.0 + 44.0, from.1, to.0 + 44.0, to.1, to.0, to.1);
        return Way { path, from, to };
    }
    let side = |table: usize| if table == left { 1.0 } else { -1.0 };
    let (from, to) = (end(relation.from, side(relation.from.0)), end(relation.to, side(relation.to.0)));
    let (mut at, last) = if from.2 > 0.0 { (from, to) } else { (to, from) };
    let mut path = format!("M{} {}", at.0, at.1);
    for (c, column) in layers.columns.iter().enumerate() {
        if let Some(i) = column.iter().position(|s| *s == Slot::Lane(line)) {
            let ((x, w), y) = (starts[c], tops[c][i] + LANE / 2.0);
            path.push_str(&format!(" {} H{}", bend(at, (x, y)), x + w));
            at = (x + w, y, 1.0);
        }
    }
    path.push_str(&format!(" {}", bend(at, (last.0, last.1))));
    Way { path, from, to }
}

/// A curve that leaves and arrives level.
fn bend((x, y, _): (f64, f64, f64), (to_x, to_y): (f64, f64)) -> String {
    let middle = ((x + to_x) / 2.0).round();
    format!("C{middle} {y} {middle} {to_y} {to_x} {to_y}")
}
