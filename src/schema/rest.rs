//! The directives of a whole schema, and the schema after a change: without those that only describe how to
//! get there.

use super::{Directives, Schema, Table};

impl Schema {
    /// Returns the schema without old names, backfills, conversions and `only=`: what a database itself
    /// holds.
    pub fn at_rest(&self) -> Schema {
        let mut schema = self.clone();
        schema.for_each_directives(|d| *d = std::mem::take(d).at_rest());
        schema
    }

    /// Removes all old names.
    pub(crate) fn forget_old_names(&mut self) {
        self.for_each_directives(|d| d.was.clear());
    }

    /// Passes the directives of every object and part to `change`.
    fn for_each_directives(&mut self, mut change: impl FnMut(&mut Directives)) {
        self.heads_mut().for_each(|(_, head)| change(&mut head.directives));
        self.tables.values_mut().for_each(|table| of_parts(table, &mut change));
        self.indexes_of_views_mut().for_each(|i| change(&mut i.directives));
        let domains = self.domains.values_mut();
        domains.flat_map(|d| &mut d.checks).for_each(|c| change(&mut c.directives));
    }
}

fn of_parts(table: &mut Table, change: &mut impl FnMut(&mut Directives)) {
    table.columns.values_mut().for_each(|c| change(&mut c.directives));
    table.primary_key.iter_mut().for_each(|k| change(&mut k.directives));
    table.uniques.iter_mut().for_each(|u| change(&mut u.directives));
    table.checks.iter_mut().for_each(|c| change(&mut c.directives));
    table.foreign_keys.iter_mut().for_each(|f| change(&mut f.directives));
    table.exclusions.iter_mut().for_each(|e| change(&mut e.directives));
    table.indexes.values_mut().for_each(|i| change(&mut i.directives));
}
