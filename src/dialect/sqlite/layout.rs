//! Where the parts of a stored `CREATE TABLE` stand, in bytes, so that one of them can be changed and all else stays:
//! comments, spaces, spellings, and the order of keys, which names SQLite's automatic indexes.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::schema::{Ident, Table};

/// Where a column's parts stand.
#[derive(Debug, Clone)]
pub(crate) struct ColumnLayout {
    /// From the end of the name to the end of the declared type; empty where there is none.
    pub(crate) ty: Range<usize>,
    /// NOT NULL with its name and conflict clause, from the end of what stands before it.
    pub(crate) not_null: Option<Range<usize>>,
    /// DEFAULT, likewise.
    pub(crate) default: Option<Range<usize>>,
}

impl ColumnLayout {
    pub(super) fn new(ty: Range<usize>) -> Self {
        ColumnLayout { ty, not_null: None, default: None }
    }

    /// Takes note of a constraint.
    pub(super) fn take(&mut self, is_default: bool, is_not_null: bool, place: &Range<usize>) {
        if is_default {
            self.default = Some(place.clone());
        }
        // A constraint's name may stand before it, so the first word alone does not tell.
        if is_not_null {
            self.not_null = Some(place.clone());
        }
    }
}

/// Where the parts of a table stand. The places of checks and foreign keys are in the order of the table's own lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    /// The columns.
    pub(crate) columns: BTreeMap<Ident, ColumnLayout>,
    /// The CHECKs: each from the end of what stands before it, so that a comma before it is included.
    pub(crate) checks: Vec<Place>,
    /// The foreign keys.
    pub(crate) foreign_keys: Vec<Place>,
    /// The end of the last column.
    pub(crate) columns_end: usize,
    /// The end of the last column or constraint.
    pub(crate) items_end: usize,
}

/// Where a constraint stands.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// From the end of what stands before it.
    pub(crate) range: Range<usize>,
    /// Whether it is written at a column, without a comma before it.
    pub(crate) at_column: bool,
}

impl Layout {
    /// Takes note of a table constraint, once it has been read whole.
    pub(super) fn rule(&mut self, table: &Table, range: Range<usize>, whole: bool) {
        if whole {
            self.note(table, Place { range, at_column: false });
        }
    }

    /// Takes note of what was read at a column.
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
