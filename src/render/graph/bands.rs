//! A connected part of the diagram with its own coordinates. Its columns run from left to right; if that
//! would be too wide, they continue below from right to left, and so on, so that a line from one band to the
//! next is short.

use super::layout::{Layers, Slot, layers, settle};
use super::picture::Relation;
use super::place::{GAP_X, GAP_Y, LANE, Rect, SHAPE, row_middle};

/// The margin for lines that turn from one band into the next.
const TURN: f64 = 48.0;

/// The width up to which no wrapping is needed.
pub(super) const SCREEN: f64 = 1_200.0;

/// A column, and its band; odd bands run from right to left.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Column {
    pub(super) x: f64,
    pub(super) w: f64,
    pub(super) band: usize,
}

impl Column {
    /// Returns true if lines run to the right here.
    pub(super) fn forth(self) -> bool {
        self.band.is_multiple_of(2)
    }

    /// Returns where a line enters.
    pub(super) fn entry(self) -> f64 {
        if self.forth() { self.x } else { self.x + self.w }
    }

    /// Returns where a line leaves.
    pub(super) fn exit(self) -> f64 {
        if self.forth() { self.x + self.w } else { self.x }
    }
}

/// A connected part of the diagram.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) members: Vec<usize>,
    pub(super) layers: Layers,
    pub(super) columns: Vec<Column>,
    pub(super) tops: Vec<Vec<f64>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Returns the parts that lines connect, each with its boxes in order. A box without lines is in none of
/// them.
pub(super) fn connected(n: usize, pairs: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut part: Vec<usize> = (0..n).collect();
    for (a, b) in pairs {
        let (a, b) = (part[*a], part[*b]);
        part.iter_mut().filter(|p| **p == a.max(b)).for_each(|p| *p = a.min(b));
    }
    let of = |p: usize| (0..n).filter(|i| part[*i] == p).collect::<Vec<_>>();
    (0..n).map(of).filter(|members| members.len() > 1).collect()
}

impl Part {
    /// Lays out a part, and sets the positions of its boxes within it.
    pub(super) fn lay(members: Vec<usize>, boxes: &mut [Rect], relations: &[Relation]) -> Part {
        let pairs: Vec<(usize, usize)> = relations.iter().map(|r| (r.from.0, r.to.0)).collect();
        let heights: Vec<f64> = boxes.iter().map(|b| b.h + GAP_Y).collect();
        let area: f64 = members.iter().map(|i| (boxes[*i].w + GAP_X) * heights[*i]).sum();
        let tallest = members.iter().map(|i| heights[*i]).fold(0.0, f64::max);
        let mut best: Option<(f64, Layers, Vec<Column>)> = None;
        // Tall columns in one band, or shorter ones in several: whichever is closest to the desired shape.
        for high in [1.0, 0.7, 0.5, 0.35, 0.25] {
            let found = layers(&heights, &pairs, &members, tallest.max((area / SHAPE).sqrt() * high));
            for wide in [1.0, 1.3, 1.7, 2.2] {
                let columns = columns(&found, boxes, ((area * SHAPE).sqrt() * wide).max(SCREEN));
                let (width, height) = (reach(&columns), bottoms(&found, &columns, boxes).iter().sum::<f64>());
                let cost = width.max(height * SHAPE).max(SCREEN);
                if best.as_ref().is_none_or(|(least, _, _)| cost < *least) {
                    best = Some((cost, found.clone(), columns));
                }
            }
        }
        let (_, mut layers, columns) = best.unwrap_or_default();
        layers.sweep();
        let bottoms = bottoms(&layers, &columns, boxes);
        let tops = rows(&layers, &columns, &bottoms, boxes, relations);
        let width = reach(&columns);
        let part = Part { members, layers, columns, tops, width, height: bottoms.iter().sum::<f64>() - GAP_Y };
        part.settle_boxes(boxes);
        part
    }

    /// Moves the part and its boxes.
    pub(super) fn shift(&mut self, x: f64, y: f64, boxes: &mut [Rect]) {
        self.columns.iter_mut().for_each(|c| c.x += x);
        self.tops.iter_mut().flatten().for_each(|top| *top += y);
        self.settle_boxes(boxes);
    }

    fn settle_boxes(&self, boxes: &mut [Rect]) {
        for (c, column) in self.layers.columns.iter().enumerate() {
            for (slot, top) in column.iter().zip(&self.tops[c]) {
                if let Slot::Box(i) = slot {
                    (boxes[*i].x, boxes[*i].y, boxes[*i].w) = (self.columns[c].x, *top, self.columns[c].w);
                }
            }
        }
    }
}

fn height(slot: &Slot, boxes: &[Rect]) -> f64 {
    if let Slot::Box(i) = slot { boxes[*i].h + GAP_Y } else { LANE }
}

