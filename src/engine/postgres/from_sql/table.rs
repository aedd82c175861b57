//! `CREATE TABLE` and its columns (<https://www.postgresql.org/docs/current/sql-createtable.html>).

use super::Reader;
use super::cursor::{Cursor, Read};
use crate::engine::postgres::inspect::build::is_reserved;
use crate::engine::postgres::inspect::ident;
use crate::engine::postgres::{default_name, read_type};
use crate::schema::{Column, Generated, Ident, Identity, Kind, Literal, ObjectName, Sequence, Table, Type, UnmanagedKind};

pub(super) const OF_A_FAMILY: &str = "it is a partition, or takes part in inheritance";

impl Reader {
    /// Reads what follows `CREATE [UNLOGGED] TABLE`.
    pub(super) fn create_table(&mut self, c: &mut Cursor, unlogged: bool) -> Read<()> {
        let if_missing = c.take("if not exists");
        let name = c.name()?;
        if is_reserved(&name) {
            self.hidden.insert(name);
            return Ok(());
        }
        if self.is_known(&name) {
            return if if_missing { Ok(()) } else { c.refuse(format!("`{name}` is created twice")) };
        }
        if let Some(reason) = self.why_left_alone(c)? {
            self.hide(&name, reason);
            return Ok(());
        }
        let mut table = Table { unlogged, ..Table::new(name) };
        self.elements(&mut c.group()?, &mut table)?;
        while !c.done() {
            if c.take("with") {
                table.with.extend(c.parameters()?);
            } else if c.take("using") || c.take("tablespace") {
                c.ident()?;
            } else if !c.take("without oids") {
                return c.unknown();
            }
        }
        self.schema.tables.insert(table.name.clone(), table);
        Ok(())
    }

    /// Returns whether a relation of this name exists.
    pub(super) fn is_known(&self, name: &ObjectName) -> bool {
        self.schema.has(Kind::is_relation, name) || self.hidden.contains(name)
    }

    /// Returns why a table is not managed, if it is of a kind that is not.
    fn why_left_alone(&mut self, c: &Cursor) -> Read<Option<&'static str>> {
        if c.is("partition of") {
            return Ok(Some(OF_A_FAMILY));
        }
        if c.is("of") {
            return Ok(Some("it is a typed table"));
        }
        let mut ahead = *c;
        ahead.group()?;
        if ahead.take("inherits") {
            let mut parents = ahead.group()?;
            loop {
                let parent = parents.name()?;
                self.hide(&parent, OF_A_FAMILY);
                if !parents.symbol(',') {
                    return Ok(Some(OF_A_FAMILY));
                }
            }
        }
        Ok(ahead.is("partition by").then_some("it is partitioned"))
    }

    fn elements(&mut self, c: &mut Cursor, table: &mut Table) -> Read<()> {
        while !c.done() {
            if c.is("like") {
                return c.refuse("LIKE is not supported: list the columns instead");
            }
            if c.is_any(&["constraint", "check", "primary key", "unique", "foreign key", "exclude"]) {
                self.table_constraint(c, table)?;
            } else {
                self.column(c, table)?;
            }
            if !c.symbol(',') {
                return c.end();
            }
        }
        Ok(())
    }

    /// Reads a column with its type and constraints.
    pub(super) fn column(&mut self, c: &mut Cursor, table: &mut Table) -> Read<()> {
        let name = c.ident()?;
        if table.columns.contains_key(&name) {
            return c.refuse(format!("column `{name}` is defined twice"));
        }
        let ty = c.data_type()?;
        let mut column = Column::new(name, ty);
        while !c.done() && !c.is_symbol(',') {
            self.column_constraint(c, &mut column, table)?;
        }
        self.small_serial(&mut column, &table.name);
        table.columns.insert(column.name.clone(), column);
        Ok(())
    }

    fn column_constraint(&mut self, c: &mut Cursor, column: &mut Column, table: &mut Table) -> Read<()> {
        if c.take("not null") {
            column.not_null = true;
            return if c.is("no inherit") { c.refuse("NOT NULL NO INHERIT is not supported") } else { Ok(()) };
        }
        if c.take("null") {
            return Ok(());
        }
        if c.take("collate") {
            column.collate = Some(c.last_name()?);
        } else if c.take("default") {
            column.default = Some(self.default_value(c.value()?, &column.ty));
        } else if c.take("generated") {
            self.generated(c, column, &table.name)?;
        } else if let Some(kind) = c.take_one(&[("storage", UnmanagedKind::Storage), ("compression", UnmanagedKind::Compression)]) {
            self.report_unmanaged_on(kind, &column.name.clone(), &table.name);
            c.ident()?;
        } else {
            let name = if c.take("constraint") { Some(c.ident()?) } else { None };
            if name.is_some() && !c.is_any(&["check", "primary key", "unique", "references"]) {
                return Ok(()); // the server drops the names of NOT NULL, DEFAULT and GENERATED
            }
            self.constraint(c, name, table, Some(&column.name))?;
        }
        Ok(())
    }

    /// Reads what follows `GENERATED`.
    pub(super) fn generated(&mut self, c: &mut Cursor, column: &mut Column, table: &ObjectName) -> Read<()> {
        let always = c.take("always");
        if !always {
            c.expect("by default")?;
        }
        c.expect("as")?;
        if !c.take("identity") {
            let text = c.group()?.rest()?;
            let stored = c.take("stored");
            c.take("virtual");
            column.generated = Some(Generated { expr: self.expr(text), stored });
            return Ok(());
        }
        column.identity = Some(if always { Identity::Always } else { Identity::ByDefault });
        column.not_null = true;
        let mut sequence = table.renamed(ident(&default_name::sequence(table, &column.name)));
        if c.is_symbol('(') {
            let mut inner = c.group()?;
            let (options, name) = super::sequence::options(&mut inner, &column.ty)?;
            inner.end()?;
            column.sequence = options;
            sequence = name.unwrap_or(sequence);
        }
        self.identities.insert(sequence);
        Ok(())
    }

    /// Replaces `smallserial`, which the schema language does not have, by what it creates.
    fn small_serial(&mut self, column: &mut Column, table: &ObjectName) {
        if !matches!(&column.ty, Type::Other(name) if ["smallserial", "serial2"].contains(&name.as_str())) {
            return;
        }
        let name = table.renamed(ident(&default_name::sequence(table, &column.name)));
        (column.ty, column.not_null) = (Type::SmallInt, true);
        let takes_from = format!("nextval('{}'::regclass)", spelled(&name).replace('\'', "''"));
        column.default = Some(crate::schema::DefaultValue::new(Literal::Expr(crate::schema::Expr::new(takes_from))));
        let owned_by = Some((table.clone(), column.name.clone()));
        let sequence = Sequence { owned_by, ..Sequence::new(name.clone(), Type::SmallInt) };
        self.schema.sequences.insert(name, sequence);
    }
}

/// Returns a name as the server prints it.
pub(super) fn spelled(name: &ObjectName) -> String {
    let plain = |i: &Ident| read_type::plain_or_quoted(i.as_str());
    name.schema.iter().chain([&name.name]).map(plain).collect::<Vec<_>>().join(".")
}
