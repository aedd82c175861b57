//! Assigns each table to a column of the diagram: a referenced table is to the left of those that reference
//! it.
//!
//! A cycle is broken where it is found first, in the order of the schema. A column that would be too tall
//! continues in the next one. Each connected part is laid out separately.

/// An element of the layout: a box with a height in one of the columns, or a line that passes through a
/// column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// A table.
    Box(usize),
    /// The line with this index.
    Lane(usize),
}

/// The columns from left to right, each from top to bottom; and the lines.
#[derive(Debug, Clone, Default)]
pub(super) struct Layers {
    pub(super) columns: Vec<Vec<Slot>>,
    pub(super) lines: Vec<Line>,
}

/// A line between two boxes, the left one first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) left: usize,
    pub(super) right: usize,
}

/// Lays out these members of all boxes, in the order of the schema; [`Layers::sweep`] then reduces crossings.
/// A pair is a referencing and a referenced box. No column of several boxes exceeds the limit, not counting
/// lines.
pub(super) fn layers(heights: &[f64], pairs: &[(usize, usize)], members: &[usize], limit: f64) -> Layers {
    let parents = without_circles(heights.len(), pairs);
    let mut bound = vec![false; heights.len()];
    members.iter().for_each(|i| bound[*i] = true);
    let column = columns(heights, &parents, &bound, limit);
    let count = members.iter().map(|i| column[*i] + 1).max().unwrap_or(0);
    let mut layers = Layers { columns: vec![Vec::new(); count], lines: Vec::new() };
    members.iter().for_each(|i| layers.columns[column[*i]].push(Slot::Box(*i)));
    for (a, b) in pairs {
        let (left, right) = if column[*a] < column[*b] { (*a, *b) } else { (*b, *a) };
        let line = layers.lines.len();
        layers.lines.push(Line { left, right });
        if a != b && bound[*a] {
            (column[left] + 1..column[right]).for_each(|c| layers.columns[c].push(Slot::Lane(line)));
        }
    }
    layers
}

/// Returns what each box references, without the references that would close a cycle.
fn without_circles(n: usize, pairs: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut parents: Vec<Vec<usize>> = vec![Vec::new(); n];
    for (from, to) in pairs {
        if from != to && !parents[*from].contains(to) && !reaches(&parents, *to, *from) {
            parents[*from].push(*to);
        }
    }
    parents
}

fn reaches(parents: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = vec![false; parents.len()];
    let mut open = vec![from];
    while let Some(i) = open.pop() {
        if i == to {
            return true;
        }
        if !std::mem::replace(&mut seen[i], true) {
            open.extend(&parents[i]);
        }
    }
    false
}

/// Returns the column of each box: after everything that it references, in the first column with room.
fn columns(heights: &[f64], parents: &[Vec<usize>], bound: &[bool], limit: f64) -> Vec<usize> {
    let n = heights.len();
    let mut column = vec![0; n];
    let mut done: Vec<bool> = bound.iter().map(|b| !b).collect();
    let mut filled: Vec<f64> = Vec::new();
    // Each round places the boxes whose references are all placed, so an acyclic graph needs at most n
    // rounds.
    for _ in 0..n {
        let ready: Vec<usize> = (0..n).filter(|i| !done[*i] && parents[*i].iter().all(|p| done[*p])).collect();
        for i in ready {
            let mut c = parents[i].iter().map(|p| column[*p] + 1).max().unwrap_or(0);
            while filled.get(c).is_some_and(|h| *h > 0.0 && h + heights[i] > limit) {
                c += 1;
            }
            if filled.len() <= c {
                filled.resize(c + 1, 0.0);
            }
            filled[c] += heights[i];
            column[i] = c;
            done[i] = true;
        }
    }
    column
}

/// Returns the positions, in the adjacent column, that a slot is connected to.
fn neighbours(layers: &Layers, slot: Slot, beside: usize) -> impl Iterator<Item = usize> + '_ {
    layers.columns[beside].iter().enumerate().filter(move |(_, other)| layers.bound(slot, **other)).map(|(i, _)| i)
}

