//! `CREATE INDEX` (<https://www.postgresql.org/docs/current/sql-createindex.html>). Refuses an index without
//! a name.

use super::Reader;
use super::cursor::{Cursor, Read};
use crate::engine::postgres::scan::Kind;
use crate::schema::{Index, IndexPart, NullsOrder, PartKey};

/// Words that end the key of an index part.
const AFTER_A_KEY: [&str; 6] = ["collate", "asc", "desc", "nulls first", "nulls last", "with"];

impl Reader {
    /// Reads what follows `CREATE [UNIQUE] INDEX`.
    pub(super) fn create_index(&mut self, c: &mut Cursor, unique: bool) -> Read<()> {
        c.take("concurrently");
        let if_missing = c.take("if not exists");
        if c.is("on") {
            return c.refuse("the index has no name: add one, because PostgreSQL would generate it");
        }
        // Whatever schema is written here, an index is in the schema of its table.
        let mut index = Index { unique, ..Index::new(c.last_name()?) };
        c.expect("on")?;
        c.take("only");
        let at = *c;
        let table = c.name()?;
        if self.hidden.contains(&table) {
            return Ok(());
        }
        self.index_rest(c, &mut index)?;
        let view = self.schema.objects.materialized_views.get_mut(&table).map(|v| &mut v.indexes);
        let Some(indexes) = view.or(self.schema.objects.tables.get_mut(&table).map(|t| &mut t.indexes)) else {
            return at.refuse(format!("table `{table}` does not exist yet"));
        };
        if indexes.contains_key(&index.name) {
            return if if_missing { Ok(()) } else { at.refuse(format!("index `{}` is created twice", index.name)) };
        }
        indexes.insert(index.name.clone(), index);
        Ok(())
    }

    fn index_rest(&self, c: &mut Cursor, index: &mut Index) -> Read<()> {
        if c.take("using") {
            index.method = Some(c.ident()?.to_string()).filter(|m| m != "btree");
        }
        let mut inner = c.group()?;
        loop {
            index.parts.push(self.index_part(&mut inner)?);
            if !inner.symbol(',') {
                break;
            }
        }
        inner.end()?;
        if c.take("include") {
            index.include = c.names()?;
        }
        index.nulls_not_distinct = c.take("nulls not distinct");
        c.take("nulls distinct");
        if c.take("with") {
            index.with = c.parameters()?;
        }
        if c.take("tablespace") {
            c.ident()?;
        }
        if c.take("where") {
            index.predicate = Some(self.expr(c.rest()?));
        }
        c.end()
    }

    /// Reads a column or an expression, with its collation, operator class and order.
    pub(super) fn index_part(&self, c: &mut Cursor) -> Read<IndexPart> {
        let mut part = IndexPart::new(self.part_key(c)?);
        if c.take("collate") {
            part.collate = Some(c.last_name()?);
        }
        if !c.done() && !c.is_symbol(',') && !c.is_any(&AFTER_A_KEY) {
            part.opclass = Some(operator_class(c)?);
        }
        part.desc = c.take("desc");
        c.take("asc");
        part.nulls = c.take_one(&[("nulls first", NullsOrder::First), ("nulls last", NullsOrder::Last)]);
        Ok(part)
    }

    /// Reads a column, a call, or an expression in brackets.
    fn part_key(&self, c: &mut Cursor) -> Read<PartKey> {
        if c.is_symbol('(') {
            return Ok(PartKey::Expr(self.expr(c.group()?.rest()?)));
        }
        let from = *c;
        let quoted = c.peek().is_some_and(|p| p.kind == Kind::Name);
        let mut path = c.path()?;
        if c.is_symbol('(') {
            c.skip()?;
            return Ok(PartKey::Expr(self.expr(c.since(&from))));
        }
        let bare_call = ["current_date", "current_user", "session_user", "user", "current_timestamp"];
        match path.pop() {
            Some(name) if path.is_empty() && !quoted && bare_call.contains(&name.as_str()) => Ok(PartKey::Expr(self.expr(c.since(&from)))),
            Some(name) if path.is_empty() => Ok(PartKey::Column(name)),
            _ => from.unknown(),
        }
    }
}

/// Reads an operator class, with its options as the catalog lists them.
fn operator_class(c: &mut Cursor) -> Read<String> {
    let mut name = super::table::spelled(&c.name()?);
    if name.starts_with("pg_catalog.") {
        name = name.split_off("pg_catalog.".len());
    }
    if c.is_symbol('(') {
        let options = c.parameters()?;
        name = format!("{name}({})", options.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(", "));
    }
    Ok(name)
}
