//! `CREATE`: dispatches by the kind of object. Refuses kinds that rosey does not manage and `inspect` does
//! not report.

use super::cursor::{Cursor, Read};
use super::{HOME, Reader};
use crate::engine::postgres::inspect::ident;
use crate::engine::postgres::kinds;
use crate::schema::{DefinedKind, Definition, Dialect, IdentifiedBy, ObjectName, Of, statement};

/// Returns the managed kinds of objects that SQL defines as a whole, by their words.
pub(super) fn kinds_by_words() -> Vec<(String, DefinedKind)> {
    kinds::managed().map(|kind| (kind.sql().to_lowercase(), kind)).collect()
}

impl Reader {
    /// Reads an object that SQL defines as a whole. What follows its name is not interpreted.
    fn create_definition(&mut self, c: &mut Cursor, kind: DefinedKind) -> Read<()> {
        c.take("if not exists");
        let at = *c;
        let on_relation = kind.identified_by(Dialect::Postgres) == IdentifiedBy::Relation;
        let mut name = if on_relation { ObjectName::bare(c.last_name()?) } else { c.name()? };
        let body = self.query(c.rest()?);
        let on = kind.relation_keyword().and_then(|keyword| statement::relation_after(&body.text, keyword, true));
        let table = on.map(|(schema, table)| at_home(ObjectName::new(schema.map(|s| ident(&s)), ident(&table))));
        match (kind.identified_by(Dialect::Postgres), &table) {
            (IdentifiedBy::Relation, Some(table)) => (name.schema, name.of) = (table.schema.clone(), Of::on(table.name.clone())),
            (IdentifiedBy::Relation, None) => return at.refuse("the statement does not say what the object is on"),
            (IdentifiedBy::Arguments, _) => {
                let Some(arguments) = statement::arguments(&body.text) else { return at.refuse("the name is not followed by arguments") };
                let Some(types) = kinds::identity(arguments, HOME) else { return at.refuse("these arguments cannot be read") };
                name.of = Of::Arguments(types.into());
            }
            (IdentifiedBy::Name, _) => {}
        }
        self.schema.definitions.of_mut(kind).insert(name.clone(), Definition { table, ..Definition::new(kind, name, body) });
        Ok(())
    }

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
        } else if let Some(kind) = c.take_one(&kinds_by_words()) {
            self.create_definition(c, kind)
        } else {
            self.create_unmanaged(c)
        }
    }
}

/// Returns a name without the schema of unqualified names.
fn at_home(name: ObjectName) -> ObjectName {
    ObjectName { schema: name.schema.filter(|s| s.as_str() != HOME), ..name }
}
