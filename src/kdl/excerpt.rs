//! The lines of a file that a message shows: those around the positions, with long ones cut and nothing in
//! them that could mislead a terminal or a reader. The file is scanned once, whatever the number of messages.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::schema::{Span, escape};

/// Lines with more bytes are cut.
const LONG: usize = 400;

/// How much of a long line is shown before a position in it, and after it.
const AROUND: (usize, usize) = (80, 120);

/// A range of more lines than this is shown by its first line.
const TALL: u32 = 40;

/// The text of a file, and where its lines begin.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) name: String,
    text: String,
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn new(name: &str, text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(n, _)| n + 1)).collect();
        Lines { name: name.to_owned(), text: text.to_owned(), starts }
    }

    /// Returns the line of a byte, from 0.
    pub(super) fn of(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// Returns the bytes of a line without its line break.
    fn range(&self, line: usize) -> (usize, usize) {
        let start = self.starts.get(line).copied().unwrap_or(self.text.len());
        let next = self.starts.get(line + 1).map_or(self.text.len(), |n| n - 1);
        let text = &self.text[start..next];
        (start, start + text.strip_suffix('\r').unwrap_or(text).len())
    }
}

/// Consecutive lines of a file.
#[derive(Debug)]
struct Part {
    /// The offset in the excerpt.
    start: usize,
    text: String,
    /// The first line, from 0.
    line: usize,
    /// Positions in the excerpt, and their columns in the file.
    columns: Vec<(usize, usize)>,
}

/// The excerpt of a file.
#[derive(Debug)]
pub(super) struct Excerpt {
    name: String,
    parts: Vec<Part>,
}

impl Excerpt {
    /// Builds the excerpt around these spans of a file, and returns where the spans are in it: start and
    /// length.
    pub(super) fn new(file: &Lines, spans: &[Span]) -> (Self, Vec<(usize, usize)>) {
        let end = file.text.len();
        let places: Vec<(usize, usize)> = spans
            .iter()
            .map(|s| {
                let (from, to) = ((s.start as usize).min(end), ((s.start + s.len) as usize).min(end));
                let (first, last) = (file.of(from), file.of(to.saturating_sub(1).max(from)));
                if last - first > TALL as usize { (from, file.range(first).1.max(from)) } else { (from, to) }
            })
            .collect();
        let mut windows: Vec<(usize, usize)> = places
            .iter()
            .map(|(from, to)| (file.of(*from).saturating_sub(1), (file.of((*to).max(from + 1) - 1) + 1).min(file.starts.len() - 1)))
            .collect();
        windows.sort_unstable();
        let mut points: Vec<(usize, usize)> = places.iter().flat_map(|(a, b)| [*a, *b]).map(|at| (at, 0)).collect();
        points.sort_unstable();
        points.dedup();
        let mut excerpt = Excerpt { name: escape(&file.name), parts: Vec::new() };
        let mut written: Option<usize> = None;
        for (first, last) in windows {
            // A single line between two windows is shown too, as it takes no more space than a gap.
            let joins = written.is_some_and(|w| first <= w + 2);
            let first = written.filter(|_| joins).map_or(first, |w| w + 1);
            if first > last {
                continue;
            }
            excerpt.add(file, (first, last), joins, &places, &mut points);
            written = Some(last);
        }
        let mapped = |at: usize| points.binary_search_by_key(&at, |p| p.0).map_or(0, |i| points[i].1);
        let places = places.iter().map(|(a, b)| (mapped(*a), mapped(*b).saturating_sub(mapped(*a)))).collect();
        (excerpt, places)
    }

    /// Appends lines, to the last part or as a new one, and records the new offsets of the positions.
    fn add(&mut self, file: &Lines, (first, last): (usize, usize), joins: bool, places: &[(usize, usize)], points: &mut [(usize, usize)]) {
        if !joins || self.parts.is_empty() {
            // One byte separates two parts, so that no offset is in both.
            let start = self.parts.last().map_or(0, |p| p.start + p.text.len() + 1);
            self.parts.push(Part { start, text: String::new(), line: first, columns: Vec::new() });
        }
        let Some(part) = self.parts.last_mut() else { return };
        for line in first..=last {
            let (from, to) = file.range(line);
            let first_point = points.partition_point(|p| p.0 < from);
            // A position after the end of the line, such as a line break, is moved to its end.
            let next = file.starts.get(line + 1).copied().unwrap_or(usize::MAX);
            let own = &mut points[first_point..];
            let count = own.partition_point(|p| p.0 < next);
            let own = &mut own[..count];
            let begins: Vec<usize> = places.iter().map(|p| p.0).filter(|p| (from..=to).contains(p)).collect();
            let mut rest = own.iter_mut().peekable();
            for (at, c) in kept(&file.text[from..to], from, &begins) {
                while let Some(point) = rest.next_if(|p| p.0 <= at) {
                    point.1 = part.start + part.text.len();
                    part.columns.push((point.1, point.0 - from));
                }
                push(&mut part.text, c);
            }
            for point in rest {
                point.1 = part.start + part.text.len();
                part.columns.push((point.1, point.0 - from));
            }
            if next != usize::MAX {
                part.text.push('\n');
            }
        }
    }
}

/// Returns the characters to show of a line, each with its offset in the file; of a long line only those
/// around the positions.
fn kept<'l>(line: &'l str, start: usize, places: &'l [usize]) -> impl Iterator<Item = (usize, char)> + 'l {
    let is_long = line.len() > LONG;
    let shown = move |at: usize| match places {
        _ if !is_long => true,
        [] => at < start + AROUND.1,
        places => places.iter().any(|p| at + AROUND.0 >= *p && at < p + AROUND.1),
    };
    let mut cut = false;
    line.char_indices().filter_map(move |(n, c)| {
        let at = start + n;
        match (shown(at), cut) {
            (true, _) => {
                cut = false;
                Some((at, c))
            }
            (false, false) => {
                cut = true;
                Some((at, '…'))
            }
            (false, true) => None,
        }
    })
}

fn push(out: &mut String, c: char) {
    if c == '\t' {
        out.push(c);
    } else {
        out.push_str(&escape(c.encode_utf8(&mut [0; 4])));
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(&'a self, span: &SourceSpan, before: usize, after: usize) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let part = self.parts.iter().rev().find(|p| p.start <= span.offset()).ok_or(MietteError::OutOfBounds)?;
        let inner = SourceSpan::new((span.offset() - part.start).into(), span.len());
        let found = part.text.as_str().read_span(&inner, before, after)?;
        let offset = found.span().offset() + part.start;
        let column = part.columns.iter().find(|c| c.0 == offset).map_or(found.column(), |c| c.1);
        let span = SourceSpan::new(offset.into(), found.span().len());
        // miette counts lines from the beginning of the text, and groups two positions by that.
        let (line, count) = (found.line() + part.line, found.line_count() + part.line);
        Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), found.data(), span, line, column, count)))
    }
}
