//! Locates the parts of a stored `CREATE TABLE`, in bytes, so that one part can be edited and everything else
//! is preserved: comments, spaces, spelling, and the order of keys, which determines the names of SQLite's
//! automatic indexes.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::schema::{Ident, Table};

/// The locations of a column's parts.
#[derive(Debug, Clone)]
pub(crate) struct ColumnLayout {
    /// From the end of the name to the end of the declared type; empty if there is none.
    pub(crate) ty: Range<usize>,
    /// NOT NULL with its name and conflict clause, from the end of the preceding text.
    pub(crate) not_null: Option<Range<usize>>,
    /// DEFAULT, from the end of the preceding text.
    pub(crate) default: Option<Range<usize>>,
}

impl ColumnLayout {
    pub(super) fn new(ty: Range<usize>) -> Self {
        ColumnLayout { ty, not_null: None, default: None }
    }

    /// Records the location of a column constraint.
    pub(super) fn take(&mut self, is_default: bool, is_not_null: bool, place: &Range<usize>) {
        if is_default {
            self.default = Some(place.clone());
        }
        // A constraint may begin with its name, so the first word is not enough to recognize it.
        if is_not_null {
            self.not_null = Some(place.clone());
        }
    }
}

/// The locations of a table's parts. Those of checks and foreign keys are in the order of the table's own
/// lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    /// The columns.
    pub(crate) columns: BTreeMap<Ident, ColumnLayout>,
    /// The CHECK constraints, each from the end of the preceding text, so that a preceding comma is included.
    pub(crate) checks: Vec<Place>,
    /// The foreign keys.
    pub(crate) foreign_keys: Vec<Place>,
    /// The end of the last column.
    pub(crate) columns_end: usize,
    /// The end of the last column or constraint.
    pub(crate) items_end: usize,
}

/// The location of a constraint.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// From the end of the preceding text.
    pub(crate) range: Range<usize>,
    /// Whether it is a column constraint, which has no preceding comma.
    pub(crate) at_column: bool,
}

impl Layout {
    /// Records a table constraint once it has been read completely.
    pub(super) fn rule(&mut self, table: &Table, range: Range<usize>, whole: bool) {
        if whole {
            self.note(table, Place { range, at_column: false });
        }
    }

    /// Records what was read at a column.
    pub(super) fn at_column(&mut self, table: &Table, range: Range<usize>) {
        self.note(table, Place { range, at_column: true });
    }

    fn note(&mut self, table: &Table, place: Place) {
        if self.checks.len() < table.checks.len() {
            self.checks.push(place);
        } else if self.foreign_keys.len() < table.foreign_keys.len() {
            self.foreign_keys.push(place);
        }
    }
}
