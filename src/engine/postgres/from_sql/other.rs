//! `CREATE` and `ALTER` of views, types, domains, extensions and schemas.

use super::cursor::{Cursor, Read};
use super::table::spelled;
use super::{HOME, Reader};
use crate::engine::postgres::inspect::build::is_reserved;
use crate::schema::{Check, Domain, EnumType, Expr, Extension, Ident, MaterializedView, Namespace, UnmanagedKind, View};

impl Reader {
    /// Reads what follows `CREATE VIEW` (<https://www.postgresql.org/docs/current/sql-createview.html>). A
    /// dump creates views that depend on each other twice: first with columns that are NULL.
    pub(super) fn create_view(&mut self, c: &mut Cursor, replace: bool) -> Read<()> {
        let at = *c;
        let name = c.name()?;
        let columns = if c.is_symbol('(') { c.names()? } else { Vec::new() };
        let mut with = if c.take("with") { c.parameters()? } else { Vec::new() };
        c.expect("as")?;
        for (words, value) in
            [("with local check option", "local"), ("with cascaded check option", "cascaded"), ("with check option", "cascaded")]
        {
            if c.take_from_end(words) {
                with.push(("check_option".to_owned(), value.to_owned()));
            }
        }
        let query = self.query(c.rest()?);
        if is_reserved(&name) {
            self.hidden.insert(name);
            return Ok(());
        }
        let comment = match self.schema.views.get(&name) {
            Some(before) if replace => before.comment.clone(),
            _ if self.is_known(&name) => return at.refuse(format!("`{name}` is created twice")),
            _ => None,
        };
        let mut view = View { columns, with, ..View::new(name.clone(), query) };
        view.comment = comment;
        self.schema.views.insert(name, view);
        Ok(())
    }

    /// Reads what follows `CREATE MATERIALIZED VIEW`.
    pub(super) fn create_materialized_view(&mut self, c: &mut Cursor) -> Read<()> {
        let if_missing = c.take("if not exists");
        let at = *c;
        let name = c.name()?;
        if self.is_known(&name) {
            return if if_missing { Ok(()) } else { at.refuse(format!("`{name}` is created twice")) };
        }
        let columns = if c.is_symbol('(') { c.names()? } else { Vec::new() };
        let mut with = Vec::new();
        while !c.take("as") {
            if c.take("with") {
                with = c.parameters()?;
            } else if c.take("using") || c.take("tablespace") {
                c.ident()?;
            } else {
                return c.unknown();
            }
        }
        if !c.take_from_end("with no data") {
            c.take_from_end("with data");
        }
        let query = self.query(c.rest()?);
        let view = MaterializedView { columns, with, ..MaterializedView::new(name.clone(), query) };
        if is_reserved(&name) {
            self.hidden.insert(name);
        } else {
            self.schema.materialized_views.insert(name, view);
        }
        Ok(())
    }

    pub(super) fn query(&self, text: &str) -> Expr {
        Expr::new(if self.is_dump { super::unqualified::unqualified(text) } else { text.to_owned() })
    }

    /// Reads what follows `CREATE TYPE`: enums are managed, all others reported as unmanaged.
    pub(super) fn create_type(&mut self, c: &mut Cursor) -> Read<()> {
        let at = *c;
        let name = c.name()?;
        if !c.take("as enum") {
            self.report_unmanaged(UnmanagedKind::Type, spelled(&name), None);
            return Ok(());
        }
        if self.schema.enums.contains_key(&name) {
            return at.refuse(format!("`{name}` is created twice"));
        }
        let mut inner = c.group()?;
        let mut values = Vec::new();
        while !inner.done() {
            values.push(inner.string()?);
            if !inner.symbol(',') {
                break;
            }
        }
        inner.end()?;
        self.schema.enums.insert(name.clone(), EnumType::new(name, values));
        c.end()
    }

    /// Reads what follows `CREATE DOMAIN` (<https://www.postgresql.org/docs/current/sql-createdomain.html>).
    pub(super) fn create_domain(&mut self, c: &mut Cursor) -> Read<()> {
        let at = *c;
        let name = c.name()?;
        if self.schema.domains.contains_key(&name) {
            return at.refuse(format!("`{name}` is created twice"));
        }
        c.take("as");
        let ty = c.data_type()?;
        let mut domain = Domain::new(name, ty);
        while !c.done() {
            self.domain_part(c, &mut domain)?;
        }
        self.schema.domains.insert(domain.name.clone(), domain);
        Ok(())
    }

