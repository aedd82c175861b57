//! Finishes the schema after the whole file has been read: sequences of serial columns become part of the
//! columns, and everything gets its canonical spelling.

use super::{HOME, Reader};
use crate::engine::postgres::inspect::build::serial_type;
use crate::engine::postgres::inspect::ident;
use crate::engine::postgres::{default_name, normalize};
use crate::schema::{Namespace, ObjectName, Schema, Sequence};

impl Reader {
    /// Returns the schema, as `inspect` prints it.
    pub(super) fn finish(mut self) -> Schema {
        let sequences = std::mem::take(&mut self.schema.sequences);
        for (name, sequence) in sequences {
            let hidden = sequence.owned_by.as_ref().is_some_and(|(table, _)| self.hidden.contains(table));
            if !hidden && !self.is_taken_in(&sequence) {
                self.schema.sequences.insert(name, sequence);
            }
        }
        let mut schema = self.schema;
        if schema.is_empty() {
            let home = ident(HOME);
            schema.namespaces.insert(ObjectName::bare(home.clone()), Namespace::new(home));
        }
        normalize::normalize(&mut schema, HOME);
        schema
    }

    /// Turns an integer column into a serial column if the sequence is the one that `serial` creates, and
    /// returns whether it did.
    fn is_taken_in(&mut self, sequence: &Sequence) -> bool {
        let Some((table, name)) = &sequence.owned_by else { return false };
        let usual = sequence.name.name.as_str() == default_name::sequence(table, name) && sequence.name.schema == table.schema;
        let column = self.schema.tables.get_mut(table).and_then(|t| t.columns.get_mut(name));
        let Some(column) = column.filter(|_| usual && sequence.comment.is_none()) else { return false };
        let Some(serial) = serial_type(column, &sequence.name, &sequence.ty) else { return false };
        (column.ty, column.default, column.sequence) = (serial, None, sequence.options.clone());
        true
    }
}
