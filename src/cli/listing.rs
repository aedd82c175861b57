//! Lists versions of the history, one per line: their time, who applied them, and aligned columns.

use clap::ValueEnum;

use crate::apply::Entry;
use crate::render::one_line;

/// An output format for a list.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Returns the time to the second; JSON has the fractions.
pub(super) fn when(entry: &Entry) -> String {
    let time = entry.applied_at.replace('T', " ");
    time.get(..19).map_or(time.clone(), str::to_owned)
}

/// Returns who applied it, and on which machine.
pub(super) fn who(entry: &Entry) -> String {
    let name = entry.applied_by.clone().unwrap_or_else(|| "unknown".to_owned());
    entry.host.as_ref().map_or(name.clone(), |host| format!("{name}@{host}"))
}

/// Returns the name of a version that was rolled back to.
pub(super) fn name_of(number: i64) -> String {
    if number == 0 { "base".to_owned() } else { format!("version {number}") }
}

/// Aligns columns, without blanks at the ends of lines. Numbers are aligned to the right.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let rows: Vec<Vec<String>> = rows.iter().map(|r| r.iter().map(|cell| one_line(cell)).collect()).collect();
    let width = |i: usize| rows.iter().filter_map(|r| r.get(i)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).filter(|(_, width)| **width > 0);
        let cell = |(cell, width): (&String, &usize)| match cell.parse::<i64>() {
            Ok(_) => format!("{cell:>width$}"),
            Err(_) => format!("{cell:width$}"),
        };
        text.push_str(cells.map(cell).collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}