    /// Reads one clause of a domain.
    pub(super) fn domain_part(&mut self, c: &mut Cursor, domain: &mut Domain) -> Read<()> {
        if c.take("collate") {
            domain.collate = Some(c.last_name()?);
        } else if c.take("default") {
            domain.default = Some(self.default_value(c.value()?, &domain.ty));
        } else if c.take("not null") {
            domain.not_null = true;
        } else if !c.take("null") {
            self.domain_check(c, domain)?;
        }
        Ok(())
    }

    fn domain_check(&mut self, c: &mut Cursor, domain: &mut Domain) -> Read<()> {
        let name = if c.take("constraint") { Some(c.ident()?) } else { None };
        if c.is_any(&["not null", "null"]) {
            return Ok(());
        }
        c.expect("check")?;
        let expr = self.expr(c.group()?.rest()?);
        let not_valid = c.take("not valid");
        domain.checks.push(Check { name, not_valid, ..Check::new(expr) });
        Ok(())
    }

    /// Reads what follows `CREATE EXTENSION`. The version is `None`, which matches any, unless the file names
    /// one.
    pub(super) fn create_extension(&mut self, c: &mut Cursor) -> Read<()> {
        c.take("if not exists");
        let name = c.ident()?;
        c.take("with");
        let (mut schema, mut version) = (None, None);
        while !c.done() {
            if c.take("schema") {
                schema = Some(c.ident()?).filter(|s| s.as_str() != HOME);
            } else if c.take("version") {
                version = Some(c.string().or_else(|_| c.ident().map(|i| i.to_string()))?);
            } else if !c.take("cascade") {
                return c.unknown();
            }
        }
        // Every database has it, and `inspect` omits it.
        if name.as_str() == "plpgsql" {
            return Ok(());
        }
        let extension = Extension { schema, version, ..Extension::new(name) };
        self.schema.extensions.entry(extension.name.clone()).or_insert(extension);
        Ok(())
    }

    /// Reads what follows `CREATE SCHEMA`.
    pub(super) fn create_schema(&mut self, c: &mut Cursor) -> Read<()> {
        c.take("if not exists");
        let name = if c.is("authorization") { None } else { Some(c.ident()?) };
        let owner = if c.take("authorization") { Some(c.ident()?) } else { None };
        c.end()?;
        if let Some(name) = name.or(owner).filter(|n| n.as_str() != HOME) {
            self.namespace(name);
        }
        Ok(())
    }

    /// Returns the schema, which is added if it is missing.
    pub(super) fn namespace(&mut self, name: Ident) -> &mut Namespace {
        let missing = Namespace::new(name);
        self.schema.namespaces.entry(missing.name.clone()).or_insert(missing)
    }

    /// Reads what follows `ALTER TYPE`.
    pub(super) fn alter_type(&mut self, c: &mut Cursor) -> Read<()> {
        let at = *c;
        let name = c.name()?;
        if !c.take("add value") {
            return self.owner(c, &name);
        }
        let if_missing = c.take("if not exists");
        let Some(found) = self.schema.enums.get_mut(&name) else { return at.refuse(format!("enum `{name}` does not exist yet")) };
        let value = c.string()?;
        if if_missing && found.values.contains(&value) {
            return Ok(());
        }
        let behind = c.take("after");
        let place = if behind || c.take("before") {
            let beside = *c;
            let neighbour = c.string()?;
            let Some(place) = found.values.iter().position(|v| *v == neighbour) else { return beside.unknown() };
            place + usize::from(behind)
        } else {
            found.values.len()
        };
        found.values.insert(place, value);
        c.end()
    }

    /// Reads what follows `ALTER DOMAIN`.
    pub(super) fn alter_domain(&mut self, c: &mut Cursor) -> Read<()> {
        let at = *c;
        let name = c.name()?;
        if c.take("validate constraint") {
            let rule = c.ident()?;
            let checks = self.schema.domains.get_mut(&name).into_iter().flat_map(|d| &mut d.checks);
            checks.filter(|k| k.name.as_ref() == Some(&rule)).for_each(|k| k.not_valid = false);
            return Ok(());
        }
        if !(c.take("add") || c.take("set")) {
            return self.owner(c, &name);
        }
        let Some(mut domain) = self.schema.domains.get(&name).cloned() else {
            return at.refuse(format!("domain `{name}` does not exist yet"));
        };
        self.domain_part(c, &mut domain)?;
        self.schema.domains.insert(name, domain);
        c.end()
    }
}
