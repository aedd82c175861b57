//! A schema after a change: without the keywords that only describe how to get there.

use super::{Only, Schema};

impl Schema {
    /// Returns the schema without old names, backfills, conversions and `only=`: what a database itself
    /// holds.
    pub fn at_rest(&self) -> Schema {
        let mut schema = self.clone();
        schema.forget_old_names();
        for table in schema.tables.values_mut() {
            for column in table.columns.values_mut() {
                (column.backfill, column.using, column.only) = (None, None, Only::default());
            }
            for index in table.indexes.values_mut() {
                index.only = Only::default();
            }
        }
        schema
    }

    /// Removes all old names.
    pub(crate) fn forget_old_names(&mut self) {
        for table in self.tables.values_mut() {
            table.columns.values_mut().for_each(|c| c.was.clear());
            table.indexes.values_mut().for_each(|i| i.was.clear());
            table.uniques.iter_mut().for_each(|u| u.was.clear());
            table.checks.iter_mut().for_each(|c| c.was.clear());
            table.foreign_keys.iter_mut().for_each(|f| f.was.clear());
            table.exclusions.iter_mut().for_each(|e| e.was.clear());
        }
        self.heads_mut().for_each(|(_, head)| head.was.clear());
    }
}