impl Layers {
    /// Moves connected slots to similar heights, so that few lines cross: each slot moves to the mean of its
    /// neighbors.
    pub(super) fn sweep(&mut self) {
        for round in 0..6 {
            let order: Vec<usize> =
                if round % 2 == 0 { (1..self.columns.len()).collect() } else { (0..self.columns.len()).rev().skip(1).collect() };
            for c in order {
                let beside = if round % 2 == 0 { c - 1 } else { c + 1 };
                let mut keyed: Vec<(f64, usize, Slot)> = Vec::new();
                for (i, slot) in self.columns[c].iter().enumerate() {
                    let places: Vec<f64> = neighbours(self, *slot, beside).map(|n| n as f64).collect();
                    let mean = if places.is_empty() { i as f64 } else { places.iter().sum::<f64>() / places.len() as f64 };
                    keyed.push((mean, i, *slot));
                }
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                self.columns[c] = keyed.into_iter().map(|k| k.2).collect();
            }
        }
    }

    /// Returns true if a line connects two slots in adjacent columns.
    pub(super) fn bound(&self, a: Slot, b: Slot) -> bool {
        let ends = |line: usize, i: usize| self.lines[line].left == i || self.lines[line].right == i;
        match (a, b) {
            (Slot::Lane(x), Slot::Lane(y)) => x == y,
            (Slot::Box(i), Slot::Lane(l)) | (Slot::Lane(l), Slot::Box(i)) => ends(l, i),
            (Slot::Box(i), Slot::Box(j)) => self.lines.iter().any(|l| (l.left, l.right) == (i, j) || (l.left, l.right) == (j, i)),
        }
    }
}

/// Returns tops for slots in their order, as close as possible to their desired positions without overlap:
/// slots that push against each other move as one (the pool-adjacent-violators algorithm).
pub(super) fn settle(wanted: &[f64], heights: &[f64]) -> Vec<f64> {
    let mut offset = 0.0;
    // The sum and number of the desired positions, each minus the heights before it.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (want, height) in wanted.iter().zip(heights) {
        blocks.push((want - offset, 1));
        offset += height;
        while let [.., (a, n), (b, m)] = blocks.as_slice() {
            let (a, n, b, m) = (*a, *n, *b, *m);
            if a / n as f64 <= b / m as f64 {
                break;
            }
            blocks.truncate(blocks.len() - 2);
            blocks.push((a + b, n + m));
        }
    }
    let starts = blocks.iter().flat_map(|(sum, n)| std::iter::repeat_n(sum / *n as f64, *n));
    let mut offset = 0.0;
    let mut tops = Vec::with_capacity(heights.len());
    for (start, height) in starts.zip(heights) {
        tops.push(start + offset);
        offset += height;
    }
    tops
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pointed_to_stands_left_and_a_circle_ends() {
        let layers = layers(&[1.0; 5], &[(1, 0), (2, 1), (0, 2), (2, 0), (3, 3)], &[0, 1, 2], 100.0);
        let place = |i: usize| layers.columns.iter().position(|c| c.contains(&Slot::Box(i)));
        assert_eq!((place(0), place(1), place(2), place(3), place(4)), (Some(0), Some(1), Some(2), None, None));
        assert_eq!(layers.columns[1].iter().filter(|s| matches!(s, Slot::Lane(_))).count(), 2, "both long lines go through");
    }

    #[test]
    fn a_high_column_goes_on_in_the_next() {
        let pairs: Vec<(usize, usize)> = (1..9).map(|i| (i, 0)).collect();
        let layers = layers(&[10.0; 9], &pairs, &[0, 1, 2, 3, 4, 5, 6, 7, 8], 40.0);
        let boxes = |c: &Vec<Slot>| c.iter().filter(|s| matches!(s, Slot::Box(_))).count();
        assert_eq!(layers.columns.iter().map(boxes).collect::<Vec<_>>(), [1, 4, 4]);
    }

    #[test]
    fn slots_keep_their_order_and_do_not_overlap() {
        assert_eq!(settle(&[0.0, 0.0, 100.0], &[10.0, 10.0, 10.0]), [-5.0, 5.0, 100.0]);
        assert_eq!(settle(&[50.0, 0.0], &[10.0, 10.0]), [20.0, 30.0]);
    }
}
