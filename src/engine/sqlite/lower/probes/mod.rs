//! Checks the rows before a change is made: every new constraint as a count of the rows that violate it,
//! everything that is dropped as a count of the values lost.

mod rules;
mod values;

use super::super::inspect::Live;
use super::super::lexer::quote;
use crate::diff::{Changes, TableEdits};
use crate::plan::Hazard;
use crate::schema::{Address, Ident, Part};

pub(super) fn hazards(edits: &TableEdits, rebuilds: bool, changes: &Changes, live: &Live) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    hazards.extend(edits.columns.iter().filter_map(|d| values::dropped(d, edits)));
    if rebuilds {
        hazards.extend(edits.after.columns.values().filter_map(|c| values::not_null(edits, c)));
        for column in edits.after.columns.values().filter(|c| c.generated.is_none()) {
            hazards.extend(values::conversion(edits, column));
            hazards.extend(values::stored_as_numbers(edits, column));
            hazards.extend(values::fractions(edits, column));
            hazards.extend(values::longer(edits, column));
            hazards.extend(values::strict_value(edits, column));
        }
        hazards.extend(rules::checks(edits));
        hazards.extend(rules::uniques(edits));
        hazards.extend(rules::foreign_keys(edits, changes, live));
        hazards.extend(values::autoincrement(edits));
    }
    hazards.extend(rules::unique_indexes(edits, rebuilds, live));
    hazards.extend(super::indexes::left_behind(edits, live));
    hazards
}

fn at(edits: &TableEdits, column: &Ident) -> Address {
    edits.after.address().child(Part::Column, column)
}

fn old_table(edits: &TableEdits) -> String {
    quote(edits.live.name.name.as_str())
}
