//! `CREATE`: dispatches by the kind of object. Refuses kinds that rosey does not manage and `inspect` does
//! not report.

use super::Reader;
use super::cursor::{Cursor, Read};

impl Reader {
    /// Reads what follows `CREATE`.
    pub(super) fn create(&mut self, c: &mut Cursor) -> Read<()> {
        let replace = c.take("or replace");
        let unlogged = c.take("unlogged");
        if c.take("table") {
            self.create_table(c, unlogged)
        } else if c.take("sequence") {
            self.create_sequence(c)
        } else if c.take("unique index") {
            self.create_index(c, true)
        } else if c.take("index") {
            self.create_index(c, false)
        } else if c.take("view") {
            self.create_view(c, replace)
        } else if c.take("materialized view") {
            self.create_materialized_view(c)
        } else if c.take("type") {
            self.create_type(c)
        } else if c.take("domain") {
            self.create_domain(c)
        } else if c.take("extension") {
            self.create_extension(c)
        } else if c.take("schema") {
            self.create_schema(c)
        } else if c.is_any(&["temp", "temporary", "local temp", "local temporary", "global temp", "global temporary"]) {
            c.refuse("temporary objects are not part of a schema")
        } else {
            self.create_unmanaged(c)
        }
    }
}