/// Returns columns as wide as their widest box, in bands that do not exceed the given width.
fn columns(layers: &Layers, boxes: &[Rect], limit: f64) -> Vec<Column> {
    let mut found: Vec<Column> = Vec::new();
    let (mut x, mut band) = (0.0, 0);
    for column in &layers.columns {
        let own = column.iter().filter_map(|s| if let Slot::Box(i) = s { Some(boxes[*i].w) } else { None });
        let w = own.fold(0.0, f64::max);
        if x > 0.0 && x + w > limit {
            (x, band) = (0.0, band + 1);
        }
        found.push(Column { x, w, band });
        x += w + GAP_X;
    }
    let (room, right) = (if band > 0 { TURN } else { 0.0 }, found.iter().map(|c| c.x + c.w).fold(0.0, f64::max));
    for column in &mut found {
        column.x = room + if column.forth() { column.x } else { right - column.x - column.w };
    }
    found
}

/// Returns the total width.
fn reach(columns: &[Column]) -> f64 {
    let room = if columns.iter().any(|c| c.band > 0) { TURN } else { 0.0 };
    columns.iter().map(|c| c.x + c.w).fold(0.0, f64::max) + room
}

/// Returns the height of each band, which is that of its tallest column.
fn bottoms(layers: &Layers, columns: &[Column], boxes: &[Rect]) -> Vec<f64> {
    let mut found = vec![0.0_f64; columns.last().map_or(0, |c| c.band + 1)];
    for (slots, column) in layers.columns.iter().zip(columns) {
        let own: f64 = slots.iter().map(|s| height(s, boxes)).sum();
        found[column.band] = found[column.band].max(own);
    }
    found
}

/// Returns the tops of all slots: near their neighbors in the adjacent column, and always within their band.
fn rows(layers: &Layers, columns: &[Column], bottoms: &[f64], boxes: &[Rect], relations: &[Relation]) -> Vec<Vec<f64>> {
    let heights: Vec<Vec<f64>> = layers.columns.iter().map(|c| c.iter().map(|s| height(s, boxes)).collect()).collect();
    let own = |c: usize| heights[c].iter().sum::<f64>();
    let start = |c: usize| {
        let free = (bottoms[columns[c].band] - own(c)) / 2.0;
        within(&vec![free; heights[c].len()], &heights[c], bottoms[columns[c].band])
    };
    let n = layers.columns.len();
    let mut tops: Vec<Vec<f64>> = (0..n).map(start).collect();
    for round in 0..6 {
        let order: Vec<usize> = if round % 2 == 0 { (1..n).collect() } else { (0..n).rev().skip(1).collect() };
        for c in order {
            let beside = if round % 2 == 0 { c - 1 } else { c + 1 };
            if columns[c].band == columns[beside].band {
                let wanted: Vec<f64> = (0..heights[c].len()).map(|i| wish(layers, relations, &tops, (c, i), beside)).collect();
                tops[c] = within(&wanted, &heights[c], bottoms[columns[c].band]);
            }
        }
    }
    for (column, tops) in columns.iter().zip(&mut tops) {
        let above: f64 = bottoms[..column.band].iter().sum();
        tops.iter_mut().for_each(|y| *y = (*y + above).round());
    }
    tops
}

/// Settles slots near their desired positions, but none above the top or below the bottom.
fn within(wanted: &[f64], heights: &[f64], bottom: f64) -> Vec<f64> {
    let (mut above, mut below) = (0.0, heights.iter().sum::<f64>());
    let mut tops = settle(wanted, heights);
    for (top, height) in tops.iter_mut().zip(heights) {
        // Each is limited by the space that those above it take and that it and those below it need, so they
        // do not overlap.
        *top = top.min(bottom - below).max(above);
        above += height;
        below -= height;
    }
    tops
}

/// Returns the top at which the lines from a slot to the adjacent column would be straight on average.
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

/// Returns how far below the top of a slot a line meets it, if it does.
fn port(slot: Slot, line: usize, relation: &Relation) -> Option<f64> {
    match slot {
        Slot::Lane(l) => (l == line).then_some(LANE / 2.0),
        Slot::Box(i) if i == relation.from.0 => Some(row_middle(relation.from.1)),
        Slot::Box(i) if i == relation.to.0 => Some(row_middle(relation.to.1)),
        Slot::Box(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_lines_bind() {
        assert_eq!(connected(6, &[(3, 1), (1, 4), (0, 0), (2, 5)]), [vec![1, 3, 4], vec![2, 5]]);
    }

    #[test]
    fn slots_stay_in_their_band() {
        assert_eq!(within(&[-50.0, 200.0], &[10.0, 10.0], 40.0), [0.0, 30.0]);
        assert_eq!(within(&[90.0, 90.0], &[20.0, 20.0], 40.0), [0.0, 20.0]);
    }
}
