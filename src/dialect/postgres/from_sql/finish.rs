//! The whole file has been read: sequences that belong to serial columns go into them, and all gets its one spelling.

use super::{HOME, Reader};
use crate::dialect::postgres::inspect::build::serial_type;
use crate::dialect::postgres::inspect::ident;
use crate::dialect::postgres::{default_name, normalize};
use crate::schema::{Namespace, ObjectName, Schema, Sequence};

impl Reader {
    /// The schema, as `inspect` prints it.
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

    /// An integer column with the sequence that `serial` makes is a serial column.
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
